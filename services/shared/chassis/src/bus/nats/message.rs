//! Messages as they come from the server, and as they go to it.

use async_nats::{
    HeaderMap, HeaderValue,
    header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID},
    jetstream::message::StreamMessage,
};
use jiff::Timestamp;

use crate::bus::{Append, BusError, Expect, Message};

/// How the names of headers begin that are the server's and not the message's.
const SERVER_PREFIX: &str = "nats-";

/// Where a delivered message stands, as the subject of its answer says:
/// `$JS.ACK.<domain>.<account>.<stream>.<consumer>.<attempt>.<sequence>.<of
/// consumer>.<nanoseconds>.<pending>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// How often it was delivered.
    pub(super) attempt: u32,
    /// Its sequence in the stream.
    pub(super) sequence: u64,
    /// The number of this delivery among those of the consumer.
    pub(super) of_consumer: u64,
    /// When it was stored.
    pub(super) stored_at: Timestamp,
    /// Messages that wait behind it.
    pub(super) pending: u64,
}

impl Place {
    /// Reads the subject on which a delivery is answered; `None` if it is some other subject.
    pub(super) fn read(reply: &str) -> Option<Self> {
        let tokens: Vec<_> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
        // Servers before 2.10 leave out domain and account; later ones may add tokens at the end.
        let from = if tokens.len() == 7 { 2 } else { 4 };
        let [attempt, sequence, of_consumer, stored_at, pending, ..] = tokens.get(from..)? else {
            return None;
        };
        Some(Self {
            attempt: attempt.parse().ok()?,
            sequence: sequence.parse().ok()?,
            of_consumer: of_consumer.parse().ok()?,
            stored_at: Timestamp::from_nanosecond(stored_at.parse().ok()?).ok()?,
            pending: pending.parse().ok()?,
        })
    }
}

/// A message that a consumer delivered.
pub(super) fn delivered(message: async_nats::Message, place: &Place) -> Message {
    let headers = message.headers.unwrap_or_default();
    Message {
        subject: message.subject.into_string(),
        sequence: place.sequence,
        id: id(&headers),
        stored_at: place.stored_at,
        headers: listed(&headers),
        payload: message.payload,
    }
}

/// A message that was fetched from the stream itself.
pub(super) fn fetched(message: StreamMessage) -> Result<Message, BusError> {
    let nanoseconds = message.time.unix_timestamp_nanos();
    let stored_at = Timestamp::from_nanosecond(nanoseconds).map_err(|error| BusError::Refused {
        operation: format!("read message {} of {}", message.sequence, message.subject),
        source: error.into(),
    })?;
    Ok(Message {
        subject: message.subject.into_string(),
        sequence: message.sequence,
        id: id(&message.headers),
        stored_at,
        headers: listed(&message.headers),
        payload: message.payload,
    })
}

/// The headers of an append.
pub(super) fn headers(
    append: &Append,
) -> Result<HeaderMap, async_nats::header::ParseHeaderValueError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &append.headers {
        headers.append(*name, value.parse::<HeaderValue>()?);
    }
    headers.insert(NATS_MESSAGE_ID, append.id.parse::<HeaderValue>()?);
    if let Expect::Version(version) = append.expect {
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(version));
    }
    Ok(headers)
}

fn id(headers: &HeaderMap) -> String {
    headers.get_last(NATS_MESSAGE_ID).map(|id| id.as_str().to_owned()).unwrap_or_default()
}

fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut listed: Vec<_> = headers
        .iter()
        .filter(|(name, _)| !name.to_string().to_ascii_lowercase().starts_with(SERVER_PREFIX))
        .flat_map(|(name, values)| {
            values.iter().map(move |value| (name.to_string(), value.as_str().to_owned()))
        })
        .collect();
    // Stable, so that values of one name keep their order.
    listed.sort_by(|(a, _), (b, _)| a.cmp(b));
    listed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> Place {
        Place {
            attempt: 2,
            sequence: 31,
            of_consumer: 40,
            stored_at: Timestamp::from_nanosecond(1_700_000_000_000_000_001).unwrap(),
            pending: 5,
        }
    }

    #[test]
    fn a_place_is_read_from_every_form_of_answer_subject() {
        for reply in [
            "$JS.ACK.JOBS.crew.2.31.40.1700000000000000001.5",
            "$JS.ACK._.hash.JOBS.crew.2.31.40.1700000000000000001.5",
            "$JS.ACK.hub.hash.JOBS.crew.2.31.40.1700000000000000001.5.token.more",
        ] {
            assert_eq!(Place::read(reply), Some(place()), "{reply}");
        }
    }

    #[test]
    fn headers_are_listed_by_name_without_the_servers_own() {
        let mut headers = HeaderMap::new();
        headers.insert("ce-type", "b");
        headers.insert("Nats-Msg-Id", "id-1");
        headers.insert("nats-expected-stream", "LOG");
        headers.append("a", "2");
        headers.append("a", "1");
        assert_eq!(id(&headers), "id-1");
        let listed = listed(&headers);
        let listed: Vec<_> = listed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(listed, [("a", "2"), ("a", "1"), ("ce-type", "b")]);
    }

    proptest! {
        #[test]
        fn nothing_makes_reading_panic(rest in "[0-9a-z.-]{0,80}") {
            let _ = Place::read(&rest);
            let _ = Place::read(&format!("$JS.ACK.{rest}"));
        }
    }
}
