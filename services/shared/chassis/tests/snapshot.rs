//! A snapshot is whole or empty, whatever happened to its files.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use chassis::snapshot::{Change, Restored, Snapshot, SnapshotError};

type State = BTreeMap<Vec<u8>, Vec<u8>>;

const FORMAT: u32 = 7;

async fn open(directory: &Path) -> Snapshot {
    Snapshot::open(directory, FORMAT).await.unwrap()
}

async fn restored(snapshot: &Snapshot) -> Restored<State> {
    snapshot
        .restore(State::new, |state, key, value| {
            state.insert(key.to_vec(), value.to_vec());
        })
        .await
}

fn entry(n: u32, value: &str) -> (Vec<u8>, Vec<u8>) {
    (n.to_be_bytes().to_vec(), value.repeat(20).into_bytes())
}

/// 5,000 entries in ten writes, at position 5,000.
async fn filled(directory: &Path) -> Restored<State> {
    let snapshot = open(directory).await;
    for part in 0..10 {
        let puts = (part * 500..(part + 1) * 500).map(|n| entry(n, "first")).collect();
        let positions = vec![("FACTS".to_owned(), u64::from(part + 1) * 500)];
        snapshot.write(Change { puts, positions, removals: vec![] }).await;
    }
    let all = restored(&snapshot).await;
    assert_eq!((all.state.len(), all.positions["FACTS"]), (5_000, 5_000));
    snapshot.close().await;
    all
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = filled(directory.path()).await;
    let snapshot = open(directory.path()).await;
    assert_eq!(restored(&snapshot).await, expected);

    let (key, value) = entry(1, "second");
    let (gone, _) = entry(2, "");
    expected.state.insert(key.clone(), value.clone());
    expected.state.remove(&gone);
    expected.positions.insert("FACTS".to_owned(), 5_001);
    let positions = vec![("FACTS".to_owned(), 5_001)];
    let change = Change { puts: vec![(key, value)], removals: vec![gone], positions };
    snapshot.write(change).await;
    assert_eq!(restored(&snapshot).await, expected);
    snapshot.close().await;
    assert_eq!(restored(&open(directory.path()).await).await, expected);
}

#[tokio::test]
async fn a_change_before_reading_adds_to_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = filled(directory.path()).await;
    let snapshot = open(directory.path()).await;
    let (key, value) = entry(9_999, "new");
    snapshot.write(Change { puts: vec![(key.clone(), value.clone())], ..Change::default() }).await;
    expected.state.insert(key, value);
    assert_eq!(restored(&snapshot).await, expected);
}

#[tokio::test]
async fn what_is_discarded_is_not_there_and_what_is_written_then_is() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    let snapshot = open(directory.path()).await;
    snapshot.discard().await;
    assert_eq!(restored(&snapshot).await, Restored::default());
    let (key, value) = entry(1, "new");
    snapshot.write(Change { puts: vec![(key.clone(), value.clone())], ..Change::default() }).await;
    snapshot.close().await;
    let again = restored(&open(directory.path()).await).await;
    assert_eq!(again.state, State::from([(key, value)]));
}

#[tokio::test]
async fn another_format_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    let snapshot = Snapshot::open(directory.path(), FORMAT + 1).await.unwrap();
    assert_eq!(restored(&snapshot).await, Restored::default());
    snapshot.close().await;
    assert_eq!(restored(&open(directory.path()).await).await, Restored::default());
}

#[tokio::test]
async fn a_second_process_is_told_and_the_first_is_not_harmed() {
    let directory = tempfile::tempdir().unwrap();
    let expected = filled(directory.path()).await;
    let snapshot = open(directory.path()).await;
    let second = Snapshot::open(directory.path(), FORMAT).await.err().unwrap();
    assert!(matches!(second, SnapshotError::InUse { .. }), "{second}");
    assert_eq!(restored(&snapshot).await, expected);
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    File::create(&path).unwrap();
    let error = Snapshot::open(&path, FORMAT).await.err().unwrap();
    assert!(error.to_string().contains("file"), "{error}");
}

/// Damages the files in many ways, as a disk or a power cut does: bytes changed, the end cut off,
/// the end empty. What is found is all that was there at some moment, or nothing; never a mixture.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_is_that_of_one_moment_or_empty() {
    let original = tempfile::tempdir().unwrap();
    let whole = filled(original.path()).await;
    let mut discarded = 0;
    for round in 0..60_usize {
        let directory = tempfile::tempdir().unwrap();
        copy(original.path(), directory.path());
        damage(directory.path(), round);
        let snapshot = open(directory.path()).await;
        let found = restored(&snapshot).await;
        // A log that was cut off is that of an earlier moment, with the position of that moment.
        let position = found.positions.get("FACTS").copied().unwrap_or_default();
        let then = whole.state.clone().into_iter().take(usize::try_from(position).unwrap());
        assert!(found.state == then.collect(), "round {round} is not what it was at {position}");
        discarded += usize::from(position == 0);
        // It can be used again at once, and keeps what it is given.
        let (key, value) = entry(1, "again");
        let puts = vec![(key.clone(), value.clone())];
        snapshot.write(Change { puts, ..Change::default() }).await;
        snapshot.close().await;
        let again = restored(&open(directory.path()).await).await;
        assert_eq!(again.state.get(&key), Some(&value), "round {round}");
    }
    assert!(discarded >= 20, "{discarded} of 60 were discarded: the damage is not worth its name");
}

fn damage(directory: &Path, round: usize) {
    let files = files(directory);
    let file = &files[round % files.len()];
    let mut bytes = fs::read(file).unwrap();
    match round % 3 {
        0 => {
            // A fixed stride, so that each round is the same again.
            let from = (round * 7_919) % bytes.len().max(1);
            let until = (from + 512).min(bytes.len());
            bytes[from..until].fill(0xa5);
        }
        1 => bytes.truncate(bytes.len() * (round % 10) / 10),
        _ => {
            let from = (round * 104_729) % bytes.len().max(1);
            bytes[from..].fill(0);
        }
    }
    fs::write(file, bytes).unwrap();
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if fs::metadata(&path).unwrap().len() > 0 {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
