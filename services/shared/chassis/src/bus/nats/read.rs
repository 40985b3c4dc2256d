//! Reading one subject: its last message, all of them, and forgetting them.
//!
//! The last message is asked of the stream's leader, since a decision stands on it. The messages
//! before it come in batches from any copy, up to the one that the leader named: a copy that lags
//! is asked again. So it is with whatever is read to an end: that nothing is left is believed of
//! the leader alone.

use std::time::Duration;

use async_nats::{
    HeaderMap, StatusCode,
    jetstream::{
        ErrorCode,
        message::StreamMessage,
        stream::{PurgeRequest, RawMessage},
    },
};
use futures::StreamExt;
use proto::stream::Stream;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::{
    fault::{ApiError, Unanswered},
    link::{ANSWER_WAIT, Link},
    message, streams,
};
use crate::bus::{BusError, Message};

/// Messages asked for at once: one round trip for all but the longest histories.
const BATCH: u64 = 256;

/// Bytes asked for at once, so that a batch of the largest messages does not fill the memory.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// How long before a copy that lags behind its leader is asked again.
pub(super) const LAG_PAUSE: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
struct Found {
    message: RawMessage,
}

/// The last message of a subject; the stream is made if it is missing.
pub(super) async fn last(
    link: &Link,
    stream: &Stream,
    subject: &str,
) -> Result<Option<Message>, BusError> {
    match find_last(link, stream.name, subject).await {
        Err(error) if is_missing(&error) && is_empty(link, stream).await? => Ok(None),
        Err(error) if is_missing(&error) => {
            told(find_last(link, stream.name, subject).await, subject)
        }
        found => told(found, subject),
    }
}

/// Whether a stream that was said to be missing holds nothing, now that it is there. A server may
/// say so of a stream that it does not know yet.
async fn is_empty(link: &Link, stream: &Stream) -> Result<bool, BusError> {
    Ok(streams::ensure(link, stream).await?.state.messages == 0)
}

/// The last message of a subject of a stream that should be there.
pub(super) async fn last_of(
    link: &Link,
    stream: &str,
    subject: &str,
) -> Result<Option<Message>, BusError> {
    told(find_last(link, stream, subject).await, subject)
}

pub(super) async fn find_last(
    link: &Link,
    stream: &str,
    subject: &str,
) -> Result<RawMessage, ApiError> {
    let call = format!("STREAM.MSG.GET.{stream}");
    let found = link.api(&call, &json!({ "last_by_subj": subject }), ANSWER_WAIT).await;
    found.map(|found: Found| found.message)
}

/// The sequence of the first message that matches a pattern, from a sequence on, as the leader of
/// the stream has it.
pub(super) async fn next(
    link: &Link,
    stream: &Stream,
    pattern: &str,
    from: u64,
) -> Result<Option<u64>, BusError> {
    let call = format!("STREAM.MSG.GET.{}", stream.name);
    let request = json!({ "seq": from, "next_by_subj": pattern });
    let find = async || link.api::<_, Found>(&call, &request, ANSWER_WAIT).await;
    let found = match find().await {
        Err(error) if is_missing(&error) && is_empty(link, stream).await? => return Ok(None),
        Err(error) if is_missing(&error) => find().await,
        found => found,
    };
    match found {
        Ok(found) => Ok(Some(found.message.sequence)),
        Err(error) if error.is(ErrorCode::NO_MESSAGE_FOUND) => Ok(None),
        Err(error) => Err(error.while_doing(format!("read the next message of {pattern}"))),
    }
}

/// What was found, if anything was.
pub(super) fn told(
    found: Result<RawMessage, ApiError>,
    subject: &str,
) -> Result<Option<Message>, BusError> {
    let operation = || format!("read the last message of {subject}");
    let found = match found {
        Ok(found) => found,
        Err(error) if error.is(ErrorCode::NO_MESSAGE_FOUND) => return Ok(None),
        Err(error) => return Err(error.while_doing(operation())),
    };
    let found = StreamMessage::try_from(found)
        .map_err(|source| BusError::Refused { operation: operation(), source })?;
    message::fetched(found).map(Some)
}

/// All messages of a subject above a version.
pub(super) async fn load(
    link: &Link,
    stream: &Stream,
    subject: &str,
    above: u64,
) -> Result<Vec<Message>, BusError> {
    let operation = || format!("load {subject}");
    let mut loaded = Vec::new();
    let mut above = above;
    let mut deadline = Instant::now() + ANSWER_WAIT;
    loop {
        let last = last(link, stream, subject).await?;
        let Some(last) = last.filter(|last| last.sequence > above) else { return Ok(loaded) };
        let batch = batch(link, stream, subject, above + 1)
            .await
            .map_err(|error| error.while_doing(operation()))?;
        if let Some(newest) = batch.last() {
            above = newest.sequence;
            deadline = Instant::now() + ANSWER_WAIT;
            let complete = above >= last.sequence;
            for found in batch {
                loaded.push(message::fetched(found)?);
            }
            if complete {
                return Ok(loaded);
            }
        } else if Instant::now() < deadline {
            sleep(LAG_PAUSE).await;
        } else {
            return Err(Unanswered::Late(ANSWER_WAIT).while_doing(operation()));
        }
    }
}

/// Forgets all messages of a subject but the last so many.
pub(super) async fn purge(
    link: &Link,
    stream: &Stream,
    subject: &str,
    keep: u32,
) -> Result<(), BusError> {
    let keep = (keep > 0).then_some(keep.into());
    let request = PurgeRequest { filter: Some(subject.to_owned()), keep, sequence: None };
    let call = format!("STREAM.PURGE.{}", stream.name);
    match link.api::<_, serde_json::Value>(&call, &request, ANSWER_WAIT).await {
        Ok(_) => Ok(()),
        Err(error) if is_missing(&error) => streams::ensure(link, stream).await.map(drop),
        Err(error) => Err(error.while_doing(format!("purge {subject}"))),
    }
}

/// Whether it is the stream that is missing. Without any stream, a server may not answer at all.
pub(super) fn is_missing(error: &ApiError) -> bool {
    error.is(ErrorCode::STREAM_NOT_FOUND)
}

/// Up to [`BATCH`] messages that match a subject or pattern, from a sequence on, in order; none if
/// there are none.
pub(super) async fn batch(
    link: &Link,
    stream: &Stream,
    subject: &str,
    from: u64,
) -> Result<Vec<StreamMessage>, Unanswered> {
    let mut losses = link.losses();
    let inbox = link.client().new_inbox();
    let subscribe = timeout(ANSWER_WAIT, link.client().subscribe(inbox.clone())).await;
    let mut answers = subscribe
        .map_err(|_| Unanswered::Late(ANSWER_WAIT))?
        .map_err(|error| Unanswered::Unfit(error.into()))?;
    let request = json!({
        "seq": from, "next_by_subj": subject, "batch": BATCH, "max_bytes": BATCH_BYTES
    });
    let call = format!("$JS.API.DIRECT.GET.{}", stream.name);
    link.send(call, Some(inbox), request.to_string().into()).await?;
    let mut batch = Vec::new();
    loop {
        let answer = tokio::select! {
            biased;
            answer = timeout(ANSWER_WAIT, answers.next()) => answer,
            _ = losses.changed() => return Err(Unanswered::Lost),
        };
        let answer = answer.map_err(|_| Unanswered::Late(ANSWER_WAIT))?.ok_or(Unanswered::Lost)?;
        match answer.status {
            None | Some(StatusCode::OK) => {
                let rest = pending(answer.headers.as_ref());
                let found = StreamMessage::try_from(answer)
                    .map_err(|error| Unanswered::Unfit(error.into()))?;
                batch.push(found);
                if rest == Some(0) {
                    return Ok(batch);
                }
            }
            Some(StatusCode::NO_RESPONDERS) => return Err(Unanswered::Nobody),
            // 204: the end of the batch; 404: nothing there.
            Some(_) => return Ok(batch),
        }
    }
}

/// How many messages wait behind this one, as the server counts them.
fn pending(headers: Option<&HeaderMap>) -> Option<u64> {
    headers?.get("Nats-Num-Pending")?.as_str().parse().ok()
}
