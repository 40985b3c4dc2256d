//! Carries out what the plan says, thread by thread: records what is to be recorded, sends what is
//! to be sent, records what came of it.
//!
//! Each recipient has a lane of its own and each channel its pace, so that whoever is slow delays
//! nobody else. One thread is in one pair of hands at a time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chassis::{context::Context, error::Chain};
use futures::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use kernel::backoff::Backoff;
use metrics::{counter, histogram};
use proto::{id::DeliveryId, subject::Token};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    book::{self, Book, Next, Trip},
    channel::Channels,
    pen::{Pen, PenError},
};
use crate::domain::{
    audience::Recipient,
    plan::ThreadKey,
    roster::INTERNAL,
    thread::{Command, outcome::Outcome, step::Cause},
    wording::{self, Undelivered},
};

/// Threads in hand at once, whatever their channels allow.
const IN_HAND_MAX: usize = 512;

/// Steps of one thread before others have their turn.
const ROUNDS_MAX: usize = 64;

/// Pause of a thread whose steps could not be recorded.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits between attempts to record what came of a sending: it must not be lost, or it is sent
/// twice.
const RECORDING: Backoff =
    Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(5) };

/// Sends what is due, in the term of the one active notifier.
#[derive(Clone)]
pub struct Courier {
    /// The world.
    pub context: Context,
    /// What is known.
    pub book: Arc<Book>,
    /// What it is written with.
    pub pen: Pen,
    /// Ways of telling.
    pub channels: Channels,
    /// Cancelled when nothing may be sent any more.
    pub ended: CancellationToken,
}

/// How many sendings are in hand, by recipient and by channel.
#[derive(Default)]
struct Load {
    of_recipient: BTreeMap<Recipient, usize>,
    of_channel: BTreeMap<Token, usize>,
}

impl Courier {
    /// Works until the term ends; then finishes what it has in hand.
    pub async fn work(&self) {
        let mut load = Load::default();
        let mut trips = FuturesUnordered::new();
        while !self.ended.is_cancelled() {
            let now = self.context.clock.now();
            while trips.len() < IN_HAND_MAX {
                let has_room = |recipient: &Recipient| load.has_room(recipient, &self.channels);
                let Some(key) = self.book.take(now, has_room) else { break };
                load.begin(&key.recipient());
                trips.push(self.attend(key));
            }
            let wake_at = self.book.next_after(now);
            tokio::select! {
                () = self.ended.cancelled() => {}
                Some(key) = trips.next() => load.end(&ThreadKey::recipient(&key)),
                () = self.book.changed() => {}
                () = self.until(wake_at) => {}
            }
        }
        while trips.next().await.is_some() {}
    }

    async fn until(&self, at: Option<Timestamp>) {
        match at {
            Some(at) => self.context.clock.sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// Does what is to be done about a thread, and puts it back.
    async fn attend(&self, key: ThreadKey) -> ThreadKey {
        let rest = match self.rounds(&key).await {
            Ok(rest) => rest,
            Err(error) => {
                let (subject, error) = (book::place(&key).subject, Chain(&error).to_string());
                warn!(%subject, error, "Nothing can be recorded of `{subject}` for now.");
                self.context.clock.now().checked_add(PAUSE).ok()
            }
        };
        self.book.put_back(&key, rest);
        key
    }

    async fn rounds(&self, key: &ThreadKey) -> Result<Option<Timestamp>, PenError> {
        for _ in 0..ROUNDS_MAX {
            let now = self.context.clock.now();
            if self.ended.is_cancelled() {
                return Ok(Some(now));
            }
            match self.book.next(key, now) {
                Next::Rest(until) => return Ok(until),
                Next::Record(command) => self.record(key, &command).await?,
                Next::Send(trip) => self.deliver(key, *trip).await?,
            }
        }
        Ok(Some(self.context.clock.now()))
    }

    /// Records a command. One that the thread refuses has been overtaken, and is none any more.
    async fn record(&self, key: &ThreadKey, command: &Command) -> Result<(), PenError> {
        match self.pen.record(key, command).await {
            Ok(_) => Ok(()),
            Err(PenError::Refused(refusal)) => {
                debug!(reason = %refusal, "A decision was overtaken.");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn deliver(&self, key: &ThreadKey, trip: Trip) -> Result<(), PenError> {
        let id = trip.parcel.delivery;
        let attempt = Command::Attempt { id, at: trip.parcel.at };
        match self.pen.record(key, &attempt).await {
            Ok(_) => {}
            // Another has dealt with it: it is not sent.
            Err(PenError::Refused(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
        let outcome = self.channels.send(&key.channel, &trip.parcel).await;
        self.tell_log(key, &trip, &outcome);
        match &outcome {
            Outcome::Never { reply } => self.keep(key, &trip, Undelivered::Letter, reply).await?,
            Outcome::Broken { reply } => self.keep(key, &trip, Undelivered::Channel, reply).await?,
            Outcome::Delivered { .. } | Outcome::Again { .. } => {}
        }
        let conclude = Command::Conclude {
            id,
            outcome,
            backoff: self.channels.pace(&key.channel).backoff,
            chance: self.context.dice.chance(),
            at: self.context.clock.now(),
        };
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
            Outcome::Again { reply, .. } => {
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

impl Load {
    fn has_room(&self, recipient: &Recipient, channels: &Channels) -> bool {
        let pace = channels.pace(&recipient.channel);
        let of_recipient = self.of_recipient.get(recipient).copied().unwrap_or_default();
        let of_channel = self.of_channel.get(&recipient.channel).copied().unwrap_or_default();
        of_recipient < pace.at_once_each && of_channel < pace.at_once
    }

    fn begin(&mut self, recipient: &Recipient) {
        *self.of_recipient.entry(recipient.clone()).or_default() += 1;
        *self.of_channel.entry(recipient.channel.clone()).or_default() += 1;
    }

    fn end(&mut self, recipient: &Recipient) {
        less(&mut self.of_recipient, recipient);
        less(&mut self.of_channel, &recipient.channel);
    }
}

fn less<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
