//! Reading along.

use std::time::Duration;

use chassis::bus::{Followed, Following, From, Message};
use proto::stream::LOG;
use tokio::time::{Instant, timeout};

use crate::world::{A_WHILE, KEPT, SOON, World, follow, on_both_buses, put_to};

on_both_buses!(
    following_from_a_sequence_catches_up_and_goes_on,
    following_from_the_end_brings_only_what_is_new,
    following_an_empty_stream_has_caught_up_at_once,
    following_brings_only_what_matches,
    following_from_the_future_waits_for_it,
    a_long_stream_is_followed_without_a_gap_while_it_grows,
    a_wait_that_is_given_up_loses_nothing,
);

async fn message(following: &mut Box<dyn Following>) -> Message {
    match follow(following).await {
        Followed::Message(message) => message,
        Followed::CaughtUp => panic!("it has not caught up"),
    }
}

async fn nothing(following: &mut Box<dyn Following>) {
    if let Ok(item) = timeout(A_WHILE, following.next()).await {
        panic!("not to be brought: {item:?}");
    }
}

async fn following_from_a_sequence_catches_up_and_goes_on(world: World) {
    let bus = world.bus();
    let mut all = Vec::new();
    for n in 0..4 {
        all.push(put_to(&bus, &KEPT, &format!("test.kept.{n}")).await);
    }
    for (from, skipped) in [(0, 0), (1, 0), (all[2], 2)] {
        let mut following = bus.follow(&KEPT, "test.kept.>", From::Sequence(from)).await.unwrap();
        for sequence in all.iter().skip(skipped) {
            assert_eq!(message(&mut following).await.sequence, *sequence);
        }
        assert_eq!(follow(&mut following).await, Followed::CaughtUp);
        nothing(&mut following).await;
        let new = put_to(&bus, &KEPT, "test.kept.new").await;
        let brought = message(&mut following).await;
        assert_eq!(brought.sequence, new);
        assert_eq!(bus.last(&KEPT, "test.kept.new").await.unwrap(), Some(brought));
        all.push(new);
    }
}

async fn following_from_the_end_brings_only_what_is_new(world: World) {
    let bus = world.bus();
    put_to(&bus, &KEPT, "test.kept.old").await;
    let mut following = bus.follow(&KEPT, "test.kept.>", From::End).await.unwrap();
    // Appended before anything was asked of the following.
    let new = put_to(&bus, &KEPT, "test.kept.new").await;
    assert_eq!(follow(&mut following).await, Followed::CaughtUp);
    assert_eq!(message(&mut following).await.sequence, new);
    nothing(&mut following).await;
}

async fn following_an_empty_stream_has_caught_up_at_once(world: World) {
    let bus = world.bus();
    let mut following = bus.follow(&LOG, "certherald.log.3.>", From::Sequence(1)).await.unwrap();
    assert_eq!(follow(&mut following).await, Followed::CaughtUp);
    put_to(&bus, &LOG, "certherald.log.4.b").await;
    let new = put_to(&bus, &LOG, "certherald.log.3.a").await;
    assert_eq!(message(&mut following).await.sequence, new);
}

async fn following_brings_only_what_matches(world: World) {
    let bus = world.bus();
    for subject in ["a.x", "a.y", "b.x"] {
        put_to(&bus, &KEPT, &format!("test.kept.{subject}")).await;
    }
    let mut following = bus.follow(&KEPT, "test.kept.*.x", From::Sequence(1)).await.unwrap();
    assert_eq!(message(&mut following).await.subject, "test.kept.a.x");
    assert_eq!(message(&mut following).await.subject, "test.kept.b.x");
    assert_eq!(follow(&mut following).await, Followed::CaughtUp);
    put_to(&bus, &KEPT, "test.kept.c.y").await;
    put_to(&bus, &KEPT, "test.kept.c.x").await;
    assert_eq!(message(&mut following).await.subject, "test.kept.c.x");

    let mut none = bus.follow(&KEPT, "test.kept.none", From::Sequence(1)).await.unwrap();
    assert_eq!(follow(&mut none).await, Followed::CaughtUp, "nothing of it was on the stream");
}

async fn following_from_the_future_waits_for_it(world: World) {
    let bus = world.bus();
    let last = put_to(&bus, &KEPT, "test.kept.a").await;
    let from = From::Sequence(last + 2);
    let mut following = bus.follow(&KEPT, "test.kept.>", from).await.unwrap();
    assert_eq!(follow(&mut following).await, Followed::CaughtUp);
    put_to(&bus, &KEPT, "test.kept.a").await;
    let second = put_to(&bus, &KEPT, "test.kept.a").await;
    assert_eq!(message(&mut following).await.sequence, second);
}

async fn a_long_stream_is_followed_without_a_gap_while_it_grows(world: World) {
    let bus = world.bus();
    let grow = async |from: usize| {
        let appends = (from..from + 1_500).map(|n| format!("test.kept.{n}"));
        let puts = appends.map(|subject| {
            let bus = bus.clone();
            async move { put_to(&bus, &KEPT, &subject).await }
        });
        futures::future::join_all(puts).await;
    };
    grow(0).await;
    let mut following = bus.follow(&KEPT, "test.kept.>", From::Sequence(1)).await.unwrap();
    let read = async {
        let mut expected = 1;
        let mut caught_up = 0;
        while expected <= 3_000 {
            match follow(&mut following).await {
                Followed::Message(message) => {
                    assert_eq!(message.sequence, expected);
                    expected += 1;
                }
                Followed::CaughtUp => {
                    assert!(expected > 1_500, "all that was there has been read");
                    caught_up += 1;
                }
            }
        }
        caught_up
    };
    let ((), caught_up) = tokio::join!(grow(1_500), read);
    assert_eq!(caught_up, 1, "it is said once");
}

async fn a_wait_that_is_given_up_loses_nothing(world: World) {
    let bus = world.bus();
    let mut following = bus.follow(&KEPT, "test.kept.>", From::End).await.unwrap();
    let grow = async {
        for n in 0..50 {
            put_to(&bus, &KEPT, &format!("test.kept.{n}")).await;
        }
    };
    let read = async {
        let began = Instant::now();
        let mut expected = 1;
        while expected <= 50 {
            assert!(began.elapsed() < SOON, "only {} came", expected - 1);
            if let Ok(item) = timeout(Duration::from_micros(300), following.next()).await
                && let Followed::Message(message) = item.unwrap()
            {
                assert_eq!(message.sequence, expected);
                expected += 1;
            }
        }
    };
    tokio::join!(grow, read);
}
