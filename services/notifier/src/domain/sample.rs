//! Values that the tests of the domain share: one domain, one contact, its news.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use proto::{
    id::{ContactId, DeliveryId, DomainId},
    subject::Entity,
    time,
    v1::{
        CertificateSummary, ContactAddress, ContactSaved, Event, Evidence, InventoryEvent, Kind,
        NotificationSetting, Protocol, RecoveredAnomaly, SettingSaved, Severity, State,
        event::Phase, inventory_event::Event as Ordered,
    },
};

use crate::domain::{news::News, roster::Roster};

/// The instant at which the stories begin.
pub(crate) fn start() -> Timestamp {
    "2026-03-05T10:00:00Z".parse().unwrap()
}

/// An instant some minutes into the story.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    start() + minutes.minutes()
}

pub(crate) fn domain() -> DomainId {
    DomainId::of(&"shop.example.com".parse().unwrap(), 443, Protocol::Tls)
}

pub(crate) fn ops() -> ContactId {
    ContactId::from_bytes([7; 16])
}

pub(crate) fn delivery(number: u8) -> DeliveryId {
    DeliveryId::from_bytes([number; 16])
}

pub(crate) fn leaf() -> CertificateSummary {
    CertificateSummary {
        sha256: vec![0xab; 32].into(),
        subject: "CN=shop.example.com".to_owned(),
        issuer: "CN=Example CA R3,O=Example".to_owned(),
        serial: "04a1b2".to_owned(),
        not_before: Some(time::write("2025-12-05T00:00:00Z".parse().unwrap())),
        not_after: Some(time::write("2026-03-05T10:00:00Z".parse().unwrap())),
        names: vec!["shop.example.com".to_owned(), "www.example.com".to_owned()],
        names_total: 2,
    }
}

pub(crate) fn anomaly(kind: Kind) -> String {
    format!("shop-{}", kind.token())
}

fn event(kind: Kind, phase: Phase) -> Event {
    Event {
        id: format!("shop-{}-{phase:?}", kind.token()),
        domain_id: domain().to_string(),
        host: "shop.example.com".to_owned(),
        port: 443,
        protocol: Protocol::Tls as i32,
        kind: kind as i32,
        severity: Severity::Critical as i32,
        phase: phase as i32,
        occurred_at: Some(time::write(start())),
        since: Some(time::write(start())),
        evidence: Some(Evidence {
            leaf: Some(leaf()),
            endpoints: vec!["192.0.2.1:443".to_owned(), "[2001:db8::1]:443".to_owned()],
            case: None,
        }),
        state: State::Abnormal as i32,
        ..Event::default()
    }
}

/// News of an anomaly that opened.
pub(crate) fn opened(kind: Kind) -> News {
    let event = Event { anomaly_id: anomaly(kind), ..event(kind, Phase::Opened) };
    News::read(event).unwrap()
}

/// News of an anomaly that became worse.
pub(crate) fn worsened(kind: Kind) -> News {
    let event = Event { anomaly_id: anomaly(kind), ..event(kind, Phase::Worsened) };
    News::read(event).unwrap()
}

/// News that anomalies of these kinds closed, an hour and five minutes after they opened.
pub(crate) fn recovered(kinds: &[Kind]) -> News {
    let one = |kind: &Kind| RecoveredAnomaly {
        anomaly_id: anomaly(*kind),
        kind: *kind as i32,
        severity: Severity::Critical as i32,
        since: Some(time::write(start())),
        until: Some(time::write(minute(65))),
    };
    let event = Event {
        severity: Severity::Info as i32,
        occurred_at: Some(time::write(minute(65))),
        evidence: None,
        recovered: kinds.iter().map(one).collect(),
        ..event(Kind::Recovered, Phase::Recovered)
    };
    News::read(event).unwrap()
}

/// News of a certificate that changed.
pub(crate) fn noted() -> News {
    let event =
        Event { severity: Severity::Info as i32, ..event(Kind::CertificateChanged, Phase::Noted) };
    News::read(event).unwrap()
}

/// News of a prober that sees nothing but failures.
pub(crate) fn blind() -> News {
    let event = Event {
        domain_id: String::new(),
        host: "prober-1".to_owned(),
        port: 0,
        anomaly_id: anomaly(Kind::ProberBlind),
        ..event(Kind::ProberBlind, Phase::Opened)
    };
    News::read(event).unwrap()
}

/// The same news, but for something.
pub(crate) fn with(news: &News, change: impl FnOnce(&mut Event)) -> News {
    let mut event = news.wire().clone();
    change(&mut event);
    News::read(event).unwrap()
}

pub(crate) fn shared(news: News) -> Arc<News> {
    Arc::new(news)
}

pub(crate) fn contact_saved(name: &str, addresses: &[(&str, &str)]) -> ContactSaved {
    let address = |(channel, address): &(&str, &str)| ContactAddress {
        channel: (*channel).to_owned(),
        address: (*address).to_owned(),
        verified: true,
        ..ContactAddress::default()
    };
    ContactSaved {
        name: name.to_owned(),
        language: "en".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        addresses: addresses.iter().map(address).collect(),
    }
}

/// Everything to Ops, by mail and in the inbox.
pub(crate) fn setting() -> NotificationSetting {
    NotificationSetting {
        enabled: true,
        contacts: vec![ops().to_string()],
        methods: vec!["email".to_owned(), "internal".to_owned()],
        ..NotificationSetting::default()
    }
}

pub(crate) fn save_contact(roster: &mut Roster, id: ContactId, saved: &ContactSaved) {
    let event = Some(Ordered::ContactSaved(saved.clone()));
    roster.evolve(&Entity::Contact(id), &InventoryEvent { event }, start());
}

pub(crate) fn save_setting(roster: &mut Roster, entity: Entity, setting: NotificationSetting) {
    let event = Some(Ordered::SettingSaved(SettingSaved { setting: Some(setting) }));
    roster.evolve(&entity, &InventoryEvent { event }, start());
}

/// One contact, Ops, and a default setting that tells it everything.
pub(crate) fn roster() -> Roster {
    let mut roster = Roster::default();
    let saved = contact_saved("Ops", &[("email", "ops@example.com")]);
    save_contact(&mut roster, ops(), &saved);
    save_setting(&mut roster, Entity::DefaultSetting, setting());
    roster
}
