//! How a process begins and ends: settings, telemetry, the admin port, signals, its services, its
//! code.

use std::{
    error::Error, future::Future, io, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc,
};

use proto::{stream::Service, subject::Token};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use crate::{
    bus::SharedBus,
    clock::{SharedClock, SystemClock},
    config::{ConfigError, Reader},
    context::Context,
    dice::Dice,
    error::Chain,
    health::{self, Health},
    tasks::Tasks,
    telemetry::{self, LogFilter},
};

/// Code for settings that are wrong (`EX_USAGE` of sysexits).
pub const EXIT_USAGE: u8 = 64;
/// Code for a failure after the start.
pub const EXIT_FAILURE: u8 = 1;

/// What every process may be told, whatever services run in it.
#[derive(Debug, Clone)]
pub struct ProcessConfig {
    /// `CERTHERALD_LOG`: what is logged: a level, or `target=level` with commas between. Default
    /// `info`.
    pub log: LogFilter,
    /// `CERTHERALD_ADMIN`: address and port of `/live`, `/ready` and `/metrics`. Default
    /// 127.0.0.1:9090; port 0 takes a free one.
    pub admin: SocketAddr,
    /// `CERTHERALD_DATA`: directory of keys, of the embedded bus, and of what may be thrown away.
    /// Default `certherald-data`.
    pub data: PathBuf,
    /// `CERTHERALD_INSTANCE`: name of this process among all that share the bus, a token of up to
    /// 64 characters. Default: the host's name and a random part, new with each start.
    pub instance: Token,
}

impl ProcessConfig {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// All mistakes in them.
    ///
    /// # Panics
    ///
    /// Never: the defaults are well formed.
    pub fn read(reader: Reader<'_>) -> Result<Self, ConfigError> {
        let config = Self {
            log: reader.parsed("CERTHERALD_LOG", LogFilter::default()),
            admin: reader.parsed("CERTHERALD_ADMIN", SocketAddr::from(([127, 0, 0, 1], 9090))),
            data: reader.path("CERTHERALD_DATA").unwrap_or_else(|| "certherald-data".into()),
            instance: reader.optional("CERTHERALD_INSTANCE").unwrap_or_else(instance),
        };
        reader.finish(config)
    }
}

/// What the services of a process share.
#[derive(Clone)]
pub struct Foundation {
    /// The process' settings.
    pub config: ProcessConfig,
    /// Its tasks.
    pub tasks: Tasks,
    /// Whether it is ready.
    pub health: Health,
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub dice: Arc<Dice>,
    /// Where the admin port really is.
    pub admin: SocketAddr,
}

impl Foundation {
    /// The world of one service, with a bus that speaks for it.
    pub fn context(&self, service: Service, bus: SharedBus) -> Context {
        Context {
            service,
            instance: self.config.instance.clone(),
            bus,
            clock: self.clock.clone(),
            dice: self.dice.clone(),
            tasks: self.tasks.clone(),
            health: self.health.clone(),
            data: self.config.data.join(service.token()),
        }
    }
}

/// Runs a process: `services` starts them as tasks; then it waits for a signal or a failure, lets
/// all finish what they hold, and answers the code to exit with.
pub async fn process<F, Fut, E>(config: ProcessConfig, services: F) -> ExitCode
where
    F: FnOnce(Foundation) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Error,
{
    match begin(config, services).await {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(failure)) | Err(failure) => failed(&failure),
    }
}

async fn begin<F, Fut, E>(config: ProcessConfig, services: F) -> Result<Option<String>, String>
where
    F: FnOnce(Foundation) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Error,
{
    let metrics = telemetry::begin(&config.log).map_err(|error| error.to_string())?;
    let listener = health::listen(config.admin).await.map_err(|error| error.to_string())?;
    let admin = listener.local_addr().map_err(|error| error.to_string())?;
    let tasks = Tasks::new();
    let health = Health::new();
    let foundation = Foundation {
        config,
        tasks: tasks.clone(),
        health: health.clone(),
        clock: Arc::new(SystemClock),
        dice: Arc::new(Dice::fresh()),
        admin,
    };
    tasks.spawn("signals", signals(tasks.clone()));
    tasks.spawn("metrics", telemetry::gather(metrics.clone(), tasks.stopping()));
    // Before the services: whoever waits for readiness must be able to ask while they start.
    tasks.spawn("admin port", health::serve(listener, health, metrics, tasks.stopping()));
    info!(admin = %admin, "Answers on http://{admin}/ready.");
    let started = tokio::select! {
        started = services(foundation) => started.map_err(|error| Chain(&error).to_string()),
        () = tasks.stopping().cancelled_owned() => Ok(()),
    };
    if started.is_ok() {
        tasks.stopping().cancelled().await;
        info!("Stopping.");
    }
    tasks.stop();
    let failure = tasks.ended().await;
    started.map(|()| failure)
}

/// Asks all tasks to stop at the first SIGTERM or SIGINT.
async fn signals(tasks: Tasks) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = tasks.stopping().cancelled_owned() => {}
    }
    tasks.stop();
    Ok(())
}

fn failed(failure: &str) -> ExitCode {
    error!(error = %failure, "Ended with a failure.");
    // Telemetry itself may be what failed; the last word must reach a person all the same.
    #[expect(clippy::print_stderr, reason = "the last word of the process")]
    {
        eprintln!("certherald: {failure}");
    }
    ExitCode::from(EXIT_FAILURE)
}

/// The host's name, cut to what a token allows, and 40 random bits.
fn instance() -> Token {
    let host = hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let clean: String =
        host.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    let random = data_encoding::BASE32_NOPAD.encode(&Dice::fresh().bytes::<5>()).to_lowercase();
    format!("{clean}-{random}").parse().expect("both parts are of a token's characters, and short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_defaults_and_say_what_is_wrong() {
        let config = ProcessConfig::read(Reader::new(&|_| None)).unwrap();
        assert_eq!(config.admin.to_string(), "127.0.0.1:9090");
        assert_ne!(config.instance, instance(), "two processes on one host must differ");
        let lookup = |key: &str| (key == "CERTHERALD_ADMIN").then(|| "9090".to_owned());
        let error = ProcessConfig::read(Reader::new(&lookup)).unwrap_err();
        assert_eq!(error.to_string(), "CERTHERALD_ADMIN=9090: invalid socket address syntax");
    }
}
