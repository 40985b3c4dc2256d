//! The detector through months of crashes, freezes, lost answers, late and repeated facts.
//!
//! `SEED=17` replays one month; without it there are 64.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::unimplemented,
    reason = "in a test, a panic is the report"
)]

mod bus;
mod check;
mod clock;
mod mortal;
mod probe;
mod scene;
mod store;
mod world;

use std::{
    panic,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
};

use crate::bus::Faults;

/// Months that are lived through.
const SEEDS: u64 = 64;

#[test]
fn every_past_is_sound() {
    each_seed(|seed| {
        let past = world::live(seed, Faults::harsh());
        check::past(&past);
        println!(
            "seed {seed}: {} records, {} events, {} deaths",
            past.log.len(),
            past.told.len(),
            past.deaths
        );
    });
}

#[test]
fn without_faults_what_time_opens_is_opened_within_a_second() {
    let by_time = AtomicU64::new(0);
    for seed in 1_000..1_004 {
        let past = world::live(seed, Faults::none());
        check::past(&past);
        by_time.fetch_add(check::punctual(&past) as u64, Ordering::Relaxed);
    }
    assert!(by_time.into_inner() > 0, "no certificate expired between two looks");
}

/// What a seed is replayed for: to meet the same fault again.
#[test]
fn a_seed_replays() {
    let [past, again] = [(); 2].map(|()| world::live(0, Faults::harsh()));
    for (one, other) in check::story(&past).iter().zip(&check::story(&again)) {
        assert_eq!(one, other);
    }
    assert_eq!((past.log.len(), past.deaths), (again.log.len(), again.deaths));
}

/// Runs something for each seed, on all cores, and names the seed that fails.
fn each_seed(run: impl Fn(u64) + Sync) {
    #[expect(clippy::disallowed_methods, reason = "a replay is asked for by hand")]
    let one = std::env::var("SEED").ok().map(|seed| seed.parse::<u64>().expect("SEED is a number"));
    let seeds: Vec<u64> = one.map_or_else(|| (0..SEEDS).collect(), |seed| vec![seed]);
    let next = AtomicUsize::new(0);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let lived = panic::catch_unwind(panic::AssertUnwindSafe(|| run(*seed)));
                    assert!(lived.is_ok(), "replay with SEED={seed}");
                }
            });
        }
    });
}
