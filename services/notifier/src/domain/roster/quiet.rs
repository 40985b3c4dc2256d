//! What people asked not to hear for now: silences, and anomalies that somebody has in hand.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proto::{
    id::{DomainId, SilenceId},
    time,
    v1::{AnomalyAcknowledged, Severity, SilenceSaved, silence_saved::Target},
};

use crate::domain::news::News;

/// Anomalies of one domain of which it is remembered that they were acknowledged: above what can be
/// open at once.
const ACKNOWLEDGED_MAX: usize = 32;

/// Silences and acknowledgements.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    silences: BTreeMap<SilenceId, Silence>,
    acknowledged: BTreeMap<DomainId, Vec<Acknowledged>>,
}

#[derive(Debug)]
struct Silence {
    target: Target,
    until: Timestamp,
}

#[derive(Debug)]
struct Acknowledged {
    anomaly: String,
    severity: Severity,
    at: Timestamp,
}

impl Quiet {
    /// Takes in a silence. One that names nothing, or no end, silences nothing.
    pub(super) fn silence(&mut self, id: SilenceId, saved: &SilenceSaved) {
        match (&saved.target, saved.until.as_ref().and_then(time::read)) {
            (Some(target), Some(until)) => {
                drop(self.silences.insert(id, Silence { target: target.clone(), until }));
            }
            (_, _) => self.lift(&id),
        }
    }

    pub(super) fn lift(&mut self, id: &SilenceId) {
        self.silences.remove(id);
    }

    pub(super) fn acknowledge(
        &mut self,
        domain: DomainId,
        said: &AnomalyAcknowledged,
        at: Timestamp,
    ) {
        let of_domain = self.acknowledged.entry(domain).or_default();
        of_domain.retain(|one| one.anomaly != said.anomaly_id);
        if of_domain.len() == ACKNOWLEDGED_MAX {
            of_domain.remove(0);
        }
        let (anomaly, severity) = (said.anomaly_id.clone(), said.severity());
        of_domain.push(Acknowledged { anomaly, severity, at });
    }

    /// Until when nothing is told of a domain that bears these tags, if it is so now.
    pub(super) fn silent_until(
        &self,
        domain: DomainId,
        tags: &[String],
        now: Timestamp,
    ) -> Option<Timestamp> {
        let concerns = |target: &Target| match target {
            Target::DomainId(id) => id.parse() == Ok(domain),
            Target::Tag(tag) => tags.contains(tag),
        };
        let silences = self.silences.values().filter(|one| concerns(&one.target));
        silences.map(|one| one.until).filter(|until| *until > now).max()
    }

    /// When somebody took in hand what the news say, unless it has become worse since.
    pub(super) fn acknowledged_at(&self, domain: DomainId, news: &News) -> Option<Timestamp> {
        let of_domain = self.acknowledged.get(&domain)?;
        let said = of_domain.iter().find(|one| Some(one.anomaly.as_str()) == news.alarm())?;
        (news.severity() <= said.severity).then_some(said.at)
    }
}

#[cfg(test)]
mod tests {
    use proto::v1::Kind;

    use super::*;
    use crate::domain::sample::{self, domain, minute};

    fn silence(target: Target, minutes: i64) -> SilenceSaved {
        let until = Some(time::write(minute(minutes)));
        SilenceSaved { target: Some(target), until, ..SilenceSaved::default() }
    }

    fn id(byte: u8) -> SilenceId {
        SilenceId::from_bytes([byte; 16])
    }

    #[test]
    fn a_silence_holds_for_its_domain_or_tag_until_its_end() {
        let mut quiet = Quiet::default();
        let tags = ["staging".to_owned()];
        let until = |quiet: &Quiet, minutes| quiet.silent_until(domain(), &tags, minute(minutes));
        quiet.silence(id(1), &silence(Target::Tag("production".to_owned()), 90));
        assert_eq!(until(&quiet, 0), None);
        quiet.silence(id(2), &silence(Target::DomainId(domain().to_string()), 10));
        quiet.silence(id(3), &silence(Target::Tag("staging".to_owned()), 20));
        assert_eq!(until(&quiet, 5), Some(minute(20)), "the longest counts");
        assert_eq!(until(&quiet, 20), None, "it is over");
        quiet.lift(&id(3));
        assert_eq!(until(&quiet, 5), Some(minute(10)));
    }

    #[test]
    fn what_is_in_hand_is_so_until_it_becomes_worse() {
        let mut quiet = Quiet::default();
        let news = sample::opened(Kind::Expired);
        assert_eq!(quiet.acknowledged_at(domain(), &news), None);
        let mut said = AnomalyAcknowledged {
            anomaly_id: sample::anomaly(Kind::Expired),
            severity: Severity::Warning.into(),
            reason: String::new(),
        };
        quiet.acknowledge(domain(), &said, minute(1));
        assert_eq!(quiet.acknowledged_at(domain(), &news), None, "now it is critical");
        said.severity = Severity::Critical.into();
        quiet.acknowledge(domain(), &said, minute(2));
        assert_eq!(quiet.acknowledged_at(domain(), &news), Some(minute(2)));
        let other = sample::opened(Kind::Weak);
        assert_eq!(quiet.acknowledged_at(domain(), &other), None);
    }
}
