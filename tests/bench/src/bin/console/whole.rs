//! Everything in one process, upon the same data directory.

use std::{
    error::Error,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bench::cpu;
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;

use crate::load::Caller;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Pause between looks whether it has come so far.
const BETWEEN_TRIES: Duration = Duration::from_millis(2);
/// Where no name server is: nobody outside is to hear of this town.
const NO_NAME_SERVER: &str = "127.0.0.1:9";

/// `certherald up`. It ends when this is dropped.
struct Whole {
    child: Child,
    pages: SocketAddr,
    admin: SocketAddr,
}

/// How long it takes to open, to show its first pages, and until every service is ready.
pub(crate) async fn all(program: &Path, data: &Path) -> Outcome<()> {
    for how in ["folded anew", "recalled"] {
        first_page(how, program, data).await?.stop()?;
    }
    // Killed, and not asked to stop.
    drop(first_page("recalled", program, data).await?);
    first_page("recalled after a kill", program, data).await?.stop()
}

async fn first_page(how: &str, program: &Path, data: &Path) -> Outcome<Whole> {
    let begun = Instant::now();
    let mut whole = Whole::start(program, data)?;
    while TcpStream::connect(whole.pages).await.is_err() {
        whole.goes_on().await?;
    }
    let opened = begun.elapsed();
    let caller = Caller::new(whole.pages, &crate::token(data)?)?;
    let first = caller.first_pages().await?;
    let admin = Caller::new(whole.admin, "")?;
    while admin.first_byte("/ready").await.is_err() {
        whole.goes_on().await?;
    }
    let ready = begun.elapsed();
    let resident = cpu::resident_bytes_of(whole.child.id()) >> 20;
    println!(
        "every service {how}: the port opens after {opened:.2?}, the first pages {first:.2?} \
         later; all are ready after {ready:.2?}, with {resident} MiB"
    );
    Ok(whole)
}

impl Whole {
    fn start(program: &Path, data: &Path) -> Outcome<Self> {
        // Both at once, so that they differ.
        let free = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
        let (pages, admin) = (free[0].local_addr()?, free[1].local_addr()?);
        drop(free);
        let child = Command::new(program)
            .args(["up", "--listen", &pages.to_string(), "--data"])
            .arg(data)
            .env("CERTHERALD_ADMIN", admin.to_string())
            .env("PROBER_NAME_SERVERS", NO_NAME_SERVER)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, pages, admin })
    }

    /// Waits a little for what is still running.
    async fn goes_on(&mut self) -> Outcome<()> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("the program ended with {status}").into());
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
        Ok(())
    }

    fn stop(mut self) -> Outcome<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
