//! A stream that loses its end: the machine died with what it had not synced yet.

use chassis::bus::{Followed, Following, From};
use harness::eventually::eventually;
use proto::stream::{LOG, Service};
use tokio::time::timeout;

use crate::{
    server::Server,
    world::{PATIENCE, connect, insist, message},
};

async fn next_id(following: &mut dyn Following) -> Option<String> {
    match timeout(PATIENCE, following.next()).await.unwrap().unwrap() {
        Followed::Message(message) => Some(message.id),
        Followed::CaughtUp => None,
    }
}

/// Waits until somebody reads along.
async fn followed(url: String) {
    let jetstream = async_nats::jetstream::new(async_nats::connect(url).await.unwrap());
    eventually("somebody reads along", async || {
        let stream = jetstream.get_stream(LOG.name).await.map_err(|error| error.to_string())?;
        match stream.cached_info().state.consumer_count {
            0 => Err("nobody".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_reads_what_takes_the_place_of_what_was_lost() {
    let mut server = Server::start("forgetful", "", "").await;
    let bus = connect(&server.address()).await.bus(Service::Detector);
    insist(&bus, message(&LOG, "certherald.log.0.a", "kept")).await;
    server.kill().await;
    let kept = server.stored();
    server.restart().await;
    let append =
        async |id| insist(&bus, message(&LOG, &format!("certherald.log.0.{id}"), id)).await;
    assert_eq!(append("lost").await, 2);
    let mut following = bus.follow(&LOG, LOG.subjects, From::Sequence(1)).await.unwrap();
    assert_eq!(next_id(&mut *following).await.as_deref(), Some("kept"));
    assert_eq!(next_id(&mut *following).await.as_deref(), Some("lost"));
    assert_eq!(next_id(&mut *following).await, None, "caught up");

    server.kill().await;
    server.take_back(&kept);
    server.restart().await;
    let write = async {
        followed(server.address()).await;
        assert_eq!(append("new").await, 2, "in the place of what was lost");
        append("newer").await;
    };
    let (next, ()) = tokio::join!(next_id(&mut *following), write);
    assert_eq!(next.as_deref(), Some("new"));
    assert_eq!(next_id(&mut *following).await.as_deref(), Some("newer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_from_what_is_yet_to_come_reads_nothing_before_it() {
    let server = Server::start("early", "", "").await;
    let bus = connect(&server.address()).await.bus(Service::Detector);
    let append =
        async |id| insist(&bus, message(&LOG, &format!("certherald.log.0.{id}"), id)).await;
    append("first").await;
    let mut following = bus.follow(&LOG, LOG.subjects, From::Sequence(4)).await.unwrap();
    assert_eq!(next_id(&mut *following).await, None, "caught up");
    for id in ["second", "third", "fourth"] {
        append(id).await;
    }
    assert_eq!(next_id(&mut *following).await.as_deref(), Some("fourth"));
}
