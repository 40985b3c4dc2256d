//! One process at a time.

use std::path::Path;

use chassis::bus::embedded::{Embedded, OpenError};
use harness::eventually::eventually;

use crate::appender;

#[tokio::test]
async fn a_second_process_is_told_who_has_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    let arguments = ["load".as_ref(), store.as_os_str(), "0".as_ref()];
    let mut first = appender::start("first", &arguments, directory.path());
    first.said("opened after ", |c| c == 'm').await;

    let second = ["singly".as_ref(), store.as_os_str(), "0".as_ref(), "1".as_ref()];
    let mut second = appender::start("second", &second, directory.path());
    assert!(!second.ended().await.success());
    let holder = format!("in use by appender, process {}, since 20", first.id());
    assert!(second.log().contains(&holder), "{}", second.log());
    assert!(matches!(Embedded::open(&store), Err(OpenError::Held { .. })));

    first.kill().await;
    let opened = Embedded::open(&store).unwrap();
    assert!(matches!(Embedded::open(&store), Err(OpenError::Held { .. })), "nor twice in one");
    opened.close().await;
    let again = Embedded::open(&store).unwrap();
    drop(again);
    eventually("the last handle that goes closes it", async || Embedded::open(&store).map(drop))
        .await;
}

#[tokio::test]
async fn what_is_no_store_is_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bus.redb");
    std::fs::write(&file, "a letter to a friend").unwrap();
    let error = Embedded::open(directory.path()).map(drop).unwrap_err();
    assert!(matches!(&error, OpenError::Database { path, .. } if *path == file), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "a letter to a friend");

    let error = Embedded::open(Path::new("/proc/nowhere")).map(drop).unwrap_err();
    assert!(error.to_string().contains("/proc/nowhere"), "{error}");
}
