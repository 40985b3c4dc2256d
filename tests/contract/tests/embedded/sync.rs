//! What is answered has been synced to the device: shown by tracing the system calls.

use std::{collections::BTreeMap, path::Path};

use harness::process::Process;
use tokio::process::Command;

use crate::appender::{not_shown, program};

const APPENDS: usize = 25;

#[tokio::test]
async fn nothing_is_answered_before_it_is_synced() {
    let what = "that nothing is answered before it is synced";
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-e", "trace=pwrite64,write,fdatasync,fsync,ftruncate", "-o"]);
    command.arg(&trace).arg(program()).arg("singly");
    command.arg(directory.path().join("store")).arg(APPENDS.to_string());
    if Command::new("strace").arg("-V").output().await.is_err() {
        return not_shown(what, "there is no `strace`");
    }
    let mut process = Process::start("traced", command, directory.path());
    let ended = process.ended().await;
    if process.log().contains("ptrace") {
        return not_shown(what, &process.log());
    }
    assert!(ended.success(), "{}", process.log());
    let (answered, amid_writes) = check(&trace);
    assert_eq!(answered, APPENDS);
    // The store's own housekeeping may begin to write between a sync and the answer, now and then;
    // a store that answers before its last byte is synced does so every time.
    assert!(amid_writes <= APPENDS / 5, "{amid_writes} answers came before all was synced");
}

/// Reads the calls in their order; answers how many appends were answered, each after a sync of its
/// own, and at how many of the answers something was written that was not synced yet.
fn check(trace: &Path) -> (usize, usize) {
    let text = std::fs::read_to_string(trace).unwrap();
    // Calls that other threads interrupted are told in two lines: what the first says of the file
    // is kept.
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut unsynced, mut syncs, mut answered, mut amid_writes) = (false, 0, 0, 0);
    for line in text.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if call.contains("<unfinished") {
            begun.insert(thread, call);
        }
        let (call, is_over) = match call.strip_prefix("<... ") {
            Some(_) => (begun.remove(thread).unwrap_or_default(), true),
            None => (call, !call.contains("<unfinished")),
        };
        let of_store = call.contains("bus.redb>");
        if of_store && (call.starts_with("pwrite64(") || call.starts_with("ftruncate(")) {
            unsynced = true;
        }
        if of_store && (call.starts_with("fdatasync(") || call.starts_with("fsync(")) && is_over {
            unsynced = false;
            syncs += 1;
        }
        if call.starts_with("write(1<") && call.contains("\"appended LOG ") && is_over {
            answered += 1;
            amid_writes += usize::from(unsynced);
            assert!(syncs > 0, "answer {answered} came without a sync");
            syncs = 0;
        }
    }
    (answered, amid_writes)
}
