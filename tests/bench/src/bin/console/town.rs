//! A town of domains: what the streams hold of each, at any size.

use console::domain::{
    board::Heard,
    intake,
    inventory::{
        Actor,
        domain::{Domain, DomainEvent},
        options::{Options, OptionsDraft},
        record,
    },
};
use jiff::{SignedDuration, Timestamp};
use proto::{
    id::{ContactId, DeliveryId, DomainId},
    subject::Entity,
    time,
    v1::{
        self, AnomalyOpened, Chain, ChainLearned, DeliveryDelivered, DeliveryDue, DeliveryEvent,
        DeliveryRecord, EndpointFact, EndpointSeen, Event, InboxEntry, Kind, LogEvent, LogRecord,
        ScanFact, Severity, State, delivery_due::Cause, delivery_event, log_event,
    },
};
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};

/// Issuers of all certificates.
const ISSUERS: usize = 20;
/// Domains that serve one certificate.
const SHARED_BY: usize = 4;
/// Of so many domains one has something wrong.
const WRONG: usize = 20;
/// Tags that half of the domains bear, one each.
const TAGS: usize = 20;
/// Days within which all certificates expire.
const DAYS: i64 = 90;
/// Deliveries, at most: as many as the console shows.
const DELIVERIES_MAX: usize = 50_000;

/// What makes the messages.
pub(crate) struct Town {
    now: Timestamp,
    key: KeyPair,
    issuers: Vec<Issuer<'static, KeyPair>>,
    chain: Option<(usize, Chain)>,
}

impl Town {
    /// A town that is looked at now.
    pub(crate) fn new(now: Timestamp) -> Self {
        let key = || KeyPair::generate().expect("a key is made from randomness alone");
        let issuer = |n| {
            let mut of = CertificateParams::default();
            of.distinguished_name.push(DnType::OrganizationName, "Issuers of the World");
            of.distinguished_name.push(DnType::CommonName, format!("Issuing CA {n}"));
            Issuer::new(of, key())
        };
        Self { now, key: key(), issuers: (0..ISSUERS).map(issuer).collect(), chain: None }
    }

    /// The name of a domain.
    pub(crate) fn name(number: usize) -> String {
        format!("host-{number}.customer-{}.example.com", number % 1_000)
    }

    /// The id of a domain.
    pub(crate) fn id(number: usize) -> DomainId {
        let (place, _) = intake::place(&Self::name(number), None).expect("the name is one");
        place.id()
    }

    /// The contact that hears of all.
    pub(crate) fn contact() -> ContactId {
        ContactId::derive(&["operator"])
    }

    /// All that is said of one domain.
    pub(crate) fn said(&mut self, number: usize) -> Vec<Heard> {
        let id = Self::id(number);
        let mut said = vec![
            Heard::Ordered(Entity::Domain(id), self.added(number)),
            Heard::Logged(id, self.logged(number)),
            Heard::Looked(id, Box::new(self.looked(number))),
        ];
        if number.is_multiple_of(WRONG) {
            said.push(Heard::Happened(Box::new(self.happened(number))));
        }
        if number < DELIVERIES_MAX {
            said.push(Heard::Told {
                channel: "internal".parse().expect("the channel is a token"),
                contact: Self::contact(),
                domain: Some(id),
                record: self.told(number),
            });
        }
        said
    }

    fn added(&self, number: usize) -> v1::InventoryRecord {
        let (place, _) = intake::place(&Self::name(number), None).expect("the name is one");
        let is_tagged = number.is_multiple_of(2);
        let tags = is_tagged.then(|| format!("team-{}", number / 2 % TAGS)).into_iter().collect();
        let draft = OptionsDraft { tags, ..OptionsDraft::default() };
        let options = Options::read(&draft).expect("the options are within every limit");
        record::<Domain>(&[DomainEvent::Added(place, options)], Actor::System, self.now)
    }

    fn logged(&mut self, number: usize) -> LogRecord {
        let chain = self.chain(number / SHARED_BY);
        let seen = log_event::Event::EndpointSeen(EndpointSeen {
            address: format!("192.0.2.{}", number % 256),
            port: 443,
            chain: chain.fingerprint.clone(),
            version: 0x0304,
            cipher_suite: 0x1301,
        });
        let leaf = vec![7; 32].into();
        let learned = log_event::Event::ChainLearned(ChainLearned {
            chain: Some(chain),
            fetched: vec![],
            leaf,
        });
        let mut events = vec![learned, seen];
        let mut state = State::Secure;
        if number.is_multiple_of(WRONG) {
            state = State::Abnormal;
            events.push(log_event::Event::AnomalyOpened(AnomalyOpened {
                anomaly_id: format!("{}-expired-1", Self::id(number)),
                kind: kind(number).into(),
                severity: severity(number).into(),
                since: Some(time::write(self.now)),
                evidence: None,
            }));
        }
        LogRecord {
            recorded_at: Some(time::write(self.now)),
            host: Self::name(number),
            port: 443,
            state: state.into(),
            events: events.into_iter().map(|event| LogEvent { event: Some(event) }).collect(),
            ..LogRecord::default()
        }
    }

    fn chain(&mut self, number: usize) -> Chain {
        if let Some((_, chain)) = self.chain.as_ref().filter(|(of, _)| *of == number) {
            return chain.clone();
        }
        let mut of = CertificateParams::new(vec![Self::name(number)]).expect("the name is one");
        let days = i64::try_from(number).unwrap_or(0) % DAYS;
        let expires = self.now + SignedDuration::from_hours(24 * days + 12);
        let date = |at: Timestamp| {
            let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
            let [month, day] = [date.month(), date.day()].map(|n| u8::try_from(n).unwrap_or(1));
            rcgen::date_time_ymd(date.year().into(), month, day)
        };
        (of.not_before, of.not_after) = (date(self.now), date(expires));
        let issuer = &self.issuers[number % ISSUERS];
        let leaf = of.signed_by(&self.key, issuer).expect("the certificate is signed");
        let chain = Chain {
            fingerprint: DomainId::derive(&[&number.to_string()]).as_bytes().repeat(2).into(),
            certificates: vec![leaf.der().to_vec().into()],
        };
        self.chain = Some((number, chain.clone()));
        chain
    }

    fn looked(&self, number: usize) -> ScanFact {
        ScanFact {
            domain_id: Self::id(number).to_string(),
            look: 1,
            started_at: Some(time::write(self.now)),
            endpoints: vec![EndpointFact::default()],
            ..ScanFact::default()
        }
    }

    fn happened(&self, number: usize) -> Event {
        Event {
            id: format!("{}-1-0", Self::id(number)),
            domain_id: Self::id(number).to_string(),
            host: Self::name(number),
            port: 443,
            kind: kind(number).into(),
            severity: severity(number).into(),
            occurred_at: Some(time::write(self.now)),
            state: State::Abnormal.into(),
            ..Event::default()
        }
    }

    fn told(&self, number: usize) -> DeliveryRecord {
        let id = DeliveryId::derive(&[&number.to_string()]).to_string();
        let mut due = DeliveryDue {
            event: Some(self.happened(number)),
            not_before: Some(time::write(self.now)),
            ..DeliveryDue::default()
        };
        due.set_cause(Cause::Event);
        let entry = InboxEntry {
            title: format!("{} has expired", Self::name(number)),
            text: "Renew the certificate immediately to restore service. ".repeat(6),
            kind: kind(number).into(),
            severity: severity(number).into(),
        };
        let delivered =
            DeliveryDelivered { attempt: 1, reply: String::new(), inbox_entry: Some(entry) };
        let steps = [delivery_event::Event::Due(due), delivery_event::Event::Delivered(delivered)];
        let events =
            steps.map(|event| DeliveryEvent { delivery_id: id.clone(), event: Some(event) });
        DeliveryRecord { recorded_at: Some(time::write(self.now)), events: events.into() }
    }
}

fn kind(number: usize) -> Kind {
    if number.is_multiple_of(3) { Kind::Expired } else { Kind::Weak }
}

fn severity(number: usize) -> Severity {
    if number.is_multiple_of(3) { Severity::Critical } else { Severity::Warning }
}
