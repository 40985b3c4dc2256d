//! The broker dies and comes back, and streams are deleted under those who read them.

use std::{sync::Arc, time::Duration};

use chassis::bus::{
    AppendError, Bus, BusError, Consumer, Deliveries, Followed, Following, From, SharedBus,
};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use harness::nats::Nats;
use proto::stream::{FACTS, JOBS, LOG, Service};
use tokio::time::timeout;

use crate::world::{PATIENCE, connect, insist, message};

fn crew(held_max: usize) -> Consumer {
    Consumer {
        stream: &JOBS,
        name: "crew".to_owned(),
        pattern: "certherald.jobs.any.>".to_owned(),
        ack_wait: Duration::from_secs(2),
        held_max,
    }
}

async fn next_id(deliveries: &mut Box<dyn Deliveries>) -> String {
    let delivery = timeout(PATIENCE, deliveries.next()).await.unwrap().unwrap();
    let id = delivery.message.id.clone();
    delivery.ack().await.unwrap();
    id
}

async fn next_followed(following: &mut Box<dyn Following>) -> Followed {
    timeout(PATIENCE, following.next()).await.unwrap().unwrap()
}

async fn next_followed_id(following: &mut Box<dyn Following>) -> String {
    match next_followed(following).await {
        Followed::Message(message) => message.id,
        Followed::CaughtUp => panic!("caught up already"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_loses_a_message_when_the_broker_is_killed() {
    let mut broker = Nats::start().await;
    let nats = connect(&broker.url()).await;
    let bus = nats.bus(Service::Detector);
    let mut deliveries = bus.consume(crew(16)).await.unwrap();
    let mut following = bus.follow(&LOG, LOG.subjects, From::Sequence(1)).await.unwrap();
    assert_eq!(next_followed(&mut following).await, Followed::CaughtUp);

    for round in 0..3 {
        let (job, log) = (format!("job-{round}"), format!("log-{round}"));
        insist(&bus, message(&JOBS, &format!("certherald.jobs.any.{round}"), &job)).await;
        insist(&bus, message(&LOG, "certherald.log.0.x", &log)).await;
        assert_eq!(next_id(&mut deliveries).await, job);
        assert_eq!(next_followed_id(&mut following).await, log);
        broker.kill().await;
        broker.restart().await;
    }
    let loaded = bus.load(&LOG, "certherald.log.0.x", 0).await.unwrap();
    assert_eq!(loaded.len(), 3, "{loaded:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_every_call_says_so_and_none_hangs() {
    let mut broker = Nats::start().await;
    let nats = connect(&broker.url()).await;
    let bus = nats.bus(Service::Detector);
    let lease = bus.acquire("detector", "a", Duration::from_secs(3)).await.unwrap().unwrap();
    broker.kill().await;

    let subject = "certherald.log.0.x";
    let calls: Vec<BoxFuture<'_, Result<(), BusError>>> = vec![
        async { bus.load(&LOG, subject, 0).await.map(drop) }.boxed(),
        async { bus.last(&LOG, subject).await.map(drop) }.boxed(),
        async { bus.latest(&LOG, LOG.subjects).await.map(drop) }.boxed(),
        async { bus.purge(&LOG, subject, 0).await }.boxed(),
        async { bus.renew(&lease).await.map(drop) }.boxed(),
        async { bus.release(&lease).await }.boxed(),
        async { bus.now().await.map(drop) }.boxed(),
        async { bus.consume(crew(1)).await.map(drop) }.boxed(),
        async { bus.follow(&LOG, LOG.subjects, From::End).await.map(drop) }.boxed(),
        async {
            let error = bus.append(message(&LOG, subject, "x")).await.unwrap_err();
            if let AppendError::Failed { source, .. } = error {
                return Err(source);
            }
            // It was on its way before the loss was noticed.
            assert!(matches!(error, AppendError::Silent { .. }), "{error:?}");
            Err(BusError::Unreachable { operation: "append".to_owned(), source: error.into() })
        }
        .boxed(),
    ];
    for answer in timeout(PATIENCE, join_all(calls)).await.unwrap() {
        assert!(matches!(answer, Err(BusError::Unreachable { .. })), "{answer:?}");
    }
    assert!(!nats.connected());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_was_under_way_when_the_broker_died_is_not_called_failed() {
    let mut broker = Nats::start().await;
    let nats = connect(&broker.url()).await;
    let bus = nats.bus(Service::Detector);
    insist(&bus, message(&LOG, "certherald.log.0.x", "first")).await;

    let mut under_way = tokio::task::JoinSet::new();
    for n in 0..2_000 {
        let bus = bus.clone();
        let id = format!("id-{n}");
        under_way.spawn(async move {
            let append = message(&LOG, &format!("certherald.log.0.{}", n % 100), &id);
            (id, bus.append(append).await)
        });
    }
    let first = under_way.join_next().await.unwrap().unwrap();
    broker.kill().await;
    broker.restart().await;
    let mut answers = under_way.join_all().await;
    answers.push(first);
    let stored = stored_ids(&bus).await;
    let mut silent = 0;
    for answer in answers {
        match answer {
            (id, Ok(_)) => assert!(stored.contains(&id), "{id} was answered and is lost"),
            (_, Err(AppendError::Silent { .. })) => silent += 1,
            (id, Err(AppendError::Failed { source, .. })) => {
                assert!(source.is_transient(), "{source:?}");
                assert!(!stored.contains(&id), "{id} failed and is there all the same");
            }
            (_, Err(error)) => panic!("{error:?}"),
        }
    }
    assert!(silent > 0, "the broker died too late to prove anything");
}

async fn stored_ids(bus: &SharedBus) -> std::collections::BTreeSet<String> {
    // A mark at the end tells when all has been read.
    insist(bus, message(&LOG, "certherald.log.1.end", "end")).await;
    let mut following = bus.follow(&LOG, LOG.subjects, From::Sequence(1)).await.unwrap();
    let mut ids = std::collections::BTreeSet::new();
    while let Followed::Message(message) = next_followed(&mut following).await {
        ids.insert(message.id);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_are_deleted_are_made_again_under_their_readers() {
    let broker = Nats::start().await;
    let nats = connect(&broker.url()).await;
    let bus = nats.bus(Service::Detector);
    let mut deliveries = bus.consume(crew(4)).await.unwrap();
    let mut following = bus.follow(&FACTS, FACTS.subjects, From::Sequence(1)).await.unwrap();
    assert_eq!(next_followed(&mut following).await, Followed::CaughtUp);
    let raw = async_nats::jetstream::new(broker.client().await);

    for round in 0..3 {
        let (job, fact) = (format!("job-{round}"), format!("fact-{round}"));
        insist(&bus, message(&JOBS, "certherald.jobs.any.a", &job)).await;
        insist(&bus, message(&FACTS, "certherald.facts.0.a", &fact)).await;
        assert_eq!(next_id(&mut deliveries).await, job);
        assert_eq!(next_followed_id(&mut following).await, fact);
        raw.delete_stream("JOBS").await.unwrap();
        raw.delete_stream("FACTS").await.unwrap();
    }
    // Whether or not it was made again already: without it, nothing would arrive.
    drop(raw.delete_consumer_from_stream("crew", "JOBS").await);
    insist(&bus, message(&JOBS, "certherald.jobs.any.b", "last")).await;
    assert_eq!(next_id(&mut deliveries).await, "last");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_whose_answer_was_lost_does_not_cost_the_lease() {
    let broker = Nats::start().await;
    let nats = connect(&broker.url()).await;
    let bus: Arc<dyn Bus> = nats.bus(Service::Detector);
    let limit = Duration::from_secs(3);
    let held = bus.acquire("detector", "a", limit).await.unwrap().unwrap();
    // The holder never hears of this renewal, and renews what it knows.
    bus.renew(&held).await.unwrap().unwrap();
    let renewed = bus.renew(&held).await.unwrap().unwrap();
    assert!(renewed.fence > held.fence);
    assert_eq!(bus.acquire("detector", "b", limit).await.unwrap(), None);
    bus.release(&renewed).await.unwrap();
    let other = bus.acquire("detector", "b", limit).await.unwrap().unwrap();
    assert!(other.fence > renewed.fence);
    assert_eq!(bus.renew(&renewed).await.unwrap(), None, "the old holder is fenced");
}
