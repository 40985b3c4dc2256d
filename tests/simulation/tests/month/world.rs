//! A simulated world: domains whose certificates change, probers that look, two detectors of which
//! one leads, and everything that can happen to them. The seed decides all of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use chassis::{
    bus::{Append, Expect, Message},
    context::Context,
    dice::Dice,
    health::Health,
    tasks::Tasks,
};
use detector::config::Config;
use jiff::Timestamp;
use lab::authority::{Authority, Validity};
use prost::Message as _;
use proto::{
    host::Host,
    id::DomainId,
    stream::{self, Service},
    subject::{self, Entity},
    v1::{
        DomainAdded, DomainDisabled, DomainEnabled, DomainRemoved, InventoryEvent, InventoryRecord,
        Protocol, inventory_event::Event,
    },
};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::{
    bus::{Faults, Wire},
    clock::{BEGINNING, VirtualClock},
    mortal::{Life, Mortal},
    probe,
    scene::{CALM, DAY, DAYS, Site},
    store::Store,
};

/// Domains of a world.
const SITES: u64 = 3;
/// Probers of a world.
const PROBERS: u64 = 2;
/// Detectors of a world: one leads, one stands by.
const DETECTORS: u64 = 2;

/// A world after its month.
pub(crate) struct Past {
    pub(crate) sites: Arc<Vec<Site>>,
    pub(crate) log: Vec<Message>,
    /// All that was ever told, also what the stream has let go of.
    pub(crate) told: Vec<Message>,
    /// How often a detector or a prober died.
    pub(crate) deaths: u64,
}

/// Lives through a month.
pub(crate) fn live(seed: u64, faults: Faults) -> Past {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(month(seed, faults))
}

async fn month(seed: u64, faults: Faults) -> Past {
    let dice = Arc::new(Dice::seeded(seed));
    let begin = Timestamp::from_second(BEGINNING).unwrap();
    let root = Authority::root("Root", Validity::of_an_authority(begin)).unwrap();
    let issuing = root.intermediate("Issuing", Validity::of_an_authority(begin)).unwrap();
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("ca.pem"), root.pem()).unwrap();
    let hosts = (0..SITES).map(|n| format!("site-{n}.example.com"));
    let sites: Vec<_> = hosts.map(|host| Site::new(&host, &issuing, begin, &dice)).collect();
    let world = World {
        store: Arc::new(Store::new()),
        sites: Arc::new(sites),
        dice: dice.clone(),
        faults,
        dir: Arc::new(dir),
        deaths: Arc::default(),
    };
    let mut living = JoinSet::new();
    living.spawn(world.clone().order());
    for n in 0..DETECTORS {
        living.spawn(world.clone().keep_alive(Role::Detector, n));
    }
    for n in 0..PROBERS {
        living.spawn(world.clone().keep_alive(Role::Prober, n));
    }
    let told = Arc::new(parking_lot::Mutex::new(Vec::new()));
    living.spawn(listen(world.store.clone(), told.clone()));
    tokio::time::sleep(Duration::from_secs((DAYS * DAY).unsigned_abs())).await;
    living.abort_all();
    let deaths = world.deaths.load(Ordering::Relaxed);
    let log = world.store.above(&stream::LOG, subject::LOG_ALL, 0);
    let told = std::mem::take(&mut *told.lock());
    Past { sites: world.sites, log, told, deaths }
}

/// What all that lives in a world share.
#[derive(Clone)]
struct World {
    store: Arc<Store>,
    sites: Arc<Vec<Site>>,
    dice: Arc<Dice>,
    faults: Faults,
    dir: Arc<TempDir>,
    deaths: Arc<AtomicU64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Detector,
    Prober,
}

impl World {
    /// Starts a process, has things happen to it, and starts another when it has died.
    async fn keep_alive(self, role: Role, n: u64) {
        for life in 0_u64.. {
            let mortal = Arc::new(Mortal::new());
            let name = format!("{}-{n}-{life}", if role == Role::Detector { "d" } else { "p" });
            let mut process = JoinSet::new();
            match role {
                Role::Detector => {
                    process.spawn(self.clone().detector(name, mortal.clone()));
                }
                Role::Prober => {
                    let wire = Arc::new(self.wire(mortal.clone(), Faults::none()));
                    process.spawn(probe::run(name, wire, self.sites.clone()));
                }
            }
            process.spawn(self.clone().torment(mortal.clone()));
            mortal.died().await;
            process.abort_all();
            self.deaths.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1 + self.dice.below(60))).await;
        }
    }

    async fn detector(self, name: String, mortal: Arc<Mortal>) {
        let faults = if self.is_calm() { Faults::none() } else { self.faults };
        let wire = self.wire(mortal.clone(), faults);
        let context = Context {
            service: Service::Detector,
            instance: name.parse().unwrap(),
            bus: Arc::new(wire),
            clock: Arc::new(VirtualClock::new(self.store.begun, mortal.clone())),
            dice: Arc::new(Dice::seeded(self.dice.below(u64::MAX))),
            tasks: Tasks::new(),
            health: Health::new(),
            data: self.dir.path().to_owned(),
        };
        let config = Config {
            interval: Duration::from_hours(2),
            region: "default".parse().unwrap(),
            ca_bundle: Some(self.dir.path().join("ca.pem")),
            intermediates: None,
            snapshot: false,
        };
        detector::run(context, config).await.unwrap();
    }

    fn wire(&self, mortal: Arc<Mortal>, faults: Faults) -> Wire {
        let dice = Arc::new(Dice::seeded(self.dice.below(u64::MAX)));
        Wire { store: self.store.clone(), mortal, dice, faults }
    }

    /// Kills or freezes a process now and then, until the world calms down. Then it dies once more,
    /// so that the last one lives without faults.
    async fn torment(self, mortal: Arc<Mortal>) {
        let spared = self.faults.dies_before == 0.0;
        while !spared && !self.is_calm() {
            let wait = Duration::from_secs(600 + self.dice.below(2 * 86_400));
            tokio::time::sleep(wait.min(self.until_calm())).await;
            if self.dice.below(2) == 0 || self.is_calm() {
                mortal.become_(Life::Dead);
            } else {
                mortal.become_(Life::Frozen);
                tokio::time::sleep(Duration::from_secs(1 + self.dice.below(900))).await;
                mortal.become_(Life::Alive);
            }
        }
    }

    fn is_calm(&self) -> bool {
        self.until_calm().is_zero()
    }

    fn until_calm(&self) -> Duration {
        Duration::from_secs(CALM.unsigned_abs()).saturating_sub(self.store.begun.elapsed())
    }

    /// Adds the domains, and changes what is wanted of them now and then. All are watched in the
    /// end.
    async fn order(self) {
        let mut enabled = vec![Some(true); self.sites.len()];
        for at in 0..self.sites.len() {
            self.say(at, self.added(at));
        }
        while !self.is_calm() {
            let wait = Duration::from_secs(3_600 + self.dice.below(4 * 86_400));
            tokio::time::sleep(wait.min(self.until_calm())).await;
            if self.is_calm() {
                break;
            }
            let at = usize::try_from(self.dice.below(SITES)).unwrap();
            let (event, next) = match (enabled[at], self.dice.below(2)) {
                (Some(true), 0) => (Event::DomainDisabled(DomainDisabled {}), Some(false)),
                (Some(_), 1) => (Event::DomainRemoved(DomainRemoved {}), None),
                (Some(_), _) => (Event::DomainEnabled(DomainEnabled {}), Some(true)),
                (None, _) => (self.added(at), Some(true)),
            };
            self.say(at, event);
            enabled[at] = next;
        }
        for (at, enabled) in enabled.into_iter().enumerate() {
            match enabled {
                Some(true) => {}
                Some(false) => self.say(at, Event::DomainEnabled(DomainEnabled {})),
                None => self.say(at, self.added(at)),
            }
        }
        std::future::pending::<()>().await;
    }

    fn added(&self, at: usize) -> Event {
        Event::DomainAdded(DomainAdded {
            host: self.sites[at].host.clone(),
            port: 443,
            protocol: Protocol::Tls.into(),
            options: None,
        })
    }

    fn say(&self, at: usize, event: Event) {
        let subject = subject::inventory(&Entity::Domain(id(&self.sites[at].host)));
        let events = vec![InventoryEvent { event: Some(event) }];
        let record = InventoryRecord { events, ..InventoryRecord::default() };
        let append = Append {
            stream: &stream::INVENTORY,
            id: format!("{subject}-{}", self.store.end(&stream::INVENTORY)),
            subject,
            expect: Expect::Any,
            headers: vec![],
            payload: Bytes::from(record.encode_to_vec()),
        };
        self.store.append(append).unwrap();
    }
}

/// Writes down all that is told.
async fn listen(store: Arc<Store>, told: Arc<parking_lot::Mutex<Vec<Message>>>) {
    let mut above = 0;
    loop {
        let changed = store.change(&stream::EVENTS);
        for message in store.above(&stream::EVENTS, subject::EVENTS_ALL, above) {
            above = message.sequence;
            told.lock().push(message);
        }
        changed.await;
    }
}

pub(crate) fn id(host: &str) -> DomainId {
    DomainId::of(&host.parse::<Host>().unwrap(), 443, Protocol::Tls)
}
