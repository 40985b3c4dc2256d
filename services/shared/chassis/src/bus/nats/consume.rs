//! Taking part in a durable consumer.
//!
//! Of `held_max` seats, one is taken by each delivery until it is answered or dropped, and one by
//! each message that was asked for: never more than that are on their way to us or with us.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    ErrorCode,
    consumer::{AckPolicy, Config, DeliverPolicy, Info, IntoConsumerConfig, ReplayPolicy, pull},
};
use async_trait::async_trait;
use bytes::Bytes;
use proto::stream::{Service, Stream};
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};
use tracing::{debug, warn};

use super::{
    acks::Acks,
    append,
    fault::{ApiError, Complaint, Unanswered},
    link::{ANSWER_WAIT, Link},
    message::{self, Place},
    pull::{Heard, Pull},
    streams,
};
use crate::bus::{Answer, Append, AppendError, BusError, Consumer, Deliveries, Delivery, Message};

/// How many may take part in one consumer and wait at the same time.
const WAITING_MAX: i64 = 4_096;

/// Pause before a consumer that could not be reached is looked for again.
const PAUSE: Duration = Duration::from_millis(250);

/// One who takes part.
pub(super) struct Consuming {
    link: Arc<Link>,
    service: Service,
    consumer: Consumer,
    seats: Arc<Semaphore>,
    acks: Arc<Acks>,
    pull: Option<(Pull, OwnedSemaphorePermit)>,
}

impl Consuming {
    pub(super) async fn begin(
        link: &Arc<Link>,
        service: Service,
        consumer: Consumer,
    ) -> Result<Self, BusError> {
        let seats = Arc::new(Semaphore::new(consumer.held_max.clamp(1, Semaphore::MAX_PERMITS)));
        let acks = Arc::new(Acks::new(link.clone()));
        let mut this = Self { link: link.clone(), service, consumer, seats, acks, pull: None };
        this.join().await?;
        Ok(this)
    }

    /// Makes the consumer if it is missing, and opens an inbox for it.
    async fn join(&mut self) -> Result<(), BusError> {
        // First of all: what was asked for on the old inbox will not come any more.
        self.pull = None;
        let Consumer { stream, name, .. } = &self.consumer;
        make(&self.link, stream, durable(&self.consumer)).await?;
        let pull = Pull::open(&self.link, stream.name, name).await;
        let pull = pull.map_err(|error| error.while_doing(format!("pull from {name}")))?;
        let none = self.seats.clone().try_acquire_many_owned(0);
        self.pull = Some((pull, none.expect("no seat can always be had, of seats that stay open")));
        Ok(())
    }

    /// Free seats that are worth asking for: any if nothing is on its way, else a quarter of all,
    /// so that a busy reader asks seldom and never waits for an asking.
    fn worthwhile(&self, asked: usize) -> u32 {
        let quarter = if asked == 0 { 1 } else { self.consumer.held_max.div_ceil(4) };
        u32::try_from(quarter).unwrap_or(u32::MAX)
    }

    /// Hears or asks once; answers a delivery if one came.
    async fn step(&mut self) -> Result<Option<Delivery>, String> {
        let asked = self.pull.as_ref().map_or(0, |(pull, _)| pull.asked());
        let worthwhile = self.worthwhile(asked);
        let Some((pull, reserved)) = &mut self.pull else { return Err("not joined".to_owned()) };
        tokio::select! {
            biased;
            seats = self.seats.clone().acquire_many_owned(worthwhile) => {
                let mut seats = seats.expect("the seats stay open");
                let rest = u32::try_from(self.seats.available_permits()).unwrap_or(u32::MAX);
                if let Ok(rest) = self.seats.clone().try_acquire_many_owned(rest) {
                    seats.merge(rest);
                }
                let more = seats.num_permits();
                reserved.merge(seats);
                pull.ask(more, None).await.map_err(|error| error.to_string())?;
                Ok(None)
            }
            heard = pull.next() => match heard {
                Heard::Message(message) => {
                    // Without a seat only if the server sent more than was asked for.
                    let seat = reserved.split(1);
                    Ok(self.delivery(message, seat))
                }
                Heard::Expired(seats) => {
                    drop(reserved.split(seats));
                    Ok(None)
                }
                Heard::Idle => Ok(None),
                Heard::Over(why) => Err(why),
            }
        }
    }

    fn delivery(
        &self,
        message: async_nats::Message,
        seat: Option<OwnedSemaphorePermit>,
    ) -> Option<Delivery> {
        let answer_to = message.reply.as_ref()?.to_string();
        let Some(place) = Place::read(&answer_to) else {
            warn!(subject = %message.subject, "A message that no consumer sent was dropped.");
            return None;
        };
        let reply = Reply {
            link: self.link.clone(),
            acks: self.acks.clone(),
            service: self.service,
            stream: self.consumer.stream,
            subject: answer_to,
            _seat: seat,
        };
        let attempt = place.attempt;
        Some(Delivery::new(message::delivered(message, &place), attempt, Box::new(reply)))
    }
}

#[async_trait]
impl Deliveries for Consuming {
    async fn next(&mut self) -> Result<Delivery, BusError> {
        loop {
            let why = match self.step().await {
                Ok(Some(delivery)) => return Ok(delivery),
                Ok(None) => continue,
                Err(why) => why,
            };
            debug!(consumer = %self.consumer.name, %why, "Joining the consumer again.");
            let mut complaint = Complaint::about(format!("Consumer `{}`", self.consumer.name));
            while let Err(error) = self.join().await {
                complaint.make(&error);
                sleep(PAUSE).await;
            }
            complaint.over();
        }
    }
}

/// Makes a consumer if it is missing, and its stream.
pub(super) async fn make(link: &Link, stream: &Stream, config: Config) -> Result<Info, BusError> {
    let name = config.name.clone().unwrap_or_default();
    let call = format!("CONSUMER.CREATE.{}.{name}.{}", stream.name, config.filter_subject);
    let searches = config.deliver_policy == DeliverPolicy::LastPerSubject;
    let wait = if searches { SEARCH_WAIT } else { ANSWER_WAIT };
    let request = json!({ "stream_name": stream.name, "config": config, "action": "" });
    let made = match link.api(&call, &request, wait).await {
        Err(error) if error.is(ErrorCode::STREAM_NOT_FOUND) => {
            streams::ensure(link, stream).await?;
            link.api(&call, &request, wait).await
        }
        made => made,
    };
    made.map_err(|error: ApiError| {
        error.while_doing(format!("make the consumer {name} of {}", stream.name))
    })
}

/// How long making a consumer of the latest messages may take: of a million subjects, the server
/// first finds the last message of each.
const SEARCH_WAIT: Duration = Duration::from_secs(30);

fn durable(consumer: &Consumer) -> Config {
    let config = pull::Config {
        durable_name: Some(consumer.name.clone()),
        name: Some(consumer.name.clone()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: consumer.ack_wait,
        // Without end, since giving up is the service's decision; and without back-off, which would
        // distort the waits that the service asks for.
        max_deliver: -1,
        filter_subject: consumer.pattern.clone(),
        replay_policy: ReplayPolicy::Instant,
        max_waiting: WAITING_MAX,
        // Back-pressure is each reader's own.
        max_ack_pending: -1,
        ..pull::Config::default()
    };
    config.into_consumer_config()
}

/// How one delivery is answered.
struct Reply {
    link: Arc<Link>,
    acks: Arc<Acks>,
    service: Service,
    stream: &'static Stream,
    subject: String,
    _seat: Option<OwnedSemaphorePermit>,
}

impl Reply {
    /// Answers until the server has heard it. To answer twice is to answer once.
    async fn tell(&self, operation: &str, answer: impl Into<Bytes>) -> Result<(), BusError> {
        let answer = answer.into();
        let deadline = Instant::now() + ANSWER_WAIT;
        loop {
            let told = self.link.ask(self.subject.clone(), None, answer.clone(), ANSWER_WAIT).await;
            match told {
                Ok(_) => return Ok(()),
                Err(Unanswered::Lost) if Instant::now() < deadline => {}
                Err(error) => return Err(error.while_doing(operation)),
            }
        }
    }
}

#[async_trait]
impl Answer for Reply {
    async fn ack(&self) -> Result<(), BusError> {
        self.acks.ack(&self.subject).await
    }

    async fn retry_in(&self, wait: Duration) -> Result<(), BusError> {
        // Never without a delay: the server keeps those retries in a list that a purge of any
        // subject and a restart empty, and then they wait for as long as if there had been no
        // answer.
        let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX).max(1);
        let delay = json!({ "delay": wait });
        self.tell("ask for another delivery", format!("-NAK {delay}")).await
    }

    async fn hold(&self) -> Result<(), BusError> {
        self.tell("hold a delivery", "+WPI").await
    }

    async fn park(&self, message: &Message, reason: &str) -> Result<(), BusError> {
        let parked = Append::parked(self.service, self.stream, message, reason);
        match append::append(&self.link, parked).await {
            Ok(_) => self.acks.ack(&self.subject).await,
            Err(AppendError::Failed { source, .. }) => Err(source),
            Err(error) => Err(BusError::Unreachable {
                operation: "park a message".to_owned(),
                source: error.into(),
            }),
        }
    }
}
