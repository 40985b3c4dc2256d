//! Reading streams along, all the time, also as a standby: what was ordered, what was decided, what
//! the world was told, which intermediates are known.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use certificate::Certificate;
use chassis::{
    bus::{Bus, BusError, Followed, From, Message, SharedBus},
    context::Context,
    error::Chain,
};
use proto::{
    stream::{self, Stream},
    subject::{self, Entity},
    v1::{Intermediate, InventoryRecord},
};
use tokio::sync::watch;
use tracing::warn;

use super::{partition::Letter, posts::Posts, shared::Shared};
use crate::domain::{assess::pool::Source, news};

/// Pause before a stream that could not be read is read again.
const PAUSE: Duration = Duration::from_secs(1);

/// One stream that is read along, and how far.
#[derive(Clone)]
pub(super) struct Along {
    source: Where,
    read: Arc<AtomicU64>,
    caught_up: watch::Sender<bool>,
}

/// What is read.
#[derive(Clone)]
pub(super) enum Where {
    /// What was ordered of domains.
    Inventory(Posts),
    /// What was decided.
    Log(Posts),
    /// What the world was told: the place in the log of the last of it.
    Events(Tide),
    /// Intermediates that are known.
    Intermediates(Arc<Shared>),
}

/// How far the log has been told, as the highest of its positions among all events.
#[derive(Debug, Clone, Default)]
pub(super) struct Tide(Arc<AtomicU64>);

impl Tide {
    pub(super) fn at(level: u64) -> Self {
        Self(Arc::new(AtomicU64::new(level)))
    }

    pub(super) fn level(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn rise(&self, to: u64) {
        self.0.fetch_max(to, Ordering::AcqRel);
    }
}

impl Along {
    /// To be read from above its position among those that were kept.
    pub(super) fn new(source: Where, positions: &BTreeMap<String, u64>) -> Self {
        let (caught_up, _) = watch::channel(false);
        let along = Self { source, read: Arc::default(), caught_up };
        let above = positions.get(along.name()).copied().unwrap_or(0);
        along.read.store(above, Ordering::Release);
        along
    }

    /// Whether what is folded from it is kept in a snapshot.
    pub(super) fn is_kept(&self) -> bool {
        !matches!(self.source, Where::Intermediates(_))
    }

    /// The last position that was read.
    pub(super) fn position(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }

    /// The stream's name.
    pub(super) fn name(&self) -> &'static str {
        self.stream().name
    }

    /// Waits until all that was there at the start has been read.
    pub(super) async fn caught_up(&self) {
        let mut caught_up = self.caught_up.subscribe();
        // An error means that nobody reads any more: the process is about to end.
        drop(caught_up.wait_for(|caught_up| *caught_up).await);
    }

    /// Reads along until the process stops. Interruptions are waited out.
    ///
    /// # Errors
    ///
    /// When the bus is gone for good.
    pub(super) async fn run(self, context: Context) -> Result<(), BusError> {
        let stopping = context.tasks.stopping();
        loop {
            let read = tokio::select! {
                biased;
                () = stopping.cancelled() => return Ok(()),
                read = self.read(&context.bus, false) => read,
            };
            match read {
                Ok(()) | Err(BusError::Closed) => return Ok(()),
                Err(error) => warn!(stream = self.name(), error = %Chain(&error), "Reading again."),
            }
            tokio::select! {
                biased;
                () = stopping.cancelled() => return Ok(()),
                () = context.clock.sleep(PAUSE) => {}
            }
        }
    }

    /// Reads once to where the stream ends now.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    pub(super) async fn catch_up(&self, bus: &SharedBus) -> Result<(), BusError> {
        self.read(bus, true).await
    }

    async fn read(&self, bus: &SharedBus, to_end: bool) -> Result<(), BusError> {
        let from = From::Sequence(self.position() + 1);
        let mut following = Bus::follow(bus.as_ref(), self.stream(), self.pattern(), from).await?;
        loop {
            match following.next().await? {
                Followed::Message(message) => {
                    let sequence = message.sequence;
                    self.take(message).await;
                    self.read.fetch_max(sequence, Ordering::AcqRel);
                }
                Followed::CaughtUp => {
                    self.caught_up.send_replace(true);
                    if to_end {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn stream(&self) -> &'static Stream {
        match self.source {
            Where::Inventory(_) => &stream::INVENTORY,
            Where::Log(_) => &stream::LOG,
            Where::Events(_) => &stream::EVENTS,
            Where::Intermediates(_) => &stream::INTERMEDIATES,
        }
    }

    fn pattern(&self) -> &'static str {
        match self.source {
            Where::Inventory(_) => "certherald.inventory.domain.>",
            Where::Log(_) => subject::LOG_ALL,
            Where::Events(_) => subject::EVENTS_ALL,
            Where::Intermediates(_) => subject::INTERMEDIATES_ALL,
        }
    }

    async fn take(&self, message: Message) {
        match &self.source {
            Where::Inventory(posts) => ordered(posts, &message).await,
            Where::Log(posts) => match subject::log_domain(&message.subject) {
                Some(domain) => posts.send(domain, Letter::Recorded(domain, message)).await,
                None => passed_over(&message),
            },
            Where::Events(tide) => match news::place(&message.id) {
                Some((sequence, _)) => tide.rise(sequence),
                None => passed_over(&message),
            },
            Where::Intermediates(shared) => match intermediate(&message) {
                Some((certificate, source)) => {
                    shared.court.lock().know(Arc::new(certificate), source);
                }
                None => passed_over(&message),
            },
        }
    }
}

async fn ordered(posts: &Posts, message: &Message) {
    let record = message.read::<InventoryRecord>();
    match (subject::inventory_entity(&message.subject), record) {
        (Some(Entity::Domain(domain)), Ok(record)) => {
            posts.send(domain, Letter::Ordered(domain, record, message.sequence)).await;
        }
        (_, _) => passed_over(message),
    }
}

fn intermediate(message: &Message) -> Option<(Certificate, Source)> {
    let known = message.read::<Intermediate>().ok()?;
    let certificate = Certificate::parse(&known.certificate).ok()?;
    Some((certificate, Source::from(known.source.as_str())))
}

fn passed_over(message: &Message) {
    let Message { subject, sequence, .. } = message;
    warn!(%subject, sequence, "A message cannot be read and is passed over.");
}
