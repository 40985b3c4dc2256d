//! The process under test.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use harness::process::Process;
use tokio::process::Command;

/// Where the program is.
pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_appender"))
}

/// Starts it with its log in a directory of the test's.
pub(crate) fn start(name: &str, arguments: &[&OsStr], logs: &Path) -> Process {
    let mut command = Command::new(program());
    command.args(arguments);
    Process::start(name, command, logs)
}

/// The lines of a log that begin with a word, without it. A last line that was cut short is left
/// out.
pub(crate) fn lines<'a>(log: &'a str, word: &str) -> Vec<&'a str> {
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().filter_map(|line| line.strip_prefix(word)).map(str::trim).collect()
}

/// Says why a test did nothing, so that nobody takes it for a success.
#[expect(clippy::print_stderr, reason = "a test that cannot run must say so")]
pub(crate) fn not_shown(what: &str, why: &str) {
    eprintln!("NOT SHOWN on this machine: {what}: {why}");
}
