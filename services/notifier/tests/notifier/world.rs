//! One notifier or several on a bus on disk, with the other services' part played by the test.

use std::{fmt::Debug, sync::Arc, time::Duration};

use chassis::{
    bus::{Append, Expect, Followed, From, Message, SharedBus, embedded::Embedded},
    clock::Clock,
    config::Reader,
    context::Context,
    dice::Dice,
    health::Health,
    seal::Seal,
    tasks::Tasks,
};
use harness::robots::Robots;
use lab::mail::MailSink;
use notifier::config::Config;
use parking_lot::Mutex;
use prost::Message as _;
use proto::{
    cloudevent,
    id::{ContactId, DomainId},
    stream::{self, Service},
    subject::{self, Entity},
    time,
    v1::{
        ContactAddress, ContactSaved, DeliveryEvent, DeliveryRecord, Event, InboxEntry,
        InventoryEvent, InventoryRecord, Kind, NotificationSetting, Protocol, RecoveredAnomaly,
        Request, SettingSaved, Severity, delivery_event::Event as Step, event::Phase,
        inventory_event::Event as Ordered, request::Wish,
    },
};
use tempfile::TempDir;

use crate::clock::LeapClock;

/// Deadline of everything that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bus, the mail server, the time.
pub(crate) struct World {
    pub(crate) clock: Arc<LeapClock>,
    pub(crate) sink: MailSink,
    pub(crate) store: Arc<Embedded>,
    data: TempDir,
    smtp: Option<String>,
    group_window: String,
    settings: Vec<(&'static str, String)>,
    appended: Mutex<u64>,
}

/// One notifier.
pub(crate) struct Notifier {
    tasks: Tasks,
    pub(crate) health: Health,
}

impl Notifier {
    /// Stops it, whether it fails over it or not.
    pub(crate) async fn stop_however(self) {
        self.tasks.stop();
        self.tasks.ended().await;
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) {
        self.tasks.stop();
        assert_eq!(self.tasks.ended().await, None);
    }
}

pub(crate) fn ops() -> ContactId {
    ContactId::from_bytes([7; 16])
}

pub(crate) fn domain(host: &str) -> DomainId {
    DomainId::of(&host.parse().unwrap(), 443, Protocol::Tls)
}

fn event(host: &str, kind: Kind, phase: Phase) -> Event {
    let now = Some(time::write("2026-03-05T10:00:00Z".parse().unwrap()));
    Event {
        id: format!("{host}-{}-{phase:?}", kind.token()),
        domain_id: domain(host).to_string(),
        host: host.to_owned(),
        port: 443,
        protocol: Protocol::Tls as i32,
        kind: kind as i32,
        severity: Severity::Critical as i32,
        phase: phase as i32,
        occurred_at: now,
        since: now,
        ..Event::default()
    }
}

fn anomaly(host: &str, kind: Kind) -> String {
    format!("{host}-{}", kind.token())
}

/// An anomaly opened.
pub(crate) fn opened(host: &str, kind: Kind) -> Event {
    Event { anomaly_id: anomaly(host, kind), ..event(host, kind, Phase::Opened) }
}

/// It closed.
pub(crate) fn recovered(host: &str, kind: Kind) -> Event {
    let one = RecoveredAnomaly {
        anomaly_id: anomaly(host, kind),
        kind: kind as i32,
        severity: Severity::Critical as i32,
        since: Some(time::write("2026-03-05T10:00:00Z".parse().unwrap())),
        until: Some(time::write("2026-03-05T11:00:00Z".parse().unwrap())),
    };
    Event {
        severity: Severity::Info as i32,
        recovered: vec![one],
        ..event(host, Kind::Recovered, Phase::Recovered)
    }
}

impl World {
    /// A world with one contact, who is told everything by mail and in the inbox.
    pub(crate) async fn new() -> Self {
        let sink = MailSink::open().await.unwrap();
        let smtp = Some(format!("smtp://{}", sink.address()));
        let world = Self::with(sink, smtp);
        world.save_contact("ops@example.com").await;
        world.save_setting(setting()).await;
        world
    }

    /// The same, but mail is not configured.
    pub(crate) async fn without_mail() -> Self {
        Self { smtp: None, ..Self::new().await }
    }

    /// The same, but news are held for a while so that others may join them.
    pub(crate) async fn grouping(window: &str) -> Self {
        Self { group_window: window.to_owned(), ..Self::new().await }
    }

    /// The same, but robots are spoken to where they live here, by the time of this clock.
    pub(crate) async fn with_robots(robots: &Robots, clock: Arc<LeapClock>) -> Self {
        Self { settings: robots.settings(), clock, ..Self::new().await }
    }

    /// The same, but mail goes by this server, with these settings beside.
    pub(crate) async fn mailing_by(url: String, settings: Vec<(&'static str, String)>) -> Self {
        Self { smtp: Some(url), settings, ..Self::new().await }
    }

    /// Seals as the console does.
    pub(crate) fn seal(&self) -> Seal {
        Seal::open_or_create(&self.data.path().join("key")).unwrap()
    }

    fn with(sink: MailSink, smtp: Option<String>) -> Self {
        // Whichever test is first says how TLS is done in this process, as `main` does elsewhere.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let data = tempfile::tempdir().unwrap();
        let clock = Arc::new(LeapClock::default());
        let store = Embedded::open_by(data.path(), clock.clone()).unwrap();
        let appended = Mutex::default();
        let group_window = "0s".to_owned();
        let settings = Vec::new();
        Self { clock, sink, store, data, smtp, group_window, settings, appended }
    }

    /// Starts a notifier.
    pub(crate) fn start(&self, instance: &str) -> Notifier {
        self.start_on(instance, self.store.bus(Service::Notifier))
    }

    /// Starts a notifier on a bus of its own.
    pub(crate) fn start_on(&self, instance: &str, bus: SharedBus) -> Notifier {
        let lookup = |key: &str| match key {
            "NOTIFIER_SMTP_URL" => self.smtp.clone(),
            "NOTIFIER_MAIL_FROM" => Some("watch@tls.example.com".to_owned()),
            "NOTIFIER_GROUP_WINDOW" => Some(self.group_window.clone()),
            "CERTHERALD_KEY_FILE" => Some(self.data.path().join("key").display().to_string()),
            _ => {
                self.settings.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
            }
        };
        let config = Config::read(Reader::new(&lookup)).unwrap();
        let (tasks, health) = (Tasks::new(), Health::new());
        let context = Context {
            service: Service::Notifier,
            instance: instance.parse().unwrap(),
            bus,
            clock: self.clock.clone(),
            dice: Arc::new(Dice::seeded(7)),
            tasks: tasks.clone(),
            health: health.clone(),
            data: self.data.path().join(instance),
        };
        tasks.spawn("notifier", notifier::run(context, config));
        Notifier { tasks, health }
    }

    /// Minutes after midnight, UTC.
    pub(crate) fn clock_minutes(&self) -> u32 {
        let seconds = self.clock.now().as_second().rem_euclid(24 * 60 * 60);
        u32::try_from(seconds / 60).unwrap()
    }

    /// The detector says something.
    pub(crate) async fn happens(&self, event: &Event) {
        let kind = Kind::try_from(event.kind).unwrap();
        let subject = subject::event(kind, &cloudevent::about(event).unwrap());
        let id = event.id.clone();
        let payload = event.encode_to_vec();
        self.append(Service::Detector, &stream::EVENTS, subject, id, payload).await;
    }

    /// The contact has this mailbox, or none if it is empty.
    pub(crate) async fn save_contact(&self, mailbox: &str) {
        let addresses = if mailbox.is_empty() { vec![] } else { vec![verified(mailbox)] };
        self.save(ops(), "Ops", addresses).await;
    }

    /// A contact has these addresses.
    pub(crate) async fn save(&self, id: ContactId, name: &str, addresses: Vec<ContactAddress>) {
        let saved = ContactSaved {
            name: name.to_owned(),
            language: "en".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            addresses,
        };
        self.order(&Entity::Contact(id), Ordered::ContactSaved(saved)).await;
    }

    /// This is the default setting.
    pub(crate) async fn save_setting(&self, setting: NotificationSetting) {
        let saved = SettingSaved { setting: Some(setting) };
        self.order(&Entity::DefaultSetting, Ordered::SettingSaved(saved)).await;
    }

    /// People order something.
    pub(crate) async fn order(&self, entity: &Entity, ordered: Ordered) {
        let events = vec![InventoryEvent { event: Some(ordered) }];
        let recorded_at = Some(time::write(self.clock.now()));
        let record = InventoryRecord { recorded_at, actor: "system".to_owned(), events };
        let (subject, payload) = (subject::inventory(entity), record.encode_to_vec());
        let id = self.fresh_id();
        self.append(Service::Console, &stream::INVENTORY, subject, id, payload).await;
    }

    /// The console asks for something.
    pub(crate) async fn wish(&self, wish: Wish) {
        let id = self.fresh_id();
        let request = proto::id::RequestId::derive(&[&id]);
        let record = Request { requested_at: None, actor: "system".to_owned(), wish: Some(wish) };
        let subject = subject::request(Service::Notifier, &request);
        let payload = record.encode_to_vec();
        self.append(Service::Console, &stream::REQUESTS, subject, request.to_string(), payload)
            .await;
    }

    fn fresh_id(&self) -> String {
        let mut appended = self.appended.lock();
        *appended += 1;
        format!("ordered-{appended}")
    }

    async fn append(
        &self,
        service: Service,
        stream: &'static stream::Stream,
        subject: String,
        id: String,
        payload: Vec<u8>,
    ) {
        let payload = payload.into();
        let append = Append { stream, subject, id, expect: Expect::Any, headers: vec![], payload };
        self.store.bus(service).append(append).await.unwrap();
    }

    /// Everything on `DELIVERIES` through one channel, in order.
    pub(crate) async fn steps(&self, channel: &str) -> Vec<DeliveryEvent> {
        let bus = self.store.bus(Service::Console);
        let pattern = stream::DELIVERIES.subjects;
        let mut following =
            bus.follow(&stream::DELIVERIES, pattern, From::Sequence(1)).await.unwrap();
        let mut steps = Vec::new();
        while let Followed::Message(Message { subject, payload, .. }) =
            following.next().await.unwrap()
        {
            let (of, _, _) = subject::delivery_parts(&subject).unwrap();
            if of.as_str() == channel {
                steps.extend(DeliveryRecord::decode(payload).unwrap().events);
            }
        }
        steps
    }

    /// What happened to deliveries through one channel, in words.
    pub(crate) async fn story(&self, channel: &str) -> Vec<String> {
        self.steps(channel).await.into_iter().filter_map(|step| step.event.map(told)).collect()
    }

    /// The inbox of the contact, oldest first.
    pub(crate) async fn inbox(&self) -> Vec<InboxEntry> {
        let mut entries = Vec::new();
        for step in self.steps("internal").await {
            if let Some(Step::Delivered(delivered)) = step.event {
                entries.extend(delivered.inbox_entry);
            }
        }
        entries
    }

    /// Waits until the story through a channel is this one.
    pub(crate) async fn until_story(&self, channel: &str, want: &[&str]) {
        let reached = async || self.story(channel).await;
        eventually(reached, |story| story.iter().map(String::as_str).eq(want.iter().copied()))
            .await;
    }

    /// Waits until so many mails have come.
    pub(crate) async fn until_mails(&self, count: usize) -> Vec<Arc<lab::mail::Mail>> {
        self.sink.until(PATIENCE, |mails| mails.len() >= count).await.unwrap()
    }
}

/// A mailbox that may be written to.
pub(crate) fn verified(mailbox: &str) -> ContactAddress {
    ContactAddress {
        channel: "email".to_owned(),
        address: mailbox.to_owned(),
        verified: true,
        ..ContactAddress::default()
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

fn told(step: Step) -> String {
    match step {
        Step::Due(due) => format!("due: {}", due.cause().as_str_name().to_lowercase()),
        Step::Attempted(attempted) => format!("attempted {}", attempted.attempt),
        Step::Delivered(_) => "delivered".to_owned(),
        Step::Failed(failed) if failed.perhaps_told => "failed, perhaps told".to_owned(),
        Step::Failed(_) => "failed".to_owned(),
        Step::Parked(_) => "parked".to_owned(),
        Step::Dropped(dropped) => {
            format!("dropped: {}", dropped.why().as_str_name().to_lowercase())
        }
    }
}

/// Waits until a state is as wanted. When it is not in time, shows what it was.
pub(crate) async fn eventually<T: Debug>(
    mut state: impl AsyncFnMut() -> T,
    wanted: impl Fn(&T) -> bool,
) -> T {
    let begun = std::time::Instant::now();
    loop {
        let now = state().await;
        if wanted(&now) {
            return now;
        }
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}; at last: {now:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
