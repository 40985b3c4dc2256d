//! One notifier, three contacts with five channels each, and a detector that is the test.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chassis::{
    bus::{Append, Expect, Message},
    config::Reader,
    context::Context,
    dice::Dice,
    health::Health,
    seal::Seal,
    tasks::Tasks,
};
use notifier::{
    config::Config,
    shell::channel::{
        Channel, Channels, dingtalk::DingTalk, email::Email, internal::Internal, lark::Lark,
        web::Web, wecom::WeCom,
    },
};
use prost::Message as _;
use proto::{
    address::SecretAddress,
    cloudevent,
    id::{ContactId, DomainId},
    stream::{self, Service, Stream},
    subject::{self, Entity},
    time,
    v1::{
        CertificateSummary, ContactAddress, ContactSaved, Event, Evidence, InventoryEvent,
        InventoryRecord, Kind, NotificationSetting, Protocol, RecoveredAnomaly, SettingSaved,
        Severity, event::Phase, inventory_event::Event as Ordered,
    },
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    bus::{Faults, Wire},
    clock::VirtualClock,
    mortal::Mortal,
    robot::{Arrival, Away, DOMAIN, Log, Robot},
    store::Store,
};

/// Who is told, and in which language.
pub(crate) const CONTACTS: [(&str, &str); 3] = [("Ann", "en"), ("Li Wei", "zh-CN"), ("Ops", "en")];

/// Through what.
pub(crate) const CHANNELS: [&str; 5] = ["internal", "email", "dingtalk", "wecom", "feishu"];

/// How long news are held so that others may join them.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);

/// The world of one storm.
pub(crate) struct World {
    store: Arc<Store>,
    log: Arc<Log>,
    data: TempDir,
}

/// Lives through something in virtual time.
pub(crate) fn live<T>(life: impl Future<Output = T>) -> T {
    runtime().block_on(life)
}

/// Virtual time on one thread.
pub(crate) fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

impl World {
    /// A world in which everybody is told everything, by a robot of WeCom that may be away.
    pub(crate) fn new(away: Option<Away>) -> Self {
        // Also a client that is never used wants to know how TLS is done.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let (store, log) = (Arc::new(Store::new()), Arc::<Log>::default());
        let data = tempfile::tempdir().unwrap();
        let world = Self { store, log, data };
        for (number, (name, language)) in (1..).zip(CONTACTS) {
            world.save_contact(number, name, language);
        }
        world.save_setting();
        world.start("one", away);
        world
    }

    /// Starts a notifier: the first leads.
    pub(crate) fn start(&self, instance: &str, away: Option<Away>) {
        let mortal = Arc::new(Mortal::new());
        let clock = Arc::new(VirtualClock::new(self.store.begun, mortal.clone()));
        let config = Config::read(Reader::new(&|_| None)).unwrap();
        let data = self.data.path();
        let web = Web::open(&config.web, self.seal(), clock.clone()).unwrap();
        let wire = Wire {
            store: self.store.clone(),
            mortal,
            dice: Arc::new(Dice::seeded(1)),
            faults: Faults::none(),
        };
        let robot = |inner: Box<dyn Channel>| {
            let away = away.filter(|_| inner.token() == "wecom");
            let (log, begun) = (self.log.clone(), self.store.begun);
            Box::new(Robot { inner, log, begun, away }) as Box<dyn Channel>
        };
        let channels = Channels::of([
            robot(Box::new(Internal)),
            robot(Box::new(Email::open(None, clock.clone()).unwrap())),
            robot(Box::new(DingTalk::new(web.clone()))),
            robot(Box::new(WeCom::new(web.clone()))),
            robot(Box::new(Lark::in_china(web))),
        ]);
        let tasks = Tasks::new();
        let context = Context {
            service: Service::Notifier,
            instance: instance.parse().unwrap(),
            bus: Arc::new(wire),
            clock,
            dice: Arc::new(Dice::seeded(2)),
            tasks: tasks.clone(),
            health: Health::new(),
            data: data.to_owned(),
        };
        tasks.spawn("notifier", notifier::run_through(channels, context, config));
    }

    /// Since the world began.
    pub(crate) fn now(&self) -> Duration {
        self.store.begun.elapsed()
    }

    /// All that arrived.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.log.arrivals()
    }

    /// All that was recorded of deliveries.
    pub(crate) fn records(&self) -> Vec<Message> {
        self.store.above(&stream::DELIVERIES, stream::DELIVERIES.subjects, 0)
    }

    /// All that is kept on all streams.
    pub(crate) fn kept(&self) -> Vec<Message> {
        let of = |stream: &&Stream| self.store.above(stream, stream.subjects, 0);
        stream::ALL.iter().flat_map(of).collect()
    }

    /// The certificate of a domain expires.
    pub(crate) fn expires(&self, number: usize) {
        let not_after = Some(time::write(self.wall()));
        let leaf = CertificateSummary {
            sha256: Bytes::copy_from_slice(&number.to_be_bytes()),
            subject: format!("CN={}", host(number)),
            issuer: "CN=Storm CA 1,O=Storm".to_owned(),
            not_before: not_after,
            not_after,
            names: vec![host(number)],
            names_total: 1,
            ..CertificateSummary::default()
        };
        let evidence = Some(Evidence { leaf: Some(leaf), ..Evidence::default() });
        let anomaly_id = anomaly(number);
        let event = self.event(number, Kind::Expired, Phase::Opened);
        self.happens(&Event { anomaly_id, evidence, ..event });
    }

    /// It is renewed.
    pub(crate) fn recovers(&self, number: usize) {
        let now = Some(time::write(self.wall()));
        let one = RecoveredAnomaly {
            anomaly_id: anomaly(number),
            kind: Kind::Expired.into(),
            severity: Severity::Critical.into(),
            since: now,
            until: now,
        };
        let event = self.event(number, Kind::Recovered, Phase::Recovered);
        let severity = Severity::Info.into();
        self.happens(&Event { recovered: vec![one], severity, ..event });
    }

    fn event(&self, number: usize, kind: Kind, phase: Phase) -> Event {
        let now = Some(time::write(self.wall()));
        let domain = DomainId::of(&host(number).parse().unwrap(), 443, Protocol::Tls);
        Event {
            id: format!("{number}-{}", kind.token()),
            domain_id: domain.to_string(),
            host: host(number),
            port: 443,
            protocol: Protocol::Tls.into(),
            kind: kind.into(),
            severity: Severity::Critical.into(),
            phase: phase.into(),
            occurred_at: now,
            since: now,
            ..Event::default()
        }
    }

    fn wall(&self) -> jiff::Timestamp {
        self.store.now()
    }

    fn happens(&self, event: &Event) {
        let kind = Kind::try_from(event.kind).unwrap();
        let subject = subject::event(kind, &cloudevent::about(event).unwrap());
        self.append(&stream::EVENTS, subject, event.id.clone(), event.encode_to_vec());
    }

    fn save_contact(&self, number: u8, name: &str, language: &str) {
        let saved = ContactSaved {
            name: name.to_owned(),
            language: language.to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            addresses: CHANNELS[1..].iter().map(|channel| self.address(channel, number)).collect(),
        };
        self.order(&Entity::Contact(contact(number)), Ordered::ContactSaved(saved));
    }

    /// A mailbox, or a robot of the contact's own.
    fn address(&self, channel: &str, number: u8) -> ContactAddress {
        let address = ContactAddress {
            channel: channel.to_owned(),
            verified: true,
            ..ContactAddress::default()
        };
        if channel == "email" {
            return ContactAddress { address: "ops@example.com".to_owned(), ..address };
        }
        let token = format!("{number:08}-0000-4000-8000-000000000000");
        let secret = SecretAddress::read(channel, &token, "", &[], &[]).unwrap();
        let plain = serde_json::to_vec(&secret).unwrap();
        let sealed = self.seal().seal(&plain).unwrap().into();
        ContactAddress { sealed, robot: secret.robot(), ..address }
    }

    fn seal(&self) -> Seal {
        Seal::open_or_create(&self.data.path().join("key")).unwrap()
    }

    fn save_setting(&self) {
        let setting = NotificationSetting {
            enabled: true,
            contacts: (1..=3).map(|number| contact(number).to_string()).collect(),
            methods: CHANNELS.map(str::to_owned).to_vec(),
            ..NotificationSetting::default()
        };
        let saved = SettingSaved { setting: Some(setting) };
        self.order(&Entity::DefaultSetting, Ordered::SettingSaved(saved));
    }

    fn order(&self, entity: &Entity, ordered: Ordered) {
        let events = vec![InventoryEvent { event: Some(ordered) }];
        let record = InventoryRecord { events, ..InventoryRecord::default() };
        let subject = subject::inventory(entity);
        self.append(&stream::INVENTORY, subject.clone(), subject, record.encode_to_vec());
    }

    fn append(&self, stream: &'static Stream, subject: String, id: String, payload: Vec<u8>) {
        let payload = payload.into();
        let append = Append { stream, subject, id, expect: Expect::Any, headers: vec![], payload };
        self.store.append(append).unwrap();
    }
}

/// The name of a domain.
pub(crate) fn host(number: usize) -> String {
    format!("host-{number}{DOMAIN}")
}

fn anomaly(number: usize) -> String {
    format!("{number}-expired-anomaly")
}

fn contact(number: u8) -> ContactId {
    ContactId::from_bytes([number; 16])
}
