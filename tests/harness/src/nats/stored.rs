//! What a stream holds, read with a plain client and nothing of ours but the `.proto` files.

use std::time::Duration;

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::{HeaderMap, jetstream};
use futures::StreamExt;
use jiff::Timestamp;
use prost::Message;

use super::Nats;

/// How long the next message of a stream that has more may take.
const NEXT: Duration = Duration::from_secs(10);

/// One message of a stream.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its place in the stream.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// When the broker stored it.
    pub at: Timestamp,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Vec<u8>,
}

impl Stored {
    /// The body as a Protobuf message.
    pub fn decoded<M: Message + Default>(&self) -> M {
        M::decode(self.payload.as_slice()).unwrap()
    }
}

impl Nats {
    /// How many messages a stream holds; 0 if there is no such stream.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn count(&self, stream: &str) -> Result<u64, String> {
        let client = self.connect(super::TESTER).await.map_err(|error| error.to_string())?;
        match jetstream::new(client).get_stream(stream).await {
            Ok(stream) => Ok(stream.cached_info().state.messages),
            Err(error) if error.to_string().contains("stream not found") => Ok(0),
            Err(error) => Err(error.to_string()),
        }
    }

    /// All messages that a stream holds, oldest first.
    pub async fn messages(&self, stream: &str) -> Vec<Stored> {
        let stream = jetstream::new(self.client().await).get_stream(stream).await.unwrap();
        let mut left = stream.cached_info().state.messages;
        let config = Config {
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            inactive_threshold: NEXT,
            ..Config::default()
        };
        let consumer = stream.create_consumer(config).await.unwrap();
        let mut coming = consumer.messages().await.unwrap();
        let mut messages = Vec::new();
        while left > 0 {
            let message = tokio::time::timeout(NEXT, coming.next()).await.unwrap();
            let message = message.unwrap().unwrap();
            let info = message.info().unwrap();
            left = info.pending;
            let (sequence, at) = (info.stream_sequence, info.published.unix_timestamp_nanos());
            messages.push(Stored {
                sequence,
                subject: message.subject.to_string(),
                at: Timestamp::from_nanosecond(at).unwrap(),
                headers: message.headers.clone().unwrap_or_default(),
                payload: message.payload.to_vec(),
            });
        }
        // A test that looks often would otherwise use up the consumers that a stream may have.
        stream.delete_consumer(&consumer.cached_info().name).await.unwrap();
        messages
    }
}
