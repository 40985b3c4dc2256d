//! `kill -9` with 10,000 appends in flight, again and again.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, Instant},
};

use chassis::{
    bus::{Followed, From, SharedBus, embedded::Embedded},
    dice::Dice,
};
use contract::traffic;
use harness::{eventually::eventually, surroundings::kept_waiting};
use proto::stream::{JOBS, LOG, Service};

use crate::appender::{self, lines};

const ROUNDS: u64 = 50;

/// Numbers that one round may use up.
const NUMBERS: u64 = 1_000_000;

/// Jobs that the process holds at a time.
const HELD_MAX: usize = 64;

/// How long a store may take to open after a kill, on a machine that has nothing else to do.
const OPEN_MAX: Duration = Duration::from_secs(2);

/// What processes that are dead now were told.
#[derive(Default)]
struct Told {
    /// Sequence on `LOG` of each number.
    logged: BTreeMap<u64, u64>,
    /// Sequence on `JOBS` of each number.
    jobs: BTreeMap<u64, u64>,
    /// Sequences on `JOBS` that are done with.
    done: BTreeSet<u64>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_outlives_fifty_kills() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    let dice = Dice::fresh();
    let mut told = Told::default();
    let mut slowest = Duration::ZERO;
    let mut checked = 1;
    for round in 0..ROUNDS {
        told.hear(&run_and_kill(&store, directory.path(), round, &dice).await);
        let (begun, waited) = (Instant::now(), kept_waiting());
        let opened = Embedded::open(&store).unwrap();
        slowest =
            slowest.max(begun.elapsed().saturating_sub(kept_waiting().saturating_sub(waited)));
        let bus = opened.bus(Service::Detector);
        checked = told.check_log(&bus, checked).await;
        told.check_jobs(&bus).await;
        opened.close().await;
    }
    // And once more from the beginning: no later kill has harmed what an earlier one left.
    let bus = Embedded::open(&store).unwrap().bus(Service::Detector);
    told.check_log(&bus, 1).await;
    told.check_subjects(&bus).await;
    assert!(told.logged.len() > 50 * 100, "only {} were appended", told.logged.len());
    assert!(slowest < OPEN_MAX, "opening took {slowest:?}");
    report(&format!(
        "{ROUNDS} kills: {} appends answered, {} stored, {} jobs done; slowest opening {slowest:?}",
        told.logged.len() + told.jobs.len(),
        checked - 1,
        told.done.len(),
    ));
}

#[expect(clippy::print_stderr, reason = "figures are for people")]
fn report(line: &str) {
    eprintln!("{line}");
}

/// Answers what the process said before it was killed.
async fn run_and_kill(store: &Path, logs: &Path, round: u64, dice: &Dice) -> String {
    let first = (round * NUMBERS).to_string();
    let arguments = ["load".as_ref(), store.as_os_str(), first.as_ref()];
    let mut process = appender::start(&format!("round-{round}"), &arguments, logs);
    let answers = usize::try_from(1 + dice.below(1_500)).unwrap();
    eventually("enough is answered", async || {
        assert!(process.is_running(), "it ended: {}", process.log());
        let said = lines(&process.log(), "appended").len();
        if said >= answers { Ok(()) } else { Err(format!("{said} of {answers}")) }
    })
    .await;
    process.kill().await;
    let log = process.log();
    assert!(!log.contains("failed"), "{log}");
    log
}

impl Told {
    fn hear(&mut self, log: &str) {
        for line in lines(log, "appended") {
            let [stream, number, sequence] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("`{line}`");
            };
            let (number, sequence) = (number.parse().unwrap(), sequence.parse().unwrap());
            match stream {
                "LOG" => self.logged.insert(number, sequence),
                _ => self.jobs.insert(number, sequence),
            };
        }
        self.done.extend(lines(log, "done").iter().map(|line| line.parse::<u64>().unwrap()));
    }

    /// Checks all from a sequence on, and answers the sequence behind the last.
    async fn check_log(&self, bus: &SharedBus, from: u64) -> u64 {
        let mut following = bus.follow(&LOG, LOG.subjects, From::Sequence(from)).await.unwrap();
        let mut expected = from;
        let mut stored = BTreeMap::new();
        while let Followed::Message(message) = following.next().await.unwrap() {
            assert_eq!(message.sequence, expected, "a sequence is missing");
            let number = traffic::number(&message);
            let number = number.unwrap_or_else(|| panic!("half of it is there: {message:?}"));
            assert_eq!(stored.insert(number, message.sequence), None, "{number} is there twice");
            expected += 1;
        }
        let lost = self.logged.iter().filter(|(number, sequence)| {
            **sequence >= from && stored.get(number) != Some(sequence)
        });
        assert_eq!(lost.collect::<Vec<_>>(), [], "answered, and not there");
        expected
    }

    /// Jobs that were answered are there or done with; jobs that are done with are not there.
    async fn check_jobs(&self, bus: &SharedBus) {
        let there = bus.latest(&JOBS, JOBS.subjects).await.unwrap();
        let there: BTreeSet<_> = there.iter().map(|message| message.sequence).collect();
        assert!(there.is_disjoint(&self.done), "done with, and there again");
        // What was done with and not yet said so is missing too: at most as many as were held.
        let missing =
            self.jobs.values().filter(|at| !there.contains(at) && !self.done.contains(at));
        assert!(missing.count() <= HELD_MAX * usize::try_from(ROUNDS).unwrap());
    }

    /// Each subject leads to all of its messages and no others.
    async fn check_subjects(&self, bus: &SharedBus) {
        let mut count = 0;
        for last in bus.latest(&LOG, LOG.subjects).await.unwrap() {
            let history = bus.load(&LOG, &last.subject, 0).await.unwrap();
            assert!(history.iter().all(|message| message.subject == last.subject));
            assert_eq!(history.last(), Some(&last));
            count += history.len();
        }
        let end = self.check_log(bus, 1).await;
        assert_eq!(count as u64, end - 1);
    }
}
