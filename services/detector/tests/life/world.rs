//! A world around a detector: the embedded bus, an inventory, a prober that shows what it is told
//! to show, and a reader of all that is told.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use chassis::{
    bus::{Append, Consumer, Expect, Followed, From, Message, SharedBus, embedded::Embedded},
    clock::SystemClock,
    context::Context,
    dice::Dice,
    health::Health,
    tasks::Tasks,
};
use detector::config::Config;
use jiff::{SignedDuration, Timestamp};
use lab::authority::{Authority, Leaf, Validity};
use parking_lot::Mutex;
use prost::Message as _;
use proto::{
    host::Host,
    id::{DomainId, RequestId},
    stream::{self, Service},
    subject::{self, Entity},
    time,
    v1::{
        Chain, DomainAdded, DomainDisabled, DomainOptions, DomainOptionsChanged, DomainRemoved,
        EndpointFact, Event, Failure, Handshake, InventoryEvent, InventoryRecord, Job, Protocol,
        Reason, Request, ScanFact, ScanNow, endpoint_fact, handshake, inventory_event, request,
    },
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longest wait for anything. A test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an endpoint presents: certificates, or nothing for a reason.
pub(crate) type Shown = Result<Vec<Bytes>, Reason>;

/// The world.
pub(crate) struct World {
    issuing: Authority,
    store: Arc<Embedded>,
    shown: Arc<Mutex<BTreeMap<String, Shown>>>,
    told: Arc<Mutex<Vec<(Message, Event)>>>,
    dir: TempDir,
    // Last, so that what runs on it is gone before what it uses.
    runtime: Runtime,
}

/// A detector that runs on threads of its own, so that it can be killed.
pub(crate) struct Detector {
    runtime: Option<Runtime>,
    tasks: Tasks,
    pub(crate) health: Health,
}

impl World {
    pub(crate) fn new() -> Self {
        let now = now();
        let root = Authority::root("Test Root", Validity::of_an_authority(now)).unwrap();
        let issuing = root.intermediate("Test Issuing", Validity::of_an_authority(now)).unwrap();
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("ca.pem"), root.pem()).unwrap();
        let store = Embedded::open(&dir.path().join("bus")).unwrap();
        let runtime = Runtime::new().unwrap();
        let world =
            Self { issuing, store, shown: Arc::default(), told: Arc::default(), dir, runtime };
        world.runtime.spawn(read_events(world.bus(Service::Notifier), world.told.clone()));
        world
    }

    pub(crate) fn bus(&self, service: Service) -> SharedBus {
        self.store.bus(service)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Lets a prober take jobs from now on.
    pub(crate) fn with_prober(self) -> Self {
        self.runtime.spawn(probe(self.bus(Service::Prober), self.shown.clone()));
        self
    }

    /// Starts a detector that keeps its snapshot under a name.
    pub(crate) fn detector(&self, name: &str) -> Detector {
        let runtime = Runtime::new().unwrap();
        let (tasks, health) = (Tasks::new(), Health::new());
        // Asked for here already, so that a detector that has not begun is not taken for a ready
        // one.
        health.check("detector");
        let context = Context {
            service: Service::Detector,
            instance: name.parse().unwrap(),
            bus: self.bus(Service::Detector),
            clock: Arc::new(SystemClock),
            dice: Arc::new(Dice::seeded(1)),
            tasks: tasks.clone(),
            health: health.clone(),
            data: self.data(name),
        };
        let config = Config {
            interval: Duration::from_mins(10),
            region: "default".parse().unwrap(),
            ca_bundle: Some(self.dir().join("ca.pem")),
            intermediates: None,
            snapshot: true,
        };
        let _entered = runtime.enter();
        tasks.spawn("detector", detector::run(context, config));
        let detector = Detector { runtime: Some(runtime), tasks, health };
        eventually("the detector is ready", || detector.health.unready().is_empty());
        detector
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// A chain for a host that is valid for another while.
    pub(crate) fn chain(&self, host: &str, left: SignedDuration) -> Vec<Bytes> {
        let validity = Validity::around(now(), SignedDuration::from_hours(24 * 60), left);
        let leaf = Leaf::named(host, validity);
        let identity = self.issuing.issue(&leaf).unwrap();
        identity.chain.iter().map(|der| Bytes::copy_from_slice(der)).collect()
    }

    pub(crate) fn good(&self, host: &str) -> Vec<Bytes> {
        self.chain(host, SignedDuration::from_hours(24 * 60))
    }

    /// What a host presents from now on.
    pub(crate) fn shows(&self, host: &str, shown: Shown) {
        self.shown.lock().insert(host.to_owned(), shown);
    }

    pub(crate) fn add(&self, host: &str) -> DomainId {
        self.order(
            host,
            inventory_event::Event::DomainAdded(DomainAdded {
                host: host.to_owned(),
                port: 443,
                protocol: Protocol::Tls.into(),
                options: None,
            }),
        )
    }

    pub(crate) fn change(&self, host: &str, options: DomainOptions) {
        let options = Some(options);
        let changed = DomainOptionsChanged { options };
        self.order(host, inventory_event::Event::DomainOptionsChanged(changed));
    }

    pub(crate) fn disable(&self, host: &str) {
        self.order(host, inventory_event::Event::DomainDisabled(DomainDisabled {}));
    }

    pub(crate) fn remove(&self, host: &str) {
        self.order(host, inventory_event::Event::DomainRemoved(DomainRemoved {}));
    }

    fn order(&self, host: &str, event: inventory_event::Event) -> DomainId {
        let domain = id(host);
        let record = InventoryRecord {
            recorded_at: Some(time::write(now())),
            actor: "test".to_owned(),
            events: vec![InventoryEvent { event: Some(event) }],
        };
        let subject = subject::inventory(&Entity::Domain(domain));
        self.append(Service::Console, &stream::INVENTORY, subject, record.encode_to_vec());
        domain
    }

    /// Wishes a look, and waits until it has been made and judged.
    pub(crate) fn scan(&self, host: &str) {
        let before = self.looks(host);
        let domain_id = id(host).to_string();
        let wish = request::Wish::ScanNow(ScanNow { domain_id });
        let request = Request { wish: Some(wish), ..Request::default() };
        let request_id = RequestId::from_bytes(Dice::fresh().bytes());
        let subject = subject::request(Service::Detector, &request_id);
        self.append(Service::Console, &stream::REQUESTS, subject, request.encode_to_vec());
        eventually("the domain is looked at", || self.looks(host) > before);
    }

    /// The number of the last look whose fact came.
    pub(crate) fn looks(&self, host: &str) -> u64 {
        let bus = self.bus(Service::Console);
        let subject = subject::fact(&id(host));
        let last = self.runtime.block_on(bus.last(&stream::FACTS, &subject)).unwrap();
        last.map_or(0, |message| ScanFact::decode(message.payload).unwrap().look)
    }

    pub(crate) fn append(
        &self,
        service: Service,
        stream: &'static stream::Stream,
        subject: String,
        payload: Vec<u8>,
    ) {
        let append = Append {
            stream,
            subject,
            id: Dice::fresh().bytes::<8>().map(|byte| format!("{byte:02x}")).concat(),
            expect: Expect::Any,
            headers: vec![],
            payload: payload.into(),
        };
        self.runtime.block_on(self.bus(service).append(append)).unwrap();
    }

    /// All that was told of a host, in words: kind and phase.
    pub(crate) fn told(&self, host: &str) -> Vec<String> {
        let told = self.told.lock();
        let of_host = told.iter().filter(|(_, event)| event.host == host);
        of_host.map(|(_, event)| words(event)).collect()
    }

    /// All that was told, as it was told.
    pub(crate) fn events(&self) -> Vec<(Message, Event)> {
        self.told.lock().clone()
    }
}

impl Detector {
    /// Ends it as the system ends a process: at once, in the middle of anything.
    pub(crate) fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_timeout(Duration::ZERO);
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) {
        let runtime = self.runtime.take().unwrap();
        self.tasks.stop();
        assert_eq!(runtime.block_on(self.tasks.ended()), None, "it ended in order");
    }
}

impl Drop for Detector {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) fn now() -> Timestamp {
    chassis::clock::Clock::now(&SystemClock)
}

pub(crate) fn id(host: &str) -> DomainId {
    DomainId::of(&host.parse::<Host>().unwrap(), 443, Protocol::Tls)
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn words(event: &Event) -> String {
    use proto::v1::event::Phase;
    let phase = match event.phase() {
        Phase::Opened => "opened",
        Phase::Worsened => "worsened",
        Phase::Recovered => {
            let kinds: Vec<_> = event.recovered.iter().map(|one| one.kind().token()).collect();
            return format!("recovered {}", kinds.join(" "));
        }
        Phase::Noted => "noted",
        Phase::Abandoned => "abandoned",
        Phase::Unspecified => "?",
    };
    format!("{phase} {}", event.kind().token())
}

async fn read_events(bus: SharedBus, told: Arc<Mutex<Vec<(Message, Event)>>>) {
    let from = From::Sequence(1);
    let mut following = bus.follow(&stream::EVENTS, subject::EVENTS_ALL, from).await.unwrap();
    while let Ok(followed) = following.next().await {
        if let Followed::Message(message) = followed {
            let event = Event::decode(message.payload.clone()).unwrap();
            told.lock().push((message, event));
        }
    }
}

async fn probe(bus: SharedBus, shown: Arc<Mutex<BTreeMap<String, Shown>>>) {
    let consumer = Consumer {
        stream: &stream::JOBS,
        name: "prober".to_owned(),
        pattern: subject::JOBS_ALL.to_owned(),
        ack_wait: Duration::from_secs(30),
        held_max: 16,
    };
    let mut deliveries = bus.consume(consumer).await.unwrap();
    while let Ok(delivery) = deliveries.next().await {
        let job = Job::decode(delivery.message.payload.clone()).unwrap();
        let shown = shown.lock().get(&job.host).cloned();
        let fact = fact(&job, shown.unwrap_or(Err(Reason::ConnectRefused)));
        let append = Append {
            stream: &stream::FACTS,
            subject: subject::fact(&job.domain_id.parse().unwrap()),
            id: format!("{}-{}", job.domain_id, job.look),
            expect: Expect::Any,
            headers: vec![],
            payload: fact.encode_to_vec().into(),
        };
        if bus.append(append).await.is_err() || delivery.ack().await.is_err() {
            return;
        }
    }
}

fn fact(job: &Job, shown: Shown) -> ScanFact {
    let mut chains = Vec::new();
    let outcome = match shown {
        Ok(certificates) => {
            let fingerprint = Bytes::copy_from_slice(&proto::chain::fingerprint(&certificates));
            if !job.known_chains.contains(&fingerprint) {
                chains.push(Chain { fingerprint: fingerprint.clone(), certificates });
            }
            endpoint_fact::Outcome::Handshake(Handshake {
                version: 0x0304,
                cipher_suite: 0x1301,
                chain: fingerprint,
                proof: handshake::Proof::Proved.into(),
                ..Handshake::default()
            })
        }
        Err(reason) => {
            let reason = reason.into();
            endpoint_fact::Outcome::Failure(Failure { reason, ..Failure::default() })
        }
    };
    let endpoint = EndpointFact {
        address: "192.0.2.1".to_owned(),
        port: job.port,
        outcome: Some(outcome),
        ..EndpointFact::default()
    };
    ScanFact {
        domain_id: job.domain_id.clone(),
        look: job.look,
        inventory_revision: job.inventory_revision,
        prober: "prober".to_owned(),
        region: "default".to_owned(),
        endpoints: vec![endpoint],
        chains,
        ..ScanFact::default()
    }
}
