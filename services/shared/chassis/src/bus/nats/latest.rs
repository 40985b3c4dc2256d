//! The last message of each of many subjects: a consumer that is thrown away reads exactly these.
//!
//! It may live on a copy that lags behind the stream's leader, and then has nothing left too soon:
//! the leader is asked whether that is so. What the copy receives later comes through it as well.

use std::{collections::HashSet, sync::Arc};

use async_nats::jetstream::consumer::DeliverPolicy;
use bytes::Bytes;
use proto::stream::Stream;
use tokio::time::Instant;
use tracing::debug;

use super::{
    consume::make,
    follow::passing,
    link::{ANSWER_WAIT, Link},
    message::{self, Place},
    pull::{Heard, Pull},
    read, streams,
};
use crate::bus::{BusError, Message};

/// Messages asked for at once.
const WINDOW: usize = 4_000;

/// Bytes asked for at once.
const WINDOW_BYTES: usize = 32 * 1024 * 1024;

/// How often reading begins anew before it is given up: an interruption costs one of these.
const ATTEMPTS_MAX: u32 = 3;

/// The last message of each subject that matches a pattern, in the order of their sequences.
pub(super) async fn latest(
    link: &Arc<Link>,
    stream: &'static Stream,
    pattern: &str,
) -> Result<Vec<Message>, BusError> {
    let mut attempt = 1;
    loop {
        match read(link, stream, pattern).await? {
            Ok(latest) => return Ok(only_last(latest)),
            Err(why) if attempt < ATTEMPTS_MAX => {
                debug!(stream = stream.name, %why, "Reading the latest messages anew.");
                attempt += 1;
            }
            Err(why) => {
                return Err(BusError::Unreachable {
                    operation: format!("read the latest messages of {pattern}"),
                    source: why.into(),
                });
            }
        }
    }
}

/// Reads to the end, or tells why the reading broke off.
async fn read(
    link: &Arc<Link>,
    stream: &'static Stream,
    pattern: &str,
) -> Result<Result<Vec<Message>, String>, BusError> {
    let mut end = End::first(streams::state(link, stream).await?.state.last_sequence);
    let config = passing(link, pattern, DeliverPolicy::LastPerSubject);
    let name = config.name.clone().unwrap_or_default();
    let consumer = make(link, stream, config).await?;
    let mut latest = Vec::new();
    let mut read_to = 0;
    if consumer.num_pending == 0 && read::next(link, stream, pattern, 1).await?.is_none() {
        forget(link, stream, &name).await;
        return Ok(Ok(latest));
    }
    let mut idle_since = None;
    let pull = Pull::open(link, stream.name, &name).await;
    let mut pull = pull.map_err(|error| error.while_doing("read the latest messages"))?;
    loop {
        if pull.asked() <= WINDOW / 2 {
            let asked = pull.ask(WINDOW, Some(WINDOW_BYTES)).await;
            asked.map_err(|error| error.while_doing("read the latest messages"))?;
        }
        let message = match pull.next().await {
            Heard::Message(message) => message,
            Heard::Expired(_) => continue,
            Heard::Idle => {
                // What was left has been removed meanwhile, or has not reached this copy.
                if read::next(link, stream, pattern, read_to + 1).await?.is_none() {
                    break;
                }
                if idle_since.get_or_insert_with(Instant::now).elapsed() >= ANSWER_WAIT {
                    return Ok(Err("a copy lags behind its leader".to_owned()));
                }
                continue;
            }
            Heard::Over(why) => return Ok(Err(why)),
        };
        idle_since = None;
        let Some(place) = message.reply.as_ref().and_then(|reply| Place::read(reply)) else {
            continue;
        };
        if place.of_consumer != latest.len() as u64 + 1 {
            return Ok(Err("a delivery is missing".to_owned()));
        }
        latest.push(message::delivered(message, &place));
        read_to = place.sequence;
        if end.is_reached(link, stream, read_to).await?
            || place.pending == 0 && read::next(link, stream, pattern, read_to + 1).await?.is_none()
        {
            break;
        }
    }
    forget(link, stream, &name).await;
    Ok(Ok(latest))
}

/// Where reading ends on a stream that others write to all the time.
///
/// Up to the stream's end when we began stand the messages that were the last then. Those of them
/// that were followed by others and removed before they reached us have their successors behind it:
/// these we read up to the end that the stream has by then.
enum End {
    First(u64),
    Last(u64),
}

impl End {
    fn first(sequence: u64) -> Self {
        Self::First(sequence)
    }

    async fn is_reached(
        &mut self,
        link: &Link,
        stream: &Stream,
        sequence: u64,
    ) -> Result<bool, BusError> {
        if let Self::First(first) = *self
            && sequence >= first
        {
            *self = Self::Last(streams::state(link, stream).await?.state.last_sequence);
        }
        Ok(matches!(*self, Self::Last(last) if sequence >= last))
    }
}

/// Deletes a consumer that is not needed any more. If that fails, it goes by itself.
async fn forget(link: &Link, stream: &Stream, name: &str) {
    let call = format!("$JS.API.CONSUMER.DELETE.{}.{name}", stream.name);
    if let Err(error) = link.send(call, None, Bytes::new()).await {
        debug!(%error, "A consumer could not be deleted: it goes by itself.");
    }
}

/// Leaves out what was followed by another message of its subject while we read.
fn only_last(messages: Vec<Message>) -> Vec<Message> {
    let mut seen = HashSet::with_capacity(messages.len());
    let mut last: Vec<_> =
        messages.iter().rev().map(|message| seen.insert(message.subject.as_str())).collect();
    last.reverse();
    messages.into_iter().zip(last).filter_map(|(message, last)| last.then_some(message)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_message_that_was_followed_by_another_is_left_out() {
        let message = |subject: &str, sequence| Message {
            subject: subject.to_owned(),
            sequence,
            id: String::new(),
            stored_at: Timestamp::UNIX_EPOCH,
            headers: vec![],
            payload: Bytes::new(),
        };
        let read = vec![message("a", 3), message("b", 5), message("a", 8), message("c", 9)];
        let sequences: Vec<_> = only_last(read).iter().map(|message| message.sequence).collect();
        assert_eq!(sequences, [5, 8, 9]);
    }
}
