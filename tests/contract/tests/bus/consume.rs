//! Durable consumers: who gets what, how often, and what becomes of the answer.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use chassis::bus::{
    Append, Consumer, SharedBus,
    append::{PARKED_ID, PARKED_REASON, PARKED_SUBJECT},
};
use proto::stream::{MESSAGE_BYTES_MAX, PARKED, Service};
use tokio::time::{Instant, timeout};

use crate::world::{
    A_WHILE, KEPT, SOON, WORK, World, consumer, message, next, nothing, on_both_buses, put, put_to,
};

on_both_buses!(
    a_consumer_begins_with_the_oldest_and_ends_with_the_newest,
    a_consumer_reads_only_what_matches,
    two_consumers_each_get_everything,
    those_who_take_part_share,
    a_retry_comes_after_its_wait_and_counts,
    no_answer_means_another_delivery_to_whoever_is_left,
    a_held_delivery_is_not_made_again,
    a_parked_message_is_done_with_and_says_why,
    the_largest_message_can_be_parked,
    nobody_holds_more_than_they_may,
    a_call_that_is_given_up_loses_nothing,
    an_acknowledgement_outlives_a_restart_and_so_does_its_absence,
    a_purged_message_is_not_delivered,
    a_retry_is_not_forgotten_when_another_subject_is_purged,
    a_retry_is_not_forgotten_in_a_restart,
);

async fn a_consumer_begins_with_the_oldest_and_ends_with_the_newest(world: World) {
    let bus = world.bus();
    let old = put_to(&bus, &KEPT, "test.kept.old").await;
    let mut deliveries = bus.consume(consumer(&KEPT)).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!((delivery.message.sequence, delivery.attempt), (old, 1));
    assert_eq!(Some(&delivery.message), bus.last(&KEPT, "test.kept.old").await.unwrap().as_ref());
    delivery.ack().await.unwrap();

    nothing(&mut deliveries).await;
    let new = put_to(&bus, &KEPT, "test.kept.new").await;
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.sequence, new);
    delivery.ack().await.unwrap();

    drop(deliveries);
    let mut again = bus.consume(consumer(&KEPT)).await.unwrap();
    nothing(&mut again).await;
}

async fn a_consumer_reads_only_what_matches(world: World) {
    let bus = world.bus();
    let pattern = "test.kept.*.x".to_owned();
    let mut deliveries = bus.consume(Consumer { pattern, ..consumer(&KEPT) }).await.unwrap();
    for subject in ["a.y", "a.x", "a.x.z", "x", "b.x"] {
        put_to(&bus, &KEPT, &format!("test.kept.{subject}")).await;
    }
    for expected in ["test.kept.a.x", "test.kept.b.x"] {
        let delivery = next(&mut deliveries).await;
        assert_eq!(delivery.message.subject, expected);
        delivery.ack().await.unwrap();
    }
    nothing(&mut deliveries).await;
}

async fn two_consumers_each_get_everything(world: World) {
    let bus = world.bus();
    let sequence = put_to(&bus, &KEPT, "test.kept.a").await;
    for name in ["one", "two"] {
        let named = Consumer { name: name.to_owned(), ..consumer(&KEPT) };
        let mut deliveries = bus.consume(named).await.unwrap();
        let delivery = next(&mut deliveries).await;
        assert_eq!(delivery.message.sequence, sequence);
        delivery.ack().await.unwrap();
    }
}

/// Acknowledges what comes, until nothing does. Answers how often each sequence came.
async fn take_all(bus: SharedBus, consumer: Consumer) -> BTreeMap<u64, u32> {
    let mut deliveries = bus.consume(consumer).await.unwrap();
    let mut taken = BTreeMap::new();
    while let Ok(delivery) = timeout(A_WHILE * 4, deliveries.next()).await {
        let delivery = delivery.unwrap();
        *taken.entry(delivery.message.sequence).or_default() += 1;
        // As long as one works, others get their share.
        tokio::time::sleep(Duration::from_millis(2)).await;
        delivery.ack().await.unwrap();
    }
    taken
}

async fn those_who_take_part_share(world: World) {
    let bus = world.bus();
    let four = Consumer { held_max: 4, ..consumer(&WORK) };
    let crew: Vec<_> = (0..3).map(|_| take_all(bus.clone(), four.clone())).collect();
    let work = |n: usize| message(&WORK, &format!("test.work.{n}"));
    let fill = futures::future::join_all((0..200).map(|n| put(&bus, work(n))));
    let (taken, filled) = tokio::join!(futures::future::join_all(crew), fill);

    let mut all = BTreeMap::new();
    for one in &taken {
        assert!(
            one.len() > 20,
            "shares: {:?}",
            taken.iter().map(BTreeMap::len).collect::<Vec<_>>()
        );
        for (sequence, times) in one {
            *all.entry(*sequence).or_insert(0) += times;
        }
    }
    assert_eq!(all.len(), filled.len());
    assert!(all.values().all(|times| *times == 1), "each goes to one of them, once");
}

async fn a_retry_comes_after_its_wait_and_counts(world: World) {
    let bus = world.bus();
    let sequence = put_to(&bus, &KEPT, "test.kept.a").await;
    let mut deliveries = bus.consume(consumer(&KEPT)).await.unwrap();
    for (attempt, wait) in [(1, 300), (2, 0), (3, 600)] {
        let wait = Duration::from_millis(wait);
        let delivery = next(&mut deliveries).await;
        assert_eq!((delivery.message.sequence, delivery.attempt), (sequence, attempt));
        let asked_at = Instant::now();
        delivery.retry_in(wait).await.unwrap();
        // What comes meanwhile does not wait for it.
        let meanwhile = put_to(&bus, &KEPT, "test.kept.b").await;
        if !wait.is_zero() {
            let other = next(&mut deliveries).await;
            assert_eq!(other.message.sequence, meanwhile);
            other.ack().await.unwrap();
            let again = next(&mut deliveries).await;
            assert!(asked_at.elapsed() >= wait, "after {:?}", asked_at.elapsed());
            assert_eq!((again.message.sequence, again.attempt), (sequence, attempt + 1));
            again.retry_in(Duration::ZERO).await.unwrap();
            bus.purge(&KEPT, "test.kept.b", 0).await.unwrap();
            return;
        }
    }
}

async fn no_answer_means_another_delivery_to_whoever_is_left(world: World) {
    let bus = world.bus();
    let short = Consumer { ack_wait: Duration::from_secs(1), ..consumer(&WORK) };
    let sequence = put_to(&bus, &WORK, "test.work.a").await;
    let mut first = bus.consume(short.clone()).await.unwrap();
    let delivery = next(&mut first).await;
    let begun = Instant::now();
    drop(delivery);
    drop(first);

    let mut second = bus.consume(short).await.unwrap();
    let again = next(&mut second).await;
    assert_eq!((again.message.sequence, again.attempt), (sequence, 2));
    assert!(begun.elapsed() > Duration::from_millis(700), "after {:?}", begun.elapsed());
    again.ack().await.unwrap();
    nothing(&mut second).await;
}

async fn a_held_delivery_is_not_made_again(world: World) {
    let bus = world.bus();
    let short = Consumer { ack_wait: Duration::from_secs(1), ..consumer(&KEPT) };
    put_to(&bus, &KEPT, "test.kept.a").await;
    let mut deliveries = bus.consume(short).await.unwrap();
    let delivery = next(&mut deliveries).await;
    for _ in 0..6 {
        nothing(&mut deliveries).await;
        delivery.hold().await.unwrap();
    }
    delivery.ack().await.unwrap();
    nothing(&mut deliveries).await;
}

async fn a_parked_message_is_done_with_and_says_why(world: World) {
    let bus = world.bus_of(Service::Prober);
    let append = message(&WORK, "test.work.a");
    put(&bus, append.clone()).await;
    let mut deliveries = bus.consume(consumer(&WORK)).await.unwrap();
    next(&mut deliveries).await.park("no such\nregion").await.unwrap();

    let subject = "certherald.parked.prober.WORK";
    let parked = bus.last(&PARKED, subject).await.unwrap().unwrap();
    assert_eq!(parked.payload, append.payload);
    for (name, value) in [
        (PARKED_REASON, "no such region"),
        (PARKED_SUBJECT, "test.work.a"),
        (PARKED_ID, append.id.as_str()),
    ] {
        assert!(
            parked.headers.contains(&(name.to_owned(), value.to_owned())),
            "{name}: {parked:?}"
        );
    }
    nothing(&mut deliveries).await;
    put_to(&bus, &WORK, "test.work.a").await;
    next(&mut deliveries).await.ack().await.unwrap();
    assert_eq!(bus.load(&PARKED, subject, 0).await.unwrap().len(), 1);
}

async fn the_largest_message_can_be_parked(world: World) {
    let bus = world.bus();
    let empty = Append { payload: Bytes::new(), ..message(&KEPT, "test.kept.a") };
    let room = MESSAGE_BYTES_MAX - empty.bytes();
    put(&bus, Append { payload: Bytes::from(vec![1; room]), ..empty }).await;
    let mut deliveries = bus.consume(consumer(&KEPT)).await.unwrap();
    next(&mut deliveries).await.park("too much").await.unwrap();
    let parked = bus.last(&PARKED, "certherald.parked.detector.KEPT").await.unwrap().unwrap();
    assert!(parked.headers.iter().any(|(_, value)| value == "too much"));
}

async fn nobody_holds_more_than_they_may(world: World) {
    let bus = world.bus();
    for n in 0..10 {
        put_to(&bus, &KEPT, &format!("test.kept.{n}")).await;
    }
    let mut deliveries = bus.consume(Consumer { held_max: 3, ..consumer(&KEPT) }).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(next(&mut deliveries).await);
    }
    nothing(&mut deliveries).await;

    // Others take part meanwhile, and get what one may not hold.
    let mut other = bus.consume(Consumer { held_max: 2, ..consumer(&KEPT) }).await.unwrap();
    let others = [next(&mut other).await, next(&mut other).await];
    nothing(&mut other).await;

    // Each answer of whatever kind makes room for one.
    held.pop().unwrap().ack().await.unwrap();
    held.push(next(&mut deliveries).await);
    nothing(&mut deliveries).await;
    held.pop().unwrap().retry_in(SOON).await.unwrap();
    held.push(next(&mut deliveries).await);
    nothing(&mut deliveries).await;
    held.pop().unwrap().park("no").await.unwrap();
    held.push(next(&mut deliveries).await);
    nothing(&mut deliveries).await;
    drop((held, others));
}

async fn a_call_that_is_given_up_loses_nothing(world: World) {
    let bus = world.bus();
    let mut deliveries = bus.consume(consumer(&KEPT)).await.unwrap();
    let expected = async {
        let mut expected = Vec::new();
        for n in 0..50 {
            expected.push(put_to(&bus, &KEPT, &format!("test.kept.{n}")).await);
        }
        expected
    };
    let mut came = Vec::new();
    let take = async {
        let began = Instant::now();
        while came.len() < 50 {
            assert!(began.elapsed() < SOON, "only {} came", came.len());
            // Given up at any instant, also right after it was asked for.
            if let Ok(delivery) = timeout(Duration::from_micros(300), deliveries.next()).await {
                let delivery = delivery.unwrap();
                came.push(delivery.message.sequence);
                assert_eq!(delivery.attempt, 1);
                delivery.ack().await.unwrap();
            }
        }
    };
    let (expected, ()) = tokio::join!(expected, take);
    assert_eq!(came, expected);
}

async fn an_acknowledgement_outlives_a_restart_and_so_does_its_absence(mut world: World) {
    let bus = world.bus();
    let mut all = Vec::new();
    for n in 0..4 {
        all.push(put_to(&bus, &KEPT, &format!("test.kept.{n}")).await);
    }
    let short = Consumer { ack_wait: Duration::from_secs(1), ..consumer(&KEPT) };
    let mut deliveries = bus.consume(short.clone()).await.unwrap();
    let first = next(&mut deliveries).await;
    let second = next(&mut deliveries).await;
    let third = next(&mut deliveries).await;
    first.ack().await.unwrap();
    third.ack().await.unwrap();
    drop((second, deliveries));

    world.restart().await;
    let mut deliveries = world.bus().consume(short).await.unwrap();
    let mut left: Vec<_> = Vec::new();
    for _ in 0..2 {
        let delivery = next(&mut deliveries).await;
        left.push(delivery.message.sequence);
        delivery.ack().await.unwrap();
    }
    left.sort_unstable();
    assert_eq!(left, [all[1], all[3]]);
    nothing(&mut deliveries).await;
}

async fn a_purged_message_is_not_delivered(world: World) {
    let bus = world.bus();
    let mut deliveries = bus.consume(consumer(&KEPT)).await.unwrap();
    put_to(&bus, &KEPT, "test.kept.a").await;
    let delivery = next(&mut deliveries).await;
    bus.purge(&KEPT, "test.kept.a", 0).await.unwrap();
    delivery.retry_in(Duration::ZERO).await.unwrap();
    let left = put_to(&bus, &KEPT, "test.kept.b").await;
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.sequence, left);
    delivery.ack().await.unwrap();
    nothing(&mut deliveries).await;
}

async fn a_retry_is_not_forgotten_when_another_subject_is_purged(world: World) {
    let bus = world.bus();
    let sequence = put_to(&bus, &KEPT, "test.kept.a").await;
    let mut deliveries = bus.consume(patient()).await.unwrap();
    next(&mut deliveries).await.retry_in(Duration::ZERO).await.unwrap();
    bus.purge(&KEPT, "test.kept.b", 0).await.unwrap();
    let again = next(&mut deliveries).await;
    assert_eq!((again.message.sequence, again.attempt), (sequence, 2));
}

async fn a_retry_is_not_forgotten_in_a_restart(mut world: World) {
    let bus = world.bus();
    let sequence = put_to(&bus, &KEPT, "test.kept.a").await;
    let mut deliveries = bus.consume(patient()).await.unwrap();
    next(&mut deliveries).await.retry_in(Duration::from_millis(100)).await.unwrap();
    drop(deliveries);
    world.restart().await;
    let mut deliveries = world.bus().consume(patient()).await.unwrap();
    let again = next(&mut deliveries).await;
    assert_eq!((again.message.sequence, again.attempt), (sequence, 2));
}

/// Without an answer there is no other delivery within the test; and nothing is on its way to one
/// who did not ask for it yet.
fn patient() -> Consumer {
    Consumer { ack_wait: SOON * 10, held_max: 1, ..consumer(&KEPT) }
}
