//! Appending: versions, repeats, sizes.

use bytes::Bytes;
use chassis::bus::{Append, AppendError, Appended, BusError};
use proto::stream::{LOG, MESSAGE_BYTES_MAX};

use crate::world::{KEPT, World, at, message, on_both_buses, put, put_to};

on_both_buses!(
    a_message_is_appended_at_the_version_it_expects,
    of_many_who_expect_one_version_one_succeeds,
    the_same_id_twice_is_stored_once,
    a_repeat_is_known_at_an_old_version_and_after_a_crash,
    a_message_comes_back_as_it_was_appended,
    the_largest_message_fits_and_one_byte_more_does_not,
    a_subject_of_another_stream_is_refused,
    many_at_once_are_all_stored,
);

async fn a_message_is_appended_at_the_version_it_expects(world: World) {
    let bus = world.bus();
    let first = put(&bus, at(0, message(&KEPT, "test.kept.a"))).await;
    let other = put(&bus, at(0, message(&KEPT, "test.kept.b"))).await;
    let second = put(&bus, at(first, message(&KEPT, "test.kept.a"))).await;
    assert!(first < other && other < second);

    for wrong in [0, first, other, second + 1] {
        let error = bus.append(at(wrong, message(&KEPT, "test.kept.a"))).await.unwrap_err();
        assert!(!error.is_transient(), "it will not fit later either");
        assert!(
            matches!(&error, AppendError::Outrun { subject, expected }
                if subject == "test.kept.a" && *expected == wrong),
            "{error}"
        );
    }
    assert_eq!(bus.load(&KEPT, "test.kept.a", 0).await.unwrap().len(), 2);
}

async fn of_many_who_expect_one_version_one_succeeds(world: World) {
    let bus = world.bus();
    put_to(&bus, &KEPT, "test.kept.other").await;
    let race = (0..16).map(|_| bus.append(at(0, message(&KEPT, "test.kept.a"))));
    let results = futures::future::join_all(race).await;
    let won: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
    let outrun = results.iter().filter(|result| matches!(result, Err(AppendError::Outrun { .. })));
    assert_eq!((won.len(), outrun.count()), (1, 15));
    let last = bus.last(&KEPT, "test.kept.a").await.unwrap().unwrap();
    assert_eq!(last.sequence, won[0].sequence);
}

async fn the_same_id_twice_is_stored_once(world: World) {
    let bus = world.bus();
    let append = message(&KEPT, "test.kept.a");
    let first = put(&bus, append.clone()).await;
    for _ in 0..2 {
        let again = bus.append(append.clone()).await.unwrap();
        assert_eq!(again, Appended { sequence: first, repeated: true });
    }
    assert_eq!(bus.load(&KEPT, "test.kept.a", 0).await.unwrap().len(), 1);
}

async fn a_repeat_is_known_at_an_old_version_and_after_a_crash(mut world: World) {
    let bus = world.bus();
    let before = put_to(&bus, &KEPT, "test.kept.a").await;
    let append = at(before, message(&KEPT, "test.kept.a"));
    let sequence = put(&bus, append.clone()).await;
    let repeat = Appended { sequence, repeated: true };
    assert_eq!(bus.append(append.clone()).await.unwrap(), repeat);

    world.crash().await;
    let bus = world.bus();
    assert_eq!(bus.append(append.clone()).await.unwrap(), repeat);

    put(&bus, at(sequence, message(&KEPT, "test.kept.a"))).await;
    let error = bus.append(append).await.unwrap_err();
    assert!(matches!(error, AppendError::Outrun { .. }), "it is not the last any more: {error}");
}

async fn a_message_comes_back_as_it_was_appended(world: World) {
    let bus = world.bus();
    let began = bus.now().await.unwrap();
    let append = Append {
        headers: vec![("ce-type", "expired".to_owned()), ("ce-id", "a b%20é".to_owned())],
        payload: Bytes::from_static(b"\0\xff content"),
        ..message(&LOG, "certherald.log.3.a")
    };
    let sequence = put(&bus, append.clone()).await;
    let ended = bus.now().await.unwrap();

    let back = bus.last(&LOG, "certherald.log.3.a").await.unwrap().unwrap();
    assert_eq!((back.sequence, &back.id, &back.subject), (sequence, &append.id, &append.subject));
    assert_eq!(back.payload, append.payload);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(back.headers, [header("ce-id", "a b%20é"), header("ce-type", "expired")]);
    // The two are read from one clock, which is exact to the microsecond at best.
    let stored_at = back.stored_at + std::time::Duration::from_micros(1);
    assert!(began <= stored_at && back.stored_at <= ended, "{began} {} {ended}", back.stored_at);
    let loaded = bus.load(&LOG, "certherald.log.3.a", 0).await.unwrap();
    assert_eq!(loaded, bus.latest(&LOG, LOG.subjects).await.unwrap());
    assert_eq!(loaded, [back]);
}

async fn the_largest_message_fits_and_one_byte_more_does_not(world: World) {
    let bus = world.bus();
    let empty = Append {
        payload: Bytes::new(),
        headers: vec![("ce-type", "expired".to_owned())],
        ..message(&KEPT, "test.kept.a")
    };
    let room = MESSAGE_BYTES_MAX - empty.bytes();
    assert!(room > MESSAGE_BYTES_MAX - 1_024);

    let too_large = Append { payload: Bytes::from(vec![7; room + 1]), ..empty.clone() };
    let error = bus.append(too_large).await.unwrap_err();
    assert!(
        matches!(error, AppendError::TooLarge { bytes, max, .. }
            if max == MESSAGE_BYTES_MAX && bytes == max + 1),
        "{error}"
    );

    let largest = Append { payload: Bytes::from(vec![7; room]), ..empty };
    let sequence = put(&bus, at(0, largest.clone())).await;
    let back = bus.last(&KEPT, "test.kept.a").await.unwrap().unwrap();
    assert_eq!(back.sequence, sequence);
    assert!(back.payload == largest.payload, "another content came back");
}

async fn a_subject_of_another_stream_is_refused(world: World) {
    let bus = world.bus();
    put_to(&bus, &KEPT, "test.kept.a").await;
    for subject in ["certherald.log.3.a", "test.kept.*", "test.kept.>", "test.kept", "test.kept..a"]
    {
        let error = bus.append(message(&KEPT, subject)).await.unwrap_err();
        assert!(!error.is_transient());
        assert!(
            matches!(error, AppendError::Failed { source: BusError::Refused { .. }, .. }),
            "{subject}: {error}"
        );
    }
    assert_eq!(bus.latest(&KEPT, "test.kept.>").await.unwrap().len(), 1);
}

async fn many_at_once_are_all_stored(world: World) {
    let bus = world.bus();
    let writer = async |writer: usize| {
        let subject = format!("test.kept.{writer}");
        let mut version = 0;
        for _ in 0..20 {
            version = put(&bus, at(version, message(&KEPT, &subject))).await;
        }
        version
    };
    let last = futures::future::join_all((0..64).map(writer)).await;

    assert_eq!(last.iter().max(), Some(&(64 * 20)), "no sequence is left out");
    for (writer, last) in last.iter().enumerate() {
        let messages = bus.load(&KEPT, &format!("test.kept.{writer}"), 0).await.unwrap();
        assert_eq!(messages.len(), 20);
        assert_eq!(messages.last().unwrap().sequence, *last);
        assert!(messages.is_sorted_by_key(|message| message.sequence));
    }
}
