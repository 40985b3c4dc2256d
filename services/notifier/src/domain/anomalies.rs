//! Which anomalies are open and which are over, as far as `EVENTS` tells.
//!
//! What is judged again before it is sent is judged by this. "Over" is said only of what was heard
//! to be over: an anomaly nobody has spoken of may be open.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use proto::{
    id::DomainId,
    v1::{Kind, State, event::Phase},
};

use crate::domain::news::News;

/// Anomalies remembered of one domain. It can have one open of each kind, sixteen; the rest
/// answers for news that arrive after their end.
const REMEMBERED_MAX: usize = 32;

/// How an anomaly stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is open.
    Open,
    /// It closed: recovered, or given up when its domain was disabled or removed.
    Closed,
    /// Another took its place.
    Superseded,
    /// Nothing was heard of it.
    Unknown,
}

/// The anomalies of all domains.
#[derive(Debug, Default)]
pub struct Anomalies {
    /// Oldest first. Probers' own news stand under `None`.
    of: BTreeMap<Option<DomainId>, VecDeque<(Box<str>, Life)>>,
    changed_at: BTreeMap<DomainId, Timestamp>,
}

impl Anomalies {
    /// Takes in one event. They come in the order in which they happened.
    pub fn evolve(&mut self, news: &News) {
        if let (Kind::CertificateChanged, Some(domain)) = (news.kind(), news.domain()) {
            self.changed_at.insert(domain, news.occurred_at());
        }
        let of_domain = self.of.entry(news.domain()).or_default();
        for anomaly in news.supersedes() {
            set(of_domain, anomaly, Life::Superseded);
        }
        for one in news.recovered() {
            set(of_domain, &one.anomaly, Life::Closed);
        }
        match news.phase() {
            Phase::Opened | Phase::Worsened => {
                set(of_domain, &news.wire().anomaly_id, Life::Open);
            }
            Phase::Abandoned => close(of_domain, &news.wire().anomaly_id),
            Phase::Recovered | Phase::Noted | Phase::Unspecified => heal(of_domain, news),
        }
    }

    /// When the certificate of a domain changed last, as far as it was heard.
    pub fn changed_at(&self, domain: Option<DomainId>) -> Option<Timestamp> {
        self.changed_at.get(&domain?).copied()
    }

    /// How an anomaly of a domain stands.
    pub fn life(&self, domain: Option<DomainId>, anomaly: &str) -> Life {
        let known = self.of.get(&domain);
        known
            .and_then(|known| known.iter().find(|(id, _)| **id == *anomaly))
            .map_or(Life::Unknown, |(_, life)| *life)
    }
}

fn set(known: &mut VecDeque<(Box<str>, Life)>, anomaly: &str, life: Life) {
    if anomaly.is_empty() {
        return;
    }
    known.retain(|(id, _)| **id != *anomaly);
    if known.len() == REMEMBERED_MAX {
        let oldest_over = known.iter().position(|(_, life)| *life != Life::Open).unwrap_or(0);
        known.remove(oldest_over);
    }
    known.reserve_exact(1);
    known.push_back((anomaly.into(), life));
}

/// Closes what was pruned before its end was heard: in these states nothing is open.
fn heal(known: &mut VecDeque<(Box<str>, Life)>, news: &News) {
    let state = State::try_from(news.wire().state);
    if news.domain().is_some() && matches!(state, Ok(State::Secure | State::Disabled)) {
        let open = known.iter_mut().filter(|(_, life)| *life == Life::Open);
        for (_, life) in open {
            *life = Life::Closed;
        }
    }
}

/// One anomaly, or all of the domain if none is named.
fn close(known: &mut VecDeque<(Box<str>, Life)>, anomaly: &str) {
    if anomaly.is_empty() {
        for (_, life) in known {
            *life = Life::Closed;
        }
    } else {
        set(known, anomaly, Life::Closed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;

    fn heard(news: &[News]) -> Anomalies {
        let mut anomalies = Anomalies::default();
        for one in news {
            anomalies.evolve(one);
        }
        anomalies
    }

    fn life(anomalies: &Anomalies, anomaly: &str) -> Life {
        anomalies.life(Some(sample::domain()), anomaly)
    }

    #[test]
    fn an_anomaly_lives_from_its_opening_to_its_recovery() {
        let opened = heard(&[sample::opened(Kind::Expired)]);
        assert_eq!(life(&opened, "shop-expired"), Life::Open);
        assert_eq!(life(&opened, "shop-weak"), Life::Unknown);
        let over = heard(&[sample::opened(Kind::Expired), sample::recovered(&[Kind::Expired])]);
        assert_eq!(life(&over, "shop-expired"), Life::Closed);
    }

    #[test]
    fn one_that_is_replaced_is_superseded() {
        let expired = sample::with(&sample::opened(Kind::Expired), |event| {
            event.supersedes = vec!["shop-expiring".to_owned()];
        });
        let anomalies = heard(&[sample::opened(Kind::Expiring), expired]);
        assert_eq!(life(&anomalies, "shop-expiring"), Life::Superseded);
    }

    #[test]
    fn a_secure_domain_has_nothing_open_whatever_was_missed() {
        let secure = sample::with(&sample::recovered(&[Kind::Weak]), |event| {
            event.state = State::Secure as i32;
        });
        let anomalies = heard(&[sample::opened(Kind::Expired), secure]);
        assert_eq!(life(&anomalies, "shop-expired"), Life::Closed);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_open_go_last() {
        let mut anomalies = heard(&[sample::opened(Kind::Expired)]);
        for number in 0..2 * REMEMBERED_MAX {
            let over = sample::with(&sample::recovered(&[Kind::Weak]), |event| {
                event.recovered[0].anomaly_id = format!("weak-{number}");
            });
            anomalies.evolve(&over);
        }
        assert_eq!(life(&anomalies, "shop-expired"), Life::Open);
        assert_eq!(life(&anomalies, "weak-0"), Life::Unknown);
        assert_eq!(life(&anomalies, "weak-63"), Life::Closed);
    }
}
