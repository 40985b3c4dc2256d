//! One leads, others stand by: the leader is killed, frozen, thawed.
//!
//! The leaders are processes: this test's own program, started again with the name of the test
//! below that leads for ever.

use std::{collections::BTreeSet, convert::Infallible, time::Duration};

use bytes::Bytes;
use chassis::{
    bus::{
        Append, Expect, Message, SharedBus,
        nats::{LEASES, lease_subject},
    },
    lease::{self, Term},
};
use harness::{eventually::eventually, nats::Nats, process::Process};
use proto::stream::{LOG, Service};
use tempfile::TempDir;
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use crate::world::{connect, first_term, process};

const SUBJECT: &str = "certherald.log.0.led";

/// Where a process that leads finds its broker; unset in a test that is none.
const URL: &str = "LEADING_TEST_URL";
/// Its name.
const NAME: &str = "LEADING_TEST_NAME";

/// A process that leads whenever it can.
fn leader(directory: &TempDir, url: &str, name: &str) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "leading::leads_until_it_is_killed", "--nocapture"]);
    command.env(URL, url).env(NAME, name);
    Process::start(name, command, directory.path())
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_until_it_is_killed() {
    let Some(url) = std::env::var_os(URL) else { return };
    let name = std::env::var_os(NAME).unwrap().into_string().unwrap();
    let context = process(url.to_str().unwrap(), Service::Detector, &name).await;
    lease::lead(&context, "detector", |term| write(term, name.clone())).await.unwrap();
}

/// Writes as fast as it can, without looking whether the term goes on.
async fn write(term: Term, name: String) -> Result<(), Infallible> {
    let bus = term.bus();
    let mut count = 0;
    while !term.ended().is_cancelled() {
        let version = bus.last(&LOG, SUBJECT).await.ok().flatten().map_or(0, |last| last.sequence);
        count += 1;
        let append = Append {
            stream: &LOG,
            subject: SUBJECT.to_owned(),
            id: format!("{name}-{}-{count}", term.fence()),
            expect: Expect::Version(version),
            headers: vec![],
            payload: Bytes::from(name.clone()),
        };
        drop(bus.append(append).await);
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

async fn written(bus: &SharedBus, above: u64) -> Vec<Message> {
    bus.load(&LOG, SUBJECT, above).await.unwrap()
}

/// Waits until somebody other than `before` writes above a version. Answers who, and the version
/// before.
async fn other_than(bus: &SharedBus, before: &str, above: u64) -> (String, u64) {
    eventually("another takes over", async || {
        let messages = written(bus, above).await;
        let first = messages.iter().find(|message| message.payload != before.as_bytes());
        let first = first.ok_or_else(|| format!("{} messages of {before}", messages.len()))?;
        let who = String::from_utf8(first.payload.to_vec()).unwrap();
        Ok::<_, String>((who, first.sequence - 1))
    })
    .await
}

/// Who holds a lease, as the broker has it.
async fn holder(url: &str, lease: &str) -> Option<String> {
    let jetstream = async_nats::jetstream::new(async_nats::connect(url).await.unwrap());
    let leases = jetstream.get_stream(LEASES).await.unwrap();
    let last = leases.get_last_raw_message_by_subject(&lease_subject(lease)).await.ok()?;
    Some(String::from_utf8(last.payload.to_vec()).unwrap())
}

async fn end(bus: &SharedBus) -> u64 {
    bus.last(&LOG, SUBJECT).await.unwrap().unwrap().sequence
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figure is part of what is promised")]
async fn a_standby_takes_over_from_the_frozen_and_from_the_dead() {
    let nats = Nats::start().await;
    let directory = tempfile::tempdir().unwrap();
    let bus = connect(&nats.url()).await.bus(Service::Detector);
    let a = leader(&directory, &nats.url(), "a");
    let (first, _) = other_than(&bus, "", 0).await;
    assert_eq!(first, "a");
    let mut b = leader(&directory, &nats.url(), "b");
    // So that it stands by when it is needed.
    eventually("b asks for the lease", async || {
        if b.log().contains("running 1 test") { Ok(()) } else { Err(b.log()) }
    })
    .await;

    let from = end(&bus).await;
    a.freeze();
    let frozen_at = Instant::now();
    let (second, taken_at) = other_than(&bus, "a", from).await;
    println!("took over from the frozen after {:?}", frozen_at.elapsed());
    assert_eq!(second, "b");

    a.thaw();
    // Enough for the thawed one to write hundreds of messages, if it could.
    let thawed_at = end(&bus).await;
    eventually("b goes on", async || {
        let more = written(&bus, thawed_at).await.len();
        if more > 100 { Ok(()) } else { Err(more) }
    })
    .await;
    let writers: BTreeSet<_> =
        written(&bus, taken_at).await.into_iter().map(|message| message.payload).collect();
    assert_eq!(writers, BTreeSet::from([Bytes::from("b")]), "who was frozen wrote after its term");

    let from = end(&bus).await;
    b.kill().await;
    let killed_at = Instant::now();
    let (third, _) = other_than(&bus, "b", from).await;
    println!("took over from the dead after {:?}", killed_at.elapsed());
    assert_eq!(third, "a");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figure is part of what is promised")]
async fn whoever_stops_in_order_lets_the_next_begin_at_once() {
    let nats = Nats::start().await;
    let a = process(&nats.url(), Service::Detector, "a").await;
    let b = process(&nats.url(), Service::Detector, "b").await;
    let bus = a.bus.clone();
    let leads = |context: chassis::context::Context| async move {
        let name = context.instance.as_str().to_owned();
        lease::lead(&context, "detector", |term| write(term, name.clone())).await
    };
    a.tasks.spawn("a", leads(a.clone()));
    other_than(&bus, "", 0).await;
    b.tasks.spawn("b", leads(b.clone()));

    let from = end(&bus).await;
    a.tasks.stop();
    assert_eq!(a.tasks.ended().await, None);
    let ended_at = Instant::now();
    // Nobody waits for it to run out: by now it is given back, or another's already.
    assert_ne!(
        holder(&nats.url(), "detector").await.as_deref(),
        Some("a"),
        "it was not given back"
    );
    other_than(&bus, "a", from).await;
    println!("the next began after {:?}", ended_at.elapsed());
    b.tasks.stop();
    b.tasks.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figure is part of what is promised")]
async fn without_the_broker_a_term_ends_and_nothing_is_written() {
    let mut nats = Nats::start().await;
    let context = process(&nats.url(), Service::Detector, "a").await;
    let term = first_term(&context).await;
    assert!(term.holds());
    nats.kill().await;
    let killed_at = Instant::now();
    term.ended().cancelled().await;
    println!("the term ended after {:?}", killed_at.elapsed());
    assert!(!term.holds());
    let append = crate::world::message(&LOG, SUBJECT, "late");
    let error = term.bus().append(append).await.unwrap_err();
    // Or a worker would park what the next leader can handle.
    assert!(error.is_transient(), "{error:?}");
    assert!(chassis::error::Chain(&error).to_string().contains("lease"), "{error:?}");
    context.tasks.stop();
    context.tasks.ended().await;
}
