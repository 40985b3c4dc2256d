//! What streams let go of, and what not.

use std::time::Duration;

use harness::eventually::eventually;
use proto::stream::{EVENTS, INTERMEDIATES, Retention, Stream};

use crate::world::{
    World, at, consumer, message, next, nothing, on_both_buses, put, put_to, sequences, stream,
};

on_both_buses!(
    only_the_latest_of_each_subject_are_kept,
    one_of_each_subject_is_kept,
    what_is_too_old_goes_and_its_sequences_stay_used,
    what_is_too_old_goes_after_a_restart_too,
);

static AGED: Stream = stream("AGED", "test.aged.>", Retention::Age(Duration::from_secs(2)));

async fn only_the_latest_of_each_subject_are_kept(world: World) {
    let bus = world.bus();
    let subject = "certherald.events.expired.com.example.443";
    let other = put_to(&bus, &EVENTS, "certherald.events.expired.com.other.443").await;
    let mut version = 0;
    let mut all = Vec::new();
    for _ in 0..70 {
        version = put(&bus, at(version, message(&EVENTS, subject))).await;
        all.push(version);
    }
    let kept = bus.load(&EVENTS, subject, 0).await.unwrap();
    assert_eq!(sequences(&kept), all[70 - 64..]);
    let latest = bus.latest(&EVENTS, EVENTS.subjects).await.unwrap();
    assert_eq!(sequences(&latest), [other, version]);

    let mut deliveries = bus.consume(consumer(&EVENTS)).await.unwrap();
    assert_eq!(next(&mut deliveries).await.message.sequence, other);
    assert_eq!(next(&mut deliveries).await.message.sequence, all[70 - 64]);
}

async fn one_of_each_subject_is_kept(world: World) {
    let bus = world.bus();
    let mut last = 0;
    for _ in 0..3 {
        last = put_to(&bus, &INTERMEDIATES, "certherald.intermediates.a").await;
    }
    let kept = bus.load(&INTERMEDIATES, "certherald.intermediates.a", 0).await.unwrap();
    assert_eq!(sequences(&kept), [last]);
}

async fn what_is_too_old_goes_and_its_sequences_stay_used(world: World) {
    let bus = world.bus();
    let mut deliveries = bus.consume(consumer(&AGED)).await.unwrap();
    let mut last = 0;
    for _ in 0..3 {
        last = put_to(&bus, &AGED, "test.aged.a").await;
    }
    let held = next(&mut deliveries).await;
    drop((held, deliveries));
    eventually("all goes", async || match bus.latest(&AGED, "test.aged.>").await.unwrap() {
        messages if messages.is_empty() => Ok(()),
        messages => Err(format!("{messages:?}")),
    })
    .await;
    assert_eq!(bus.load(&AGED, "test.aged.a", 0).await.unwrap(), []);
    let next_one = put(&bus, at(0, message(&AGED, "test.aged.a"))).await;
    assert_eq!(next_one, last + 1);

    let mut deliveries = bus.consume(consumer(&AGED)).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!((delivery.message.sequence, delivery.attempt), (next_one, 1));
    delivery.ack().await.unwrap();
    nothing(&mut deliveries).await;
}

async fn what_is_too_old_goes_after_a_restart_too(mut world: World) {
    put_to(&world.bus(), &AGED, "test.aged.a").await;
    world.restart().await;
    let bus = world.bus();
    // The stream is asked for something, and so is known to be in use.
    let version = put_to(&bus, &AGED, "test.aged.b").await;
    assert!(version > 1);
    eventually("all goes", async || match bus.latest(&AGED, "test.aged.>").await.unwrap() {
        messages if messages.is_empty() => Ok(()),
        messages => Err(format!("{messages:?}")),
    })
    .await;
}
