//! What is answered has been synced to the device: shown by tracing the system calls.

use std::{collections::BTreeMap, ops::Range};

use harness::process::Process;
use tokio::process::Command;

use crate::appender::{not_shown, program};

/// All of three digits, so that no id is the beginning of another.
const NUMBERS: Range<u64> = 100..125;

#[tokio::test]
async fn nothing_is_answered_before_it_is_synced() {
    let what = "that nothing is answered before it is synced";
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "1048576"]);
    command.args(["-e", "trace=pwrite64,write,fdatasync,fsync", "-o"]).arg(&trace);
    command.arg(program()).arg("singly").arg(directory.path().join("store"));
    command.arg(NUMBERS.start.to_string()).arg(NUMBERS.count().to_string());
    if Command::new("strace").arg("-V").output().await.is_err() {
        return not_shown(what, "there is no `strace`");
    }
    let mut process = Process::start("traced", command, directory.path());
    let ended = process.ended().await;
    if process.log().contains("ptrace") {
        return not_shown(what, &process.log());
    }
    assert!(ended.success(), "{}", process.log());
    check(&std::fs::read_to_string(&trace).unwrap());
}

/// How far one append is on its way to the device.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Way {
    /// A page that carries it is handed to the system.
    page: bool,
    /// So is a head of the file: without one, nothing leads to the page.
    head: bool,
    /// A sync of both.
    sync: Sync,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Sync {
    #[default]
    None,
    Begun,
    Ended,
}

/// Follows each append through the calls in their order, and wants it synced before it is answered.
fn check(trace: &str) {
    // Calls that other threads interrupted are told in two lines: the first has what was asked.
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut numbers = NUMBERS;
    let (mut number, mut way) = (numbers.next(), Way::default());
    for line in trace.lines() {
        let Some(of) = number else { break };
        let (thread, line) = line.split_once(' ').unwrap();
        let line = line.trim_start();
        let begins = !line.starts_with("<... ");
        let ends = !line.contains("<unfinished ...>");
        let call = if begins { line } else { begun.remove(thread).unwrap_or_default() };
        if !ends {
            begun.insert(thread, call);
        }
        match Call::of(call, of) {
            Call::Page => way.page |= ends,
            Call::Head => way.head |= ends,
            Call::Sync => {
                if begins && way.page && way.head && way.sync == Sync::None {
                    way.sync = Sync::Begun;
                }
                if ends && way.sync == Sync::Begun {
                    way.sync = Sync::Ended;
                }
            }
            Call::Answer if begins => {
                assert!(way.sync == Sync::Ended, "{of} was answered too early: {way:?}");
                (number, way) = (numbers.next(), Way::default());
            }
            Call::Answer | Call::Other => {}
        }
    }
    assert_eq!(number, None, "an append was never answered");
}

/// What a call means to the append of a number.
#[derive(Debug, Clone, Copy)]
enum Call {
    /// Writes a page that carries it.
    Page,
    /// Writes the head of the file.
    Head,
    /// Syncs the file.
    Sync,
    /// Says that it is appended.
    Answer,
    /// Nothing.
    Other,
}

impl Call {
    fn of(call: &str, number: u64) -> Self {
        let of_store = call.contains("bus.redb>");
        if of_store && call.starts_with("pwrite64(") {
            let (arguments, _) = call.rsplit_once([')', '<']).unwrap_or((call, ""));
            let at_head = arguments.trim_end().ends_with(", 0");
            if at_head {
                Self::Head
            } else if call.contains(&format!("message-{number}")) {
                Self::Page
            } else {
                Self::Other
            }
        } else if of_store && (call.starts_with("fdatasync(") || call.starts_with("fsync(")) {
            Self::Sync
        } else if call.starts_with("write(1<") && call.contains(&format!("LOG {number} ")) {
            Self::Answer
        } else {
            Self::Other
        }
    }
}
