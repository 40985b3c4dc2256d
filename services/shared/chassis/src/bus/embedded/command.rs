//! What the bus asks of the thread that writes.

use std::time::Duration;

use proto::stream::Stream;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::leases::Wish;
use crate::bus::{Append, AppendError, Appended, BusError, Consumer, Lease, Message};

/// Where an answer is waited for.
pub(super) type Reply<T, E = BusError> = oneshot::Sender<Result<T, E>>;

/// A consumer, by its place in the list of those that were asked for since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat(pub(super) usize);

/// One delivery, as far as its answer is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    /// Whose.
    pub(super) seat: Seat,
    /// Of which message.
    pub(super) sequence: u64,
    /// The how-manieth.
    pub(super) attempt: u32,
}

/// A message that was handed out.
#[derive(Debug)]
pub(super) struct Claimed {
    /// For its answer.
    pub(super) ticket: Ticket,
    /// The message.
    pub(super) message: Message,
}

/// What one waits for who takes part in a consumer.
pub(super) struct Claim {
    /// The consumer.
    pub(super) seat: Seat,
    /// How many messages are wanted, at least 1.
    pub(super) most: usize,
    /// Where they are waited for.
    pub(super) reply: oneshot::Sender<Vec<Claimed>>,
}

/// What changes the store.
pub(super) enum Write {
    /// A message comes.
    Append {
        /// The message.
        append: Append,
        /// What came of it.
        reply: Reply<Appended, AppendError>,
        /// Its room among what waits to be written.
        _room: OwnedSemaphorePermit,
    },
    /// A delivery is done with.
    Done {
        /// Which.
        ticket: Ticket,
        /// What goes to `PARKED` in the same instant.
        parked: Option<Box<Append>>,
        /// Once it is stored.
        reply: Reply<()>,
    },
    /// A subject goes.
    Purge {
        /// Of which stream.
        stream: &'static Stream,
        /// Which.
        subject: String,
        /// How many of its last messages stay.
        keep: u32,
        /// Once it is stored.
        reply: Reply<()>,
    },
}

/// What is asked of the writing thread.
pub(super) enum Command {
    /// To change the store.
    Write(Write),
    /// To find or make a consumer.
    Enlist(Consumer, Reply<Seat>),
    /// To hand out messages, once there are any.
    Claim(Claim),
    /// To deliver again after a while.
    Retry(Ticket, Duration, Reply<()>),
    /// To wait longer for an answer.
    Hold(Ticket, Reply<()>),
    /// To take back what never reached anybody.
    GiveBack(Vec<Ticket>),
    /// A lease.
    Lease(Wish, Reply<Option<Lease>>),
    /// Who holds a lease.
    Holder(String, Reply<Option<String>>),
    /// To look after the store: a reader met an error.
    Mend,
    /// To write what is unsaved and let go of the files.
    Close(oneshot::Sender<()>),
}
