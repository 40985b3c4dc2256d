//! The crew on a real bus: each job becomes one fact, and is done only then.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test, a panic is the report")]

use std::{collections::BTreeSet, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use chassis::{
    bus::{
        Append, AppendError, Consumer, Expect, Followed, Following, From, Message, SharedBus,
        embedded::Embedded,
    },
    clock::{Clock, SharedClock, SystemClock},
    context::Context,
    dice::Dice,
    health::Health,
    tasks::Tasks,
};
use jiff::{SignedDuration, Timestamp};
use lab::{
    authority::{Authority, Leaf, Validity},
    site::{Behaviour, Site},
};
use prober::{config::Config, domain::fact, shell::crew::Crew};
use prost::Message as _;
use proto::{
    id::DomainId,
    stream::{self, Service, Stream},
    subject::{self, Token},
    v1::{Job, Protocol, ScanFact, own_failure::Cause},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};

/// How long anything may take on a busy machine before the test says that it does not happen.
const PATIENCE: Duration = Duration::from_secs(20);

struct World {
    store: Arc<Embedded>,
    tasks: Tasks,
    health: Health,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let store = Embedded::open(directory.path()).unwrap();
        Self { store, tasks: Tasks::new(), health: Health::new(), _directory: directory }
    }

    fn bus(&self, service: Service) -> SharedBus {
        self.store.bus(service)
    }

    /// Starts a prober, as the binary does.
    fn start(&self) {
        self.start_as("prober-1", Arc::new(SystemClock), &self.tasks);
    }

    fn start_as(&self, name: &str, clock: SharedClock, tasks: &Tasks) {
        let context = Context {
            service: Service::Prober,
            instance: name.parse().unwrap(),
            bus: self.bus(Service::Prober),
            clock,
            dice: Arc::new(Dice::fresh()),
            tasks: tasks.clone(),
            health: self.health.clone(),
            data: std::path::PathBuf::new(),
        };
        tasks.spawn("prober", prober::run(config(), context));
    }

    async fn order(&self, job: &Job) -> Result<(), AppendError> {
        let id: DomainId = job.domain_id.parse().unwrap();
        // Unlike the detector's, an id that is new each time: so that the bus takes a look twice.
        let id_of_look = format!("job-{id}-{}", Dice::fresh().below(u64::MAX));
        self.append(Append {
            stream: &stream::JOBS,
            subject: subject::job(&region(), &id),
            id: id_of_look,
            expect: Expect::Any,
            headers: Vec::new(),
            payload: job.encode_to_vec().into(),
        })
        .await
    }

    async fn append(&self, append: Append) -> Result<(), AppendError> {
        self.bus(Service::Detector).append(append).await.map(|_| ())
    }

    async fn follow(&self, stream: &'static Stream) -> Box<dyn Following> {
        let bus = self.bus(Service::Console);
        bus.follow(stream, stream.subjects, From::Sequence(1)).await.unwrap()
    }

    /// Waits until the job of a domain is done: then, and only then, another one is taken.
    async fn done(&self, job: &Job) {
        let next = Job { look: job.look + 100, ..job.clone() };
        let wait = async {
            while let Err(AppendError::Outstanding { .. }) = self.order(&next).await {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, wait).await.expect("the job is acknowledged");
    }
}

fn region() -> Token {
    "default".parse().unwrap()
}

fn config() -> Config {
    let lookup = |key: &str| match key {
        "PROBER_DEADLINE" => Some("2s".to_owned()),
        "PROBER_ALLOW" => Some("127.0.0.0/8".to_owned()),
        "PROBER_NAME_SERVERS" => Some("127.0.0.1:9".to_owned()),
        _ => None,
    };
    Config::read(chassis::config::Reader::new(&lookup)).unwrap()
}

fn job(at: SocketAddr, look: u64) -> Job {
    Job {
        domain_id: DomainId::derive(&[&at.to_string()]).to_string(),
        look,
        inventory_revision: 5,
        host: at.ip().to_string(),
        port: at.port().into(),
        protocol: Protocol::Tls.into(),
        ..Job::default()
    }
}

/// An address that nobody listens on.
async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// A clock by which a prober that is blind pauses until it is told to go on.
struct Pausing {
    pauses: Semaphore,
    over: Semaphore,
}

impl Pausing {
    fn new() -> Arc<Self> {
        Arc::new(Self { pauses: Semaphore::new(0), over: Semaphore::new(0) })
    }

    /// Until the prober has tested itself in vain once more.
    async fn paused(&self) {
        let pause = timeout(PATIENCE, self.pauses.acquire()).await.expect("it pauses");
        pause.unwrap().forget();
    }

    fn go_on(&self) {
        self.over.add_permits(1);
    }
}

#[async_trait]
impl Clock for Pausing {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        SystemClock.sleep_until(at).await;
    }

    async fn sleep(&self, span: Duration) {
        if span != Duration::from_secs(10) {
            return SystemClock.sleep(span).await;
        }
        self.pauses.add_permits(1);
        self.over.acquire().await.unwrap().forget();
    }
}

/// Jobs of so many domains that one site serves.
fn jobs(site: &Site, domains: u64, look: u64) -> Vec<Job> {
    let id = |n: u64| DomainId::derive(&[&n.to_string()]).to_string();
    let was_reachable = look > 1;
    let job = |n| Job { domain_id: id(n), was_reachable, ..job(site.address(), look) };
    (0..domains).map(job).collect()
}

/// Orders these jobs, each as soon as the one before of its domain is done.
async fn order_all(world: &World, jobs: &[Job]) {
    for job in jobs {
        let ordered = async {
            while let Err(AppendError::Outstanding { .. }) = world.order(job).await {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, ordered).await.expect("the job before is done");
    }
}

/// Orders these jobs and waits for a fact of each: who brought them, and whether with a
/// certificate.
async fn looked(
    world: &World,
    facts: &mut Box<dyn Following>,
    jobs: &[Job],
) -> BTreeSet<(String, bool)> {
    order_all(world, jobs).await;
    let mut looked = BTreeSet::new();
    for _ in jobs {
        let fact = next_fact(facts).await;
        looked.insert((fact.prober.clone(), fact::shows_certificate(&fact)));
    }
    looked
}

async fn site() -> Site {
    let day = SignedDuration::from_hours(24);
    let validity = Validity::around(SystemClock.now(), day, day * 80);
    let authority = Authority::root("Root", validity).unwrap();
    let identity = authority.issue(&Leaf::named("a.test", validity)).unwrap();
    Site::open(Behaviour::Serve(identity)).await.unwrap()
}

fn all_by(prober: &str, with_certificate: bool) -> BTreeSet<(String, bool)> {
    BTreeSet::from([(prober.to_owned(), with_certificate)])
}

/// A prober to which twenty domains fail that gave it a certificate.
async fn blind(world: &World, clock: &Arc<Pausing>, site: &Site, facts: &mut Box<dyn Following>) {
    world.start_as("prober-1", clock.clone(), &world.tasks);
    assert_eq!(looked(world, facts, &jobs(site, 20, 1)).await, all_by("prober-1", true));
    site.close().await.unwrap();
    assert_eq!(looked(world, facts, &jobs(site, 20, 2)).await, all_by("prober-1", false));
    clock.paused().await;
}

#[tokio::test]
async fn a_prober_that_lost_its_network_leaves_its_jobs_to_others_until_it_sees() {
    let (world, clock, site) = (World::new(), Pausing::new(), site().await);
    let mut facts = world.follow(&stream::FACTS).await;
    blind(&world, &clock, &site, &mut facts).await;

    site.open_again().await.unwrap();
    let tasks = Tasks::new();
    world.start_as("prober-2", Arc::new(SystemClock), &tasks);
    let third = looked(&world, &mut facts, &jobs(&site, 30, 3)).await;
    assert_eq!(third, all_by("prober-2", true));
    tasks.stop();
    assert_eq!(tasks.ended().await, None);

    clock.go_on();
    let fourth = looked(&world, &mut facts, &jobs(&site, 30, 4)).await;
    assert_eq!(fourth, all_by("prober-1", true), "it sees again");
}

#[tokio::test]
async fn a_prober_whose_witnesses_are_gone_for_good_tests_itself_by_single_jobs() {
    let (world, clock, site) = (World::new(), Pausing::new(), site().await);
    let mut facts = world.follow(&stream::FACTS).await;
    blind(&world, &clock, &site, &mut facts).await;

    world.order(&job(closed_port().await, 1)).await.unwrap();
    let fact = tested_by(&mut facts, &clock).await;
    assert!(!fact::shows_certificate(&fact), "it was no good test");
    let other = self::site().await;
    order_all(&world, &jobs(&other, 1, 3)).await;
    let fact = tested_by(&mut facts, &clock).await;
    assert!(fact::shows_certificate(&fact));
    assert_eq!(looked(&world, &mut facts, &jobs(&other, 30, 4)).await, all_by("prober-1", true));
}

/// The fact of the next job that a blind prober takes as a test.
async fn tested_by(facts: &mut Box<dyn Following>, clock: &Pausing) -> ScanFact {
    let mut fact = pin!(next_fact(facts));
    loop {
        clock.go_on();
        tokio::select! {
            fact = &mut fact => return fact,
            () = clock.paused() => {}
        }
    }
}

async fn next(following: &mut Box<dyn Following>) -> Message {
    let wait = async {
        loop {
            if let Followed::Message(message) = following.next().await.unwrap() {
                return message;
            }
        }
    };
    timeout(PATIENCE, wait).await.expect("a message comes")
}

async fn next_fact(following: &mut Box<dyn Following>) -> ScanFact {
    ScanFact::decode(next(following).await.payload).unwrap()
}

#[tokio::test]
async fn a_job_becomes_a_fact_and_is_done_then() {
    let world = World::new();
    let job = job(closed_port().await, 1);
    world.order(&job).await.unwrap();
    world.start();
    let mut facts = world.follow(&stream::FACTS).await;
    let message = next(&mut facts).await;
    let id: DomainId = job.domain_id.parse().unwrap();
    assert_eq!(message.subject, subject::fact(&id));
    let fact = ScanFact::decode(message.payload).unwrap();
    assert_eq!((fact.look, fact.inventory_revision), (1, 5));
    assert_eq!((fact.prober.as_str(), fact.region.as_str()), ("prober-1", "default"));
    assert_eq!(fact.endpoints.len(), 1);
    world.done(&job).await;
    assert_eq!(world.health.unready(), []);
}

#[tokio::test]
async fn a_look_that_is_done_twice_is_told_once() {
    let world = World::new();
    let job = job(closed_port().await, 1);
    world.start();
    let mut facts = world.follow(&stream::FACTS).await;
    world.order(&job).await.unwrap();
    assert_eq!(next_fact(&mut facts).await.look, 1);
    let again = async {
        while let Err(AppendError::Outstanding { .. }) = world.order(&job).await {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, again).await.unwrap();
    world.done(&job).await;
    // What comes next is the look after: the repeat has added nothing.
    assert_eq!(next_fact(&mut facts).await.look, 101);
}

#[tokio::test]
async fn what_is_no_job_is_parked_with_the_reason() {
    let world = World::new();
    world.start();
    let append = Append {
        stream: &stream::JOBS,
        subject: subject::job(&region(), &DomainId::derive(&["a"])),
        id: "nonsense".into(),
        expect: Expect::Any,
        headers: Vec::new(),
        payload: vec![0xff; 9].into(),
    };
    world.append(append).await.unwrap();
    let mut parked = world.follow(&stream::PARKED).await;
    let message = next(&mut parked).await;
    assert_eq!(message.subject, subject::parked(Service::Prober, &stream::JOBS));
    let reason = message.headers.iter().any(|(_, value)| value.contains("this is no job"));
    assert!(reason || message.payload.windows(14).any(|w| w == b"this is no job"), "{message:?}");
}

#[tokio::test]
async fn a_job_that_failed_three_times_is_given_up_and_said_so() {
    let world = World::new();
    let job = job(closed_port().await, 1);
    world.order(&job).await.unwrap();
    let consumer = Crew::consumer(&region(), Duration::from_secs(2), 10);
    fail(&world, consumer, 3).await;
    world.start();
    let mut facts = world.follow(&stream::FACTS).await;
    let fact = next_fact(&mut facts).await;
    let own = fact.own_failure.expect("our failure");
    assert_eq!(own.cause(), Cause::ProberFailed);
    assert_eq!((fact.look, fact.endpoints.len()), (1, 0));
    world.done(&job).await;
}

/// Takes a job so many times, and does not do it.
async fn fail(world: &World, consumer: Consumer, times: u32) {
    let bus = world.bus(Service::Prober);
    let mut deliveries = bus.consume(consumer).await.unwrap();
    for attempt in 1..=times {
        let delivery = timeout(PATIENCE, deliveries.next()).await.unwrap().unwrap();
        assert_eq!(delivery.attempt, attempt);
        delivery.retry_in(Duration::ZERO).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_held_is_finished_when_the_process_stops() {
    let world = World::new();
    // Accepts and says nothing: the scan takes its whole deadline.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let job = job(listener.local_addr().unwrap(), 1);
    world.order(&job).await.unwrap();
    world.start();
    let held = timeout(PATIENCE, listener.accept()).await.expect("the scan begins").unwrap();
    world.tasks.stop();
    assert_eq!(world.tasks.ended().await, None);
    let mut facts = world.follow(&stream::FACTS).await;
    assert_eq!(next_fact(&mut facts).await.look, 1);
    drop(held);
}
