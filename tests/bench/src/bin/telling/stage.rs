//! What is measured: a bus, a detector, a notifier, and a mail server.

use std::{error::Error, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use chassis::{
    bus::{
        Append, Expect, SharedBus,
        embedded::Embedded,
        nats::{Nats, NatsOptions},
    },
    clock::{Clock, SystemClock},
    config::Reader,
    context::Context,
    dice::Dice,
    health::Health,
    tasks::Tasks,
};
use jiff::Timestamp;
use lab::{
    authority::{Authority, Validity},
    mail::MailSink,
};
use prost::Message;
use proto::{
    id::ContactId,
    stream::{INVENTORY, Service, Stream},
    subject::{self, Entity},
    time,
    v1::{
        ContactAddress, ContactSaved, InventoryEvent, InventoryRecord, NotificationSetting,
        SettingSaved, inventory_event::Event as Ordered,
    },
};

use crate::ear::Door;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Pause between looks whether the services are ready.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// A bus, a mail server, one contact who is told everything through one channel.
pub(crate) struct Stage {
    pub(crate) keeper: Keeper,
    pub(crate) sink: MailSink,
    pub(crate) door: Door,
    pub(crate) authority: Authority,
    tasks: Tasks,
    health: Health,
    directory: tempfile::TempDir,
}

/// What keeps the streams.
pub(crate) enum Keeper {
    Embedded(Arc<Embedded>),
    Nats { bus: Nats, _server: Box<harness::nats::Nats> },
}

impl Keeper {
    async fn open(name: &str, directory: &Path) -> Outcome<Self> {
        if name == "embedded" {
            return Ok(Self::Embedded(Embedded::open(&directory.join("bus"))?));
        }
        let server = harness::nats::Nats::start().await;
        let bus = Nats::connect(NatsOptions::new(server.url())).await?;
        Ok(Self::Nats { bus, _server: Box::new(server) })
    }

    /// The bus as a service speaks on it.
    pub(crate) fn bus(&self, service: Service) -> SharedBus {
        match self {
            Self::Embedded(store) => store.bus(service),
            Self::Nats { bus, .. } => bus.bus(service),
        }
    }
}

impl Stage {
    /// Opens everything; no service runs yet.
    pub(crate) async fn open(keeper: &str, channel: &str) -> Outcome<Self> {
        let directory = tempfile::tempdir()?;
        let keeper = Keeper::open(keeper, directory.path()).await?;
        let authority = Authority::root("Bench Root", Validity::of_an_authority(now()))?;
        std::fs::write(directory.path().join("ca.pem"), authority.pem())?;
        let sink = MailSink::open().await?;
        let door = Door::before(sink.address()).await?;
        let (tasks, health) = (Tasks::new(), Health::new());
        let stage = Self { keeper, sink, door, authority, tasks, health, directory };
        let contact = ContactId::derive(&["operator"]);
        let mailbox = ContactAddress {
            channel: "email".to_owned(),
            address: "ops@example.com".to_owned(),
            verified: true,
            ..ContactAddress::default()
        };
        let saved = ContactSaved {
            name: "Ops".to_owned(),
            language: "en".to_owned(),
            time_zone: "UTC".to_owned(),
            addresses: vec![mailbox],
        };
        stage.order(&Entity::Contact(contact), Ordered::ContactSaved(saved)).await?;
        let setting = NotificationSetting {
            enabled: true,
            contacts: vec![contact.to_string()],
            methods: vec![channel.to_owned()],
            ..NotificationSetting::default()
        };
        let saved = SettingSaved { setting: Some(setting) };
        stage.order(&Entity::DefaultSetting, Ordered::SettingSaved(saved)).await?;
        Ok(stage)
    }

    fn context(&self, service: Service) -> Outcome<Context> {
        Ok(Context {
            service,
            instance: "bench".parse()?,
            bus: self.keeper.bus(service),
            clock: Arc::new(SystemClock),
            dice: Arc::new(Dice::fresh()),
            tasks: self.tasks.clone(),
            health: self.health.clone(),
            data: self.directory.path().join(service.token()),
        })
    }

    /// Starts a detector.
    pub(crate) fn start_detector(&self) -> Outcome<()> {
        let config = detector::config::Config {
            // Nobody is asked to look again while it is measured.
            interval: Duration::from_hours(24),
            region: "default".parse()?,
            ca_bundle: Some(self.directory.path().join("ca.pem")),
            intermediates: None,
            snapshot: true,
        };
        self.health.check("detector");
        let context = self.context(Service::Detector)?;
        self.tasks.spawn("detector", detector::run(context, config));
        Ok(())
    }

    /// Starts a notifier that sends its mail there.
    pub(crate) fn start_notifier(&self, mail: SocketAddr) -> Outcome<()> {
        let lookup = |key: &str| match key {
            "NOTIFIER_SMTP_URL" => Some(format!("smtp://{mail}")),
            "NOTIFIER_MAIL_FROM" => Some("watch@example.com".to_owned()),
            "NOTIFIER_GROUP_WINDOW" => Some("0s".to_owned()),
            _ => None,
        };
        let config = notifier::config::Config::read(Reader::new(&lookup))?;
        self.health.check("notifier");
        let context = self.context(Service::Notifier)?;
        self.tasks.spawn("notifier", notifier::run(context, config));
        Ok(())
    }

    /// Waits until the services are ready.
    pub(crate) async fn ready(&self) -> Outcome<()> {
        while !self.health.unready().is_empty() {
            if self.tasks.stopping().is_cancelled() {
                return Err(self.tasks.ended().await.unwrap_or_default().into());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    /// Stops the services.
    pub(crate) async fn close(self) -> Outcome<()> {
        self.tasks.stop();
        if let Some(failure) = self.tasks.ended().await {
            return Err(failure.into());
        }
        if let Keeper::Embedded(store) = &self.keeper {
            store.close().await;
        }
        Ok(())
    }

    /// People order something.
    pub(crate) async fn order(&self, entity: &Entity, ordered: Ordered) -> Outcome<()> {
        let record = InventoryRecord {
            recorded_at: Some(time::write(now())),
            actor: "system".to_owned(),
            events: vec![InventoryEvent { event: Some(ordered) }],
        };
        let letter = (subject::inventory(entity), record.encode_to_vec());
        self.append(Service::Console, &INVENTORY, letter).await
    }

    /// A service says something.
    pub(crate) async fn append(
        &self,
        service: Service,
        stream: &'static Stream,
        (subject, payload): (String, Vec<u8>),
    ) -> Outcome<()> {
        // Each subject is written to once.
        let id = format!("bench-{subject}");
        let (expect, headers, payload) = (Expect::Any, vec![], payload.into());
        let append = Append { stream, subject, id, expect, headers, payload };
        self.keeper.bus(service).append(append).await?;
        Ok(())
    }
}

/// The time.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}
