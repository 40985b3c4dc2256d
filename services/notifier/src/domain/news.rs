//! One event, read once: what the rest of the domain may rely on.

use std::fmt::{self, Formatter};

use jiff::Timestamp;
use proto::{
    host::Host,
    id::DomainId,
    time,
    v1::{Event, Evidence, Kind, RecoveredAnomaly, Severity, event::Phase},
};

/// An event whose parts make sense together. Keeps the message as it came, to be passed on whole.
///
/// Invariant: kind, severity and phase are of this version's; the domain id, if there is one, is
/// well formed.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    wire: Event,
    domain: Option<DomainId>,
    kind: Kind,
    severity: Severity,
    phase: Phase,
    occurred_at: Timestamp,
    detected_at: Timestamp,
    since: Timestamp,
    recovered: Vec<Recovered>,
}

/// One anomaly that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Its identity.
    pub anomaly: String,
    /// What was wrong.
    pub kind: Kind,
    /// When it began.
    pub since: Timestamp,
    /// When it ended.
    pub until: Timestamp,
}

/// Why an event cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A number of an enumeration that this version does not know.
    #[error("event `{id}` has {field} {number}, which this version does not know")]
    Unknown {
        /// Id of the event.
        id: String,
        /// The field.
        field: &'static str,
        /// Its number.
        number: i32,
    },
    /// The domain id is none.
    #[error("event `{id}` names no domain")]
    Domain {
        /// Id of the event.
        id: String,
        /// What is wrong with it.
        source: proto::id::InvalidId,
    },
    /// An instant is missing, or beyond what can be computed with.
    #[error("event `{id}` has no usable {field}")]
    Instant {
        /// Id of the event.
        id: String,
        /// The field.
        field: &'static str,
    },
}

impl News {
    /// Reads an event.
    ///
    /// # Errors
    ///
    /// What about it cannot be used.
    pub fn read(wire: Event) -> Result<Self, Malformed> {
        let id = || wire.id.clone();
        let unknown = |field, number| Malformed::Unknown { id: id(), field, number };
        let kind = Kind::try_from(wire.kind).map_err(|_| unknown("kind", wire.kind))?;
        let severity =
            Severity::try_from(wire.severity).map_err(|_| unknown("severity", wire.severity))?;
        let phase = Phase::try_from(wire.phase).map_err(|_| unknown("phase", wire.phase))?;
        let domain = match wire.domain_id.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|source| Malformed::Domain { id: id(), source })?),
        };
        let occurred_at = instant(wire.occurred_at.as_ref())
            .ok_or_else(|| Malformed::Instant { id: id(), field: "occurred_at" })?;
        let detected_at = time::detected(&wire).unwrap_or(occurred_at);
        let since = instant(wire.since.as_ref()).unwrap_or(occurred_at);
        let recovered = wire.recovered.iter().map(|one| recovered(one, occurred_at)).collect();
        Ok(Self { wire, domain, kind, severity, phase, occurred_at, detected_at, since, recovered })
    }

    /// A test on a person's wish: it speaks of no domain.
    pub fn test(request: &str, asked_at: Timestamp) -> Self {
        Self::of_ours(request, Severity::Info, asked_at)
    }

    /// That a channel is out of order: it speaks of no domain.
    pub fn of_channel(id: &str, broken_at: Timestamp) -> Self {
        Self::of_ours(id, Severity::Critical, broken_at)
    }

    fn of_ours(id: &str, severity: Severity, at: Timestamp) -> Self {
        let wire = Event {
            id: id.to_owned(),
            severity: severity as i32,
            phase: Phase::Noted as i32,
            occurred_at: Some(time::write(at)),
            ..Event::default()
        };
        Self {
            wire,
            domain: None,
            kind: Kind::Unspecified,
            severity,
            phase: Phase::Noted,
            occurred_at: at,
            detected_at: at,
            since: at,
            recovered: Vec::new(),
        }
    }

    /// The message as it came.
    pub fn wire(&self) -> &Event {
        &self.wire
    }

    /// Its id, unique for ever.
    pub fn id(&self) -> &str {
        &self.wire.id
    }

    /// The domain it speaks of. None for a prober's own news, and for our own.
    pub fn domain(&self) -> Option<DomainId> {
        self.domain
    }

    /// What happened. Unspecified where no event asked for it: a test, a verification, a channel
    /// that is out of order.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Where in the life of an anomaly it stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// When it happened.
    pub fn occurred_at(&self) -> Timestamp {
        self.occurred_at
    }

    /// When it was noticed: what has expired may have done so long before.
    pub fn detected_at(&self) -> Timestamp {
        self.detected_at
    }

    /// When the anomaly began.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// The anomaly it opens or worsens, if it does either.
    pub fn alarm(&self) -> Option<&str> {
        match self.phase {
            Phase::Opened | Phase::Worsened => Some(&self.wire.anomaly_id),
            Phase::Unspecified | Phase::Recovered | Phase::Noted | Phase::Abandoned => None,
        }
    }

    /// The anomalies that are over with it.
    pub fn recovered(&self) -> &[Recovered] {
        &self.recovered
    }

    /// The anomalies that it takes the place of.
    pub fn supersedes(&self) -> &[String] {
        &self.wire.supersedes
    }

    /// The evidence, if it brings any.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.wire.evidence.as_ref()
    }

    /// What it speaks of, for people: host and port, or the name of a prober.
    pub fn name(&self) -> Name<'_> {
        Name(&self.wire)
    }
}

/// Shows host and port of an event, an IDN in Unicode.
pub struct Name<'a>(&'a Event);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(event) = self;
        match (event.host.parse::<Host>(), event.port) {
            // Port 0 is no port: the host is the name of a prober.
            (_, 0) | (Err(_), _) => f.write_str(&event.host),
            (Ok(Host::Name(name)), port) => {
                write!(f, "{}:{port}", Host::Name(name).to_unicode())
            }
            (Ok(address), port) => {
                f.write_str(&address.with_port(u16::try_from(port).unwrap_or_default()))
            }
        }
    }
}

fn recovered(one: &RecoveredAnomaly, otherwise: Timestamp) -> Recovered {
    Recovered {
        anomaly: one.anomaly_id.clone(),
        kind: Kind::try_from(one.kind).unwrap_or(Kind::Unspecified),
        since: instant(one.since.as_ref()).unwrap_or(otherwise),
        until: instant(one.until.as_ref()).unwrap_or(otherwise),
    }
}

fn instant(wire: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    wire.and_then(time::read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;

    #[test]
    fn an_event_is_read_with_all_it_says() {
        let news = sample::opened(Kind::Expired);
        assert_eq!((news.kind(), news.severity()), (Kind::Expired, Severity::Critical));
        assert_eq!(news.alarm(), Some("shop-expired"));
        assert_eq!(news.name().to_string(), "shop.example.com:443");
    }

    #[test]
    fn what_expired_was_noticed_later_than_it_happened() {
        let mut wire = sample::opened(Kind::Expired).wire().clone();
        wire.detected_at = Some(time::write(sample::minute(90)));
        let news = News::read(wire).unwrap();
        assert_eq!(news.occurred_at(), sample::start());
        assert_eq!(news.detected_at(), sample::minute(90));
    }

    #[test]
    fn names_are_shown_as_people_write_them() {
        let shown = |host: &str, port| {
            Name(&Event { host: host.to_owned(), port, ..Event::default() }).to_string()
        };
        assert_eq!(shown("xn--bcher-kva.example", 8443), "bücher.example:8443");
        assert_eq!(shown("2001:db8::1", 443), "[2001:db8::1]:443");
        assert_eq!(shown("prober-1", 0), "prober-1");
    }

    #[test]
    fn what_this_version_does_not_know_is_named() {
        let mut wire = sample::opened(Kind::Weak).wire().clone();
        wire.kind = 99;
        let error = News::read(wire.clone()).unwrap_err();
        assert!(error.to_string().contains("kind 99"), "{error}");
        wire.kind = Kind::Weak as i32;
        wire.occurred_at = None;
        assert!(matches!(News::read(wire).unwrap_err(), Malformed::Instant { .. }));
    }
}
