//! Deliveries a second, and the time from a scan fact to the first byte at the channel, on both
//! buses: on NATS where `NATS_SERVER` names a server.
//!
//! Detector and notifier run in this process as in `certherald up`. News are not held to be
//! grouped. What is judged and told is synced to the device before anything follows from it.

#![expect(clippy::print_stdout, reason = "it prints figures")]

mod ear;
mod said;
mod stage;

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use harness::surroundings;
use proto::stream::{FACTS, Service};

use self::{ear::Told, stage::Stage};

/// Events of one measurement, of a domain each.
const NEWS: usize = 2_000;
/// Appends that wait for their answer at the same time.
const IN_FLIGHT: usize = 64;
/// Scan facts that open an anomaly, one after the other.
const ROUNDS: usize = 200;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    // Nobody else in this process says how TLS is done.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let is_there = surroundings::variable("NATS_SERVER").is_some();
    let keepers = if is_there { &["embedded", "nats"][..] } else { &["embedded"] };
    if !is_there {
        println!("NATS_SERVER names no server: figures are of the embedded bus alone");
    }
    println!("{NEWS} events of a domain each, until all are recorded as delivered; a second:");
    for keeper in keepers {
        for channel in ["internal", "email"] {
            let rate = deliveries(Stage::open(keeper, channel).await?).await?;
            println!("{keeper:<10} {channel:<9} {rate:>7.0}   with one notifier");
        }
    }
    println!(
        "{ROUNDS} scan facts that each open an anomaly, one after the other, from the append to \
         the first byte at the mail server:"
    );
    for keeper in keepers {
        let (half, most) = first_bytes(Stage::open(keeper, "email").await?).await?;
        println!("{keeper:<10} p50 {half:>8.2?}   p99 {most:>8.2?}     promised: p99 below 50 ms");
    }
    Ok(())
}

/// Deliveries a second.
async fn deliveries(stage: Stage) -> Outcome<f64> {
    stage.start_notifier(stage.sink.address())?;
    stage.ready().await?;
    let mut told = Told::follow(&stage.keeper.bus(Service::Console)).await?;
    // Once before, so that the wait for the lease is not counted.
    stage.happens(NEWS).await?;
    told.until(1).await?;
    let begun = Instant::now();
    let ((), ()) = tokio::try_join!(told.until(NEWS), async {
        let happening = stream::iter(0..NEWS).map(|number| stage.happens(number));
        happening.buffer_unordered(IN_FLIGHT).try_for_each(async |()| Ok(())).await
    })?;
    let took = begun.elapsed();
    stage.close().await?;
    Ok(rate(NEWS, took))
}

/// Half of the times, and all but a hundredth of them, that the first byte takes.
async fn first_bytes(mut stage: Stage) -> Outcome<(Duration, Duration)> {
    stage.start_detector()?;
    stage.start_notifier(stage.door.address)?;
    stage.ready().await?;
    let mut told = Told::follow(&stage.keeper.bus(Service::Console)).await?;
    let mut facts = Vec::new();
    // One more, told once before: it waits for the leases and for the first connection.
    for job in stage.jobs(ROUNDS + 1).await? {
        facts.push(stage.fact(&job)?);
    }
    let mut times = Vec::new();
    for fact in facts {
        stage.door.forget();
        let begun = Instant::now();
        stage.append(Service::Prober, &FACTS, fact).await?;
        let heard = stage.door.heard().await?;
        times.push(heard.duration_since(begun));
        told.until(1).await?;
    }
    stage.close().await?;
    let mut times = times.split_off(1);
    times.sort_unstable();
    Ok((times[ROUNDS / 2], times[ROUNDS * 99 / 100 - 1]))
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(deliveries: usize, took: Duration) -> f64 {
    deliveries as f64 / took.as_secs_f64()
}
