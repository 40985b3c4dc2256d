//! Streams that vanish, stores that are full, connections that are lost.

use chassis::bus::{Followed, From};
use proto::stream::JOBS;

use crate::world::{
    KEPT, WORK, World, at, consumer, follow, message, next, on_both_buses, put, put_to,
};

on_both_buses!(
    a_stream_that_vanished_is_made_again_by_whoever_needs_it,
    everything_is_there_after_a_crash,
);

async fn a_stream_that_vanished_is_made_again_by_whoever_needs_it(mut world: World) {
    put_to(&world.bus(), &KEPT, "test.kept.a").await;

    world.lose(&KEPT).await;
    put(&world.bus(), at(0, message(&KEPT, "test.kept.a"))).await;

    world.lose(&KEPT).await;
    assert_eq!(world.bus().load(&KEPT, "test.kept.a", 0).await.unwrap(), []);

    world.lose(&KEPT).await;
    assert_eq!(world.bus().latest(&KEPT, "test.kept.>").await.unwrap(), []);

    world.lose(&KEPT).await;
    world.bus().purge(&KEPT, "test.kept.a").await.unwrap();

    world.lose(&KEPT).await;
    let bus = world.bus();
    let mut following = bus.follow(&KEPT, "test.kept.>", From::Sequence(1)).await.unwrap();
    assert_eq!(follow(&mut following).await, Followed::CaughtUp);

    world.lose(&KEPT).await;
    let bus = world.bus();
    let mut deliveries = bus.consume(consumer(&KEPT)).await.unwrap();
    put_to(&bus, &KEPT, "test.kept.b").await;
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message.subject, "test.kept.b");
    delivery.ack().await.unwrap();
}

async fn everything_is_there_after_a_crash(mut world: World) {
    let bus = world.bus();
    let kept = put_to(&bus, &KEPT, "test.kept.a").await;
    let work = put_to(&bus, &WORK, "test.work.a").await;
    let job = put_to(&bus, &JOBS, "certherald.jobs.any.a").await;
    let before = bus.last(&KEPT, "test.kept.a").await.unwrap();

    world.crash().await;
    let bus = world.bus();
    assert_eq!(bus.last(&KEPT, "test.kept.a").await.unwrap(), before);
    assert_eq!(bus.last(&WORK, "test.work.a").await.unwrap().unwrap().sequence, work);
    assert_eq!(bus.last(&JOBS, "certherald.jobs.any.a").await.unwrap().unwrap().sequence, job);
    assert!(put(&bus, at(kept, message(&KEPT, "test.kept.a"))).await > kept);
}
