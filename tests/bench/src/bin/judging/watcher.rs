//! How fast a consumer is emptied, as the server sees it: whoever empties it is measured alike.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use async_nats::jetstream::{
    consumer::{PullConsumer, pull},
    stream::Stream,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Pause between looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Watches one consumer.
pub(crate) struct Watcher<'a> {
    stream: &'a Stream,
    name: &'a str,
    facts: usize,
}

impl<'a> Watcher<'a> {
    /// A watcher of a consumer that has so many facts to take.
    pub(crate) fn new(stream: &'a Stream, name: &'a str, facts: usize) -> Self {
        Self { stream, name, facts }
    }

    /// Facts a second, from the first that was seen to be acknowledged until all are.
    pub(crate) async fn rate(&self) -> Outcome<f64> {
        let consumer = self.consumer().await;
        let mut begun = None;
        loop {
            let info = consumer.get_info().await?;
            let left = usize::try_from(info.num_pending)? + info.num_ack_pending;
            let done = self.facts.saturating_sub(left);
            match begun {
                None if done > 0 => begun = Some((Instant::now(), done)),
                Some((at, before)) if left == 0 => {
                    return Ok(per_second(self.facts - before, at.elapsed()));
                }
                None | Some(_) => {}
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// The consumer, as soon as it is there.
    async fn consumer(&self) -> PullConsumer {
        loop {
            if let Ok(consumer) = self.stream.get_consumer::<pull::Config>(self.name).await {
                return consumer;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn per_second(facts: usize, took: Duration) -> f64 {
    facts as f64 / took.as_secs_f64()
}
