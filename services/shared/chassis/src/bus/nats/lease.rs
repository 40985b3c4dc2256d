//! Leases: one message for each, which the server lets go of when its time is up.
//!
//! Who appends the first message of a subject holds the lease; who appends the next at its version
//! has renewed it. The sequence is the fence. The client's own key-value store cannot do this: it
//! has no update with a limit, and drops the limit when a key is made again.

use std::time::Duration;

use async_nats::{
    HeaderMap, HeaderValue,
    header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_TTL},
    jetstream::{
        ErrorCode,
        publish::PublishAck,
        stream::{Config, StorageType},
    },
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{
    fault::{ApiError, Unanswered, understood},
    link::{ANSWER_WAIT, Link},
    read::{find_last, is_missing, last_of, told},
    streams,
};
use crate::bus::{BusError, Lease, Message};

/// The stream of leases. Of this bus alone: the embedded one has no need of it.
pub const LEASES: &str = "LEASES";

/// `certherald.leases.<name>`: one lease.
pub fn lease_subject(name: &str) -> String {
    format!("certherald.leases.{name}")
}

/// Header of a renewal: the fence that it renewed.
const AFTER: &str = "lease-after";

/// Shortest limit of a message that the server knows.
const LIMIT_MIN: Duration = Duration::from_secs(1);

pub(super) async fn acquire(
    link: &Link,
    name: &str,
    holder: &str,
    limit: Duration,
) -> Result<Option<Lease>, BusError> {
    let lease = Lease { name: name.to_owned(), holder: holder.to_owned(), fence: 0, limit };
    let operation = || format!("acquire the lease {name}");
    match put(link, &lease).await {
        Err(error) if is_nobody(&error) => {
            ensure(link).await?;
            put(link, &lease).await
        }
        put => put,
    }
    .map_err(|error| error.while_doing(operation()))
}

pub(super) async fn renew(link: &Link, lease: &Lease) -> Result<Option<Lease>, BusError> {
    let error = |error: ApiError| error.while_doing(format!("renew the lease {}", lease.name));
    if let Some(renewed) = put(link, lease).await.map_err(error)? {
        return Ok(Some(renewed));
    }
    // The answer to an earlier renewal may have been lost: then it is ours that is in the way.
    let last = last_of(link, LEASES, &lease_subject(&lease.name)).await?;
    let Some(ours) = last.filter(|last| is_renewal(last, lease)) else { return Ok(None) };
    put(link, &Lease { fence: ours.sequence, ..lease.clone() }).await.map_err(error)
}

/// Whether a message is the renewal of a lease by its holder.
fn is_renewal(message: &Message, lease: &Lease) -> bool {
    let after = message.headers.iter().find(|(name, _)| name == AFTER);
    after.is_some_and(|(_, fence)| *fence == lease.fence.to_string())
        && message.payload == lease.holder.as_bytes()
}

/// Deletes exactly the message that we hold it by: whoever holds it now has another.
pub(super) async fn release(link: &Link, lease: &Lease) -> Result<(), BusError> {
    let call = format!("STREAM.MSG.DELETE.{LEASES}");
    let request = json!({ "seq": lease.fence, "no_erase": true });
    match link.api::<_, serde_json::Value>(&call, &request, ANSWER_WAIT).await {
        Ok(_) => Ok(()),
        // It ran out before: then there is nothing to give back.
        Err(error @ ApiError::Refused(_)) if !is_passing(&error) => Ok(()),
        Err(error) => Err(error.while_doing(format!("release the lease {}", lease.name))),
    }
}

/// The message that a lease is held by says by whom, and is there for no longer than it is held.
pub(super) async fn holder(link: &Link, name: &str) -> Result<Option<String>, BusError> {
    let subject = lease_subject(name);
    let last = match find_last(link, LEASES, &subject).await {
        Err(error) if is_missing(&error) || is_nobody(&error) => {
            ensure(link).await?;
            None
        }
        found => told(found, &subject)?,
    };
    Ok(last.map(|last| String::from_utf8_lossy(&last.payload).into_owned()))
}

/// The time by the server's clock, as it stands in every state of a stream.
pub(super) async fn now(link: &Link) -> Result<Timestamp, BusError> {
    #[derive(Deserialize)]
    struct Told {
        ts: Timestamp,
    }
    let call = format!("STREAM.INFO.{LEASES}");
    let ask = async || link.api::<_, Told>(&call, &json!({}), ANSWER_WAIT).await;
    let told = match ask().await {
        Err(error) if is_missing(&error) => {
            ensure(link).await?;
            ask().await
        }
        told => told,
    };
    told.map(|told| told.ts).map_err(|error| error.while_doing("ask the time"))
}

/// Puts a message in the place of the one whose fence is named; `None` if another is there.
async fn put(link: &Link, lease: &Lease) -> Result<Option<Lease>, ApiError> {
    let mut headers = HeaderMap::new();
    headers.insert(AFTER, HeaderValue::from(lease.fence));
    headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(lease.fence));
    headers.insert(NATS_MESSAGE_TTL, format!("{}s", seconds(lease.limit)).as_str());
    let subject = lease_subject(&lease.name);
    let payload = lease.holder.clone().into();
    let answer = link.ask(subject, Some(headers), payload, ANSWER_WAIT).await?;
    match understood::<PublishAck>(&answer.payload) {
        Ok(ack) => Ok(Some(Lease { fence: ack.sequence, ..lease.clone() })),
        Err(error) if is_taken(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn ensure(link: &Link) -> Result<(), BusError> {
    let config = Config {
        name: LEASES.to_owned(),
        subjects: vec![lease_subject("*")],
        // On file, so that fences go on growing after the broker was started anew.
        storage: StorageType::File,
        num_replicas: link.replicas,
        max_messages_per_subject: 1,
        max_messages: -1,
        max_bytes: -1,
        max_consumers: -1,
        max_message_size: -1,
        allow_message_ttl: true,
        allow_direct: true,
        ..Config::default()
    };
    streams::ensure_as(link, config).await.map(drop)
}

/// Whole seconds, as the server counts them, never less than asked for.
fn seconds(limit: Duration) -> u64 {
    let limit = limit.max(LIMIT_MIN);
    limit.as_secs() + u64::from(limit.subsec_nanos() > 0)
}

fn is_nobody(error: &ApiError) -> bool {
    matches!(error, ApiError::Unanswered(Unanswered::Nobody))
}

fn is_taken(error: &ApiError) -> bool {
    error.is(ErrorCode::STREAM_WRONG_LAST_SEQUENCE)
        || error.is(ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT)
}

fn is_passing(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused(error) if error.code() == 503)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_never_cut_short() {
        for (millis, expected) in [(100, 1), (1_000, 1), (1_001, 2), (3_000, 3)] {
            assert_eq!(seconds(Duration::from_millis(millis)), expected);
        }
    }
}
