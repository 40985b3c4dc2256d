//! Streams that vanish, stores that are full, connections that are lost.

use std::time::Duration;

use chassis::bus::{AppendError, BusError, Expect, Followed, From};
use proto::stream::{Durability, JOBS};
use tokio::time::Instant;

use crate::world::{
    KEPT, SOON, WORK, World, at, consumer, follow, message, next, on_both_buses, put, put_to,
    sequences,
};

on_both_buses!(
    a_stream_that_vanished_is_made_again_by_whoever_needs_it,
    what_was_synced_is_there_after_a_crash,
    what_is_persisted_at_leisure_is_there_after_a_restart,
    without_whoever_keeps_the_streams_everything_fails_and_nothing_is_promised,
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
    world.bus().purge(&KEPT, "test.kept.a", 0).await.unwrap();

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

async fn what_was_synced_is_there_after_a_crash(mut world: World) {
    let bus = world.bus();
    let kept = put_to(&bus, &KEPT, "test.kept.a").await;
    let work = put_to(&bus, &WORK, "test.work.a").await;
    let before = bus.last(&KEPT, "test.kept.a").await.unwrap();

    world.crash().await;
    let bus = world.bus();
    assert_eq!(bus.last(&KEPT, "test.kept.a").await.unwrap(), before);
    assert_eq!(bus.last(&WORK, "test.work.a").await.unwrap().unwrap().sequence, work);
    assert!(put(&bus, at(kept, message(&KEPT, "test.kept.a"))).await > kept);
}

async fn what_is_persisted_at_leisure_is_there_after_a_restart(mut world: World) {
    assert_eq!(JOBS.durability, Durability::Process);
    let job = put_to(&world.bus(), &JOBS, "certherald.jobs.any.a").await;
    world.restart().await;
    let found = world.bus().last(&JOBS, "certherald.jobs.any.a").await.unwrap();
    assert_eq!(found.unwrap().sequence, job);
}

async fn without_whoever_keeps_the_streams_everything_fails_and_nothing_is_promised(
    mut world: World,
) {
    let bus = world.bus();
    let before = put_to(&bus, &KEPT, "test.kept.a").await;
    let lease = bus.acquire("detector", "a", Duration::from_mins(1)).await.unwrap().unwrap();
    let mut deliveries = bus.consume(consumer(&KEPT)).await.unwrap();
    let delivery = next(&mut deliveries).await;
    world.cut().await;

    let begun = Instant::now();
    let append = at(before, message(&KEPT, "test.kept.a"));
    let (appended, answered, loaded, last, latest, purged, renewed, now) = tokio::join!(
        bus.append(append.clone()),
        delivery.ack(),
        bus.load(&KEPT, "test.kept.a", 0),
        bus.last(&KEPT, "test.kept.a"),
        bus.latest(&KEPT, "test.kept.>"),
        bus.purge(&KEPT, "test.kept.b", 0),
        bus.renew(&lease),
        bus.now(),
    );
    assert!(begun.elapsed() < SOON, "nothing hangs: {:?}", begun.elapsed());
    assert!(appended.is_err() && answered.is_err() && loaded.is_err() && last.is_err());
    assert!(latest.is_err() && purged.is_err() && renewed.is_err());
    // A clock of this process goes on.
    assert!(now.is_err() || matches!(world, World::Embedded { .. }));

    world.crash().await;
    let bus = world.bus();
    let appended = bus.append(append.clone()).await.unwrap();
    assert_eq!(
        sequences(&bus.load(&KEPT, "test.kept.a", before).await.unwrap()),
        [appended.sequence]
    );
    assert!(bus.append(append).await.unwrap().repeated);
}

/// The embedded bus on a disk that is full is in `tests/embedded`.
#[tokio::test]
async fn a_broker_without_room_refuses_and_goes_on_when_there_is_room() {
    let world = World::nats().await;
    let bus = world.bus();
    put_to(&bus, &KEPT, "test.kept.a").await;
    world.limit(&KEPT, Some(64 * 1024)).await;
    let large = |subject: &str| {
        let payload = vec![7; 10_000].into();
        chassis::bus::Append { payload, expect: Expect::Any, ..message(&KEPT, subject) }
    };
    let mut stored = Vec::new();
    let error = loop {
        match bus.append(large("test.kept.a")).await {
            Ok(appended) => stored.push(appended.sequence),
            Err(error) => break error,
        }
        assert!(stored.len() < 20, "there is no limit");
    };
    assert!(error.is_transient());
    assert!(
        matches!(error, AppendError::Failed { source: BusError::Storage { .. }, .. }),
        "{error:?}"
    );
    let there = bus.load(&KEPT, "test.kept.a", 1).await.unwrap();
    assert_eq!(sequences(&there), stored, "what was refused is not there");

    world.limit(&KEPT, None).await;
    put(&bus, large("test.kept.a")).await;
}
