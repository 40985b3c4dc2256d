//! Reading along, keeping no place at the broker: a consumer that is thrown away, and the place
//! with us.
//!
//! Whenever anything goes wrong (the connection is lost, the consumer or the stream vanishes, a
//! delivery is missing) another consumer is made that begins behind the last message that was read.
//!
//! A consumer may live on a copy that lags behind the stream's leader, and then has nothing left
//! too soon: the leader is asked whether that is so, and if the copy does not get along, another
//! consumer is made, which may live on another copy. A stream may also have lost its end, with the
//! machine that wrote it last: then reading goes back to where it ends now.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::consumer::{
    AckPolicy, Config, DeliverPolicy, IntoConsumerConfig, ReplayPolicy, pull,
};
use async_trait::async_trait;
use jiff::Timestamp;
use proto::stream::Stream;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, warn};

use super::{
    consume::make,
    fault::Complaint,
    link::Link,
    message::{self, Place},
    pull::{Heard, Pull},
    read, streams,
};
use crate::bus::{BusError, Followed, Following, From, Message};

/// Messages asked for at once.
const WINDOW: usize = 1_000;

/// Bytes asked for at once, so that a window of the largest messages does not fill the memory.
const WINDOW_BYTES: usize = 16 * 1024 * 1024;

/// How long the broker keeps a consumer that nobody asks.
const UNUSED_MAX: Duration = Duration::from_mins(1);

/// How long a copy that lags behind its leader may deliver nothing before another is tried.
const LAG_MAX: Duration = Duration::from_secs(1);

/// Pause before a stream that could not be reached is looked for again.
const PAUSE: Duration = Duration::from_millis(250);

/// One who reads along.
pub(super) struct Follow {
    link: Arc<Link>,
    stream: &'static Stream,
    pattern: String,
    place: Placed,
    catching_up: CatchingUp,
    reader: Option<Reader>,
    /// Whether it was said that a copy lags.
    lag_told: bool,
}

/// Where reading stands.
struct Placed {
    /// The sequence of the next message at the earliest.
    next: u64,
    /// The last sequence that the stream is known to have had.
    seen: u64,
    /// When the stream was made: another one begins anew.
    made_at: Timestamp,
}

/// How far it is to where the stream ended when reading began.
#[derive(Clone, Copy)]
enum CatchingUp {
    /// Up to this sequence.
    To(u64),
    /// Up to this sequence, and this copy has nothing left: the leader must be asked.
    Perhaps(u64),
    /// Up to this sequence, and this copy has nothing left, but the leader has: so long it may
    /// take.
    Behind(u64, Instant),
    /// Arrived, which must still be said.
    Arrived,
    /// Said.
    Done,
}

impl CatchingUp {
    /// How far it is once all up to a sequence was read, and a copy has so many more for us.
    fn after(self, read: u64, pending: u64) -> Self {
        match self {
            Self::To(end) | Self::Perhaps(end) | Self::Behind(end, _) if read >= end => {
                Self::Arrived
            }
            Self::To(end) | Self::Perhaps(end) | Self::Behind(end, _) if pending == 0 => {
                Self::Perhaps(end)
            }
            Self::To(end) | Self::Perhaps(end) | Self::Behind(end, _) => Self::To(end),
            Self::Arrived => Self::Arrived,
            Self::Done => Self::Done,
        }
    }
}

/// One consumer that is thrown away, in use.
struct Reader {
    pull: Pull,
    delivered: u64,
}

impl Follow {
    pub(super) async fn begin(
        link: &Arc<Link>,
        stream: &'static Stream,
        pattern: &str,
        from: From,
    ) -> Result<Self, BusError> {
        let info = streams::state(link, stream).await?;
        let end = info.state.last_sequence;
        let (next, catching_up) = match from {
            From::Sequence(sequence) if sequence <= end => (sequence.max(1), CatchingUp::To(end)),
            From::Sequence(sequence) => (sequence.max(1), CatchingUp::Arrived),
            From::End => (end + 1, CatchingUp::Arrived),
        };
        let place = Placed { next, seen: end, made_at: made_at(&info) };
        let mut this = Self {
            link: link.clone(),
            stream,
            pattern: pattern.to_owned(),
            place,
            catching_up,
            reader: None,
            lag_told: false,
        };
        this.join().await?;
        Ok(this)
    }

    /// Makes a consumer that begins at our place, and opens an inbox for it.
    async fn join(&mut self) -> Result<(), BusError> {
        self.reader = None;
        let info = streams::state(&self.link, self.stream).await?;
        if made_at(&info) != self.place.made_at {
            warn!(stream = self.stream.name, "The stream was made anew: reading from its start.");
            self.place = Placed { next: 1, seen: 0, made_at: made_at(&info) };
        }
        let last = info.state.last_sequence;
        if last < self.place.seen {
            warn!(
                stream = self.stream.name,
                last,
                seen = self.place.seen,
                "The stream lost its end: reading on from {}.",
                last + 1,
            );
            self.place.next = self.place.next.min(last + 1);
        }
        self.place.seen = last;
        let policy = DeliverPolicy::ByStartSequence { start_sequence: self.place.next };
        let config = passing(&self.link, &self.pattern, policy);
        let name = config.name.clone().unwrap_or_default();
        let consumer = make(&self.link, self.stream, config).await?;
        self.catching_up = self.catching_up.after(self.place.next - 1, consumer.num_pending);
        let pull = Pull::open(&self.link, self.stream.name, &name).await;
        let pull = pull.map_err(|error| error.while_doing("follow"))?;
        self.reader = Some(Reader { pull, delivered: 0 });
        Ok(())
    }

    /// This copy has nothing left for us, as far as it knows.
    fn doubt(&mut self) {
        if let CatchingUp::To(end) = self.catching_up {
            self.catching_up = CatchingUp::Perhaps(end);
        }
    }

    /// Whether nothing is left up to the end, on the leader either.
    async fn ask(&mut self, end: u64) -> Result<(), BusError> {
        let next = read::next(&self.link, self.stream, &self.pattern, self.place.next).await?;
        self.catching_up = match next {
            Some(next) if next <= end => CatchingUp::Behind(end, Instant::now() + LAG_MAX),
            Some(_) | None => CatchingUp::Arrived,
        };
        Ok(())
    }

    /// Hears or asks once; answers a message if one came.
    async fn step(&mut self) -> Result<Option<Message>, String> {
        let Some(reader) = &mut self.reader else { return Err("not joined".to_owned()) };
        if reader.pull.asked() <= WINDOW / 2 {
            let asked = reader.pull.ask(WINDOW, Some(WINDOW_BYTES)).await;
            asked.map_err(|error| error.to_string())?;
        }
        let heard = match self.catching_up {
            CatchingUp::Behind(_, until) => match timeout_at(until, reader.pull.next()).await {
                Ok(heard) => heard,
                Err(_) => return Err(self.lags()),
            },
            CatchingUp::To(_) | CatchingUp::Perhaps(_) | CatchingUp::Arrived | CatchingUp::Done => {
                reader.pull.next().await
            }
        };
        match heard {
            Heard::Message(message) => self.take(message),
            Heard::Expired(_) => Ok(None),
            Heard::Idle => {
                self.doubt();
                Ok(None)
            }
            Heard::Over(why) => Err(why),
        }
    }

    /// Another copy is to be tried, which is said once.
    fn lags(&mut self) -> String {
        let why = "a copy lags behind its leader";
        if !self.lag_told {
            warn!(stream = self.stream.name, "Of {}, {why}: trying another.", self.stream.name);
            self.lag_told = true;
        }
        why.to_owned()
    }

    fn take(&mut self, message: async_nats::Message) -> Result<Option<Message>, String> {
        let place = message.reply.as_ref().and_then(|reply| Place::read(reply));
        let (Some(place), Some(reader)) = (place, &mut self.reader) else { return Ok(None) };
        if place.of_consumer != reader.delivered + 1 {
            return Err(format!("delivery {} came after {}", place.of_consumer, reader.delivered));
        }
        reader.delivered = place.of_consumer;
        self.place.next = place.sequence + 1;
        self.place.seen = self.place.seen.max(place.sequence);
        self.catching_up = self.catching_up.after(place.sequence, place.pending);
        Ok(Some(message::delivered(message, &place)))
    }
}

#[async_trait]
impl Following for Follow {
    async fn next(&mut self) -> Result<Followed, BusError> {
        loop {
            if let CatchingUp::Arrived = self.catching_up {
                self.catching_up = CatchingUp::Done;
                return Ok(Followed::CaughtUp);
            }
            let stepped = if let CatchingUp::Perhaps(end) = self.catching_up {
                self.ask(end).await.map(|()| None).map_err(|error| error.to_string())
            } else {
                self.step().await
            };
            let why = match stepped {
                Ok(Some(message)) => return Ok(Followed::Message(message)),
                Ok(None) => continue,
                Err(why) => why,
            };
            debug!(stream = self.stream.name, %why, "Following again from {}.", self.place.next);
            let mut complaint = Complaint::about(format!("Stream `{}`", self.stream.name));
            while let Err(error) = self.join().await {
                complaint.make(&error);
                sleep(PAUSE).await;
            }
            complaint.over();
        }
    }
}

/// A consumer that is thrown away: in memory, of one copy, without acknowledgements.
pub(super) fn passing(link: &Link, pattern: &str, deliver_policy: DeliverPolicy) -> Config {
    let unique = link.client().new_inbox();
    let unique = unique.rsplit('.').next().unwrap_or_default();
    let config = pull::Config {
        name: Some(format!("passing-{unique}")),
        deliver_policy,
        ack_policy: AckPolicy::None,
        filter_subject: pattern.to_owned(),
        replay_policy: ReplayPolicy::Instant,
        memory_storage: true,
        num_replicas: 1,
        inactive_threshold: UNUSED_MAX,
        ..pull::Config::default()
    };
    config.into_consumer_config()
}

fn made_at(info: &async_nats::jetstream::stream::Info) -> Timestamp {
    let nanoseconds = info.created.unix_timestamp_nanos();
    Timestamp::from_nanosecond(nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
