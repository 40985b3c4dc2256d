//! What was acknowledged of one domain: anomalies that somebody has in hand.

use kernel::decider::Decider;
use proto::v1::{AnomalyAcknowledged, InventoryRecord, Severity, inventory_event::Event};

use super::{Invalid, Ordered, Signature, note};

/// Anomalies of one domain of which it is remembered that they were acknowledged, the latest: twice
/// as many as can be open at once.
const REMEMBERED_MAX: usize = 32;

/// That somebody has an anomaly in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Id of the anomaly.
    pub anomaly: String,
    /// How severe it was: nothing is said of it once it is worse.
    pub severity: Severity,
    /// Why nobody need be reminded. May be empty.
    pub reason: String,
}

impl Acknowledged {
    /// Acknowledges an anomaly as severe as it is.
    ///
    /// # Errors
    ///
    /// When the reason is too long.
    pub fn new(anomaly: &str, severity: Severity, reason: &str) -> Result<Self, Invalid> {
        let reason = note("reason", reason)?;
        Ok(Self { anomaly: anomaly.to_owned(), severity, reason })
    }
}

/// What stands in the inventory of the acknowledgements of one domain.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Acknowledgements {
    /// The latest last.
    said: Vec<Said>,
}

/// An acknowledgement, and who said it.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// What was said.
    pub what: Acknowledged,
    /// By whom, and when.
    pub signature: Signature,
}

impl Acknowledgements {
    /// What was said last of an anomaly.
    pub fn of(&self, anomaly: &str) -> Option<&Said> {
        self.said.iter().find(|said| said.what.anomaly == anomaly)
    }
}

impl Decider for Acknowledgements {
    type Command = Acknowledged;
    type Event = Acknowledged;
    type Refusal = std::convert::Infallible;

    fn decide(&self, wish: Acknowledged) -> Result<Vec<Acknowledged>, Self::Refusal> {
        // Said anew it holds anew: the certificate may have changed since.
        Ok(vec![wish])
    }

    fn evolve(&mut self, event: &Acknowledged) {
        self.said.retain(|said| said.what.anomaly != event.anomaly);
        if self.said.len() == REMEMBERED_MAX {
            self.said.remove(0);
        }
        self.said.push(Said { what: event.clone(), signature: Signature::default() });
    }
}

impl Ordered for Acknowledgements {
    fn write(Acknowledged { anomaly, severity, reason }: &Acknowledged) -> Event {
        Event::AnomalyAcknowledged(AnomalyAcknowledged {
            anomaly_id: anomaly.clone(),
            severity: (*severity).into(),
            reason: reason.clone(),
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of other entities")]
    fn read(event: &Event) -> Option<Acknowledged> {
        match event {
            Event::AnomalyAcknowledged(said) => Some(Acknowledged {
                anomaly: said.anomaly_id.clone(),
                severity: said.severity(),
                reason: said.reason.clone(),
            }),
            _ => None,
        }
    }

    fn fold(&mut self, record: &InventoryRecord) {
        for event in record.events.iter().filter_map(|e| Self::read(e.event.as_ref()?)) {
            self.evolve(&event);
            if let Some(said) = self.said.last_mut() {
                said.signature = Signature::of(record);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use kernel::scenario::given;

    use super::*;
    use crate::domain::inventory::{Actor, record};

    fn said(anomaly: &str, reason: &str) -> Acknowledged {
        Acknowledged::new(anomaly, Severity::Critical, reason).unwrap()
    }

    #[test]
    fn an_anomaly_is_acknowledged_and_may_be_again() {
        given::<Acknowledgements>(&[]).when(said("a", "")).then(&[said("a", "")]);
        given::<Acknowledgements>(&[said("a", "")])
            .when(said("a", "Ordered"))
            .then(&[said("a", "Ordered")]);
    }

    #[test]
    fn it_is_known_who_said_it_and_when() {
        let mut of_domain = Acknowledgements::default();
        let at = Timestamp::from_second(7).unwrap();
        let record = record::<Acknowledgements>(&[said("a", "Ordered")], Actor::System, at);
        of_domain.fold(&record);
        let signature = Signature { by: "system".into(), at };
        assert_eq!(of_domain.of("a"), Some(&Said { what: said("a", "Ordered"), signature }));
        assert_eq!(of_domain.of("b"), None);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut of_domain = Acknowledgements::default();
        for n in 0..=REMEMBERED_MAX {
            of_domain.evolve(&said(&n.to_string(), ""));
        }
        assert!(of_domain.of("0").is_none() && of_domain.of("1").is_some());
    }

    #[test]
    fn events_survive_the_wire() {
        let event = said("a", "Ordered");
        assert_eq!(Acknowledgements::read(&Acknowledgements::write(&event)), Some(event));
    }
}
