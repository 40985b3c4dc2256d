//! What came of a sending: told to the log, to the inbox if it is given up, and recorded.

use std::time::Duration;

use chassis::error::Chain;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use kernel::backoff::Backoff;
use metrics::{counter, histogram};
use tracing::{debug, info, warn};

use super::{AT_ONCE, Courier};
use crate::{
    domain::{
        audience::Recipient,
        excuse::Excuse,
        plan::ThreadKey,
        roster::INTERNAL,
        thread::{Command, outcome::Outcome, step::Cause},
        wording::{self, Undelivered},
    },
    shell::{book::Trip, pen::PenError},
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
            | Outcome::Broken { .. }
            | Outcome::Unready { .. } => outcome,
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
        let what = match &outcome {
            Outcome::Broken { .. } | Outcome::Unready { .. } => Undelivered::Channel,
            Outcome::Delivered { .. }
            | Outcome::Again { .. }
            | Outcome::TooFast { .. }
            | Outcome::Never { .. } => Undelivered::Letter,
        };
        let conclude = Command::Conclude {
            id: trip.parcel.delivery,
            outcome: outcome.clone(),
            rest,
            backoff: self.channels.pace(&key.channel).backoff,
            chance,
            at: self.context.clock.now(),
        };
        let given_up = self.book.gives_up(key, &conclude);
        self.tell_log(key, trip, &outcome, given_up.as_deref());
        if let Some(reason) = given_up {
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
    /// between the two it is judged again, and the entry, under the same id, is there once.
    pub(super) async fn keep(
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
        let at = self.context.clock.now();
        // Before the entry: where that is found, nothing is told any more.
        for (other, tell) in self.detours(key, trip, what, at) {
            self.insist(&other, &tell).await?;
        }
        let excuse = Excuse::of(key, trip.parcel.delivery, what, trip.is_in_inbox, at);
        let Excuse { id, domain, what } = excuse;
        let Recipient { contact, channel } = Recipient::inbox(key.contact);
        let inbox = ThreadKey { domain, contact, channel };
        let keep = Command::Keep {
            id,
            news: trip.news.clone(),
            cause: trip.cause,
            inbox: wording::undelivered(&trip.parcel.letter, what, key.channel.as_str(), reason),
            at,
        };
        self.insist(&inbox, &keep).await
    }

    /// What is told through other channels of the contact: that this one is out of order, and what
    /// it was to tell of another.
    fn detours(
        &self,
        key: &ThreadKey,
        trip: &Trip,
        what: Undelivered,
        at: Timestamp,
    ) -> Vec<(ThreadKey, Command)> {
        let recipient = key.recipient();
        let of_this = match what {
            Undelivered::Channel | Undelivered::Waiting => self.book.detour(&recipient, None, at),
            Undelivered::Letter => None,
        };
        let told = trip.parcel.broken_channel.as_ref().and_then(|told| told.channel.parse().ok());
        let of_other = told.and_then(|channel| {
            self.book.detour(&Recipient { channel, ..recipient }, Some(&key.channel), at)
        });
        of_this.into_iter().chain(of_other).collect()
    }

    fn tell_log(&self, key: &ThreadKey, trip: &Trip, outcome: &Outcome, given_up: Option<&str>) {
        let (delivery, channel) = (trip.parcel.delivery, key.channel.as_str());
        let attempt = trip.parcel.attempt;
        let result = match (outcome, given_up) {
            (Outcome::Delivered { .. }, _) => {
                debug!(delivery.id = %delivery, channel, attempt, "Delivered {delivery}.");
                let age = self.context.clock.now().duration_since(trip.news.detected_at());
                histogram!("certherald_delivery_seconds", "channel" => channel.to_owned())
                    .record(age.as_secs_f64().max(0.0));
                "delivered"
            }
            (_, Some(reason)) => {
                warn!(delivery.id = %delivery, channel, attempt, reason, "Parking {delivery}.");
                "parked"
            }
            (
                Outcome::Again { reply, .. }
                | Outcome::TooFast { reply, .. }
                | Outcome::Never { reply }
                | Outcome::Broken { reply }
                | Outcome::Unready { reply },
                None,
            ) => {
                info!(delivery.id = %delivery, channel, attempt, reply, "Not now: {delivery}.");
                "failed"
            }
        };
        let channel = channel.to_owned();
        counter!("certherald_deliveries_total", "channel" => channel, "outcome" => result)
            .increment(1);
    }
}
