//! What came of a sending: told to the log, to the inbox if it is given up, and recorded.

use std::time::Duration;

use chassis::error::Chain;
use futures::{StreamExt, stream};
use kernel::backoff::Backoff;
use metrics::{counter, histogram};
use proto::id::DeliveryId;
use tracing::{debug, info, warn};

use super::{AT_ONCE, Courier};
use crate::{
    domain::{
        plan::ThreadKey,
        roster::INTERNAL,
        thread::{Command, outcome::Outcome, step::Cause},
        wording::{self, Undelivered},
    },
    shell::{
        book::{self, Trip},
        pen::PenError,
    },
};

/// Waits between attempts to record what came of a sending: it must not be lost, or it is sent
/// twice.
const RECORDING: Backoff =
    Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(5) };

impl Courier {
    /// Records what came of a sending of one message or several in one.
    pub(super) async fn conclude(
        &self,
        trips: &[(ThreadKey, Trip)],
        outcome: Outcome,
        rest: Option<Duration>,
        chance: f64,
    ) -> Result<(), PenError> {
        // One that spoils the message must not take the others with it: each goes alone.
        let is_spoilt = trips.len() > 1 && matches!(outcome, Outcome::Never { .. });
        let outcome = match outcome {
            Outcome::Never { reply } if is_spoilt => {
                Outcome::Again { reply, wait_min: None, perhaps_told: false }
            }
            Outcome::Delivered { .. }
            | Outcome::Again { .. }
            | Outcome::TooFast { .. }
            | Outcome::Never { .. }
            | Outcome::Broken { .. } => outcome,
        };
        let mut concluding = Vec::new();
        for (key, trip) in trips {
            self.book.set_alone(key, is_spoilt);
            concluding.push(self.conclude_one(key, trip, outcome.clone(), rest, chance));
        }
        let concluded = stream::iter(concluding).buffer_unordered(AT_ONCE);
        concluded.collect::<Vec<_>>().await.into_iter().collect()
    }

    async fn conclude_one(
        &self,
        key: &ThreadKey,
        trip: &Trip,
        outcome: Outcome,
        rest: Option<Duration>,
        chance: f64,
    ) -> Result<(), PenError> {
        self.tell_log(key, trip, &outcome);
        let what = match &outcome {
            Outcome::Broken { .. } => Undelivered::Channel,
            Outcome::Delivered { .. }
            | Outcome::Again { .. }
            | Outcome::TooFast { .. }
            | Outcome::Never { .. } => Undelivered::Letter,
        };
        let conclude = Command::Conclude {
            id: trip.parcel.delivery,
            outcome,
            rest,
            backoff: self.channels.pace(&key.channel).backoff,
            chance,
            at: self.context.clock.now(),
        };
        if let Some(reason) = self.book.gives_up(key, &conclude) {
            self.keep(key, trip, what, &reason).await?;
        }
        self.insist(key, &conclude).await
    }

    /// Records what came of a sending, however long that takes, while the term lasts.
    async fn insist(&self, key: &ThreadKey, command: &Command) -> Result<(), PenError> {
        let mut failures = 0;
        loop {
            match self.record(key, command).await {
                Err(error) if error.is_transient() && !self.ended.is_cancelled() => {
                    failures += 1;
                    warn!(failures, error = %Chain(&error), "Recording what was sent again.");
                    let wait = RECORDING.wait(failures, self.context.dice.chance());
                    self.context.clock.sleep(wait).await;
                }
                recorded => return recorded,
            }
        }
    }

    /// Puts what cannot be delivered into the contact's inbox. Before it is parked: after a crash
    /// between the two it is tried again, and the entry, under the same id, is there once.
    async fn keep(
        &self,
        key: &ThreadKey,
        trip: &Trip,
        what: Undelivered,
        reason: &str,
    ) -> Result<(), PenError> {
        // Of a test the person who asked for it sees the answer.
        if key.channel.as_str() == INTERNAL || trip.cause == Cause::Test {
            return Ok(());
        }
        let (delivery, at) = (trip.parcel.delivery, self.context.clock.now());
        let (about, domain, what) = match what {
            // Where the inbox has the news anyway, that all is out of order is said once a day.
            Undelivered::Channel if trip.is_in_inbox => {
                (format!("{} {}", key.channel, at.strftime("%Y-%m-%d")), None, what)
            }
            Undelivered::Channel | Undelivered::Letter => {
                (delivery.to_string(), key.domain, Undelivered::Letter)
            }
        };
        let inbox = ThreadKey { domain, channel: book::inbox(), ..key.clone() };
        let keep = Command::Keep {
            id: DeliveryId::of(&about, &key.contact, INTERNAL, 0),
            news: trip.news.clone(),
            cause: trip.cause,
            inbox: wording::undelivered(&trip.parcel.letter, what, key.channel.as_str(), reason),
            at,
        };
        self.insist(&inbox, &keep).await
    }

    fn tell_log(&self, key: &ThreadKey, trip: &Trip, outcome: &Outcome) {
        let (delivery, channel) = (trip.parcel.delivery, key.channel.as_str());
        let attempt = trip.parcel.attempt;
        let result = match outcome {
            Outcome::Delivered { .. } => {
                debug!(delivery.id = %delivery, channel, attempt, "Delivered {delivery}.");
                let age = self.context.clock.now().duration_since(trip.news.occurred_at());
                histogram!("certherald_delivery_seconds", "channel" => channel.to_owned())
                    .record(age.as_secs_f64().max(0.0));
                "delivered"
            }
            Outcome::Again { reply, .. } | Outcome::TooFast { reply, .. } => {
                info!(delivery.id = %delivery, channel, attempt, reply, "Not now: {delivery}.");
                "failed"
            }
            Outcome::Never { reply } | Outcome::Broken { reply } => {
                warn!(delivery.id = %delivery, channel, attempt, reply, "Parking {delivery}.");
                "parked"
            }
        };
        let channel = channel.to_owned();
        counter!("certherald_deliveries_total", "channel" => channel, "outcome" => result)
            .increment(1);
    }
}
