//! Leases: one holder at a time, and a number that shows who was overtaken.

use std::time::Duration;

use chassis::bus::{Lease, SharedBus};
use harness::eventually::eventually;
use tokio::time::Instant;

use crate::world::{World, on_both_buses};

on_both_buses!(
    one_holds_a_lease_and_renews_it,
    a_lease_that_runs_out_is_taken_over_and_fences_its_old_holder,
    a_lease_that_is_given_back_is_free_at_once,
    who_holds_a_lease_is_told_as_long_as_it_is_held,
    of_many_who_want_a_lease_one_gets_it,
    fences_grow_beyond_a_crash,
    the_time_goes_on,
);

/// The limit of those who let it pass: the shortest that every bus can do.
const LIMIT: Duration = Duration::from_secs(1);

/// The limit of those who renew in time, however slow the disk.
const LONG: Duration = Duration::from_secs(5);

async fn acquire(bus: &SharedBus, holder: &str, limit: Duration) -> Option<Lease> {
    bus.acquire("detector", holder, limit).await.unwrap()
}

/// Takes the lease as soon as it is free.
async fn take_over(bus: &SharedBus, holder: &str) -> Lease {
    let take = async || acquire(bus, holder, LONG).await.ok_or("held");
    eventually("the lease is taken over", take).await
}

async fn one_holds_a_lease_and_renews_it(world: World) {
    let bus = world.bus();
    let mut lease = acquire(&bus, "a", LONG).await.unwrap();
    assert_eq!((lease.name.as_str(), lease.holder.as_str()), ("detector", "a"));
    assert!(bus.acquire("notifier", "b", LONG).await.unwrap().is_some(), "another lease is free");
    // Renewed for longer than its limit, nobody else gets it.
    let began = Instant::now();
    while began.elapsed() < LONG * 3 / 2 {
        assert_eq!(acquire(&bus, "b", LONG).await, None);
        assert_eq!(acquire(&bus, "a", LONG).await, None, "taking it twice would split its holder");
        let renewed = bus.renew(&lease).await.unwrap().unwrap();
        assert!(renewed.fence > lease.fence);
        lease = renewed;
        tokio::time::sleep(LONG / 20).await;
    }
}

async fn a_lease_that_runs_out_is_taken_over_and_fences_its_old_holder(world: World) {
    let bus = world.bus();
    let began = Instant::now();
    let old = acquire(&bus, "a", LIMIT).await.unwrap();
    let new = take_over(&bus, "b").await;
    assert!(began.elapsed() >= LIMIT * 9 / 10, "after {:?}", began.elapsed());
    assert!(new.fence > old.fence);
    assert_eq!(bus.renew(&old).await.unwrap(), None);
    bus.release(&old).await.unwrap();
    assert!(bus.renew(&new).await.unwrap().is_some(), "the old holder cannot give it back");

    // Once more: the limit is kept after a take-over too.
    let third = take_over(&bus, "c").await;
    assert!(third.fence > new.fence);
}

async fn a_lease_that_is_given_back_is_free_at_once(world: World) {
    let bus = world.bus();
    let long = Duration::from_mins(1);
    let first = bus.acquire("detector", "a", long).await.unwrap().unwrap();
    let renewed = bus.renew(&first).await.unwrap().unwrap();
    bus.release(&renewed).await.unwrap();
    let second = bus.acquire("detector", "b", long).await.unwrap().unwrap();
    assert!(second.fence > renewed.fence);
    assert_eq!(bus.renew(&renewed).await.unwrap(), None);
    bus.release(&renewed).await.unwrap();
    assert!(bus.renew(&second).await.unwrap().is_some());
}

async fn who_holds_a_lease_is_told_as_long_as_it_is_held(world: World) {
    let bus = world.bus();
    let holder = async || bus.holder("detector").await.unwrap();
    assert_eq!(holder().await, None, "nobody ever held it");
    let lease = acquire(&bus, "a", LONG * 6).await.unwrap();
    assert_eq!(holder().await.as_deref(), Some("a"));
    assert_eq!(bus.holder("notifier").await.unwrap(), None, "another lease is another's");
    let renewed = bus.renew(&lease).await.unwrap().unwrap();
    assert_eq!(holder().await.as_deref(), Some("a"));
    bus.release(&renewed).await.unwrap();
    assert_eq!(holder().await, None, "it was given back");

    acquire(&bus, "b", LIMIT).await.unwrap();
    assert_eq!(holder().await.as_deref(), Some("b"));
    let gone = async || holder().await.map_or(Ok(()), Err);
    eventually("nobody is told to hold what ran out", gone).await;
    assert_eq!(take_over(&bus, "c").await.holder, "c");
}

async fn of_many_who_want_a_lease_one_gets_it(world: World) {
    let bus = world.bus();
    let race = (0..8).map(|n| {
        let bus = bus.clone();
        async move { bus.acquire("detector", &format!("holder-{n}"), LONG * 6).await.unwrap() }
    });
    let won = futures::future::join_all(race).await.into_iter().flatten().count();
    assert_eq!(won, 1);
}

async fn fences_grow_beyond_a_crash(mut world: World) {
    let bus = world.bus();
    let before = acquire(&bus, "a", LONG).await.unwrap();
    let before = bus.renew(&before).await.unwrap().unwrap();
    world.crash().await;
    let after = take_over(&world.bus(), "b").await;
    assert!(after.fence > before.fence);
    assert_eq!(world.bus().renew(&before).await.unwrap(), None);
}

async fn the_time_goes_on(world: World) {
    let bus = world.bus();
    let first = bus.now().await.unwrap();
    let second = bus.now().await.unwrap();
    assert!(second >= first);
    let off = harness::surroundings::now().duration_since(second).abs();
    assert!(off < jiff::SignedDuration::from_secs(5), "off by {off}");
}
