//! Looks at the endpoints behind a domain and reports exactly what it saw.
//!
//! The prober judges nothing: an expired certificate and a good one are the same kind of news here.
//! It keeps no schedule and no history either; all it remembers is by what to tell whether it sees.
//! Start reading at [`shell::scan`]: one look from the job to the fact; [`shell::crew`] takes the
//! jobs.

pub mod config;
pub mod domain;
pub mod shell;

use chassis::{bus::BusError, context::Context, skew};

use crate::{
    config::Config,
    shell::{
        crew::Crew,
        limits,
        resolve::ResolverError,
        scan::{Scanner, ScannerConfig},
    },
};

/// Why the prober ended.
#[derive(Debug, thiserror::Error)]
pub enum ProberError {
    /// There is nobody to ask for addresses.
    #[error("cannot look up names")]
    Resolver(#[from] ResolverError),
    /// There is nobody to take jobs from.
    #[error("cannot take jobs")]
    Bus(#[from] BusError),
}

/// Takes jobs and does them, until the process stops.
///
/// # Errors
///
/// When there is no resolver to be had, or the bus is gone for good.
pub async fn run(config: Config, context: Context) -> Result<(), ProberError> {
    let ready = context.health.check("prober");
    skew::watch(&context);
    let sockets = limits::sockets();
    // A scan needs a socket for each address; most domains have one or two.
    let scans_max = config.scans_max.min(sockets.div_ceil(2));
    let consumer = Crew::consumer(&config.region, config.deadline, scans_max);
    let scanner = ScannerConfig {
        name: context.instance.to_string(),
        region: config.region.to_string(),
        deadline: config.deadline,
        allow: config.allow,
        name_servers: config.name_servers,
        post_quantum: config.post_quantum,
        aia: config.aia,
        sockets,
    };
    let scanner = Scanner::new(scanner, context.clock.clone(), context.dice.clone())?;
    let crew = Crew::new(scanner, &context);
    crew.work(consumer, context.tasks.stopping(), || ready.ready()).await?;
    Ok(())
}
