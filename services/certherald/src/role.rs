//! `prober`, `detector`, `notifier`, `console`: one service in a process of its own, on NATS.

use std::{error::Error, path::Path, process::ExitCode, time::Duration};

use chassis::{
    broker::BrokerConfig,
    bus::{BusError, nats::Nats},
    clock::SharedClock,
    context::Context,
    health::Check,
    start::{self, Foundation, ProcessConfig},
    tasks::Tasks,
};
use console::config::ConsoleUrl;
use proto::stream::Service;

use crate::{cli::run::Role, client::address, exit, settings::Settings};

/// How often the connection to the broker is looked at for `/ready`.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// One service with its settings.
#[derive(Debug)]
pub(crate) enum Part {
    Prober(prober::config::Config),
    Detector(detector::config::Config),
    Notifier(notifier::config::Config),
    Console(console::Config),
}

/// Runs a service until it is asked to stop.
pub(crate) async fn run(service: Service, options: Role) -> ExitCode {
    let (process, broker, part) = match prepared(service, &options) {
        Ok(prepared) => prepared,
        Err(error) => return misconfigured(&*error),
    };
    start::process(process, async move |foundation: Foundation| {
        let nats = Nats::connect(broker).await?;
        watch(&foundation, nats.clone());
        part.begin(&foundation.tasks, foundation.context(service, nats.bus(service)));
        Ok::<_, BusError>(())
    })
    .await
}

type Prepared = (ProcessConfig, chassis::bus::nats::NatsOptions, Part);

fn prepared(service: Service, options: &Role) -> Result<Prepared, Box<dyn Error>> {
    let mut settings = Settings::new(options.settings.as_deref())?;
    settings.say("CERTHERALD_DATA", options.data.as_ref().map(|data| data.display().to_string()));
    let process = settings.process();
    let data = process.as_ref().map(|(process, _)| process.data.clone()).unwrap_or_default();
    let part = Part::read(service, &mut settings, &data);
    match (process, part) {
        (Some((process, BrokerConfig::Nats(nats))), Some(part)) => Ok((process, nats, part)),
        (Some((_, BrokerConfig::Embedded)), _) => {
            settings.mistake(
                "CERTHERALD_NATS_URL is not set: want the NATS server through which the services meet, \
                 such as nats://127.0.0.1:4222 (`certherald up` runs all of them without one)",
            );
            Err(settings.mistakes().into())
        }
        (None, _) | (Some((_, BrokerConfig::Nats(_))), None) => Err(settings.mistakes().into()),
    }
}

impl Part {
    /// Reads the settings of a service.
    pub(crate) fn read(service: Service, settings: &mut Settings, data: &Path) -> Option<Self> {
        settings.assume("CERTHERALD_KEY_FILE", data.join("key").display().to_string());
        match service {
            Service::Prober => settings.read(prober::config::Config::read).map(Self::Prober),
            Service::Detector => settings.read(detector::config::Config::read).map(Self::Detector),
            Service::Notifier => settings.read(notifier::config::Config::read).map(Self::Notifier),
            Service::Console => {
                settings
                    .assume("CONSOLE_TOKEN_FILE", data.join("admin-token").display().to_string());
                let config = settings.read(console::Config::read)?;
                let address_file = Some(address::file(data));
                Some(Self::Console(console::Config { address_file, ..config }))
            }
        }
    }

    /// The same, with links in messages that lead to this console unless a setting says where.
    #[must_use]
    pub(crate) fn leading_to(mut self, console: &ConsoleUrl) -> Self {
        if let Self::Notifier(config) = &mut self {
            config.console.get_or_insert_with(|| console.origin());
        }
        self
    }

    /// Begins the service as a task.
    pub(crate) fn begin(self, tasks: &Tasks, context: Context) {
        match self {
            Self::Prober(config) => tasks.spawn("prober", prober::run(config, context)),
            Self::Detector(config) => tasks.spawn("detector", detector::run(context, config)),
            Self::Notifier(config) => tasks.spawn("notifier", notifier::run(context, config)),
            Self::Console(config) => tasks.spawn("console", console::run(context, config)),
        }
    }
}

/// Says on `/ready` whether the broker is reachable.
pub(crate) fn watch(foundation: &Foundation, nats: Nats) {
    let check = foundation.health.check("broker");
    let (stopping, clock) = (foundation.tasks.stopping(), foundation.clock.clone());
    foundation.tasks.spawn("broker", async move {
        stopping.run_until_cancelled(look(&nats, &check, &clock)).await;
        Ok::<_, BusError>(())
    });
}

async fn look(nats: &Nats, check: &Check, clock: &SharedClock) {
    loop {
        if nats.connected() {
            check.ready();
        } else {
            check.not_ready("the broker is not reachable");
        }
        clock.sleep(LOOK_EVERY).await;
    }
}

/// Says what is wrong with the settings.
pub(crate) fn misconfigured(error: &dyn Error) -> ExitCode {
    exit::complain(error);
    ExitCode::from(start::EXIT_USAGE)
}
