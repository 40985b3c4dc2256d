//! Forms on `EVENTS`: what strangers read.

use proto::v1::{Event, Kind, Protocol, RecoveredAnomaly, Severity, State, event::Phase};

use crate::{
    Form, evidence,
    sample::{DOMAIN, at},
};

pub(crate) fn forms() -> Vec<Form> {
    let opened = evidence::each().into_iter().map(|(name, kind, evidence)| {
        let opened = Event {
            kind: kind.into(),
            phase: Phase::Opened.into(),
            anomaly_id: format!("{DOMAIN}-{}-12", kind.token()),
            since: Some(at(-60)),
            evidence: Some(evidence),
            supersedes: vec![format!("{DOMAIN}-expiring-9")],
            ..event()
        };
        Form::new(name, opened)
    });
    let recovered = Event {
        kind: Kind::Recovered.into(),
        severity: Severity::Info.into(),
        phase: Phase::Recovered.into(),
        recovered: vec![RecoveredAnomaly {
            anomaly_id: format!("{DOMAIN}-expired-12"),
            kind: Kind::Expired.into(),
            severity: Severity::Critical.into(),
            since: Some(at(-86_400)),
            until: Some(at(0)),
        }],
        state: State::Secure.into(),
        ..event()
    };
    let detected = Event {
        kind: Kind::Expired.into(),
        phase: Phase::Opened.into(),
        detected_at: Some(at(86_400)),
        ..event()
    };
    opened.chain([Form::new("recovered", recovered), Form::new("detected", detected)]).collect()
}

/// What all events have.
pub(crate) fn event() -> Event {
    Event {
        id: format!("{DOMAIN}-41-0"),
        domain_id: DOMAIN.to_owned(),
        host: "shop.example.com".to_owned(),
        port: 443,
        protocol: Protocol::Tls.into(),
        severity: Severity::Critical.into(),
        occurred_at: Some(at(0)),
        state: State::Abnormal.into(),
        ..Event::default()
    }
}
