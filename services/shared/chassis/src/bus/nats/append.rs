//! Appending, and what the server's answers to it mean.

use std::time::Duration;

use async_nats::jetstream::{ErrorCode, publish::PublishAck};
use bytes::Bytes;
use proto::stream::Retention;
use tokio::time::{Instant, sleep};

use super::{
    fault::{ApiError, Unanswered, understood},
    link::{ANSWER_WAIT, Link},
    message, read, streams,
};
use crate::bus::{Append, AppendError, Appended, BusError, Expect};

/// How long before a stream that was made, or that has no leader, is offered a message again.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn append(link: &Link, append: Append) -> Result<Appended, AppendError> {
    append.fits()?;
    let failed = |source| AppendError::Failed { subject: append.subject.clone(), source };
    let deadline = Instant::now() + ANSWER_WAIT;
    loop {
        match publish(link, &append).await {
            Ok(ack) => {
                return Ok(Appended { sequence: ack.sequence, repeated: ack.duplicate });
            }
            // Nobody listens: the stream is missing, or has no leader for the moment.
            Err(ApiError::Unanswered(Unanswered::Nobody)) if Instant::now() < deadline => {
                streams::ensure(link, append.stream).await.map_err(failed)?;
                sleep(PAUSE).await;
            }
            Err(error) => return answered(link, &append, error).await,
        }
    }
}

async fn publish(link: &Link, append: &Append) -> Result<PublishAck, ApiError> {
    let headers = message::headers(append).map_err(|error| Unanswered::Unfit(error.into()))?;
    let (subject, payload): (_, Bytes) = (append.subject.clone(), append.payload.clone());
    let answer = link.ask(subject, Some(headers), payload, ANSWER_WAIT).await?;
    understood(&answer.payload)
}

/// What an answer means that is not an acknowledgement.
async fn answered(link: &Link, append: &Append, error: ApiError) -> Result<Appended, AppendError> {
    let subject = append.subject.clone();
    match (&error, append.expect) {
        (ApiError::Unanswered(Unanswered::Lost | Unanswered::Late(_)), _) => {
            Err(AppendError::Silent { subject, waited: ANSWER_WAIT })
        }
        // The server compares versions before ids, so that a repeat looks like being outrun.
        (ApiError::Refused(refusal), Expect::Version(expected)) if is_outrun(refusal) => {
            repeated(link, append).await?.ok_or(AppendError::Outrun { subject, expected })
        }
        (ApiError::Refused(refusal), _) if is_outstanding(append, refusal) => {
            repeated(link, append).await?.ok_or(AppendError::Outstanding { subject })
        }
        (ApiError::Unanswered(_) | ApiError::Refused(_) | ApiError::Garbled(_), _) => {
            let source = error.while_doing("append");
            Err(AppendError::Failed { subject, source })
        }
    }
}

fn is_outrun(refusal: &async_nats::jetstream::Error) -> bool {
    [ErrorCode::STREAM_WRONG_LAST_SEQUENCE, ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT]
        .contains(&refusal.error_code())
}

/// The server has one code for all that it cannot store, and words for which it is.
fn is_outstanding(append: &Append, refusal: &async_nats::jetstream::Error) -> bool {
    matches!(append.stream.retention, Retention::Work(_))
        && refusal.error_code() == ErrorCode::STREAM_STORE_FAILED
        && refusal.to_string().contains("maximum messages per subject exceeded")
}

/// The last message of the subject, if it is this one, appended before.
async fn repeated(link: &Link, append: &Append) -> Result<Option<Appended>, AppendError> {
    let last = read::last(link, append.stream, &append.subject).await;
    let last: Option<_> = last.map_err(|source: BusError| AppendError::Failed {
        subject: append.subject.clone(),
        source,
    })?;
    let same = last.filter(|message| message.id == append.id);
    Ok(same.map(|message| Appended { sequence: message.sequence, repeated: true }))
}
