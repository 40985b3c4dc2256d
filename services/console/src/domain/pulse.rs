//! How the whole system fares, as far as a console can tell: who leads, and whether looks come in.
//!
//! A console hears from nobody else; it sees who holds the leases, and which facts arrive. What is
//! on its way to become good again, such as a take-over, is no trouble yet.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use proto::stream::Service;

/// The services of which one instance leads: the names of their leases.
pub const LED: [Service; 2] = [Service::Detector, Service::Notifier];

/// How long nobody may lead: a standby takes over from the dead within that.
const TAKE_OVER_MAX: SignedDuration = SignedDuration::from_secs(5);

/// How long the bus may leave a question open: longer than one answer is waited for.
const SILENCE_MAX: SignedDuration = SignedDuration::from_secs(10);

/// How late the first look may be: one that takes long, one that is asked for again, a restart.
const LATE_MAX: Duration = Duration::from_mins(2);

/// Looks that would have come in meanwhile, if none did: fewer may be missing by chance, as the
/// looks of several domains are spread over their interval by a hash.
const MISSED_MAX: f64 = 20.0;

/// What is known of those who lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// When they were last heard of, or first asked for.
    heard_at: Timestamp,
    leads: BTreeMap<Service, Lead>,
}

/// Who leads a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// The instance; `None`: nobody.
    pub holder: Option<String>,
    /// Since when that is known to be so.
    pub since: Timestamp,
}

/// Which looks are to be expected.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rhythm {
    /// When the last look was; `None`: there was none.
    pub last: Option<Timestamp>,
    /// Since when so many domains are to be looked at so often.
    pub since: Timestamp,
    /// The intervals of the domains that are to be looked at, and how many have each.
    pub intervals: BTreeMap<Duration, usize>,
}

/// Something that is wrong with the system as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The bus does not answer.
    Silent {
        /// Since when.
        since: Timestamp,
    },
    /// Nobody leads a service.
    NobodyLeads {
        /// Which.
        service: Service,
        /// Since when that is known.
        since: Timestamp,
    },
    /// No look came in for longer than is normal.
    NoLooks {
        /// Since when one is waited for.
        since: Timestamp,
    },
}

impl Pulse {
    /// Nothing is known yet.
    pub fn begun(now: Timestamp) -> Self {
        Self { heard_at: now, leads: BTreeMap::new() }
    }

    /// Takes in who leads a service.
    pub fn heard(&mut self, service: Service, holder: Option<String>, now: Timestamp) {
        self.heard_at = now;
        if self.leads.get(&service).is_none_or(|lead| lead.holder != holder) {
            self.leads.insert(service, Lead { holder, since: now });
        }
    }

    /// Who leads a service; `None` if nobody can tell.
    pub fn lead(&self, service: Service, now: Timestamp) -> Option<&Lead> {
        self.leads.get(&service).filter(|_| !self.is_silent(now))
    }

    /// What is wrong.
    pub fn troubles(&self, rhythm: &Rhythm, now: Timestamp) -> Vec<Trouble> {
        let silent = self.is_silent(now).then_some(Trouble::Silent { since: self.heard_at });
        let leads = LED.into_iter().filter_map(|service| {
            let lead = self.lead(service, now)?;
            let is_vacant = lead.holder.is_none() && now.duration_since(lead.since) > TAKE_OVER_MAX;
            is_vacant.then_some(Trouble::NobodyLeads { service, since: lead.since })
        });
        let looks = rhythm.missed(now).map(|since| Trouble::NoLooks { since });
        silent.into_iter().chain(leads).chain(looks).collect()
    }

    fn is_silent(&self, now: Timestamp) -> bool {
        now.duration_since(self.heard_at) > SILENCE_MAX
    }
}

impl Rhythm {
    /// Since when no look came in, if that is longer than is normal.
    fn missed(&self, now: Timestamp) -> Option<Timestamp> {
        let since = self.last.unwrap_or(self.since).max(self.since);
        let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        (waited > self.pause_max()?).then_some(since)
    }

    /// How long no look may come in; `None` if none is to be expected.
    fn pause_max(&self) -> Option<Duration> {
        // One domain comes round within its interval; what is on the way may take half of another.
        let alone = self.intervals.keys().next()?.mul_f64(1.5);
        let looks_a_second: f64 = self
            .intervals
            .iter()
            .map(|(interval, count)| {
                let count = u32::try_from(*count).unwrap_or(u32::MAX);
                f64::from(count) / interval.as_secs_f64()
            })
            .sum();
        let among_many = Duration::try_from_secs_f64(MISSED_MAX / looks_a_second);
        Some(alone.min(among_many.unwrap_or(alone)) + LATE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// Both were heard of at an instant.
    fn pulse(detector: Option<&str>, notifier: Option<&str>, second: i64) -> Pulse {
        let mut pulse = Pulse::begun(at(second));
        pulse.heard(Service::Detector, detector.map(str::to_owned), at(second));
        pulse.heard(Service::Notifier, notifier.map(str::to_owned), at(second));
        pulse
    }

    fn rhythm(interval: Duration, count: usize) -> Rhythm {
        let intervals = BTreeMap::from([(interval, count)]);
        Rhythm { last: None, since: at(0), intervals }
    }

    fn silent(second: i64) -> Vec<Trouble> {
        vec![Trouble::Silent { since: at(second) }]
    }

    #[test]
    fn that_nobody_leads_is_told_once_a_standby_had_its_time() {
        let mut pulse = pulse(Some("a"), None, 0);
        let none = Rhythm::default();
        assert_eq!(pulse.troubles(&none, at(5)), []);
        let nobody = Trouble::NobodyLeads { service: Service::Notifier, since: at(0) };
        assert_eq!(pulse.troubles(&none, at(6)), [nobody]);
        pulse.heard(Service::Notifier, None, at(8));
        assert_eq!(pulse.troubles(&none, at(8)), [nobody], "it is the same vacancy");
        pulse.heard(Service::Notifier, Some("b".to_owned()), at(9));
        assert_eq!(pulse.troubles(&none, at(9)), []);
        pulse.heard(Service::Notifier, None, at(10));
        assert_eq!(pulse.troubles(&none, at(10)), [], "another vacancy begins");
    }

    #[test]
    fn a_bus_that_is_silent_tells_of_nobody() {
        let none = Rhythm::default();
        let pulse = pulse(Some("a"), None, 0);
        assert_eq!(pulse.lead(Service::Detector, at(10)).unwrap().holder.as_deref(), Some("a"));
        assert_eq!(pulse.troubles(&none, at(11)), silent(0));
        assert_eq!(pulse.lead(Service::Detector, at(11)), None);
        assert_eq!(Pulse::begun(at(0)).troubles(&none, at(10)), []);
        assert_eq!(Pulse::begun(at(0)).troubles(&none, at(11)), silent(0));
    }

    #[test]
    fn looks_are_missed_after_longer_than_their_interval() {
        let missed = |rhythm: &Rhythm, minute: i64| rhythm.missed(at(minute * 60 + 1)).is_some();
        let one = rhythm(Duration::from_mins(10), 1);
        assert!(!missed(&one, 16) && missed(&one, 17));
        let last = Rhythm { last: Some(at(600)), ..one.clone() };
        assert!(!missed(&last, 26) && missed(&last, 27));
        let anew = Rhythm { since: at(1_200), ..last };
        assert!(!missed(&anew, 36) && missed(&anew, 37), "an old look says nothing of new domains");
        let seldom = rhythm(Duration::from_hours(7 * 24), 1);
        assert!(!missed(&seldom, 10 * 24 * 60) && missed(&seldom, 11 * 24 * 60));
    }

    #[test]
    fn the_looks_of_many_are_missed_soon_and_of_none_never() {
        let missed = |rhythm: &Rhythm, minute: i64| rhythm.missed(at(minute * 60 + 1)).is_some();
        let many = rhythm(Duration::from_mins(10), 100_000);
        assert!(!missed(&many, 1) && missed(&many, 2));
        assert!(!missed(&Rhythm::default(), 1_000_000));
    }
}
