//! A second process for the other side, so that its time and memory are not counted as ours.

use std::{
    ffi::OsStr,
    io::{self, BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal};

/// The other side. It ends when this is dropped.
#[derive(Debug)]
pub struct Peer {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    child: Child,
}

/// The word by which this program knows that it is the other side.
const ROLE: &str = "--peer";

/// Whether this process was started to be the other side.
pub fn is_peer() -> bool {
    std::env::args().nth(1).as_deref() == Some(ROLE)
}

impl Peer {
    /// Starts this very program again as the other side, and waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or says something else.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[])
    }

    /// The same, with arguments.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn start_with(arguments: &[&OsStr]) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ROLE)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no output to read"))?;
        // Whatever it says, it ends when this does.
        let mut peer = Self { addresses: Vec::new(), child };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let addresses: Result<Vec<_>, _> = line.split_whitespace().map(str::parse).collect();
        peer.addresses =
            addresses.map_err(|error| io::Error::other(format!("{error}: `{line}`")))?;
        Ok(peer)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    pub fn stop(mut self) -> io::Result<()> {
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait().map(drop)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Says, as the other side, where it listens, and ends with whoever started it.
///
/// # Errors
///
/// When nobody reads it.
pub fn announce(addresses: &[SocketAddr]) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "nothing here needs its destructor")]
    std::thread::spawn(|| {
        // Nobody writes there: it ends when the process that holds the other end is gone.
        drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
        std::process::exit(0);
    });
    let words: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    let mut out = io::stdout().lock();
    writeln!(out, "{}", words.join(" "))?;
    out.flush()
}
