//! Pulling: asking a consumer for messages, and hearing from it what became of the asking.
//!
//! The client's own stream of messages asks for more than its reader can answer, so that
//! back-pressure would be a guess. Here each message is asked for, and counted until it came or
//! will not come.

use std::{sync::Arc, time::Duration};

use async_nats::{StatusCode, Subscriber, jetstream::consumer::pull::BatchConfig};
use futures::StreamExt;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{
    fault::Unanswered,
    link::{ANSWER_WAIT, Link},
};

/// How long the server keeps an asking that it cannot answer.
const EXPIRES: Duration = Duration::from_secs(30);

/// How often the server says that it is there while it has nothing to deliver.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How long nothing at all may be heard: two heartbeats that did not come, and a moment.
const SILENCE_MAX: Duration = Duration::from_secs(11);

/// Header that tells how many messages of an asking will not come.
const PENDING: &str = "Nats-Pending-Messages";

/// One inbox on which a consumer's messages arrive.
pub(super) struct Pull {
    link: Arc<Link>,
    subject: String,
    inbox: String,
    arrivals: Subscriber,
    losses: watch::Receiver<u64>,
    asked: usize,
    heard_at: Instant,
}

/// What is heard of a consumer.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message.
    Message(async_nats::Message),
    /// So many of those asked for will not come, for the time being: ask again.
    Expired(usize),
    /// It has nothing to deliver.
    Idle,
    /// This inbox is of no use any more: begin with a new one.
    Over(String),
}

impl Pull {
    /// Opens an inbox for a consumer.
    pub(super) async fn open(
        link: &Arc<Link>,
        stream: &str,
        consumer: &str,
    ) -> Result<Self, Unanswered> {
        link.reachable().await?;
        let inbox = link.client().new_inbox();
        let losses = link.losses();
        let arrivals = timeout(ANSWER_WAIT, link.client().subscribe(inbox.clone()))
            .await
            .map_err(|_| Unanswered::Late(ANSWER_WAIT))?
            .map_err(|error| Unanswered::Unfit(error.into()))?;
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
        let heard_at = Instant::now();
        Ok(Self { link: link.clone(), subject, inbox, arrivals, losses, asked: 0, heard_at })
    }

    /// How many messages were asked for that did not come yet.
    pub(super) fn asked(&self) -> usize {
        self.asked
    }

    /// Asks for more messages, of so many bytes at most if a number is given.
    pub(super) async fn ask(
        &mut self,
        more: usize,
        bytes: Option<usize>,
    ) -> Result<(), Unanswered> {
        let batch = BatchConfig {
            batch: more,
            expires: Some(EXPIRES),
            idle_heartbeat: HEARTBEAT,
            max_bytes: bytes.unwrap_or_default(),
            ..BatchConfig::default()
        };
        let body = serde_json::to_vec(&batch).map_err(|error| Unanswered::Unfit(error.into()))?;
        // Before it is sent: if this is dropped half-way, what was not asked for is missed after a
        // while, but what was asked for and not counted would never be.
        self.asked += more;
        self.heard_at = Instant::now();
        self.link.send(self.subject.clone(), Some(self.inbox.clone()), body.into()).await
    }

    /// What is heard next. Nothing is lost if it is dropped while it waits.
    pub(super) async fn next(&mut self) -> Heard {
        let deadline = self.heard_at + SILENCE_MAX;
        let message = tokio::select! {
            biased;
            message = self.arrivals.next() => message,
            _ = self.losses.changed() => return Heard::Over("the connection was lost".to_owned()),
            () = sleep_until(deadline), if self.asked > 0 => {
                return Heard::Over(format!("nothing was heard for {SILENCE_MAX:?}"));
            }
        };
        self.heard_at = Instant::now();
        let Some(message) = message else { return Heard::Over("the client is closed".to_owned()) };
        match message.status {
            None | Some(StatusCode::OK) => {
                self.asked = self.asked.saturating_sub(1);
                Heard::Message(message)
            }
            Some(StatusCode::IDLE_HEARTBEAT) => Heard::Idle,
            Some(status) => self.expired(status, &message),
        }
    }

    /// An asking ended. If the server does not say how many messages of it will not come, the count
    /// is lost, and with it the use of this inbox.
    fn expired(&mut self, status: StatusCode, message: &async_nats::Message) -> Heard {
        let pending = message.headers.as_ref().and_then(|headers| headers.get(PENDING));
        let pending = pending.and_then(|pending| pending.as_str().parse::<usize>().ok());
        let why = message.description.as_ref().map_or("", |text| text.as_str());
        match pending {
            Some(pending) if ENDS.iter().any(|end| why.starts_with(end)) => {
                let pending = pending.min(self.asked);
                self.asked -= pending;
                Heard::Expired(pending)
            }
            Some(_) | None => Heard::Over(format!("{status} {why}")),
        }
    }
}

/// How an asking ends in good order. Anything else, such as `Consumer Deleted` or `Leadership
/// Change`, means that the consumer must be looked for.
const ENDS: [&str; 4] = [
    "Request Timeout",
    "Message Size Exceeds MaxBytes",
    "Batch Completed",
    "Exceeded MaxAckPending",
];
