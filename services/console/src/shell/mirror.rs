//! Reads along with the streams and keeps the board up to date.
//!
//! A mirror keeps nothing that cannot be read again. It begins with the board as it was kept
//! ([`keep`]), reads `INVENTORY` from its beginning, and of the other streams what is new.

pub mod keep;

use std::{path::Path, sync::Arc, time::Duration};

use chassis::{
    bus::{BusError, Followed, From, Message},
    context::Context,
    error::Chain,
    health::Check,
    snapshot::SnapshotError,
};
use futures::future;
use parking_lot::RwLock;
use proto::{
    stream::{self, Stream},
    subject,
};
use tokio::sync::watch;
use tracing::{info, warn};

use self::keep::{Keeper, Pace};
use super::live::Live;
use crate::domain::board::{Board, Heard, memory::Reached};

/// The board, shared between those who fold and those who show.
pub type SharedBoard = Arc<RwLock<Board>>;

/// Wait before reading along again after the bus failed.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long an answer waits until the board shows what was ordered. Beyond it the order is stored
/// all the same, and the board is only late.
const SHOWN_WITHIN: Duration = Duration::from_secs(5);

/// The board, and how far it has come.
#[derive(Clone)]
pub struct Mirror {
    board: SharedBoard,
    inventory: watch::Receiver<Progress>,
    live: Live,
    /// Of all streams but `FACTS`: a scan that is not shown yet keeps nobody from looking.
    streams: Arc<[watch::Receiver<Progress>]>,
}

/// How far the board has come on one stream.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    sequence: u64,
    caught_up: bool,
}

impl Mirror {
    /// Recalls the board as it was kept in a directory, and begins to read along, a task a stream.
    ///
    /// # Errors
    ///
    /// When another process uses the directory, or it cannot be used.
    ///
    /// # Panics
    ///
    /// Never: the inventory is among the streams.
    pub async fn begin(context: &Context, directory: &Path) -> Result<Self, SnapshotError> {
        let (snapshot, board) = keep::open(context, directory).await?;
        let board = Arc::new(RwLock::new(board));
        let live = Live::default();
        let (keeper, pace) = Keeper::new(snapshot, board.clone());
        let mut streams = Vec::new();
        let mut inventory = None;
        for (stream, read) in READS {
            let (progress, follower) = watch::channel(Progress::default());
            let along = Along {
                context: context.clone(),
                board: board.clone(),
                live: live.clone(),
                pace: pace.clone(),
                stream,
                read,
                // A scan that is not shown yet keeps nobody from ordering.
                check: (stream != &stream::FACTS)
                    .then(|| context.health.check(format!("console board {}", stream.name))),
                progress,
            };
            context.tasks.spawn("console mirror", along.run());
            if stream == &stream::INVENTORY {
                inventory = Some(follower.clone());
            }
            if stream != &stream::FACTS {
                streams.push(follower);
            }
        }
        context.tasks.spawn("console keeper", keeper.run(context.clone()));
        let inventory = inventory.expect("the inventory is among the streams");
        Ok(Self { board, inventory, live, streams: streams.into() })
    }

    /// The board.
    pub fn board(&self) -> &SharedBoard {
        &self.board
    }

    /// What changed of the board.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Waits until the board shows what was ordered up to a sequence, for a while at most. Answers
    /// whether it does.
    pub async fn shows(&self, sequence: u64) -> bool {
        let mut inventory = self.inventory.clone();
        let reached = inventory.wait_for(|progress| progress.sequence >= sequence);
        let shows = matches!(tokio::time::timeout(SHOWN_WITHIN, reached).await, Ok(Ok(_)));
        if !shows {
            warn!(sequence, "The board is late: it does not show yet what was ordered.");
        }
        shows
    }

    /// Waits until the board has read all there was when it began, but for looks.
    pub async fn caught_up(&self) {
        let streams = self.streams.iter().cloned();
        let waits = streams.map(async |mut stream| {
            // An error means that the task ended, which stops the process.
            drop(stream.wait_for(|progress| progress.caught_up).await);
        });
        future::join_all(waits).await;
    }
}

type Read = fn(&Message) -> Option<Heard>;

const READS: [(&Stream, Read); 5] = [
    (&stream::INVENTORY, ordered),
    (&stream::LOG, logged),
    (&stream::EVENTS, happened),
    (&stream::DELIVERIES, told),
    (&stream::FACTS, looked),
];

fn ordered(message: &Message) -> Option<Heard> {
    Some(Heard::Ordered(subject::inventory_entity(&message.subject)?, read(message)?))
}

fn logged(message: &Message) -> Option<Heard> {
    Some(Heard::Logged(subject::log_domain(&message.subject)?, read(message)?))
}

fn happened(message: &Message) -> Option<Heard> {
    subject::event_about(&message.subject)?;
    Some(Heard::Happened(Box::new(read(message)?)))
}

fn told(message: &Message) -> Option<Heard> {
    let (channel, contact, domain) = subject::delivery_parts(&message.subject)?;
    Some(Heard::Told { channel, contact, domain, record: read(message)? })
}

fn looked(message: &Message) -> Option<Heard> {
    Some(Heard::Looked(subject::fact_domain(&message.subject)?, Box::new(read(message)?)))
}

/// The message of a payload, or `None` if it is malformed.
pub(crate) fn read<M: prost::Message + Default>(message: &Message) -> Option<M> {
    message.read().ok()
}

/// Reading along with one stream.
struct Along {
    context: Context,
    board: SharedBoard,
    live: Live,
    pace: Pace,
    stream: &'static Stream,
    read: Read,
    check: Option<Check>,
    progress: watch::Sender<Progress>,
}

impl Along {
    async fn run(self) -> Result<(), BusError> {
        let stopping = self.context.tasks.stopping();
        let mut next = self.board.read().how_far(self.stream).map_or(0, |far| far.sequence) + 1;
        loop {
            let result = stopping.run_until_cancelled(self.follow(&mut next)).await;
            match result {
                None => return Ok(()),
                Some(Err(error)) if error.is_transient() => {
                    let name = self.stream.name;
                    warn!(stream = name, error = %Chain(&error), "Lost `{name}`: reading it again.");
                }
                Some(Err(error)) => return Err(error),
                Some(Ok(())) => {}
            }
            if stopping.run_until_cancelled(self.context.clock.sleep(AGAIN_AFTER)).await.is_none() {
                return Ok(());
            }
        }
    }

    async fn follow(&self, next: &mut u64) -> Result<(), BusError> {
        let from = From::Sequence(*next);
        let mut following =
            self.context.bus.follow(self.stream, self.stream.subjects, from).await?;
        loop {
            match following.next().await? {
                Followed::Message(message) => {
                    *next = message.sequence + 1;
                    self.take(&message).await;
                }
                Followed::CaughtUp => self.caught_up(*next - 1),
            }
        }
    }

    async fn take(&self, message: &Message) {
        // Read before the board is locked: that takes most of the time.
        let heard = (self.read)(message);
        let sequence = message.sequence;
        if heard.is_none() {
            let subject = &message.subject;
            warn!(subject, sequence, "A message is not understood and not shown.");
        }
        let changes = {
            let mut board = self.board.write();
            if let Some(heard) = heard {
                board.take(sequence, heard);
            }
            if self.stream != &stream::INVENTORY {
                let (subject, id) = (message.subject.clone(), message.id.clone());
                board.reached(self.stream, Reached { sequence, subject, id });
            }
            board.changes()
        };
        self.live.shown(self.stream, message);
        self.progress.send_modify(|progress| progress.sequence = sequence);
        if changes >= keep::CHANGES_MAX {
            self.pace.wait().await;
        }
    }

    fn caught_up(&self, sequence: u64) {
        let name = self.stream.name;
        info!(stream = name, sequence, "Read all of `{name}`.");
        if let Some(check) = &self.check {
            check.ready();
        }
        self.progress.send_modify(|progress| progress.caught_up = true);
    }
}
