//! What the detector is compared with: loops of the bare client that take each fact and acknowledge
//! it, and do nothing else.

use std::error::Error;

use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy, pull::Config},
    stream::Stream,
};
use futures::{StreamExt, TryStreamExt};

use crate::watcher::Watcher;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Facts that are taken and not yet acknowledged: as many as the detector judges at a time.
pub(crate) const IN_FLIGHT: usize = 256;

/// Whether the server says that it has taken an acknowledgement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// Of each.
    Each,
    /// Of none.
    None,
}

/// Facts a second, from a place of the stream on.
pub(crate) async fn rate(
    stream: &Stream,
    answer: Answer,
    first: u64,
    facts: usize,
) -> Outcome<f64> {
    let name = "bare";
    let config = Config {
        durable_name: Some(name.to_owned()),
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: first },
        ack_policy: AckPolicy::Explicit,
        max_ack_pending: -1,
        ..Config::default()
    };
    let consumer = stream.create_consumer(config).await?;
    let messages = consumer.messages().await?.take(facts).map_err(|error| error.to_string());
    let taken = messages.try_for_each_concurrent(IN_FLIGHT, async |message| {
        let answered = match answer {
            Answer::Each => message.double_ack().await,
            Answer::None => message.ack().await,
        };
        answered.map_err(|error| error.to_string())
    });
    let watcher = Watcher::new(stream, name, facts);
    let (rate, taken) = tokio::join!(watcher.rate(), taken);
    taken?;
    stream.delete_consumer(name).await?;
    rate
}
