//! Reads along on the streams that the book is folded from: at the start all of them, then whatever
//! comes. A standby does the same, so that taking over is only taking the lease.

use std::{sync::Arc, time::Duration};

use chassis::{
    bus::{BusError, Followed, From, Message},
    context::Context,
    error::Chain,
};
use proto::{
    stream::{self, Stream},
    subject,
    v1::{Event, InventoryRecord},
};
use tokio::sync::watch;
use tracing::{info, warn};

use super::book::Book;
use crate::domain::{news::News, plan::ThreadKey};

/// Pause before reading along is begun again after it broke off.
const PAUSE: Duration = Duration::from_secs(1);

/// How far one stream has been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Sequence of the last message.
    pub sequence: u64,
    /// Whether all that was there when reading began has been read.
    pub is_caught_up: bool,
}

/// How far each stream has been read.
#[derive(Clone)]
pub struct Reading {
    streams: [watch::Receiver<Progress>; 3],
}

/// Where a stream's messages go.
type Entry = fn(&Book, &Message);

/// The streams, how each enters the book, and the name of the task that reads it. Events are last:
/// [`Reading::has_read_event`] counts on it.
static ENTRIES: [(&Stream, Entry, &str); 3] = [
    (&stream::INVENTORY, order, "notifier reads INVENTORY"),
    (&stream::DELIVERIES, step, "notifier reads DELIVERIES"),
    (&stream::EVENTS, event, "notifier reads EVENTS"),
];

impl Reading {
    /// Begins to read all streams into the book, as tasks of the service.
    pub fn begin(context: &Context, book: &Arc<Book>) -> Self {
        let streams = ENTRIES.map(|(stream, entry, name)| {
            let (progress, read) = watch::channel(Progress::default());
            let (context, book) = (context.clone(), book.clone());
            let tasks = context.tasks.clone();
            tasks.spawn(name, async move {
                let stopping = context.tasks.stopping();
                tokio::select! {
                    () = stopping.cancelled() => Ok(()),
                    read = follow(&context, stream, entry, &book, &progress) => read,
                }
            });
            read
        });
        Self { streams }
    }

    /// Waits until all that was there at the start has been read.
    pub async fn caught_up(&mut self) {
        for stream in &mut self.streams {
            // The sender ends only with the process.
            stream.wait_for(|progress| progress.is_caught_up).await.ok();
        }
    }

    /// Waits until the event of a sequence has been read.
    pub async fn has_read_event(&self, sequence: u64) {
        let [_, _, events] = &self.streams;
        events.clone().wait_for(|progress| progress.sequence >= sequence).await.ok();
    }
}

async fn follow(
    context: &Context,
    stream: &'static Stream,
    entry: Entry,
    book: &Book,
    progress: &watch::Sender<Progress>,
) -> Result<(), BusError> {
    loop {
        let from = From::Sequence(progress.borrow().sequence + 1);
        let error = match context.bus.follow(stream, stream.subjects, from).await {
            Ok(mut following) => loop {
                match following.next().await {
                    Ok(Followed::Message(message)) => {
                        entry(book, &message);
                        progress.send_modify(|at| at.sequence = message.sequence);
                    }
                    Ok(Followed::CaughtUp) => {
                        progress.send_modify(|at| at.is_caught_up = true);
                        info!(stream = stream.name, "Has read {} up to now.", stream.name);
                    }
                    Err(error) => break error,
                }
            },
            Err(error) => error,
        };
        if !error.is_transient() {
            return Err(error);
        }
        warn!(stream = stream.name, error = %Chain(&error), "Reading {} again.", stream.name);
        context.clock.sleep(PAUSE).await;
    }
}

fn order(book: &Book, message: &Message) {
    let Some(entity) = subject::inventory_entity(&message.subject) else { return };
    match message.read::<InventoryRecord>() {
        Ok(record) => book.order(&entity, &record),
        Err(error) => skipped(message, &error),
    }
}

fn event(book: &Book, message: &Message) {
    let wire = match message.read::<Event>() {
        Ok(wire) => wire,
        Err(error) => return skipped(message, &error),
    };
    match News::read(wire) {
        Ok(news) => book.hear(&news),
        Err(error) => skipped(message, &error),
    }
}

fn step(book: &Book, message: &Message) {
    let Some((channel, contact, domain)) = subject::delivery_parts(&message.subject) else {
        return;
    };
    let key = ThreadKey { domain, contact, channel };
    if let Err(error) = book.read(&key, message) {
        skipped(message, &error);
    }
}

fn skipped(message: &Message, error: &dyn std::error::Error) {
    warn!(
        message.id = %message.id, subject = %message.subject, error = %Chain(error),
        "Skipping message `{}`: it is not understood.", message.id,
    );
}
