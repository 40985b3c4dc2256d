//! `up`: everything in one process.

mod demo;
mod greeting;

use std::{
    error::Error,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use chassis::{
    broker::BrokerConfig,
    bus::{
        BusError, SharedBus,
        embedded::{Embedded, OpenError},
        nats::Nats,
    },
    start::{self, Foundation, ProcessConfig},
};
use proto::stream::Service;
use tempfile::TempDir;
use tokio::{net::TcpSocket, sync::oneshot};

use self::{demo::Show, greeting::Greeting};
use crate::{
    cli::run::Up,
    role::{self, Part},
    settings::Settings,
};

/// Why not everything runs.
#[derive(Debug, thiserror::Error)]
enum UpError {
    #[error("cannot open the streams in {}", path.display())]
    Open { path: PathBuf, source: OpenError },
    #[error("cannot speak to the broker")]
    Broker(#[from] BusError),
    #[error("cannot answer the API")]
    Console(#[from] console::RunError),
    #[error("cannot use the data directory {}", path.display())]
    Data { path: PathBuf, source: io::Error },
}

/// Runs everything until it is asked to stop.
pub(crate) async fn run(options: Up) -> ExitCode {
    let prepared = match prepared(&options).await {
        Ok(prepared) => prepared,
        Err(error) => return role::misconfigured(&*error),
    };
    let Prepared { process, broker, parts, console, show, lent } = prepared;
    let (opened, store) = oneshot::channel();
    let begun = async move |foundation: Foundation| {
        let keeper = Keeper::open(&foundation, broker).await?;
        if let Keeper::Embedded(store) = &keeper {
            // Nobody waits for it any more only when the process has ended.
            drop(opened.send(store.clone()));
        }
        begin(&foundation, &keeper, parts, console, show)
    };
    let code = start::process(process, begun).await;
    if let Ok(store) = store.await {
        store.close().await;
    }
    // Only now does nobody write there any more.
    drop(lent);
    code
}

/// All that was decided before anything is opened.
struct Prepared {
    process: ProcessConfig,
    broker: BrokerConfig,
    parts: Vec<(Service, Part)>,
    console: console::Config,
    show: Option<Show>,
    /// The data directory of a demonstration.
    lent: Option<TempDir>,
}

async fn prepared(options: &Up) -> Result<Prepared, Box<dyn Error>> {
    // A demonstration must not touch what is really kept or watched, whatever is set here.
    let mut settings = if options.demo {
        Settings::apart()
    } else {
        Settings::new(options.common.settings.as_deref())?
    };
    let data = options.common.data.as_ref().map(|data| data.display().to_string());
    settings.say("CERTHERALD_DATA", data);
    settings.say("CONSOLE_LISTEN", options.listen.map(|listen| listen.to_string()));
    if io::stderr().is_terminal() {
        // Somebody is looking: news is worth a line, every round is not.
        settings.assume("CERTHERALD_LOG", "warn");
    }
    let show = if options.demo { Some(Show::open(&mut settings).await?) } else { None };
    let (show, lent) = show.unzip();
    let process = settings.process();
    let data = process.as_ref().map(|(process, _)| process.data.clone()).unwrap_or_default();
    let read = |service: &Service| {
        let part = Part::read(*service, &mut settings, &data);
        part.map(|part| (*service, part))
    };
    // All are read before any is looked at: each mistake is to be told.
    let parts: Vec<_> =
        [Service::Detector, Service::Notifier, Service::Prober].iter().map(read).collect();
    let parts: Option<Vec<_>> = parts.into_iter().collect();
    let console = Part::read(Service::Console, &mut settings, &data);
    match (process, parts, console) {
        (Some((process, broker)), Some(parts), Some(Part::Console(console))) => {
            Ok(Prepared { process, broker, parts, console, show, lent })
        }
        (_, _, _) => Err(settings.mistakes().into()),
    }
}

/// What keeps the streams.
enum Keeper {
    Embedded(Arc<Embedded>),
    Nats(Nats),
}

impl Keeper {
    async fn open(foundation: &Foundation, broker: BrokerConfig) -> Result<Self, UpError> {
        match broker {
            BrokerConfig::Nats(options) => {
                let nats = Nats::connect(options).await?;
                role::watch(foundation, nats.clone());
                Ok(Self::Nats(nats))
            }
            BrokerConfig::Embedded => {
                let path = foundation.config.data.join("bus");
                let opening = path.clone();
                let opened = tokio::task::spawn_blocking(move || Embedded::open(&opening)).await;
                let opened = opened.expect("opening does not panic, and is not cancelled");
                opened.map(Self::Embedded).map_err(|source| UpError::Open { path, source })
            }
        }
    }

    fn bus(&self, service: Service) -> SharedBus {
        match self {
            Self::Embedded(store) => store.bus(service),
            Self::Nats(nats) => nats.bus(service),
        }
    }
}

fn begin(
    foundation: &Foundation,
    keeper: &Keeper,
    parts: Vec<(Service, Part)>,
    console: console::Config,
    show: Option<Show>,
) -> Result<(), UpError> {
    // First: a port that is taken is the most likely of all mistakes.
    let reserved = console::reserve(console.listen)?;
    let greeting = greeting(foundation, &reserved, &console, &parts)?;
    let mut greeting = Greeting { kept: show.is_none(), ..greeting };
    let context = |service| foundation.context(service, keeper.bus(service));
    let tasks = &foundation.tasks;
    let (invited, was_invited) = oneshot::channel();
    let serving = console::serve(context(Service::Console), console, reserved, invited);
    tasks.spawn("console", serving);
    let here = greeting.console.clone();
    for (service, part) in parts {
        part.leading_to(&here).begin(tasks, context(service));
    }
    let health = foundation.health.clone();
    let (clock, stopping) = (foundation.clock.clone(), tasks.stopping());
    tasks.spawn("greeting", async move {
        let greet = async {
            // A console that ended without a word has printed no link either.
            greeting.invited = was_invited.await.unwrap_or_default();
            greeting.when_ready(&health, &clock).await;
        };
        let greeted = stopping.run_until_cancelled(greet).await;
        match (greeted, show) {
            (Some(()), Some(show)) => show.run(&greeting, stopping).await,
            (_, _) => Ok(()),
        }
    });
    Ok(())
}

fn greeting(
    foundation: &Foundation,
    reserved: &TcpSocket,
    console: &console::Config,
    parts: &[(Service, Part)],
) -> Result<Greeting, UpError> {
    let data = &foundation.config.data;
    let unusable = |source| UpError::Data { path: data.clone(), source };
    let api = reserved.local_addr().map_err(unusable)?;
    std::fs::create_dir_all(data).map_err(unusable)?;
    let mails = |part: &(Service, Part)| match &part.1 {
        Part::Notifier(config) => config.mail.is_some(),
        Part::Prober(_) | Part::Detector(_) | Part::Console(_) => false,
    };
    Ok(Greeting {
        console: console.url_at(api),
        admin: foundation.admin,
        data: absolute(data),
        token_file: absolute(&console.token_file.clone().unwrap_or_default()),
        invited: false,
        mail: parts.iter().any(mails),
        kept: true,
    })
}

/// The path as it is understood from any directory, if that can be told.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
