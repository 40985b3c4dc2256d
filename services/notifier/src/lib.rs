//! Tells the right people, and knows whether they were told.
//!
//! The notifier hears [`EVENTS`](proto::stream), decides who is told and through what, and records
//! on `DELIVERIES` each step from "due" to "delivered": that stream is its whole memory. It judges
//! no certificate. Start reading at [`run`], then [`domain`].

pub mod config;
pub mod domain;
pub mod shell;

use std::sync::Arc;

use chassis::{
    bus::BusError,
    context::Context,
    lease,
    seal::{Seal, SealError},
    skew,
};

use self::{
    config::Config,
    shell::{
        book::{Book, BookConfig},
        channel::{ChannelError, Channels},
        courier::turnstile::Turnstile,
        lead::{self, Office},
        reading::Reading,
    },
};

/// Name of the lease: one notifier is active, others stand by.
const LEASE: &str = "notifier";

/// Why the notifier ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A channel cannot be opened as it is configured.
    #[error("a channel cannot be opened")]
    Channel(#[from] ChannelError),
    /// The key of secrets cannot be had.
    #[error("the key file cannot be used")]
    Seal(#[from] SealError),
    /// The bus is gone.
    #[error("the bus is gone")]
    Bus(#[from] BusError),
}

/// Runs the notifier until the process stops.
///
/// # Errors
///
/// When a channel cannot be opened as it is configured, or the bus is gone for good.
pub async fn run(context: Context, config: Config) -> Result<(), RunError> {
    let seal = seal(&context, &config)?;
    let channels = Channels::open(&config, seal, context.clock.clone())?;
    run_through(channels, context, config).await
}

/// Runs the notifier through these channels.
///
/// # Errors
///
/// When the key of secrets cannot be had, or the bus is gone for good.
pub async fn run_through(
    channels: Channels,
    context: Context,
    config: Config,
) -> Result<(), RunError> {
    let check = context.health.check("notifier");
    skew::watch(&context);
    let seal = seal(&context, &config)?;
    let book = Arc::new(Book::new(BookConfig {
        letterhead: config.letterhead(),
        operator: config.operator,
        group_window: config.group_window,
        seal,
    }));
    let mut reading = Reading::begin(&context, &book);
    let office = Office {
        context: context.clone(),
        book,
        reading: reading.clone(),
        channels: channels.clone(),
        turnstile: Turnstile::new(config.turn, context.clock.clone()),
    };
    let leading = lease::lead(&context, LEASE, |term| lead::serve(office.clone(), term));
    let announcing = async {
        reading.caught_up().await;
        check.ready();
    };
    let beside = async {
        tokio::join!(announcing, channels.tend());
        std::future::pending::<()>().await;
    };
    tokio::select! {
        led = leading => Ok(led?),
        () = beside => Ok(()),
    }
}

fn seal(context: &Context, config: &Config) -> Result<Seal, SealError> {
    let key_file = config.key_file.clone().unwrap_or_else(|| context.data.join("key"));
    Seal::open_or_create(&key_file)
}
