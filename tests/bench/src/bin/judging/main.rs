//! A detector over a real NATS server: how soon it is ready after a start, and how many facts a
//! second it takes from the stream, beside bare loops that consume and acknowledge the same.
//!
//! `cargo run --release -p bench --bin judging [DOMAINS]`, with `NATS_SERVER` naming a server if
//! none is in the path. The detector is a process of its own. Each domain shows a chain that is
//! known, so that nothing is said of any fact: what remains is to take it, judge it and acknowledge
//! it.

#![expect(clippy::print_stdout, reason = "it prints figures")]

mod bare;
mod court;
mod town;
mod watcher;

use std::{
    error::Error,
    ffi::OsStr,
    path::Path,
    time::{Duration, Instant},
};

use async_nats::jetstream;
use bench::{
    child::{self, Peer},
    cpu,
};
use chassis::bus::nats::{Nats, NatsOptions};
use harness::nats::Nats as Server;
use proto::stream::{FACTS, LOG};

use self::{bare::Answer, town::Town, watcher::Watcher};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What is promised of a start before 1,000,000 domains.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// What is promised of the facts a second, as a part of those of a bare loop.
const PART: f64 = 0.8;
/// Measurements of each, taken in turn, so that a noisy minute hits all.
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() -> Outcome<()> {
    // Nobody else in this process says how TLS is done.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let arguments: Vec<String> = std::env::args().collect();
    if child::is_peer() {
        let [_, _, url, data] = &arguments[..] else {
            return Err("no server, no directory".into());
        };
        return court::sit(url, Path::new(data)).await;
    }
    let domains = arguments.iter().skip(1).find_map(|text| text.parse().ok()).unwrap_or(100_000);
    let directory = tempfile::tempdir()?;
    let server = Server::start().await;
    let bus = Nats::connect(NatsOptions::new(server.url())).await?;
    let begun = Instant::now();
    let town = Town::build(bus, directory.path(), domains).await?;
    println!("{domains} domains, appended to INVENTORY and LOG in {:.1?}", begun.elapsed());
    starts(&server, directory.path(), domains).await?;
    rounds(&server, directory.path(), town).await
}

/// A detector, running and ready.
async fn detector(server: &Server, data: &Path) -> Outcome<(Peer, Duration)> {
    let (url, data) = (server.url(), data.to_owned());
    let begun = Instant::now();
    let start = move || Peer::start_with(&[OsStr::new(&url), data.as_os_str()]);
    let peer = tokio::task::spawn_blocking(start).await??;
    Ok((peer, begun.elapsed()))
}

/// How long each start takes.
async fn starts(server: &Server, data: &Path, domains: usize) -> Outcome<()> {
    println!(
        "from the start of the process until it is ready, having read its snapshot and what is \
         newer in the streams; promised: {READY_WITHIN:.0?} after a restart with 1,000,000 domains"
    );
    let told = |how: &str, peer: &Peer, took: Duration| {
        let memory = cpu::resident_bytes_of(peer.id()) >> 20;
        println!("{domains} domains, {how:<24} {took:>8.2?}   {memory} MiB");
    };
    let (peer, took) = detector(server, data).await?;
    told("no snapshot", &peer, took);
    peer.stop()?;
    let (peer, took) = detector(server, data).await?;
    told("after a stop", &peer, took);
    // Killed, and not asked to stop.
    drop(peer);
    let (peer, took) = detector(server, data).await?;
    told("after a kill", &peer, took);
    peer.stop()?;
    Ok(())
}

/// Facts a second.
async fn rounds(server: &Server, data: &Path, mut town: Town) -> Outcome<()> {
    let context = jetstream::new(server.client().await);
    println!(
        "{} facts of a domain each, {} at a time, {ROUNDS} rounds of each loop; a second:",
        town.looked_at(),
        bare::IN_FLIGHT
    );
    let before = last(&context).await?;
    let (mut unanswered, mut answered, mut judged) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        // The first facts make the stream.
        let first = town.look().await?;
        let stream = context.get_stream(FACTS.name).await?;
        let facts = town.looked_at();
        unanswered.push(bare::rate(&stream, Answer::None, first, facts).await?);
        answered.push(bare::rate(&stream, Answer::Each, first, facts).await?);
        let watcher = Watcher::new(&stream, "detector", facts);
        let (rate, (peer, _)) = tokio::try_join!(watcher.rate(), detector(server, data))?;
        peer.stop()?;
        judged.push(rate);
    }
    if last(&context).await? != before {
        return Err("something was said of a fact: it was not one that is as expected".into());
    }
    let [unanswered, answered, judged] = [unanswered, answered, judged].map(median);
    println!("bare loop that knows its acknowledgements are taken {answered:>8.0}");
    println!("bare loop that only sends them                      {unanswered:>8.0}");
    println!("detector, which knows that they are taken           {judged:>8.0}");
    println!("ratio to the first    {:>6.2}     promised: at least {PART}", judged / answered);
    println!("ratio to the second   {:>6.2}", judged / unanswered);
    Ok(())
}

/// The last that was written to the log.
async fn last(context: &jetstream::Context) -> Outcome<u64> {
    Ok(context.get_stream(LOG.name).await?.get_info().await?.state.last_sequence)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
