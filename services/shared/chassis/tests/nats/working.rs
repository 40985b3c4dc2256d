//! The loop that takes messages: what becomes of each answer, of panics, of the end of the process.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chassis::{
    bus::{
        Consumer, Message, SharedBus,
        append::{PARKED_ID, PARKED_REASON},
    },
    context::Context,
    worker::{self, HandleError, Handler},
};
use harness::{eventually::eventually, nats::Nats};
use parking_lot::Mutex;
use proto::stream::{JOBS, PARKED, Service};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::world::{ids, insist, message, process};

/// Handles as the first word of the id says.
struct Told {
    seen: Mutex<BTreeMap<String, Vec<u32>>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    gate: Semaphore,
}

impl Told {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        })
    }

    fn attempts(&self, id: &str) -> Vec<u32> {
        self.seen.lock().get(id).cloned().unwrap_or_default()
    }
}

#[async_trait]
impl Handler for Told {
    async fn handle(&self, message: &Message, attempt: u32) -> Result<(), HandleError> {
        self.seen.lock().entry(message.id.clone()).or_default().push(attempt);
        let word = message.id.split('-').next().unwrap_or_default();
        match (word, attempt) {
            ("gated", _) => {
                let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
                self.most_at_once.fetch_max(now, Ordering::SeqCst);
                self.gate.acquire().await.unwrap().forget();
                self.at_once.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
            ("later", 1) => Err(HandleError::RetryIn {
                wait: Duration::from_millis(50),
                source: "later".into(),
            }),
            ("broken", 1) => Err(HandleError::transient(io::Error::other("broken"))),
            ("bad", _) => Err(HandleError::permanent(io::Error::other("no such region"))),
            ("panic", _) => panic!("as it was told"),
            (_, _) => Ok(()),
        }
    }
}

fn crew(ack_wait: Duration) -> Consumer {
    Consumer {
        stream: &JOBS,
        name: "crew".to_owned(),
        pattern: JOBS.subjects.to_owned(),
        ack_wait,
        held_max: 4,
    }
}

fn start(context: &Context, handler: &Arc<Told>, ack_wait: Duration) {
    let (ours, handler) = (context.clone(), handler.clone());
    context
        .tasks
        .spawn("worker", async move { worker::run(&ours, crew(ack_wait), 4, handler).await });
}

async fn job(bus: &SharedBus, id: &str) {
    insist(bus, message(&JOBS, &format!("certherald.jobs.any.{id}"), id)).await;
}

async fn left(bus: &SharedBus) -> Vec<String> {
    ids(&bus.latest(&JOBS, JOBS.subjects).await.unwrap())
}

async fn eventually_done(bus: &SharedBus) {
    eventually("all jobs are done", async || {
        let left = left(bus).await;
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_done_with_however_many_are_at_once() {
    let nats = Nats::start().await;
    let bus = process(&nats.url(), Service::Prober, "a").await.bus;
    let mut deliveries =
        bus.consume(Consumer { held_max: 256, ..crew(Duration::from_secs(30)) }).await.unwrap();
    for n in 0..1_000 {
        job(&bus, &format!("first-{n}")).await;
    }
    let mut acknowledging = JoinSet::new();
    for _ in 0..1_000 {
        let delivery = deliveries.next().await.unwrap();
        let bus = bus.clone();
        acknowledging.spawn(async move {
            let subject = delivery.message.subject.clone();
            delivery.ack().await.unwrap();
            // Refused if the server did not know yet that the first is done.
            bus.append(message(&JOBS, &subject, &format!("second-{subject}"))).await.unwrap();
        });
        if acknowledging.len() > 200 {
            acknowledging.join_next().await.unwrap().unwrap();
        }
    }
    acknowledging.join_all().await;
    assert_eq!(left(&bus).await.len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_its_consequence() {
    let nats = Nats::start().await;
    let context = process(&nats.url(), Service::Prober, "a").await;
    let handler = Told::new();
    start(&context, &handler, Duration::from_secs(30));
    for id in ["fine-1", "later-1", "broken-1", "bad-1"] {
        job(&context.bus, id).await;
    }
    eventually_done(&context.bus).await;
    assert_eq!(handler.attempts("fine-1"), [1]);
    assert_eq!(handler.attempts("later-1"), [1, 2]);
    assert_eq!(handler.attempts("broken-1"), [1, 2]);
    assert_eq!(handler.attempts("bad-1"), [1]);
    let parked = context.bus.latest(&PARKED, PARKED.subjects).await.unwrap();
    let headers: BTreeMap<_, _> = parked[0].headers.iter().cloned().collect();
    assert_eq!((parked.len(), headers[PARKED_ID].as_str()), (1, "bad-1"));
    assert_eq!(headers[PARKED_REASON], "cannot be handled: no such region");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_hurts_no_other_message_and_not_for_ever() {
    let nats = Nats::start().await;
    let context = process(&nats.url(), Service::Prober, "a").await;
    let handler = Told::new();
    start(&context, &handler, Duration::from_secs(30));
    for id in ["panic-1", "fine-1", "fine-2"] {
        job(&context.bus, id).await;
    }
    eventually_done(&context.bus).await;
    assert_eq!(handler.attempts("panic-1"), [1, 2, 3]);
    assert_eq!(handler.attempts("fine-2"), [1]);
    assert_eq!(context.bus.latest(&PARKED, PARKED.subjects).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_long_is_held_and_what_is_held_is_finished_at_the_end() {
    let nats = Nats::start().await;
    let context = process(&nats.url(), Service::Prober, "a").await;
    let handler = Told::new();
    // So short that an unheld message would be delivered again and again.
    start(&context, &handler, Duration::from_millis(300));
    for n in 0..10 {
        job(&context.bus, &format!("gated-{n}")).await;
    }
    let busy = async || {
        let busy = handler.at_once.load(Ordering::SeqCst);
        if busy == 4 { Ok(()) } else { Err(busy) }
    };
    eventually("four are in hand", busy).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let twice = handler.seen.lock().values().filter(|attempts| attempts.len() > 1).count();
    assert_eq!(twice, 0, "delivered again although held");
    handler.gate.add_permits(2);
    eventually("four are in hand again", async || {
        let seen = handler.seen.lock().len();
        if seen == 6 { busy().await } else { Err(seen) }
    })
    .await;

    context.tasks.stop();
    handler.gate.add_permits(100);
    assert_eq!(context.tasks.ended().await, None);
    assert_eq!(handler.most_at_once.load(Ordering::SeqCst), 4);
    assert_eq!(handler.seen.lock().len(), 6, "taken after the end was asked for");
    assert_eq!(left(&context.bus).await.len(), 4, "what was held is not acknowledged");
}
