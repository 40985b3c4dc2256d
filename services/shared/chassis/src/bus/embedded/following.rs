//! Reading along.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use proto::stream::Stream;
use tokio::sync::watch;
use tracing::warn;

use super::{
    Embedded,
    tables::{Reach, Scan, Tables},
};
use crate::{
    bus::{BusError, Followed, Following, From, Message},
    error::Chain,
};

/// What is read at a time.
const REACH: Reach = Reach { rows: 16_384, messages: 512, bytes: 4 * 1024 * 1024 };

/// Time before reading is tried again after the store failed.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// One who reads along.
pub(super) struct Along {
    store: Arc<Embedded>,
    stream: &'static Stream,
    pattern: String,
    /// The next sequence to look at.
    next: u64,
    /// The last sequence of the stream, now and later.
    head: watch::Receiver<u64>,
    /// The last sequence when it began, until that has been said.
    catches_up: Option<u64>,
    ready: VecDeque<Message>,
}

impl Along {
    /// Begins.
    pub(super) fn new(
        store: Arc<Embedded>,
        stream: &'static Stream,
        pattern: &str,
        from: From,
    ) -> Result<Self, BusError> {
        let head = store.heads.subscribe(stream.name).ok_or(BusError::Closed)?;
        let last = *head.borrow();
        let (next, catches_up) = match from {
            From::Sequence(sequence) => (sequence.max(1), Some(last)),
            From::End => (last + 1, Some(last)),
        };
        let pattern = pattern.to_owned();
        Ok(Self { store, stream, pattern, next, head, catches_up, ready: VecDeque::new() })
    }

    /// Reads on, or waits until there is something to read.
    async fn fill(&mut self) -> Result<(), BusError> {
        let head = *self.head.borrow_and_update();
        if self.next > head {
            return self.head.changed().await.map_err(|_| BusError::Closed);
        }
        let (stream, pattern, from) = (self.stream, self.pattern.clone(), self.next);
        let read = self.store.read("follow", move |read| match Tables::open(read, stream)? {
            Some(tables) => tables.scan(&pattern, from, head, REACH),
            None => Ok(Scan { messages: Vec::new(), next: head + 1 }),
        });
        match read.await {
            Ok(Scan { messages, next }) => {
                self.ready = messages.into();
                self.next = next;
            }
            Err(error) if error.is_transient() => {
                warn!(stream = stream.name, error = %Chain(&error), "Cannot read along yet.");
                tokio::time::sleep(RETRY_AFTER).await;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[async_trait]
impl Following for Along {
    async fn next(&mut self) -> Result<Followed, BusError> {
        loop {
            let position = self.ready.front().map_or(self.next, |message| message.sequence);
            if self.catches_up.take_if(|end| position > *end).is_some() {
                return Ok(Followed::CaughtUp);
            }
            if let Some(message) = self.ready.pop_front() {
                return Ok(Followed::Message(message));
            }
            self.fill().await?;
        }
    }
}
