//! What a term takes up of those before it.

use bytes::Bytes;
use chassis::{
    bus::{Append, Expect, embedded::Embedded},
    clock::SystemClock,
    health::Health,
    tasks::Tasks,
};
use prost::Message as _;
use proto::{
    stream::{self, Service},
    subject, time,
    v1::{
        AnomalyOpened, DomainAdded, EndpointFact, Failure, InventoryEvent, Kind, LogEvent,
        Protocol, Severity, State, StateChanged, Watched, endpoint_fact, inventory_event,
        log_event::Event,
    },
};
use tempfile::TempDir;

use super::*;
use crate::{
    config::Config,
    domain::{assess::anchors::Anchors, court::Court},
};

#[tokio::test]
async fn whoever_takes_over_while_nobody_sees_anything_gives_no_all_clear() {
    let mut scene = Scene::new();
    let unseen = scene.all_unseen(&["a.test", "b.test", "c.test", "d.test"]).await;
    let seen = scene.watched("seen.test", State::Enabling).await;
    scene.said_to_be_blind(ALL_PROBERS).await;
    scene.leads().await;
    for domain in unseen {
        scene.turns(domain).await;
    }
    scene.hears_of(seen, Failure::default()).await;
    let coverage = scene.shared.census.coverage();
    assert_eq!((coverage.watched, coverage.unseen), (5, 4));
    assert_eq!(coverage.seeing_since, None, "nobody sees more than before");
}

#[tokio::test]
async fn a_blindness_is_told_of_when_all_that_go_unseen_were_told_of_before() {
    let mut scene = Scene::new();
    let unseen = scene.all_unseen(&["a.test", "b.test", "c.test"]).await;
    scene.leads().await;
    assert!(scene.shared.census.coverage().seeing_since.is_some(), "nothing is said of it");
    scene.turns(unseen[0]).await;
    assert_eq!(scene.shared.census.coverage().seeing_since, None);
}

#[tokio::test]
async fn one_domain_that_goes_unseen_is_no_blindness_in_the_next_term() {
    let mut scene = Scene::new();
    let unseen = scene.watched("a.test", State::Unknown).await;
    for host in ["b.test", "c.test"] {
        scene.watched(host, State::Enabling).await;
    }
    scene.leads().await;
    scene.turns(unseen).await;
    assert!(scene.shared.census.coverage().seeing_since.is_some());
}

#[tokio::test]
async fn one_domain_that_was_told_of_makes_no_blindness_of_a_silence() {
    let mut scene = Scene::new();
    let unseen = scene.watched("a.test", State::Unknown).await;
    for host in ["b.test", "c.test"] {
        scene.watched(host, State::Enabling).await;
    }
    scene.leads().await;
    scene.shared.begin(scene.partition.clock.now() - Duration::from_hours(1));
    scene.turns(unseen).await;
    assert!(scene.shared.census.coverage().seeing_since.is_some());
}

#[tokio::test]
async fn a_prober_that_has_no_route_to_one_domain_is_not_silent() {
    let mut scene = Scene::new();
    let stranded = scene.watched("stranded.test", State::Enabling).await;
    scene.watched("other.test", State::Enabling).await;
    scene.leads().await;
    let now = scene.partition.clock.now();
    let interval = Duration::from_mins(1);
    scene.shared.begin(now - interval * 3);
    assert!(scene.shared.census.coverage().is_lost(interval, now));
    let no_route = Failure { no_local_route: true, ..Failure::default() };
    scene.hears_of(stranded, no_route).await;
    assert!(!scene.shared.census.coverage().is_lost(interval, now));
}

#[tokio::test]
async fn what_was_not_recorded_in_a_term_is_not_believed_in_the_next() {
    let mut scene = Scene::new();
    let unseen = scene.all_unseen(&["a.test"]).await;
    scene.leads().await;
    scene.turns(unseen[0]).await;
    let now = scene.partition.clock.now();
    scene.shared.probers.lock().resume_blind("p", now);
    scene.leads().await;
    assert!(scene.shared.census.coverage().seeing_since.is_some());
    assert!(!scene.shared.probers.lock().is_blind("p"));
    scene.said_to_be_blind(ALL_PROBERS).await;
    scene.said_to_be_blind("p").await;
    scene.leads().await;
    assert_eq!(scene.shared.census.coverage().seeing_since, None);
    assert!(scene.shared.probers.lock().is_blind("p"));
}

/// A partition on a bus of its own.
struct Scene {
    bus: SharedBus,
    shared: Arc<Shared>,
    partition: Partition,
    _dir: TempDir,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Embedded::open(&dir.path().join("bus")).unwrap();
        let context = Context {
            service: Service::Detector,
            instance: "test".parse().unwrap(),
            bus: store.bus(Service::Detector),
            clock: Arc::new(SystemClock),
            dice: Arc::new(Dice::seeded(1)),
            tasks: Tasks::new(),
            health: Health::new(),
            data: dir.path().to_owned(),
        };
        let config = Config {
            interval: Duration::from_mins(10),
            region: "default".parse().unwrap(),
            ca_bundle: None,
            intermediates: None,
            snapshot: false,
        };
        let shared = Arc::new(Shared::new(config, Court::new(Arc::new(Anchors::default()))));
        let partition = Partition::new(&context, shared.clone(), Entries::default());
        Self { bus: context.bus, shared, partition, _dir: dir }
    }

    /// Domains of which it was told that nobody sees them.
    async fn all_unseen(&mut self, hosts: &[&str]) -> Vec<DomainId> {
        let mut domains = Vec::new();
        for host in hosts {
            domains.push(self.watched(host, State::Unknown).await);
        }
        domains
    }

    /// A domain in a state, as inventory and log tell.
    async fn watched(&mut self, host: &str, state: State) -> DomainId {
        let domain = DomainId::of(&host.parse().unwrap(), 443, Protocol::Tls);
        let added = inventory_event::Event::DomainAdded(DomainAdded {
            host: host.to_owned(),
            port: 443,
            protocol: Protocol::Tls.into(),
            options: None,
        });
        let events = vec![InventoryEvent { event: Some(added) }];
        let order = InventoryRecord { events, ..InventoryRecord::default() };
        self.partition.read(Letter::Ordered(domain, order, 1)).await;
        let changed = StateChanged { from: State::Disabled.into(), to: state.into() };
        let events = [Event::Watched(Watched { enabling: true }), Event::StateChanged(changed)];
        self.recorded(domain, host, 443, events).await;
        domain
    }

    /// A prober's history, as the log tells it.
    async fn said_to_be_blind(&mut self, name: &str) {
        let opened = Event::AnomalyOpened(AnomalyOpened {
            kind: Kind::ProberBlind.into(),
            severity: Severity::Critical.into(),
            ..AnomalyOpened::default()
        });
        self.recorded(prober_id(name), name, 0, [opened]).await;
    }

    async fn recorded(
        &mut self,
        domain: DomainId,
        host: &str,
        port: u32,
        events: impl IntoIterator<Item = Event>,
    ) {
        let events = events.into_iter().map(|event| LogEvent { event: Some(event) }).collect();
        let record = LogRecord {
            host: host.to_owned(),
            port,
            recorded_at: Some(time::write(self.partition.clock.now())),
            inventory_revision: 1,
            events,
            ..LogRecord::default()
        };
        let subject = subject::log(&domain);
        let append = Append {
            stream: &stream::LOG,
            id: subject.clone(),
            subject: subject.clone(),
            expect: Expect::Any,
            headers: vec![],
            payload: Bytes::from(record.encode_to_vec()),
        };
        self.bus.append(append).await.unwrap();
        let message = self.bus.last(&stream::LOG, &subject).await.unwrap().unwrap();
        self.partition.read(Letter::Recorded(domain, message)).await;
    }

    async fn leads(&mut self) {
        self.shared.begin(self.partition.clock.now());
        self.partition.read(Letter::Lead(self.bus.clone())).await;
    }

    /// A look came to nothing.
    async fn hears_of(&mut self, domain: DomainId, failure: Failure) {
        let outcome = Some(endpoint_fact::Outcome::Failure(failure));
        let address = "192.0.2.1".to_owned();
        let fact = ScanFact {
            domain_id: domain.to_string(),
            look: 1,
            inventory_revision: 1,
            prober: "prober".to_owned(),
            endpoints: vec![EndpointFact { address, outcome, ..EndpointFact::default() }],
            ..ScanFact::default()
        };
        self.partition.seen(domain, &fact).await.unwrap();
    }

    async fn turns(&mut self, domain: DomainId) {
        self.partition.scan_now(domain);
        let due = self.partition.next_due().unwrap();
        self.partition.clock.sleep_until(due).await;
        self.partition.attend().await;
    }
}
