//! Reading a work queue without taking from it.
//!
//! Its consumers must share it out among themselves, so that none may be made only to look. Whoever
//! looks fetches instead, and who follows fetches again and again: what is done between two looks
//! is not seen.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use proto::stream::Stream;
use tokio::time::{Instant, sleep};

use super::{
    fault::{Complaint, Unanswered},
    link::{ANSWER_WAIT, Link},
    message,
    read::{self, LAG_PAUSE},
    streams,
};
use crate::bus::{BusError, Followed, Following, From, Message};

/// How often one who follows looks.
const LOOK: Duration = Duration::from_millis(100);

/// All messages that match a pattern: a subject has one at most.
pub(super) async fn all(
    link: &Link,
    stream: &Stream,
    pattern: &str,
) -> Result<Vec<Message>, BusError> {
    let mut all = Vec::new();
    loop {
        let from = all.last().map_or(1, |last: &Message| last.sequence + 1);
        let batch = fetch_to_end(link, stream, pattern, from).await?;
        if batch.is_empty() {
            return Ok(all);
        }
        all.extend(batch);
    }
}

/// One who follows.
pub(super) struct Looking {
    link: Arc<Link>,
    stream: &'static Stream,
    pattern: String,
    next: u64,
    fetched: VecDeque<Message>,
    caught_up: bool,
}

impl Looking {
    pub(super) async fn begin(
        link: &Arc<Link>,
        stream: &'static Stream,
        pattern: &str,
        from: From,
    ) -> Result<Self, BusError> {
        let end = streams::state(link, stream).await?.state.last_sequence;
        let next = match from {
            From::Sequence(sequence) => sequence.max(1),
            From::End => end + 1,
        };
        let (link, pattern) = (link.clone(), pattern.to_owned());
        Ok(Self { link, stream, pattern, next, fetched: VecDeque::new(), caught_up: false })
    }
}

#[async_trait]
impl Following for Looking {
    async fn next(&mut self) -> Result<Followed, BusError> {
        let mut complaint = Complaint::about(format!("Stream `{}`", self.stream.name));
        loop {
            if let Some(message) = self.fetched.pop_front() {
                self.next = message.sequence + 1;
                return Ok(Followed::Message(message));
            }
            let Self { link, stream, pattern, next, .. } = &*self;
            let batch = if self.caught_up {
                fetch(link, stream, pattern, *next).await
            } else {
                fetch_to_end(link, stream, pattern, *next).await
            };
            match batch {
                Ok(batch) if batch.is_empty() && !self.caught_up => {
                    self.caught_up = true;
                    return Ok(Followed::CaughtUp);
                }
                Ok(batch) if batch.is_empty() => sleep(LOOK).await,
                Ok(batch) => self.fetched = batch.into(),
                Err(error) => {
                    complaint.make(&error);
                    sleep(LOOK).await;
                }
            }
        }
    }
}

/// Messages from a sequence on; none only if the leader has none either.
async fn fetch_to_end(
    link: &Link,
    stream: &Stream,
    pattern: &str,
    from: u64,
) -> Result<Vec<Message>, BusError> {
    let deadline = Instant::now() + ANSWER_WAIT;
    loop {
        let batch = fetch(link, stream, pattern, from).await?;
        if !batch.is_empty() || read::next(link, stream, pattern, from).await?.is_none() {
            return Ok(batch);
        }
        if Instant::now() >= deadline {
            return Err(Unanswered::Late(ANSWER_WAIT).while_doing(format!("read {pattern}")));
        }
        sleep(LAG_PAUSE).await;
    }
}

/// Messages from a sequence on, as one of the copies has them.
async fn fetch(
    link: &Link,
    stream: &Stream,
    pattern: &str,
    from: u64,
) -> Result<Vec<Message>, BusError> {
    let batch = match read::batch(link, stream, pattern, from).await {
        Err(Unanswered::Nobody) => {
            streams::ensure(link, stream).await?;
            read::batch(link, stream, pattern, from).await
        }
        batch => batch,
    };
    let batch = batch.map_err(|error| error.while_doing(format!("read {pattern}")))?;
    batch.into_iter().map(message::fetched).collect()
}
