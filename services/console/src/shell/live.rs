//! Lets those who watch know that something is to be shown anew.
//!
//! The mirror says what a message changed once the board shows it; whoever watches waits here.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chassis::bus::Message;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use proto::{
    id::DomainId,
    stream::{self, Stream},
    subject::{self, Entity},
    v1::DeliveryRecord,
};
use tokio::sync::watch;

use super::mirror;
use crate::domain::live::{Change, Changes, Missed, Position, Source};

/// How long the answer of a look that somebody asked for is waited for.
const ASKED_FOR: SignedDuration = SignedDuration::from_mins(2);
/// Looks that somebody waits for at once: as many as one bulk action asks for.
const ASKED_MAX: usize = 10_000;

/// What changed, shared between the mirror and those who watch.
#[derive(Debug, Clone)]
pub struct Live(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    changes: Mutex<Changes>,
    asked: Mutex<BTreeMap<DomainId, Timestamp>>,
    turn: watch::Sender<u64>,
}

impl Default for Live {
    fn default() -> Self {
        let (changes, asked) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Shared { changes, asked, turn: watch::Sender::new(0) }))
    }
}

impl Live {
    /// Takes in a message that the board shows by now.
    pub fn shown(&self, stream: &Stream, message: &Message) {
        let Some(source) = source(stream) else { return };
        self.0.changes.lock().take(source, message.sequence, changes(source, message));
        self.0.turn.send_modify(|turn| *turn += 1);
    }

    /// How far the board has come.
    pub fn position(&self) -> Position {
        self.0.changes.lock().position()
    }

    /// What is to be shown anew since a position.
    ///
    /// # Errors
    ///
    /// When some of it is not kept any more.
    pub fn since(&self, position: &Position) -> Result<Vec<(Source, u64, Change)>, Missed> {
        self.0.changes.lock().since(position)
    }

    /// Hears of each message from now on.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.turn.subscribe()
    }

    /// Remembers that somebody waits for a look at a domain.
    pub fn ask(&self, domain: DomainId, now: Timestamp) {
        let mut asked = self.0.asked.lock();
        asked.retain(|_, since| now.duration_since(*since) < ASKED_FOR);
        if asked.len() < ASKED_MAX {
            asked.insert(domain, now);
        }
    }

    /// Whether somebody waits for a look at a domain.
    pub fn is_asked(&self, domain: &DomainId, now: Timestamp) -> bool {
        let since = self.0.asked.lock().get(domain).copied();
        since.is_some_and(|since| now.duration_since(since) < ASKED_FOR)
    }
}

/// Waits for the next message, for a while at most.
pub async fn next(watch: &mut watch::Receiver<u64>, at_most: Duration) {
    // An error means that nothing comes any more; whoever waits finds that out by itself.
    drop(tokio::time::timeout(at_most, watch.changed()).await);
}

fn source(stream: &Stream) -> Option<Source> {
    [
        (&stream::INVENTORY, Source::Inventory),
        (&stream::LOG, Source::Log),
        (&stream::EVENTS, Source::Events),
        (&stream::DELIVERIES, Source::Deliveries),
        (&stream::FACTS, Source::Facts),
    ]
    .into_iter()
    .find_map(|(known, source)| (known.name == stream.name).then_some(source))
}

/// What a message changes of what is shown.
fn changes(source: Source, message: &Message) -> Vec<Change> {
    let subject = &message.subject;
    match source {
        Source::Inventory => match subject::inventory_entity(subject) {
            Some(Entity::Domain(id) | Entity::Setting(id) | Entity::Acknowledgement(id)) => {
                vec![Change::Domain(id)]
            }
            Some(Entity::Inbox(id)) => vec![Change::Read(id)],
            Some(_) | None => vec![],
        },
        Source::Log => subject::log_domain(subject).map(Change::Domain).into_iter().collect(),
        Source::Events => vec![Change::Event(message.sequence)],
        Source::Deliveries => {
            let record = mirror::read::<DeliveryRecord>(message).unwrap_or_default();
            let ids = record.events.iter().filter_map(|event| event.delivery_id.parse().ok());
            ids.map(Change::Delivery).collect()
        }
        Source::Facts => subject::fact_domain(subject).map(Change::Looked).into_iter().collect(),
    }
}
