//! How fast facts are folded, what a domain takes in memory, how soon a detector is back.
//!
//! `cargo bench -p detector` measures 100,000 and 1,000,000 domains, each with a chain of its own.
//! The promises are in section 9 of the specification: 500,000 facts a second and core, 600 bytes a
//! domain, 10 s to be ready.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and fails loudly; a mean needs no more precision"
)]

mod nothing;

use std::{
    fs,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use chassis::{
    bus::Message, clock::SystemClock, context::Context, dice::Dice, health::Health, tasks::Tasks,
};
use detector::{config::Config, shell::gauge::Gauge};
use jiff::{SignedDuration, Timestamp};
use proto::{
    host::Host,
    id::DomainId,
    stream::Service,
    subject, time,
    v1::{
        Chain, ChainLearned, DomainAdded, EndpointFact, EndpointSeen, Handshake, InventoryEvent,
        InventoryRecord, LogEvent, LogRecord, Protocol, ScanFact, State, StateChanged, Watched,
        endpoint_fact, handshake, inventory_event, log_event,
    },
};

/// Looks at each of [`LOOKED_AT`] domains for one figure.
const ROUNDS: u64 = 10;
/// Domains whose facts are folded, spread over all.
const LOOKED_AT: u64 = 100_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for domains in [100_000, 1_000_000] {
        runtime.block_on(measure(domains));
    }
}

async fn measure(domains: u64) {
    let (context, dir) = context();
    let before = resident();
    let mut gauge = Gauge::new(&context, config()).await;
    for n in 0..domains {
        let (order, logged) = history(n, gauge.under());
        gauge.add(order, n + 1, logged).await;
    }
    let bytes = (resident() - before) as f64 / domains as f64;
    println!("{domains} domains: {bytes:.0} bytes resident for each");

    let stride = domains / LOOKED_AT;
    let first = u64::try_from(context.clock.now().as_millisecond()).unwrap() + 1;
    let mut spent = Duration::ZERO;
    for look in first..first + ROUNDS {
        let all = (0..LOOKED_AT).map(|n| n * stride);
        let facts: Vec<_> = all.map(|n| fact(&id(&host(n)), n, look)).collect();
        let begun = processor_time();
        for seen in facts {
            assert!(black_box(gauge.fold(&seen).await), "each fact is taken");
        }
        spent += processor_time().saturating_sub(begun);
    }
    let rate = (ROUNDS * LOOKED_AT) as f64 / spent.as_secs_f64();
    println!("{domains} domains: {rate:.0} facts folded in a second of one core, with decoding");

    gauge.keep(&dir).await;
    drop(gauge);
    let (begun, busy) = (Instant::now(), processor_time());
    let restored = Gauge::restored(&context, config(), &dir).await;
    let (passed, busy) = (begun.elapsed(), processor_time().saturating_sub(busy));
    let domains = restored.domains();
    println!("{domains} domains: ready again after {passed:.1?}, {busy:.1?} of them at work");
    fs::remove_dir_all(&dir).unwrap();
}

fn config() -> Config {
    Config {
        interval: Duration::from_mins(10),
        region: "default".parse().unwrap(),
        ca_bundle: None,
        intermediates: None,
        snapshot: true,
    }
}

fn context() -> (Context, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap().keep();
    let context = Context {
        service: Service::Detector,
        instance: "bench".parse().unwrap(),
        bus: Arc::new(nothing::Nothing),
        clock: Arc::new(SystemClock),
        dice: Arc::new(Dice::seeded(1)),
        tasks: Tasks::new(),
        health: Health::new(),
        data: dir.clone(),
    };
    (context, dir)
}

/// What the system says this process holds in memory.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

/// What this process has spent of all cores so far. Others may be at work beside it.
fn processor_time() -> Duration {
    const TICKS_PER_SECOND: u64 = 100;
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // User and system time are the 14th and 15th fields; the name, the 2nd, stands in brackets.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND)
}

fn host(n: u64) -> String {
    format!("www.customer-{n}.example.com")
}

fn id(host: &str) -> DomainId {
    DomainId::of(&host.parse::<Host>().unwrap(), 443, Protocol::Tls)
}

fn chain(n: u64) -> Bytes {
    Bytes::copy_from_slice(&proto::chain::fingerprint(&[n.to_be_bytes()]))
}

/// A domain that was added and shows a good chain of its own.
fn history(n: u64, under: u32) -> (InventoryRecord, Message) {
    let host = host(n);
    let added = DomainAdded {
        host: host.clone(),
        port: 443,
        protocol: Protocol::Tls.into(),
        options: None,
    };
    let order = InventoryRecord {
        events: vec![InventoryEvent { event: Some(inventory_event::Event::DomainAdded(added)) }],
        ..InventoryRecord::default()
    };
    let now = chassis::clock::Clock::now(&SystemClock);
    let learned = ChainLearned {
        chain: Some(Chain {
            fingerprint: chain(n),
            certificates: vec![Bytes::copy_from_slice(&n.to_be_bytes())],
        }),
        fetched: vec![],
        leaf: chain(n),
    };
    let seen = EndpointSeen {
        address: "192.0.2.1".to_owned(),
        port: 443,
        chain: chain(n),
        version: 0x0304,
        cipher_suite: 0x1301,
    };
    let changed = StateChanged { from: State::Enabling.into(), to: State::Secure.into() };
    let events = [
        log_event::Event::Watched(Watched { enabling: true }),
        log_event::Event::ChainLearned(learned),
        log_event::Event::EndpointSeen(seen),
        log_event::Event::StateChanged(changed),
    ];
    let record = LogRecord {
        recorded_at: Some(time::write(now)),
        look: 1,
        inventory_revision: n + 1,
        events: events.map(|event| LogEvent { event: Some(event) }).into(),
        host: host.clone(),
        port: 443,
        protocol: Protocol::Tls.into(),
        state: State::Secure.into(),
        wake_at: Some(time::write(now + SignedDuration::from_hours(24 * 60))),
        judged_under: under,
        undecided: false,
    };
    (order, message(subject::log(&id(&host)), n + 1, &record))
}

fn message(subject: String, sequence: u64, content: &impl prost::Message) -> Message {
    Message {
        subject,
        sequence,
        id: sequence.to_string(),
        stored_at: Timestamp::UNIX_EPOCH,
        headers: vec![],
        payload: content.encode_to_vec().into(),
    }
}

fn fact(id: &DomainId, n: u64, look: u64) -> Message {
    let shown = Handshake {
        version: 0x0304,
        cipher_suite: 0x1301,
        chain: chain(n),
        proof: handshake::Proof::Proved.into(),
        ..Handshake::default()
    };
    let endpoint = EndpointFact {
        address: "192.0.2.1".to_owned(),
        port: 443,
        outcome: Some(endpoint_fact::Outcome::Handshake(shown)),
        ..EndpointFact::default()
    };
    let fact = ScanFact {
        domain_id: id.to_string(),
        look,
        inventory_revision: n + 1,
        prober: "prober-1".to_owned(),
        region: "default".to_owned(),
        endpoints: vec![endpoint],
        ..ScanFact::default()
    };
    message(subject::fact(id), look, &fact)
}
