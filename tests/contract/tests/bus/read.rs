//! Reading what is there: one subject, the last of many; and forgetting.

use proto::stream::{INVENTORY, LOG};

use crate::world::{KEPT, World, at, message, on_both_buses, put, put_to, sequences};

on_both_buses!(
    a_subject_is_loaded_in_order_above_a_version,
    a_long_history_is_loaded_whole,
    what_was_never_written_is_empty,
    the_last_of_each_subject_that_matches,
    the_last_of_thousands_of_subjects,
    a_purged_subject_begins_anew,
    of_a_purged_subject_the_last_may_be_kept,
);

async fn a_subject_is_loaded_in_order_above_a_version(world: World) {
    let bus = world.bus();
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(put_to(&bus, &KEPT, "test.kept.a").await);
        put_to(&bus, &KEPT, "test.kept.a.b").await;
        put_to(&bus, &KEPT, "test.kept.ab").await;
    }
    for (place, version) in expected.iter().enumerate() {
        let loaded = bus.load(&KEPT, "test.kept.a", *version).await.unwrap();
        assert_eq!(sequences(&loaded), expected[place + 1..]);
        let between = bus.load(&KEPT, "test.kept.a", version + 1).await.unwrap();
        assert_eq!(between, loaded, "a version that is not the subject's own");
    }
    let all = bus.load(&KEPT, "test.kept.a", 0).await.unwrap();
    assert_eq!(sequences(&all), expected);
    assert_eq!(bus.last(&KEPT, "test.kept.a").await.unwrap().as_ref(), all.last());
}

async fn a_long_history_is_loaded_whole(world: World) {
    let bus = world.bus();
    let appends = (0..1_000).map(|_| put_to(&bus, &KEPT, "test.kept.a"));
    let mut expected = futures::future::join_all(appends).await;
    expected.sort_unstable();
    assert_eq!(sequences(&bus.load(&KEPT, "test.kept.a", 0).await.unwrap()), expected);
}

async fn what_was_never_written_is_empty(world: World) {
    let bus = world.bus();
    assert_eq!(bus.load(&LOG, "certherald.log.1.a", 0).await.unwrap(), []);
    assert_eq!(bus.last(&INVENTORY, "certherald.inventory.domain.a").await.unwrap(), None);
    assert_eq!(bus.latest(&KEPT, "test.kept.>").await.unwrap(), []);
    put_to(&bus, &KEPT, "test.kept.a").await;
    assert_eq!(bus.load(&KEPT, "test.kept.b", 0).await.unwrap(), []);
    assert_eq!(bus.last(&KEPT, "test.kept.b").await.unwrap(), None);
    assert_eq!(bus.latest(&KEPT, "test.kept.b.>").await.unwrap(), []);
}

async fn the_last_of_each_subject_that_matches(world: World) {
    let bus = world.bus();
    let mut last = std::collections::BTreeMap::new();
    for subject in
        ["x.1.a", "y.1.b", "x.1.a", "x.2.a", "x.1", "x.1.a.b", "y.1.b", "x.1.b", "xx.1.a"]
    {
        last.insert(subject, put_to(&bus, &KEPT, &format!("test.kept.{subject}")).await);
    }
    for (pattern, subjects) in [
        ("test.kept.>", vec!["x.1.a", "x.2.a", "x.1", "x.1.a.b", "y.1.b", "x.1.b", "xx.1.a"]),
        ("test.kept.x.>", vec!["x.1.a", "x.2.a", "x.1", "x.1.a.b", "x.1.b"]),
        ("test.kept.*.1.*", vec!["x.1.a", "y.1.b", "x.1.b", "xx.1.a"]),
        ("test.kept.x.*.a", vec!["x.1.a", "x.2.a"]),
        ("test.kept.y.1.b", vec!["y.1.b"]),
        ("test.kept.z.>", vec![]),
    ] {
        let mut expected: Vec<_> = subjects.iter().map(|subject| last[subject]).collect();
        expected.sort_unstable();
        let found = bus.latest(&KEPT, pattern).await.unwrap();
        assert_eq!(sequences(&found), expected, "{pattern}");
    }
}

async fn the_last_of_thousands_of_subjects(world: World) {
    let bus = world.bus();
    let mut expected = Vec::new();
    for round in 0..2 {
        let appends =
            (0..1_000).map(|n| put(&bus, message(&KEPT, &format!("test.kept.{n}.{round}"))));
        expected = futures::future::join_all(appends).await;
    }
    expected.sort_unstable();
    let found = bus.latest(&KEPT, "test.kept.*.1").await.unwrap();
    assert_eq!(sequences(&found), expected);
}

async fn a_purged_subject_begins_anew(world: World) {
    let bus = world.bus();
    put_to(&bus, &KEPT, "test.kept.a").await;
    let other = put_to(&bus, &KEPT, "test.kept.b").await;
    let last = put_to(&bus, &KEPT, "test.kept.a").await;

    bus.purge(&KEPT, "test.kept.a", 0).await.unwrap();
    bus.purge(&KEPT, "test.kept.never", 0).await.unwrap();
    assert_eq!(bus.load(&KEPT, "test.kept.a", 0).await.unwrap(), []);
    assert_eq!(bus.last(&KEPT, "test.kept.a").await.unwrap(), None);
    assert_eq!(sequences(&bus.latest(&KEPT, "test.kept.>").await.unwrap()), [other]);

    let anew = put(&bus, at(0, message(&KEPT, "test.kept.a"))).await;
    assert!(anew > last, "a sequence is never used twice");
}

async fn of_a_purged_subject_the_last_may_be_kept(world: World) {
    let bus = world.bus();
    for _ in 0..3 {
        put_to(&bus, &KEPT, "test.kept.a").await;
    }
    let other = put_to(&bus, &KEPT, "test.kept.b").await;
    let last = put_to(&bus, &KEPT, "test.kept.a").await;
    for keep in [9, 1, 1] {
        bus.purge(&KEPT, "test.kept.a", keep).await.unwrap();
    }
    assert_eq!(sequences(&bus.load(&KEPT, "test.kept.a", 0).await.unwrap()), [last]);
    assert_eq!(sequences(&bus.load(&KEPT, "test.kept.b", 0).await.unwrap()), [other]);
    let next = put(&bus, at(last, message(&KEPT, "test.kept.a"))).await;
    assert!(next > last, "its version is what it was");
}
