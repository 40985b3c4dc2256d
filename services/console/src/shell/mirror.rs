//! Reads along with the streams and keeps the board up to date.
//!
//! A mirror keeps nothing that cannot be read again: it begins with the oldest message at each
//! start.

use std::{sync::Arc, time::Duration};

use chassis::{
    bus::{BusError, Followed, From, Message},
    context::Context,
    error::Chain,
    health::Check,
};
use parking_lot::RwLock;
use proto::{
    stream::{self, Stream},
    subject,
    v1::{DeliveryRecord, Event, InventoryRecord, LogRecord, ScanFact},
};
use tokio::sync::watch;
use tracing::{info, warn};

use super::live::Live;
use crate::domain::board::Board;

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
}

/// How far the board has come on `INVENTORY`.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    sequence: u64,
    caught_up: bool,
}

impl Mirror {
    /// Begins to read along, a task a stream.
    pub fn begin(context: &Context) -> Self {
        let board = SharedBoard::default();
        let live = Live::default();
        let (progress, inventory) = watch::channel(Progress::default());
        for (stream, fold) in FOLDS {
            let along = Along {
                context: context.clone(),
                board: board.clone(),
                live: live.clone(),
                stream,
                fold,
                // A scan that is not shown yet keeps nobody from ordering.
                check: (stream != &stream::FACTS)
                    .then(|| context.health.check(format!("console board {}", stream.name))),
                progress: (stream == &stream::INVENTORY).then(|| progress.clone()),
            };
            context.tasks.spawn("console mirror", along.run());
        }
        Self { board, inventory, live }
    }

    /// The board.
    pub fn board(&self) -> &SharedBoard {
        &self.board
    }

    /// What changed of the board.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Waits until the board shows what was ordered up to a sequence, for a while at most.
    pub async fn shows(&self, sequence: u64) {
        let mut inventory = self.inventory.clone();
        let reached = inventory.wait_for(|progress| progress.sequence >= sequence);
        if tokio::time::timeout(SHOWN_WITHIN, reached).await.is_err() {
            warn!(sequence, "The board is late: it does not show yet what was ordered.");
        }
    }

    /// Waits until the board has read all orders there were.
    pub async fn caught_up(&self) {
        let mut inventory = self.inventory.clone();
        // An error means that the task ended, which stops the process.
        drop(inventory.wait_for(|progress| progress.caught_up).await);
    }
}

type Fold = fn(&mut Board, &Message) -> Option<()>;

const FOLDS: [(&Stream, Fold); 5] = [
    (&stream::INVENTORY, ordered),
    (&stream::LOG, logged),
    (&stream::EVENTS, happened),
    (&stream::DELIVERIES, told),
    (&stream::FACTS, looked),
];

fn ordered(board: &mut Board, message: &Message) -> Option<()> {
    let entity = subject::inventory_entity(&message.subject)?;
    board.ordered(entity, message.sequence, &read::<InventoryRecord>(message)?);
    Some(())
}

fn logged(board: &mut Board, message: &Message) -> Option<()> {
    let domain = subject::log_domain(&message.subject)?;
    board.logged(domain, message.sequence, &read::<LogRecord>(message)?);
    Some(())
}

fn happened(board: &mut Board, message: &Message) -> Option<()> {
    subject::event_about(&message.subject)?;
    board.happened(message.sequence, read::<Event>(message)?);
    Some(())
}

fn told(board: &mut Board, message: &Message) -> Option<()> {
    let (channel, contact, domain) = subject::delivery_parts(&message.subject)?;
    let record = read::<DeliveryRecord>(message)?;
    board.told(&channel, contact, domain, message.sequence, &record);
    Some(())
}

fn looked(board: &mut Board, message: &Message) -> Option<()> {
    let domain = subject::fact_domain(&message.subject)?;
    board.looked(domain, &read::<ScanFact>(message)?);
    Some(())
}

/// The message of a payload, or `None` if it is malformed.
pub(crate) fn read<M: prost::Message + Default>(message: &Message) -> Option<M> {
    M::decode(message.payload.clone()).ok()
}

/// Reading along with one stream.
struct Along {
    context: Context,
    board: SharedBoard,
    live: Live,
    stream: &'static Stream,
    fold: Fold,
    check: Option<Check>,
    progress: Option<watch::Sender<Progress>>,
}

impl Along {
    async fn run(self) -> Result<(), BusError> {
        let stopping = self.context.tasks.stopping();
        let mut next = 1;
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
                    self.take(&message);
                    *next = message.sequence + 1;
                }
                Followed::CaughtUp => self.caught_up(*next - 1),
            }
        }
    }

    fn take(&self, message: &Message) {
        let folded = (self.fold)(&mut self.board.write(), message);
        if folded.is_none() {
            let (subject, sequence) = (&message.subject, message.sequence);
            warn!(subject, sequence, "A message is not understood and not shown.");
        }
        self.live.shown(self.stream, message);
        if let Some(progress) = &self.progress {
            progress.send_modify(|progress| progress.sequence = message.sequence);
        }
    }

    fn caught_up(&self, sequence: u64) {
        let name = self.stream.name;
        info!(stream = name, sequence, "Read all of `{name}`.");
        if let Some(check) = &self.check {
            check.ready();
        }
        if let Some(progress) = &self.progress {
            progress.send_modify(|progress| progress.caught_up = true);
        }
    }
}
