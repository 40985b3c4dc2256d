//! One entity as a folded state with a version: load, decide, append at that version.
//!
//! Whoever is outrun loads what the other appended and decides again. That makes every decision
//! stand on all that happened before it, without a lock.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use kernel::{backoff::Backoff, decider::Decider};
use prost::Message as _;
use proto::stream::Stream;

use crate::{
    bus::{Append, AppendError, Appended, BusError, Expect, Message, SharedBus},
    clock::SharedClock,
    context::Context,
    dice::Dice,
};

/// How often a decision is made: whoever was outrun five times running is not alone by accident.
pub const DECISIONS_MAX: u32 = 5;

/// How often an append that was not answered is made: it carries the same id, so that it is one.
const APPENDS_MAX: u32 = 3;

/// Waits between these.
const BACKOFF: Backoff = Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(1) };

/// A decider whose history travels in records, each with all events of one decision.
pub trait Entity: Decider {
    /// The record.
    type Record: prost::Message + Default;

    /// The events of a record, in order; without those that are not this entity's.
    fn events(record: Self::Record) -> Vec<Self::Event>;
}

/// The subject that is one entity's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The stream.
    pub stream: &'static Stream,
    /// The subject.
    pub subject: String,
}

/// What is known of an entity: its state, folded up to a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known<E> {
    /// The state.
    pub state: E,
    /// The version; 0 before anything happened.
    pub version: u64,
}

/// Keeps entities on a bus.
#[derive(Clone)]
pub struct Ledger {
    bus: SharedBus,
    clock: SharedClock,
    dice: Arc<Dice>,
}

/// Why a decision was not stored.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError<R> {
    /// The entity said no.
    #[error("refused")]
    Refused(R),
    /// Others were first, again and again.
    #[error("others were first at {subject} {DECISIONS_MAX} times running")]
    Contended {
        /// The subject.
        subject: String,
    },
    /// The record was not appended, or nobody knows whether it was.
    #[error("cannot store a decision")]
    Append(#[from] AppendError),
    /// The history was not read.
    #[error("cannot load {subject}")]
    Load {
        /// The subject.
        subject: String,
        /// What went wrong.
        source: BusError,
    },
    /// The history holds something that is no record.
    #[error("message {sequence} of {subject} is no record")]
    Garbled {
        /// The subject.
        subject: String,
        /// The sequence.
        sequence: u64,
        /// What went wrong.
        source: prost::DecodeError,
    },
}

impl<R> LedgerError<R> {
    /// Whether the same decision may be stored later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Garbled { .. } => false,
            Self::Contended { .. } => true,
            Self::Append(error) => error.is_transient(),
            Self::Load { source, .. } => source.is_transient(),
        }
    }
}

impl Ledger {
    /// Keeps entities on the bus of a service.
    pub fn new(context: &Context) -> Self {
        Self::on(context.bus.clone(), context.clock.clone(), context.dice.clone())
    }

    /// Keeps entities on a bus, such as that of a term.
    pub fn on(bus: SharedBus, clock: SharedClock, dice: Arc<Dice>) -> Self {
        Self { bus, clock, dice }
    }

    /// Takes in what happened to an entity since it was known. What was never known is
    /// `Known::default()`.
    ///
    /// # Errors
    ///
    /// When its history cannot be read.
    pub async fn catch_up<E: Entity>(
        &self,
        place: &Place,
        known: &mut Known<E>,
    ) -> Result<(), LedgerError<E::Refusal>> {
        let Place { stream, subject } = place;
        let load = self.bus.load(stream, subject, known.version).await;
        let messages =
            load.map_err(|source| LedgerError::Load { subject: subject.clone(), source })?;
        for message in &messages {
            take_in(known, message)?;
        }
        Ok(())
    }

    /// Decides on what is known and stores the decision; when it answers, what is known holds it.
    ///
    /// `command` is asked before each decision, since the state may be another by then; `record`
    /// makes one record of all its events. Answers whether anything changed.
    ///
    /// # Errors
    ///
    /// See [`LedgerError`].
    pub async fn decide<E: Entity>(
        &self,
        place: &Place,
        known: &mut Known<E>,
        mut command: impl FnMut(&E) -> E::Command,
        record: impl Fn(&[E::Event]) -> E::Record,
    ) -> Result<bool, LedgerError<E::Refusal>> {
        for _ in 0..DECISIONS_MAX {
            let asked = command(&known.state);
            let events = known.state.decide(asked).map_err(LedgerError::Refused)?;
            if events.is_empty() {
                return Ok(false);
            }
            let payload = record(&events).encode_to_vec().into();
            match self.append(place, known.version, payload).await {
                Ok(appended) => {
                    for event in &events {
                        known.state.evolve(event);
                    }
                    known.version = appended.sequence;
                    return Ok(true);
                }
                Err(AppendError::Outrun { .. }) => {
                    self.catch_up_or_begin_anew(place, known).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Contended { subject: place.subject.clone() })
    }

    /// Takes in what others appended; or that all there was has aged out of the stream: what is
    /// known stays so, and the next version is the first.
    async fn catch_up_or_begin_anew<E: Entity>(
        &self,
        place: &Place,
        known: &mut Known<E>,
    ) -> Result<(), LedgerError<E::Refusal>> {
        let Place { stream, subject } = place;
        let version = known.version;
        self.catch_up(place, known).await?;
        if known.version > version {
            return Ok(());
        }
        let last = self.bus.last(stream, subject).await;
        let last = last.map_err(|source| LedgerError::Load { subject: subject.clone(), source })?;
        if last.is_none() {
            known.version = 0;
        }
        Ok(())
    }

    /// Appends one record; one that was not answered again, under its one id.
    async fn append(
        &self,
        place: &Place,
        version: u64,
        payload: Bytes,
    ) -> Result<Appended, AppendError> {
        let append = Append {
            stream: place.stream,
            subject: place.subject.clone(),
            // Not derived from the version: two who race for it must not be taken for one.
            id: HEXLOWER.encode(&self.dice.bytes::<16>()),
            expect: Expect::Version(version),
            headers: vec![],
            payload,
        };
        let mut attempt = 1;
        loop {
            match self.bus.append(append.clone()).await {
                Err(AppendError::Silent { .. }) if attempt < APPENDS_MAX => {
                    self.clock.sleep(BACKOFF.wait(attempt, self.dice.chance())).await;
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }
}

/// Takes one message of an entity's subject into what is known of it; not again if it is known
/// already.
///
/// # Errors
///
/// When the message is no record.
pub fn take_in<E: Entity>(
    known: &mut Known<E>,
    message: &Message,
) -> Result<(), LedgerError<E::Refusal>> {
    take_in_as(known, message, |event| event)
}

/// The same, with each event as it is seen.
///
/// # Errors
///
/// When the message is no record.
pub fn take_in_as<E: Entity>(
    known: &mut Known<E>,
    message: &Message,
    see: impl FnMut(E::Event) -> E::Event,
) -> Result<(), LedgerError<E::Refusal>> {
    if message.sequence <= known.version {
        return Ok(());
    }
    let record: E::Record = message.read().map_err(|source| {
        let subject = message.subject.clone();
        LedgerError::Garbled { subject, sequence: message.sequence, source }
    })?;
    for event in E::events(record).into_iter().map(see) {
        known.state.evolve(&event);
    }
    known.version = message.sequence;
    Ok(())
}
