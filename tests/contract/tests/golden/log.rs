//! Forms on `LOG` and `INTERMEDIATES`.

use proto::v1::{
    AnomalyClosed, AnomalyOpened, AnomalyWorsened, CertificateChanged, ChainLearned, EndpointGone,
    EndpointSeen, Intermediate, Kind, LogEvent, LogRecord, Protocol, Reason, RoundCounted,
    Severity, State, StateChanged, Unwatched, Watched, anomaly_closed::How, log_event::Event,
};

use crate::{
    Form, evidence,
    sample::{DOMAIN, at, chain, der, fetched, hash},
};

pub(crate) fn forms() -> Vec<Form> {
    let mut forms: Vec<_> =
        events().into_iter().map(|(name, event)| Form::new(name, record(vec![event]))).collect();
    forms.push(Form::new(
        "all_events",
        record(events().into_iter().map(|(_, event)| event).collect()),
    ));
    let changed = StateChanged { from: State::Secure.into(), to: State::Unknown.into() };
    let undecided = record(vec![Event::StateChanged(changed)]);
    let undecided = LogRecord { state: State::Unknown.into(), undecided: true, ..undecided };
    forms.push(Form::new("undecided", undecided));
    forms.push(Form::new(
        "every_field",
        Intermediate {
            certificate: der(3),
            first_seen: Some(at(0)),
            source: "http://ca.example/intermediate.cer".to_owned(),
        },
    ));
    forms
}

fn record(events: Vec<Event>) -> LogRecord {
    LogRecord {
        recorded_at: Some(at(0)),
        look: 7,
        inventory_revision: 3,
        events: events.into_iter().map(|event| LogEvent { event: Some(event) }).collect(),
        host: "shop.example.com".to_owned(),
        port: 443,
        protocol: Protocol::Tls.into(),
        state: State::Abnormal.into(),
        wake_at: Some(at(600)),
        judged_under: 1,
        undecided: false,
    }
}

fn events() -> Vec<(&'static str, Event)> {
    let mut events = of_states();
    events.extend(of_endpoints());
    events
}

fn of_states() -> Vec<(&'static str, Event)> {
    let anomaly_id = || format!("{DOMAIN}-expiring-12");
    vec![
        ("watched", Event::Watched(Watched { enabling: true })),
        ("unwatched", Event::Unwatched(Unwatched { removed: true })),
        (
            "state_changed",
            Event::StateChanged(StateChanged {
                from: State::Enabling.into(),
                to: State::Secure.into(),
            }),
        ),
        (
            "anomaly_opened",
            Event::AnomalyOpened(AnomalyOpened {
                anomaly_id: anomaly_id(),
                kind: Kind::Expiring.into(),
                severity: Severity::Warning.into(),
                since: Some(at(-60)),
                evidence: Some(evidence::expiry()),
            }),
        ),
        (
            "anomaly_worsened",
            Event::AnomalyWorsened(AnomalyWorsened {
                anomaly_id: anomaly_id(),
                kind: Kind::Expiring.into(),
                severity: Severity::Critical.into(),
                evidence: Some(evidence::expiry()),
                since: Some(at(-30)),
            }),
        ),
        (
            "anomaly_closed",
            Event::AnomalyClosed(AnomalyClosed {
                anomaly_id: anomaly_id(),
                kind: Kind::Expiring.into(),
                since: Some(at(-60)),
                how: How::Recovered.into(),
                severity: Severity::Warning.into(),
            }),
        ),
    ]
}

fn of_endpoints() -> Vec<(&'static str, Event)> {
    let endpoint = || "192.0.2.1".to_owned();
    vec![
        (
            "certificate_changed",
            Event::CertificateChanged(CertificateChanged { evidence: Some(evidence::expiry()) }),
        ),
        (
            "chain_learned",
            Event::ChainLearned(ChainLearned {
                chain: Some(chain()),
                fetched: vec![fetched()],
                leaf: der(1),
            }),
        ),
        (
            "endpoint_seen",
            Event::EndpointSeen(EndpointSeen {
                address: endpoint(),
                port: 443,
                chain: hash(1),
                version: 0x0303,
                cipher_suite: 0xc02f,
            }),
        ),
        ("endpoint_gone", Event::EndpointGone(EndpointGone { address: endpoint(), port: 443 })),
        (
            "round_counted",
            Event::RoundCounted(RoundCounted {
                kind: Kind::Unreachable.into(),
                seen: 2,
                clean: 1,
                clean_needed: 3,
                reason: Reason::ConnectRefused.into(),
                since: Some(at(-20)),
            }),
        ),
    ]
}
