//! Carries out what the plan says, thread by thread: records what is to be recorded, sends what is
//! to be sent, records what came of it.
//!
//! Each recipient has a lane of its own and each channel its pace, so that whoever is slow delays
//! nobody else. One thread is in one pair of hands at a time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chassis::{context::Context, error::Chain};
use futures::{
    StreamExt,
    stream::{self, FuturesUnordered},
};
use jiff::Timestamp;
use proto::{id::DeliveryId, subject::Token};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

mod conclude;
mod gather;
pub mod turnstile;

use self::turnstile::Turnstile;
use super::{
    book::{self, Book, Haul, Lane, Next, Spot, Trip},
    channel::{Channels, Pace, Parcel},
    pen::{Pen, PenError},
};
use crate::domain::{
    audience::Recipient, plan::ThreadKey, roster::INTERNAL, thread::Command, wording::Undelivered,
};

/// Threads in hand at once, whatever their channels allow.
const IN_HAND_MAX: usize = 512;

/// Steps of one thread before others have their turn.
const ROUNDS_MAX: usize = 64;

/// Threads of one message that are written of at once.
const AT_ONCE: usize = 16;

/// Pause of a thread whose steps could not be recorded, or not all of them at once.
const PAUSE: Duration = Duration::from_secs(1);

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
    /// Through which messages go one by one.
    pub turnstile: Turnstile,
    /// Cancelled when nothing may be sent any more.
    pub ended: CancellationToken,
}

/// How many sendings are in hand, by where they go and by channel.
#[derive(Default)]
struct Load {
    of_spot: BTreeMap<Spot, usize>,
    of_channel: BTreeMap<Token, usize>,
}

impl Courier {
    /// Works until the term ends; then finishes what it has in hand.
    pub async fn work(&self) {
        let mut load = Load::default();
        let mut trips = FuturesUnordered::new();
        while !self.ended.is_cancelled() {
            let now = self.context.clock.now();
            let mut room_from = None;
            while trips.len() < IN_HAND_MAX {
                let pace = |lane: &Lane, spot: &Spot| load.pace(lane, spot, &self.channels);
                let haul = match self.book.take(now, pace) {
                    Ok(haul) => haul,
                    Err(nothing) => {
                        room_from = nothing.room_from;
                        break;
                    }
                };
                let recipient = haul.key.recipient();
                let spot = self.book.spot(&recipient);
                load.begin(&spot, &recipient.channel);
                trips.push(async move {
                    self.attend(haul).await;
                    (spot, recipient.channel)
                });
            }
            let wake_at = [self.book.next_ripe(), room_from].into_iter().flatten().min();
            tokio::select! {
                () = self.ended.cancelled() => {}
                Some((spot, channel)) = trips.next() => load.end(&spot, &channel),
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

    /// Does what is to be done about a thread, with others that go the same way, and puts them
    /// back.
    async fn attend(&self, haul: Haul) {
        let settled = self.settle(&haul.key, Timestamp::MIN).await;
        let trips = match settled {
            Ok(Settled::Goes(trip)) if haul.gathers && !trip.is_alone => {
                self.gather(&haul, (haul.key.clone(), *trip)).await
            }
            Ok(Settled::Goes(trip)) => vec![(haul.key.clone(), *trip)],
            Ok(Settled::Rests(at)) => {
                self.book.put_back(&haul.key, at);
                Vec::new()
            }
            Err(error) => {
                self.book.put_back(&haul.key, self.pause(&haul.key, &error));
                Vec::new()
            }
        };
        self.book.gathered(&haul);
        let keys: Vec<_> = trips.iter().map(|(key, _)| key.clone()).collect();
        let at = match self.deliver(trips, haul.until).await {
            Ok(()) => Some(self.context.clock.now()),
            Err(error) => self.pause(&haul.key, &error),
        };
        for key in &keys {
            self.book.put_back(key, at);
        }
    }

    /// When a thread is looked at again of which nothing could be recorded.
    fn pause(&self, key: &ThreadKey, error: &PenError) -> Option<Timestamp> {
        let (subject, error) = (book::place(key).subject, Chain(error).to_string());
        warn!(%subject, error, "Nothing can be recorded of `{subject}` for now.");
        self.context.clock.now().checked_add(PAUSE).ok()
    }

    /// Records what is to be recorded of a thread, until it rests or something is to be sent. What
    /// is due until an instant may be sent.
    async fn settle(&self, key: &ThreadKey, until: Timestamp) -> Result<Settled, PenError> {
        for _ in 0..ROUNDS_MAX {
            let now = self.context.clock.now();
            if self.ended.is_cancelled() {
                return Ok(Settled::Rests(Some(now)));
            }
            match self.book.next(key, now, until.max(now)) {
                Next::Rest(at) => return Ok(Settled::Rests(at)),
                Next::Record(command) => self.record(key, &command).await?,
                Next::Send(trip) => return Ok(Settled::Goes(trip)),
                Next::Excuse(trip, reason) => {
                    self.keep(key, &trip, Undelivered::Waiting, &reason).await?;
                }
            }
        }
        // However much there is to record, others have their turn.
        Ok(Settled::Rests(self.context.clock.now().checked_add(PAUSE).ok()))
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

    /// Sends what goes in one message, because it is due until an instant, when it is its turn.
    async fn deliver(
        &self,
        trips: Vec<(ThreadKey, Trip)>,
        until: Timestamp,
    ) -> Result<(), PenError> {
        let Some((key, _)) = trips.first() else { return Ok(()) };
        let recipient = key.recipient();
        // What the inbox has comes with the record, and cannot come twice. And nobody need wait for
        // an address that did not answer the last time.
        if recipient.channel.as_str() == INTERNAL || self.book.is_doubtful(&recipient) {
            return self.act(&recipient, trips, until).await;
        }
        self.turnstile.pass(&recipient, self.act(&recipient, trips, until)).await
    }

    /// Sends what goes in one message; records what came of it.
    async fn act(
        &self,
        recipient: &Recipient,
        mut trips: Vec<(ThreadKey, Trip)>,
        until: Timestamp,
    ) -> Result<(), PenError> {
        let at = self.context.clock.now();
        // While others passed, it may have recovered, or the address may have gone out of order.
        trips.retain(|(key, trip)| {
            self.book.still_goes(key, trip.parcel.delivery, at, until.max(at))
        });
        let deliveries: Vec<_> = trips.iter().map(|(_, trip)| trip.parcel.delivery).collect();
        let lead = DeliveryId::together(&deliveries);
        let together = (trips.len() > 1).then_some(lead);
        let recorded = stream::iter(trips).map(|(key, trip)| async move {
            let attempt = Command::Attempt { id: trip.parcel.delivery, lead: together, at };
            let recorded = self.pen.record(&key, &attempt).await;
            (key, trip, recorded)
        });
        let mut trips = Vec::new();
        let mut failed = None;
        for (key, trip, recorded) in recorded.buffered(AT_ONCE).collect::<Vec<_>>().await {
            match recorded {
                Ok(_) => trips.push((key, trip)),
                // Another has dealt with it: it is not sent.
                Err(PenError::Refused(_)) => {}
                Err(error) => failed = Some(error),
            }
        }
        match (self.parcel(recipient, &trips, lead, at), failed) {
            (Some(parcel), _) => {
                self.book.sent(recipient, lead, at);
                let outcome = self.channels.send(&recipient.channel, &parcel).await;
                // All of them wait equally long, to travel together again.
                let (now, chance) = (self.context.clock.now(), self.context.dice.chance());
                let rest = self.book.concluded(recipient, lead, &outcome, chance, now);
                self.conclude(&trips, outcome, rest, chance).await
            }
            (None, Some(error)) => Err(error),
            (None, None) => Ok(()),
        }
    }

    /// One parcel for all of them.
    fn parcel(
        &self,
        recipient: &Recipient,
        trips: &[(ThreadKey, Trip)],
        lead: DeliveryId,
        at: Timestamp,
    ) -> Option<Parcel> {
        let (_, first) = trips.first()?;
        let mut parcel = first.parcel.clone();
        if trips.len() > 1 {
            let letters: Vec<_> = trips.iter().map(|(_, trip)| &trip.parcel.letter).collect();
            parcel.letter = self.book.digest(&recipient.contact, &letters, lead);
            parcel.news = trips.iter().map(|(_, trip)| trip.news.clone()).collect();
            parcel.roots = trips.iter().flat_map(|(_, trip)| trip.parcel.roots.clone()).collect();
        }
        (parcel.delivery, parcel.at) = (lead, at);
        Some(parcel)
    }
}

/// What came of settling a thread.
enum Settled {
    /// There is nothing to do, until an instant if there is one.
    Rests(Option<Timestamp>),
    /// Something is to be sent.
    Goes(Box<Trip>),
}

impl Load {
    /// The pace of a lane, if something more may be in hand there.
    fn pace(&self, lane: &Lane, spot: &Spot, channels: &Channels) -> Option<Pace> {
        let channel = &lane.recipient.channel;
        let pace = channels.pace(channel);
        let of_spot = self.of_spot.get(spot).copied().unwrap_or_default();
        let of_channel = self.of_channel.get(channel).copied().unwrap_or_default();
        (of_spot < pace.at_once_each && of_channel < pace.at_once).then_some(pace)
    }

    fn begin(&mut self, spot: &Spot, channel: &Token) {
        *self.of_spot.entry(spot.clone()).or_default() += 1;
        *self.of_channel.entry(channel.clone()).or_default() += 1;
    }

    fn end(&mut self, spot: &Spot, channel: &Token) {
        less(&mut self.of_spot, spot);
        less(&mut self.of_channel, channel);
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
