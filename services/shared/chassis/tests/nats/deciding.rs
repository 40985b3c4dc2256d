//! Decisions that race for one entity, refusals, histories that are no records.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chassis::{
    bus::SharedBus,
    clock::SystemClock,
    dice::Dice,
    ledger::{Entity, Known, Ledger, LedgerError, Place},
};
use harness::nats::Nats;
use kernel::decider::Decider;
use proto::stream::{LOG, Service};
use tokio::{task::JoinSet, time::sleep};

use crate::world::{connect, message};

/// Counts by ones, up to a limit.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counter(u32);

#[derive(Debug, PartialEq, Eq)]
struct One;

/// All ones of a decision.
#[derive(Clone, PartialEq, prost::Message)]
struct Ones {
    #[prost(uint32, tag = "1")]
    ones: u32,
}

const FULL: u32 = 1_000;

impl Decider for Counter {
    type Command = u32;
    type Event = One;
    type Refusal = &'static str;

    fn decide(&self, more: u32) -> Result<Vec<One>, &'static str> {
        if self.0 + more > FULL { Err("full") } else { Ok((0..more).map(|_| One).collect()) }
    }

    fn evolve(&mut self, _: &One) {
        self.0 += 1;
    }
}

impl Entity for Counter {
    type Record = Ones;

    fn events(record: Ones) -> Vec<One> {
        (0..record.ones).map(|_| One).collect()
    }
}

fn record(events: &[One]) -> Ones {
    Ones { ones: u32::try_from(events.len()).unwrap() }
}

fn place() -> Place {
    Place { stream: &LOG, subject: "certherald.log.0.counter".to_owned() }
}

fn ledger(bus: SharedBus) -> Ledger {
    Ledger::on(bus, Arc::new(SystemClock), Arc::new(Dice::fresh()))
}

async fn counted(ledger: &Ledger) -> Known<Counter> {
    let mut known = Known::default();
    ledger.catch_up(&place(), &mut known).await.unwrap();
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_outrun_decides_again_and_nothing_is_counted_twice() {
    let nats = Nats::start().await;
    let bus = connect(&nats.url()).await.bus(Service::Detector);
    let mut racers = JoinSet::new();
    for _ in 0..8 {
        let ledger = ledger(bus.clone());
        racers.spawn(async move {
            let mut known = Known::<Counter>::default();
            for _ in 0..25 {
                loop {
                    match ledger.decide(&place(), &mut known, |_| 1, record).await {
                        Ok(changed) => break assert!(changed),
                        // Five times running is possible here, where all do nothing but race.
                        Err(LedgerError::Contended { .. }) => {
                            sleep(Duration::from_millis(5)).await;
                        }
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
            known
        });
    }
    let racers = racers.join_all().await;
    let known = counted(&ledger(bus)).await;
    assert_eq!(known.state, Counter(200));
    let newest = racers.into_iter().max_by_key(|known| known.version).unwrap();
    assert_eq!(newest, known, "what is known in memory and what is folded anew differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_stands_on_what_others_stored_meanwhile() {
    let nats = Nats::start().await;
    let bus = connect(&nats.url()).await.bus(Service::Detector);
    let (ours, theirs) = (ledger(bus.clone()), ledger(bus));
    let mut stale = Known::<Counter>::default();
    let mut known = Known::<Counter>::default();
    theirs.decide(&place(), &mut known, |_| FULL, record).await.unwrap();
    let mut asked = Vec::new();
    let refused = ours
        .decide(
            &place(),
            &mut stale,
            |state| {
                asked.push(state.0);
                1
            },
            record,
        )
        .await;
    assert!(matches!(refused, Err(LedgerError::Refused("full"))), "{refused:?}");
    assert_eq!(asked, [0, FULL], "the command was not asked for again");
    assert_eq!(stale, known);
    let nothing = ours.decide(&place(), &mut stale, |_| 0, record).await.unwrap();
    assert!(!nothing, "no event, and something changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_gone_is_begun_anew_on_what_is_known() {
    let nats = Nats::start().await;
    let bus = connect(&nats.url()).await.bus(Service::Detector);
    let ledger = ledger(bus.clone());
    let mut known = Known::<Counter>::default();
    ledger.decide(&place(), &mut known, |_| 2, record).await.unwrap();
    bus.purge(&LOG, &place().subject, 0).await.unwrap();
    assert!(ledger.decide(&place(), &mut known, |_| 3, record).await.unwrap());
    assert_eq!(known.state, Counter(5));
    let folded = counted(&ledger).await;
    assert_eq!(folded, Known { state: Counter(3), version: known.version });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_no_record_is_named() {
    let nats = Nats::start().await;
    let bus = connect(&nats.url()).await.bus(Service::Detector);
    let mut garbage = message(&LOG, &place().subject, "garbage");
    garbage.payload = Bytes::from_static(&[0xff; 9]);
    let sequence = bus.append(garbage).await.unwrap().sequence;
    let mut known = Known::<Counter>::default();
    let error = ledger(bus).catch_up(&place(), &mut known).await.unwrap_err();
    assert!(!error.is_transient());
    assert_eq!(
        error.to_string(),
        format!("message {sequence} of {} is no record", place().subject)
    );
}
