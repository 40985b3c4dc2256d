//! One piece of news of every kind, as the detector says it, with values that a server chose.

use jiff::{Timestamp, ToSpan};
use notifier::domain::{
    news::News,
    plan::Root,
    roster::{Contact, Roster},
    thread::step::Cause,
    wording::{self, Brief, Letter},
};
use proto::{
    id::{ContactId, DeliveryId, DomainId},
    subject::Entity,
    time,
    v1::{
        Blindness, CertificateSummary, Change, ContactSaved, Event, Evidence, Expiry,
        InventoryEvent, Kind, MissingIssuer, Mixed, NameMismatch, NoCertificate, ProberBlindness,
        Protocol, Reason, RecoveredAnomaly, Severity, Untrusted, Weakness, event::Phase,
        evidence::Case, inventory_event::Event as Ordered, mixed::Group, untrusted,
    },
};

use crate::desk;

/// Where the console is.
pub(crate) const CONSOLE: &str = "https://tls.example.com";

/// The domain of all of them.
pub(crate) const HOST: &str = "shop.example.com";

/// A value as most servers choose it.
const PLAIN: &str = "CN=shop.example.com,O=Example & Söhne";

/// The instant at which everything happens.
pub(crate) fn start() -> Timestamp {
    "2026-03-05T10:00:00Z".parse().unwrap()
}

fn at(days: i64) -> prost_types::Timestamp {
    time::write(start() + (days * 24).hours())
}

fn certificate(value: &str, number: u8) -> CertificateSummary {
    CertificateSummary {
        sha256: vec![number; 32].into(),
        subject: value.to_owned(),
        issuer: value.to_owned(),
        serial: "04a1b2".to_owned(),
        not_before: Some(at(-80)),
        not_after: Some(at(9)),
        names: vec![value.to_owned(); 30],
        names_total: 100,
    }
}

/// What a kind brings as evidence beside the leaf.
fn case(kind: Kind, value: &str) -> Option<Case> {
    let values = || vec![value.to_owned(); 13];
    let no = |reason: Reason| NoCertificate {
        reason: reason as i32,
        detail: value.to_owned(),
        alert: Some(40),
    };
    let group = |number: u8| Group {
        leaf: Some(certificate(value, number)),
        endpoints: vec![format!("192.0.2.{number}:443"), "[2001:db8::1]:443".to_owned()],
    };
    Some(match kind {
        Kind::EnableFailed => Case::NoCertificate(no(Reason::ConnectRefused)),
        Kind::Unreachable => Case::NoCertificate(no(Reason::HandshakeFailed)),
        Kind::Expired | Kind::Expiring => Case::Expiry(Expiry {
            limiting: Some(certificate(value, 2)),
            rung: Some(time::write_span(std::time::Duration::from_hours(14 * 24))),
            is_leaf: kind == Kind::Expiring,
        }),
        Kind::ChainIncomplete => Case::MissingIssuer(MissingIssuer {
            missing: vec![certificate(value, 3)],
            pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned(),
            source: "seen".to_owned(),
        }),
        Kind::NameMismatch => {
            Case::NameMismatch(NameMismatch { expected: HOST.to_owned(), presented: values() })
        }
        Kind::Untrusted => Case::Untrusted(Untrusted {
            cause: untrusted::Cause::SelfSigned as i32,
            issuer: value.to_owned(),
            incomplete_excluded: true,
            detail: value.to_owned(),
        }),
        Kind::Weak => Case::Weakness(Weakness { weaknesses: values() }),
        Kind::MixedCertificates => Case::Mixed(Mixed { groups: vec![group(4), group(5)] }),
        Kind::NotObserved => Case::Blindness(Blindness { last_seen: Some(at(-1)), unanswered: 3 }),
        Kind::CertificateChanged => Case::Change(Change {
            before: Some(certificate(value, 6)),
            after: Some(certificate(value, 7)),
            names_gained: values(),
            names_lost: values(),
        }),
        Kind::ProberBlind => Case::ProberBlindness(ProberBlindness {
            prober: "prober-1".to_owned(),
            failed: 18,
            looked: 20,
        }),
        Kind::Unspecified
        | Kind::Recovered
        | Kind::NotYetValid
        | Kind::Revoked
        | Kind::RenewalOverdue => return None,
    })
}

/// News of a kind, about a host, with a value wherever a server chooses one.
pub(crate) fn news(kind: Kind, host: &str, value: &str) -> News {
    let phase = match kind {
        Kind::Recovered => Phase::Recovered,
        Kind::CertificateChanged => Phase::Noted,
        Kind::Unspecified
        | Kind::EnableFailed
        | Kind::Expired
        | Kind::Expiring
        | Kind::ChainIncomplete
        | Kind::NameMismatch
        | Kind::Untrusted
        | Kind::NotYetValid
        | Kind::Revoked
        | Kind::Unreachable
        | Kind::MixedCertificates
        | Kind::Weak
        | Kind::RenewalOverdue
        | Kind::NotObserved
        | Kind::ProberBlind => Phase::Opened,
    };
    let severity = if phase == Phase::Opened { Severity::Critical } else { Severity::Info };
    let one = |kind: Kind| RecoveredAnomaly {
        anomaly_id: format!("{host}-{}", kind.token()),
        kind: kind as i32,
        severity: Severity::Critical as i32,
        since: Some(at(-1)),
        until: Some(at(0)),
    };
    let is_over = kind == Kind::Recovered;
    let is_prober = kind == Kind::ProberBlind;
    let id = DomainId::of(&host.parse().unwrap(), 443, Protocol::Tls).to_string();
    let evidence = Evidence {
        leaf: Some(certificate(value, 1)),
        endpoints: vec!["192.0.2.1:443".to_owned(), "[2001:db8::1]:443".to_owned()],
        case: case(kind, value),
    };
    let event = Event {
        id: format!("{host}-{}-{phase:?}", kind.token()),
        domain_id: if is_prober { String::new() } else { id },
        host: if is_prober { "prober-1".to_owned() } else { host.to_owned() },
        port: if is_prober { 0 } else { 443 },
        protocol: Protocol::Tls as i32,
        kind: kind as i32,
        severity: severity as i32,
        phase: phase as i32,
        anomaly_id: format!("{host}-{}", kind.token()),
        occurred_at: Some(at(0)),
        since: Some(at(-1)),
        evidence: (!is_over).then_some(evidence),
        recovered: if is_over { vec![one(Kind::Expired), one(Kind::Weak)] } else { Vec::new() },
        ..Event::default()
    };
    News::read(event).unwrap()
}

/// News of every kind.
pub(crate) fn every_kind(value: &str) -> Vec<News> {
    Kind::ALL.iter().map(|kind| news(*kind, HOST, value)).collect()
}

pub(crate) fn expired() -> News {
    news(Kind::Expired, HOST, PLAIN)
}

fn contact(language: &str) -> Contact {
    let saved = ContactSaved {
        name: "Ops".to_owned(),
        language: language.to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        addresses: Vec::new(),
    };
    let (id, mut roster) = (ContactId::from_bytes([7; 16]), Roster::default());
    let event = InventoryEvent { event: Some(Ordered::ContactSaved(saved)) };
    roster.evolve(&Entity::Contact(id), &event, start());
    roster.contact(&id).unwrap().clone()
}

fn worded(news: &News, language: &str, cause: Cause, reminder: u32) -> Letter {
    let roots = [Root { id: DeliveryId::from_bytes([1; 16]), kind: Kind::Expired }];
    let brief = Brief {
        delivery: DeliveryId::from_bytes([2; 16]),
        news,
        cause,
        reminder,
        contact: &contact(language),
        owner_note: "Call Li Wei, +86 10 5555 0100.\nRenew with: certbot renew",
        roots: if news.kind() == Kind::Recovered { &roots } else { &[] },
        link: None,
        broken_channel: None,
        now: start() + 5.minutes(),
    };
    wording::compose(&brief, &desk::head())
}

/// News in words.
pub(crate) fn letter(news: &News, language: &str) -> Letter {
    worded(news, language, Cause::Event, 0)
}

/// Many domains in one letter.
pub(crate) fn digest(count: usize, language: &str) -> Letter {
    let letters: Vec<_> = (0..count)
        .map(|number| news(Kind::Expired, &format!("shop{number}.example.com"), PLAIN))
        .map(|news| letter(&news, language))
        .collect();
    let letters: Vec<_> = letters.iter().collect();
    let lead = DeliveryId::from_bytes([3; 16]);
    wording::digest(&letters, &contact(language), &desk::head(), lead)
}

/// All that is ever told, with the news that it is about.
pub(crate) fn everything(language: &str) -> Vec<(News, Letter)> {
    let test = News::test("wish", start());
    let mut all: Vec<_> = every_kind(PLAIN)
        .into_iter()
        .map(|news| {
            let letter = letter(&news, language);
            (news, letter)
        })
        .collect();
    let causes = [(Cause::Reminder, 3), (Cause::Escalation, 0), (Cause::Again, 0)];
    for (cause, reminder) in causes {
        all.push((expired(), worded(&expired(), language, cause, reminder)));
    }
    all.push((test.clone(), worded(&test, language, Cause::Test, 0)));
    for count in [2, 40, 500] {
        all.push((expired(), digest(count, language)));
    }
    all
}
