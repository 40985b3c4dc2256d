//! Uses an embedded bus as fast as it can and says what was answered, a line each: for tests that
//! kill it, trace it, or take away its disk.
//!
//! - `appender load DIRECTORY FIRST`: appends with 10,000 in flight, and does jobs, until it is
//!   killed.
//! - `appender singly DIRECTORY FIRST COUNT`: appends one after another.
//! - `appender full DIRECTORY BALLAST`: appends until the disk is full, makes room by deleting a
//!   file, and goes on; then opens the store anew and counts.

use std::{
    env, fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use chassis::{
    bus::{Append, Appended, Consumer, Followed, From, SharedBus, embedded::Embedded},
    error::Chain,
};
use contract::traffic;
use futures::StreamExt;
use proto::stream::{JOBS, LOG, Service};

/// Appends that wait for an answer at the same time.
const IN_FLIGHT: usize = 10_000;

/// Of so many messages one is a job.
const JOB_EVERY: u64 = 4;

/// Who take jobs at the same time.
const WORKERS: usize = 32;

/// How long a store may take to work again once there is room.
const RECOVERY_MAX: Duration = Duration::from_secs(20);

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [_, "load", directory, first] => load(directory, first).await,
        [_, "singly", directory, first, count] => singly(directory, first, count).await,
        [_, "full", directory, ballast] => full(directory, ballast).await,
        _ => Err("want: appender load|singly|full DIRECTORY …".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// One write for each line, so that a kill cuts none in two.
fn say(line: &str) {
    // Nobody listens any more: then there is nobody to tell, either.
    io::stdout().write_all(format!("{line}\n").as_bytes()).ok();
}

fn open(directory: &str) -> Result<Arc<Embedded>, Failure> {
    let begun = Instant::now();
    let store = Embedded::open(Path::new(directory)).map_err(|error| Chain(&error).to_string())?;
    say(&format!("opened after {} ms", begun.elapsed().as_millis()));
    Ok(store)
}

async fn load(directory: &str, first: &str) -> Result<(), Failure> {
    let bus = open(directory)?.bus(Service::Detector);
    let first: u64 = first.parse()?;
    let appends = futures::stream::iter(first..).map(|number| append(bus.clone(), number));
    let append = appends.buffer_unordered(IN_FLIGHT).for_each(|line| async move { say(&line) });
    let work = futures::future::try_join_all((0..WORKERS).map(|_| work(bus.clone())));
    tokio::select! {
        () = append => Ok(()),
        worked = work => worked.map(drop),
    }
}

async fn append(bus: SharedBus, number: u64) -> String {
    let is_job = number.is_multiple_of(JOB_EVERY);
    let append = if is_job { traffic::job(number) } else { traffic::log(number) };
    let stream = append.stream.name;
    match bus.append(append).await {
        Ok(Appended { sequence, .. }) => format!("appended {stream} {number} {sequence}"),
        Err(error) => format!("failed: {}", Chain(&error)),
    }
}

async fn work(bus: SharedBus) -> Result<(), Failure> {
    let mut jobs = bus.consume(consumer()).await?;
    loop {
        let delivery = jobs.next().await?;
        let sequence = delivery.message.sequence;
        delivery.ack().await?;
        say(&format!("done {sequence}"));
    }
}

/// Takes jobs; nobody else does.
fn consumer() -> Consumer {
    Consumer {
        stream: &JOBS,
        name: "appender".to_owned(),
        pattern: JOBS.subjects.to_owned(),
        ack_wait: Duration::from_secs(30),
        held_max: 2,
    }
}

async fn singly(directory: &str, first: &str, count: &str) -> Result<(), Failure> {
    let bus = open(directory)?.bus(Service::Detector);
    let (first, count): (u64, u64) = (first.parse()?, count.parse()?);
    for number in first..first + count {
        let Appended { sequence, .. } = bus.append(traffic::log(number)).await?;
        say(&format!("appended LOG {number} {sequence}"));
    }
    Ok(())
}

/// A message that fills the disk.
fn filling(number: u64) -> Append {
    Append { payload: Bytes::from(vec![7; 64 * 1024]), headers: vec![], ..traffic::log(number) }
}

async fn full(directory: &str, ballast: &str) -> Result<(), Failure> {
    let store = open(directory)?;
    let bus = store.bus(Service::Detector);
    let mut number = 0;
    let mut stored = Vec::new();
    let refusal = loop {
        match bus.append(filling(number)).await {
            Ok(appended) => stored.push((number, appended.sequence)),
            Err(error) => break error,
        }
        number += 1;
    };
    say(&format!(
        "refused after {} (transient: {}): {}",
        stored.len(),
        refusal.is_transient(),
        Chain(&refusal)
    ));
    for again in 0..3 {
        if bus.append(filling(number + again)).await.is_ok() {
            say("stored without room");
        }
    }
    let last = bus.last(&LOG, &filling(0).subject).await;
    say(&format!("reads: {}", last.is_ok_and(|last| last.is_some())));

    fs::remove_file(ballast)?;
    let begun = Instant::now();
    loop {
        match bus.append(filling(number)).await {
            Ok(appended) => {
                stored.push((number, appended.sequence));
                break;
            }
            Err(_) if begun.elapsed() < RECOVERY_MAX => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    say(&format!("recovered after {} ms", begun.elapsed().as_millis()));
    store.close().await;
    drop((bus, store));
    let bus = open(directory)?.bus(Service::Detector);
    say(&format!("all there: {}", read(&bus).await? == stored));
    Ok(())
}

/// Number and sequence of all that is on `LOG`.
async fn read(bus: &SharedBus) -> Result<Vec<(u64, u64)>, Failure> {
    let mut following = bus.follow(&LOG, LOG.subjects, From::Sequence(1)).await?;
    let mut found = Vec::new();
    while let Followed::Message(message) = following.next().await? {
        let number = message.id.strip_prefix("message-").ok_or("another's message")?;
        found.push((number.parse()?, message.sequence));
    }
    Ok(found)
}
