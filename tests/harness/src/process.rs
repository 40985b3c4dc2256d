//! A process of the system, or beside it: started, watched, frozen, killed.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::eventually::eventually;

/// Bytes of a log that a failing test prints: about a hundred lines.
const LOG_TAIL_BYTES: u64 = 16 * 1024;

/// One running process. Dropping it kills it; if the test is failing, the end of its log is
/// printed.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with both outputs going to a file in `directory`, called after `name`. A
    /// file of that name is continued, so that a restarted process keeps one log.
    pub fn start(name: &str, mut command: Command, directory: &Path) -> Self {
        let log = directory.join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log).unwrap();
        command.stdin(Stdio::null()).kill_on_drop(true);
        command.stdout(out.try_clone().unwrap()).stderr(out);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self { name: name.to_owned(), child, log }
    }

    /// All that it wrote so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits for what follows `before` on a line of the log, up to a character that `ends`.
    pub async fn said(&mut self, before: &str, ends: fn(char) -> bool) -> String {
        self.said_since(0, before, ends).await
    }

    /// As [`Process::said`], reading the log only from an earlier length of it.
    pub async fn said_since(
        &mut self,
        length: usize,
        before: &str,
        ends: fn(char) -> bool,
    ) -> String {
        let what = format!("{} says `{before}…`", self.name);
        eventually(&what, async || {
            let log = self.log();
            let heard = log.get(length..).unwrap_or_default().split_once(before);
            let word =
                heard.and_then(|(_, rest)| Some(rest.split_at(rest.find(ends)?).0.to_owned()));
            match (word, self.child.try_wait().unwrap()) {
                (Some(word), _) => Ok(word),
                (None, Some(status)) => panic!("{} ended with {status}:\n{log}", self.name),
                (None, None) => Err(log),
            }
        })
        .await
    }

    /// Number of this process, for tools that look at it from outside.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap_or_else(|| panic!("{} has ended:\n{}", self.name, self.log()))
    }

    /// Whether it is still there.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Stops it in the midst of whatever it does, as a machine under memory pressure does.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on where it was frozen.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends it at this instant: no handler runs, nothing is flushed.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().await.unwrap()
    }

    /// Waits until it ends by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "the report of a failing test")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- log of {} ends with:\n{}---", self.name, tail(&self.log));
        }
    }
}

fn tail(path: &Path) -> String {
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_else(|error| format!("(unreadable: {error})\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn what_a_process_says_is_heard() {
        let directory = tempfile::tempdir().unwrap();
        let mut process =
            Process::start("speaker", shell("echo port 80, ready; sleep 60"), directory.path());
        assert_eq!(process.said("port ", |c| c == ',').await, "80");
        assert!(process.is_running());
        process.kill().await;
        assert!(!process.is_running());
    }

    #[tokio::test]
    async fn a_frozen_process_does_nothing_until_it_is_thawed() {
        let directory = tempfile::tempdir().unwrap();
        let script = "trap 'echo asked; exit 3' TERM; echo up.; while :; do sleep 0.01; done";
        let mut process = Process::start("sleeper", shell(script), directory.path());
        process.said("up", |c| c == '.').await;
        process.freeze();
        process.signal(Signal::TERM);
        assert!(!process.log().contains("asked"));
        process.thaw();
        assert_eq!(process.ended().await.code(), Some(3));
    }

    #[tokio::test]
    #[should_panic(expected = "brief ended with exit status: 7")]
    async fn waiting_for_a_process_that_has_ended_is_pointless() {
        let directory = tempfile::tempdir().unwrap();
        let mut process = Process::start("brief", shell("echo bye; exit 7"), directory.path());
        process.said("hello", |c| c == '\n').await;
    }
}
