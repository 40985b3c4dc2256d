//! A server whose storage is full says so, and takes messages again when there is room.

use bytes::Bytes;
use chassis::bus::{AppendError, BusError};
use proto::stream::{LOG, Service};

use crate::{
    server::Server,
    world::{connect, message},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_storage_is_named_and_passes() {
    let server = Server::start("full", "max_file_store: 1MB", "").await;
    let bus = connect(&server.address()).await.bus(Service::Detector);
    let large = |n: usize| {
        let mut append = message(&LOG, &format!("certherald.log.0.{n}"), &format!("id-{n}"));
        append.payload = Bytes::from(vec![0; 100_000]);
        append
    };
    let mut stored = 0;
    let error = loop {
        match bus.append(large(stored)).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!((5..12).contains(&stored), "{stored} messages fit");
    let AppendError::Failed { source: BusError::Storage { .. }, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(error.is_transient(), "it passes when there is room");
    let refused = format!("certherald.log.0.{stored}");
    assert_eq!(bus.last(&LOG, &refused).await.unwrap(), None, "refused, and there all the same");

    bus.purge(&LOG, "certherald.log.0.0", 0).await.unwrap();
    bus.purge(&LOG, "certherald.log.0.1", 0).await.unwrap();
    bus.append(large(stored)).await.unwrap();
    assert!(bus.last(&LOG, &refused).await.unwrap().is_some());
}
