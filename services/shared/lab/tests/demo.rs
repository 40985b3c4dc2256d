//! The demonstration as its visitors find it.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeSet;

use jiff::Timestamp;
use lab::demo::{Demo, Exhibit};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn every_broken_exhibit_is_mended_early_enough_to_be_seen_recovering() {
    let demo = Demo::open(now()).await.unwrap();

    let unmended: Vec<_> =
        demo.exhibits().iter().filter(|exhibit| exhibit.mended_after().is_none()).collect();
    assert_eq!(unmended.len(), 1);
    assert_eq!(unmended[0].name(), "fine.demo.test");
    let early = demo.exhibits().iter().filter_map(Exhibit::mended_after);
    let early = early.filter(|after| after.as_secs() <= 30).count();
    assert!(early >= 5, "three clean looks take a minute, and a newcomer watches for two");
}

#[tokio::test]
async fn names_and_ports_differ_and_are_described() {
    let demo = Demo::open(now()).await.unwrap();
    let exhibits = demo.exhibits();
    let names: BTreeSet<_> = exhibits.iter().map(Exhibit::name).collect();
    let ports: BTreeSet<_> = exhibits.iter().map(Exhibit::port).collect();
    assert_eq!((names.len(), ports.len()), (exhibits.len(), exhibits.len()));
    let description = demo.to_string();
    for exhibit in exhibits {
        assert!(description.contains(&exhibit.domain()), "{description}");
        assert!(description.contains(exhibit.trouble()), "{description}");
    }
}

#[tokio::test(start_paused = true)]
async fn running_mends_everything_and_ends_when_told() {
    let demo = Demo::open(now()).await.unwrap();
    let closed = demo.exhibits().iter().find(|exhibit| exhibit.name() == "closed.demo.test");
    let closed = (closed.unwrap().address(), closed.unwrap().port());
    TcpStream::connect(closed).await.unwrap_err();
    let shutdown = CancellationToken::new();

    let visit = async {
        // Time is paused and jumps from one mending to the next.
        while TcpStream::connect(closed).await.is_err() {
            tokio::time::advance(std::time::Duration::from_secs(1)).await;
        }
        shutdown.cancel();
    };
    tokio::join!(demo.run(shutdown.clone()), visit);
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}
