//! One process of the system.

use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use tokio::process::Command;

use crate::eventually::eventually;
use crate::nats::Nats;
use crate::process::Process;
use crate::{api, binary};

/// What a service says on `/ready` until it has reached its broker.
const NO_BROKER: &str = "the broker is not reachable";

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything: `certherald up`.
    All,
    /// Looks.
    Prober,
    /// Judges.
    Detector,
    /// Tells.
    Notifier,
    /// Shows, and takes orders.
    Console,
}

impl Role {
    /// The subcommand that runs it.
    fn command(self) -> &'static str {
        match self {
            Self::All => "up",
            Self::Prober => "prober",
            Self::Detector => "detector",
            Self::Notifier => "notifier",
            Self::Console => "console",
        }
    }

    /// Whether it answers the REST API.
    pub(super) fn has_the_api(self) -> bool {
        matches!(self, Self::All | Self::Console)
    }
}

/// One process, with what is needed to start it again.
#[derive(Debug)]
pub(super) struct Member {
    role: Role,
    number: usize,
    settings: Vec<(&'static str, String)>,
    directory: PathBuf,
    process: Process,
    /// Length of the log before the present start.
    log_before: usize,
}

impl Member {
    pub(super) fn start(
        role: Role,
        number: usize,
        settings: &[(&'static str, String)],
        nats: Option<&Nats>,
        directory: &Path,
    ) -> Self {
        let broker = nats.map(|nats| nats.settings(role.command())).unwrap_or_default();
        let settings: Vec<_> = settings.iter().cloned().chain(broker).collect();
        let process = launch(role, number, &settings, directory);
        let directory = directory.to_owned();
        Self { role, number, settings, directory, process, log_before: 0 }
    }

    /// Another process of the same role, with data of its own.
    pub(super) fn twin(&self, number: usize) -> Self {
        let process = launch(self.role, number, &self.settings, &self.directory);
        let (settings, directory) = (self.settings.clone(), self.directory.clone());
        Self { role: self.role, number, settings, directory, process, log_before: 0 }
    }

    pub(super) fn restart(&mut self) {
        self.log_before = self.process.log().len();
        self.process = launch(self.role, self.number, &self.settings, &self.directory);
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn is(&self, role: Role, number: usize) -> bool {
        self.role == role && self.number == number
    }

    pub(super) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Waits until its admin port says that it is ready.
    pub(super) async fn ready(&mut self) {
        let what = format!("{:?} {} is ready", self.role, self.number);
        self.answering(&what, |status, _| status.is_success()).await;
    }

    /// Waits until its admin port says that it cannot reach the broker.
    pub(super) async fn missing_the_broker(&mut self) {
        let what = format!("{:?} {} misses the broker", self.role, self.number);
        self.answering(&what, |status, said| {
            status == StatusCode::SERVICE_UNAVAILABLE && said.contains(NO_BROKER)
        })
        .await;
    }

    /// Waits until its admin port answers `/ready` like that.
    async fn answering(&mut self, what: &str, is_wanted: fn(StatusCode, &str) -> bool) {
        let before = "Answers on http://";
        let admin = self.process.said_since(self.log_before, before, |c| c == '/').await;
        let client = api::client();
        eventually(what, async || {
            assert!(self.process.is_running(), "it ended:\n{}", self.process.log());
            let answer = client.get(format!("http://{admin}/ready")).send().await;
            let answer = answer.map_err(|error| error.to_string())?;
            let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
            if is_wanted(status, &text) { Ok(()) } else { Err(format!("{status}: {text}")) }
        })
        .await;
    }

    /// What its admin port answers at a path.
    pub(super) async fn shown(&mut self, path: &str) -> String {
        let before = "Answers on http://";
        let admin = self.process.said_since(self.log_before, before, |c| c == '/').await;
        let answer = api::client().get(format!("http://{admin}/{path}")).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// Where its API answers.
    pub(super) async fn api_base(&mut self) -> String {
        let before = "The console answers on ";
        let said = self.process.said_since(self.log_before, before, |c| c == '"').await;
        said.trim_end_matches('.').to_owned()
    }
}

fn launch(
    role: Role,
    number: usize,
    settings: &[(&'static str, String)],
    directory: &Path,
) -> Process {
    let name = format!("{}-{number}", role.command());
    let mut command = Command::new(binary::path());
    command.arg(role.command()).env_clear().env("RUST_BACKTRACE", "1");
    command.envs(settings.iter().map(|(key, value)| (key, value)));
    command.env("CERTHERALD_DATA", directory.join(&name)).env("CERTHERALD_INSTANCE", &name);
    Process::start(&name, command, directory)
}
