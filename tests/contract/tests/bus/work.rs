//! Work queues: one message outstanding for each subject.

use std::time::Duration;

use chassis::bus::{AppendError, Appended, Followed, From, SharedBus};
use harness::eventually::eventually;
use proto::stream::{Retention, Stream};

use crate::world::{
    WORK, World, consumer, follow, message, next, nothing, on_both_buses, put, put_to, sequences,
    stream,
};

on_both_buses!(
    a_second_is_refused_while_the_first_waits_or_runs,
    what_is_parked_is_not_outstanding,
    what_is_done_is_gone,
    a_refusal_outlives_a_crash,
    whoever_looks_takes_nothing,
    work_that_is_too_old_goes_undone,
);

async fn assert_outstanding(bus: &SharedBus, subject: &str) {
    let error = bus.append(message(&WORK, subject)).await.unwrap_err();
    assert!(error.is_transient(), "it will fit once the first is done");
    assert!(matches!(&error, AppendError::Outstanding { subject: of } if of == subject), "{error}");
}

async fn a_second_is_refused_while_the_first_waits_or_runs(world: World) {
    let bus = world.bus();
    let first = message(&WORK, "test.work.a");
    let sequence = put(&bus, first.clone()).await;
    assert_outstanding(&bus, "test.work.a").await;
    put_to(&bus, &WORK, "test.work.b").await;
    let repeat = bus.append(first).await.unwrap();
    assert_eq!(repeat, Appended { sequence, repeated: true }, "a repeat is no second");

    let mut deliveries = bus.consume(consumer(&WORK)).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.sequence, sequence);
    assert_outstanding(&bus, "test.work.a").await;
    delivery.retry_in(Duration::ZERO).await.unwrap();
    assert_outstanding(&bus, "test.work.a").await;

    for _ in 0..2 {
        next(&mut deliveries).await.ack().await.unwrap();
    }
    let second = put_to(&bus, &WORK, "test.work.a").await;
    assert!(second > sequence);
    let delivery = next(&mut deliveries).await;
    assert_eq!((delivery.message.sequence, delivery.attempt), (second, 1));
}

async fn what_is_parked_is_not_outstanding(world: World) {
    let bus = world.bus();
    let mut deliveries = bus.consume(consumer(&WORK)).await.unwrap();
    for round in 0..3 {
        put_to(&bus, &WORK, "test.work.a").await;
        let delivery = next(&mut deliveries).await;
        delivery.park(&format!("round {round}")).await.unwrap();
    }
    nothing(&mut deliveries).await;
}

async fn what_is_done_is_gone(world: World) {
    let bus = world.bus();
    put_to(&bus, &WORK, "test.work.a").await;
    let mut deliveries = bus.consume(consumer(&WORK)).await.unwrap();
    next(&mut deliveries).await.ack().await.unwrap();
    assert_eq!(bus.last(&WORK, "test.work.a").await.unwrap(), None);
    assert_eq!(bus.load(&WORK, "test.work.a", 0).await.unwrap(), []);
}

async fn whoever_looks_takes_nothing(world: World) {
    let bus = world.bus();
    let first = put_to(&bus, &WORK, "test.work.a").await;
    let second = put_to(&bus, &WORK, "test.work.b").await;
    assert_eq!(sequences(&bus.latest(&WORK, "test.work.>").await.unwrap()), [first, second]);
    let mut following = bus.follow(&WORK, "test.work.>", From::Sequence(1)).await.unwrap();
    let mut seen = Vec::new();
    while let Followed::Message(message) = follow(&mut following).await {
        seen.push(message.sequence);
    }
    assert_eq!(seen, [first, second]);
    let third = put_to(&bus, &WORK, "test.work.c").await;
    assert!(matches!(follow(&mut following).await,
        Followed::Message(message) if message.sequence == third));

    let mut deliveries = bus.consume(consumer(&WORK)).await.unwrap();
    for sequence in [first, second, third] {
        let delivery = next(&mut deliveries).await;
        assert_eq!((delivery.message.sequence, delivery.attempt), (sequence, 1));
        delivery.ack().await.unwrap();
    }
    assert_eq!(bus.latest(&WORK, "test.work.>").await.unwrap(), []);
}

async fn a_refusal_outlives_a_crash(mut world: World) {
    let sequence = put_to(&world.bus(), &WORK, "test.work.a").await;
    world.crash().await;
    let bus = world.bus();
    assert_outstanding(&bus, "test.work.a").await;
    let mut deliveries = bus.consume(consumer(&WORK)).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.sequence, sequence);
    delivery.ack().await.unwrap();
    put_to(&bus, &WORK, "test.work.a").await;
}

async fn work_that_is_too_old_goes_undone(world: World) {
    static SHORT: Stream =
        stream("SHORT", "test.short.>", Retention::Work(Some(Duration::from_secs(1))));
    let bus = world.bus();
    put_to(&bus, &SHORT, "test.short.a").await;
    eventually("it goes undone", async || bus.append(message(&SHORT, "test.short.a")).await).await;
    let mut deliveries = bus.consume(consumer(&SHORT)).await.unwrap();
    eventually("all goes", async || match bus.last(&SHORT, "test.short.a").await.unwrap() {
        Some(message) => Err(format!("{message:?}")),
        None => Ok(()),
    })
    .await;
    nothing(&mut deliveries).await;
}
