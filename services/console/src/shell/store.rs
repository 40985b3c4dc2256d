//! Makes orders into records: decide on what the board knows, append at its version, decide again
//! if someone else was first.

pub mod sparing;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chassis::{
    bus::{Append, AppendError, BusError, Expect, Message, SharedBus},
    clock::SharedClock,
    dice::Dice,
};
use kernel::backoff::Backoff;
use prost::Message as _;
use proto::{
    stream,
    subject::{self, Entity},
    v1::InventoryRecord,
};

use super::mirror::{self, Mirror};
use crate::domain::{
    board::Versioned,
    inventory::{Actor, Ordered, record},
};

/// How often a decision is made anew because someone else was first. Two consoles that fight five
/// times over one entity are told so.
const DECISIONS_MAX: u32 = 5;
/// How often an append is repeated that was not answered. It carries the same id, so that it is
/// one.
const APPENDS_MAX: u32 = 3;
/// Waits between them: a person waits as well.
const BACKOFF: Backoff = Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(2) };

/// Stores orders.
#[derive(Clone)]
pub struct Store {
    bus: SharedBus,
    clock: SharedClock,
    dice: Arc<Dice>,
    mirror: Mirror,
}

/// What an order came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Version of the entity now.
    pub version: u64,
    /// Whether anything changed.
    pub changed: bool,
}

/// One order.
pub struct Order<E: Ordered> {
    /// To whom.
    pub entity: Entity,
    /// What is known of it.
    pub known: Versioned<E>,
    /// The version it must have, if the person who asks has seen one.
    pub seen: Option<u64>,
    /// Who asks.
    pub actor: Actor,
    /// What is asked.
    pub command: E::Command,
}

/// Why an order was not stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError<R> {
    /// The entity says no.
    #[error("refused")]
    Refused(R),
    /// It has changed since the person who asks has seen it.
    #[error("it is at version {now} and no longer at {seen}")]
    Changed {
        /// What was seen.
        seen: u64,
        /// What is.
        now: u64,
    },
    /// Others were first again and again.
    #[error("others changed {subject} {DECISIONS_MAX} times meanwhile")]
    Contended {
        /// The subject of the entity.
        subject: String,
    },
    /// It cannot be appended.
    #[error("cannot store the order")]
    Append(#[source] AppendError),
    /// Its history cannot be read.
    #[error("cannot load {subject}")]
    Load {
        /// The subject of the entity.
        subject: String,
        /// What went wrong.
        source: BusError,
    },
}

impl Store {
    /// Stores on a bus, and lets the mirror show it.
    pub fn new(bus: SharedBus, clock: SharedClock, dice: Arc<Dice>, mirror: Mirror) -> Self {
        Self { bus, clock, dice, mirror }
    }

    /// Carries out an order; when it answers, the order is stored and shown.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub async fn carry_out<E>(&self, order: Order<E>) -> Result<Stored, StoreError<E::Refusal>>
    where
        E: Ordered,
        E::Command: Clone,
    {
        let stored = self.append(order).await?;
        self.shown(stored.version).await;
        Ok(stored)
    }

    /// Stores an order without waiting until it is shown; for many at once.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub async fn append<E>(&self, order: Order<E>) -> Result<Stored, StoreError<E::Refusal>>
    where
        E: Ordered,
        E::Command: Clone,
    {
        let Order { entity, mut known, seen, actor, command } = order;
        let subject = subject::inventory(&entity);
        if seen.is_some_and(|seen| seen > known.version) {
            // Seen at another console, before this one heard of it.
            known = self.load(&subject).await?;
        }
        for _ in 0..DECISIONS_MAX {
            if let Some(seen) = seen.filter(|seen| *seen != known.version) {
                return Err(StoreError::Changed { seen, now: known.version });
            }
            let events = known.entity.decide(command.clone()).map_err(StoreError::Refused)?;
            if events.is_empty() {
                return Ok(Stored { version: known.version, changed: false });
            }
            let record = record::<E>(&events, actor, self.clock.now());
            match self.append_record(&subject, known.version, &record).await {
                Ok(version) => return Ok(Stored { version, changed: true }),
                Err(AppendError::Outrun { .. }) => known = self.load(&subject).await?,
                Err(error) => return Err(StoreError::Append(error)),
            }
        }
        Err(StoreError::Contended { subject })
    }

    /// Waits until what was stored at a version is shown, for a while at most. Answers whether it
    /// is.
    pub async fn shown(&self, version: u64) -> bool {
        self.mirror.shows(version).await
    }

    async fn append_record(
        &self,
        subject: &str,
        version: u64,
        record: &InventoryRecord,
    ) -> Result<u64, AppendError> {
        let random = data_encoding::HEXLOWER.encode(&self.dice.bytes::<8>());
        let append = Append {
            stream: &stream::INVENTORY,
            subject: subject.to_owned(),
            id: format!("{subject}-{version}-{random}"),
            expect: Expect::Version(version),
            headers: vec![],
            payload: Bytes::from(record.encode_to_vec()),
        };
        let mut failures = 0;
        loop {
            match self.bus.append(append.clone()).await {
                Ok(appended) => return Ok(appended.sequence),
                Err(error) if error.is_transient() && failures + 1 < APPENDS_MAX => {
                    failures += 1;
                    self.clock.sleep(BACKOFF.wait(failures, self.dice.chance())).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn load<E: Ordered>(
        &self,
        subject: &str,
    ) -> Result<Versioned<E>, StoreError<E::Refusal>> {
        let loaded = self.bus.load(&stream::INVENTORY, subject, 0).await;
        let unread = |source| StoreError::Load { subject: subject.to_owned(), source };
        loaded.map(|messages| folded(&messages)).map_err(unread)
    }
}

fn folded<E: Ordered>(messages: &[Message]) -> Versioned<E> {
    let mut entity = E::default();
    for record in messages.iter().filter_map(mirror::read::<InventoryRecord>) {
        entity.fold(&record);
    }
    Versioned { entity, version: messages.last().map_or(0, |message| message.sequence) }
}

#[cfg(test)]
mod tests {
    use chassis::{
        bus::embedded::Embedded, clock::SystemClock, context::Context, health::Health, tasks::Tasks,
    };
    use proto::stream::Service;
    use tempfile::TempDir;

    use super::*;
    use crate::domain::{
        intake,
        inventory::{
            domain::{Command, Domain},
            options::{Options, OptionsDraft},
        },
    };

    /// An order by somebody who saw a version, at a console that knows nothing yet.
    fn order(seen: Option<u64>, tag: &str) -> Order<Domain> {
        let place = intake::place("a.example", None).unwrap().0;
        let draft = OptionsDraft { tags: vec![tag.to_owned()], ..OptionsDraft::default() };
        let options = Options::read(&draft).unwrap();
        let command = match seen {
            None => Command::Add(place.clone(), options),
            Some(_) => Command::Change(options),
        };
        let known = Versioned::default();
        Order { entity: Entity::Domain(place.id()), known, seen, actor: Actor::System, command }
    }

    /// A store with nothing in it.
    pub(super) async fn stored(directory: &TempDir) -> (Context, Store) {
        let embedded = Embedded::open(&directory.path().join("bus")).unwrap();
        let context = Context {
            service: Service::Console,
            instance: "late".parse().unwrap(),
            bus: embedded.bus(Service::Console),
            clock: Arc::new(SystemClock),
            dice: Arc::new(Dice::fresh()),
            tasks: Tasks::new(),
            health: Health::new(),
            data: directory.path().to_owned(),
        };
        let mirror = Mirror::begin(&context, &directory.path().join("board")).await.unwrap();
        let (clock, dice) = (context.clock.clone(), context.dice.clone());
        let store = Store::new(context.bus.clone(), clock, dice, mirror);
        (context, store)
    }

    #[tokio::test]
    async fn a_version_that_was_seen_at_another_console_is_looked_up_before_it_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (context, store) = stored(&directory).await;
        let added = store.append(order(None, "x")).await.unwrap().version;
        let changed = store.append(order(Some(added), "y")).await.unwrap();
        assert!(changed.changed && changed.version > added, "{changed:?}");
        for seen in [added, changed.version + 1] {
            let refused = store.append(order(Some(seen), "z")).await.unwrap_err();
            let StoreError::Changed { now, .. } = refused else { panic!("{refused:?}") };
            assert_eq!(now, changed.version);
        }
        context.tasks.stop();
    }
}
