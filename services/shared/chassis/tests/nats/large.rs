//! Many subjects, many messages, large messages: in bounded batches, and complete.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use chassis::bus::{Expect, Followed, From, SharedBus};
use futures::{StreamExt, stream};
use harness::nats::Nats;
use proto::stream::{FACTS, INTERMEDIATES, LOG, MESSAGE_BYTES_MAX, Service};
use tokio::time::timeout;

use crate::world::{connect, ids, message};

const PATIENCE: Duration = Duration::from_mins(1);

async fn fill(bus: &SharedBus, subjects: usize, each: usize) {
    stream::iter(0..subjects * each)
        .for_each_concurrent(256, |n| async move {
            let (subject, round) = (n % subjects, n / subjects);
            let append = message(
                &FACTS,
                &format!("certherald.facts.0.{subject}"),
                &format!("{subject}-{round}"),
            );
            bus.append(append).await.unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_of_many_subjects_is_one_of_each_in_order() {
    let broker = Nats::start().await;
    let bus = connect(&broker.url()).await.bus(Service::Detector);
    fill(&bus, 9_000, 2).await;
    let latest = timeout(PATIENCE, bus.latest(&FACTS, FACTS.subjects)).await.unwrap().unwrap();
    let subjects: BTreeSet<_> = latest.iter().map(|message| &message.subject).collect();
    assert_eq!((latest.len(), subjects.len()), (9_000, 9_000));
    assert!(latest.is_sorted_by_key(|message| message.sequence));
    assert!(bus.latest(&FACTS, "certherald.facts.9.>").await.unwrap().is_empty());
    let one = bus.latest(&FACTS, "certherald.facts.*.77").await.unwrap();
    assert_eq!(ids(&one), ["77-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_is_found_while_others_write_all_the_time() {
    let broker = Nats::start().await;
    let bus = connect(&broker.url()).await.bus(Service::Detector);
    fill(&bus, 3_000, 1).await;
    let writing = async {
        for n in 0_u64.. {
            let subject = format!("certherald.facts.0.{}", n % 3_000);
            bus.append(message(&FACTS, &subject, &format!("more-{n}"))).await.unwrap();
        }
    };
    let reading = async {
        for _ in 0..10 {
            let latest = bus.latest(&FACTS, FACTS.subjects).await.unwrap();
            assert_eq!(latest.len(), 3_000, "one of each, in the midst of writing");
        }
    };
    tokio::select! {
        () = writing => unreachable!("it goes on for ever"),
        read = timeout(PATIENCE, reading) => read.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_loaded_whole_and_from_any_version() {
    let broker = Nats::start().await;
    let bus = connect(&broker.url()).await.bus(Service::Detector);
    let subject = "certherald.log.0.x";
    let mut version = 0;
    for n in 0..600 {
        let mut append = message(&LOG, subject, &format!("id-{n}"));
        append.expect = Expect::Version(version);
        version = bus.append(append).await.unwrap().sequence;
        bus.append(message(&LOG, "certherald.log.0.y", &format!("other-{n}"))).await.unwrap();
    }
    let whole = bus.load(&LOG, subject, 0).await.unwrap();
    assert_eq!(ids(&whole), (0..600).map(|n| format!("id-{n}")).collect::<Vec<_>>());
    let tail = bus.load(&LOG, subject, whole[597].sequence).await.unwrap();
    assert_eq!(tail, whole[598..]);
    assert!(bus.load(&LOG, subject, version).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_messages_pass_through_every_way_of_reading() {
    let broker = Nats::start().await;
    let bus = connect(&broker.url()).await.bus(Service::Detector);
    for n in 0..40_u8 {
        let mut append = message(&INTERMEDIATES, &format!("certherald.intermediates.{n}"), "id");
        append.payload =
            Bytes::from(vec![n; MESSAGE_BYTES_MAX - append.bytes() + append.payload.len()]);
        append.id = format!("{n:02}");
        bus.append(append).await.unwrap();
    }
    let latest = bus.latest(&INTERMEDIATES, INTERMEDIATES.subjects).await.unwrap();
    assert_eq!(latest.len(), 40);
    for message in &latest {
        assert_eq!(
            bus.last(&INTERMEDIATES, &message.subject).await.unwrap().as_ref(),
            Some(message)
        );
        assert_eq!(&bus.load(&INTERMEDIATES, &message.subject, 0).await.unwrap()[0], message);
    }
    let mut following =
        bus.follow(&INTERMEDIATES, INTERMEDIATES.subjects, From::Sequence(1)).await.unwrap();
    for message in latest {
        let next = timeout(PATIENCE, following.next()).await.unwrap().unwrap();
        assert!(next == Followed::Message(message), "messages differ");
    }
    assert_eq!(following.next().await.unwrap(), Followed::CaughtUp);
}
