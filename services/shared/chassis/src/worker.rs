//! The one loop that takes durable messages: handle, then answer.
//!
//! What was decided is appended before what was heard is acknowledged, so that a crash between the
//! two costs a repetition and never a loss. A handler must therefore bear the same message twice.

use std::{convert::Infallible, error::Error, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::FutureExt;
use kernel::backoff::Backoff;
use metrics::{counter, histogram};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use tracing::{debug, error, warn};

use crate::{
    bus::{AppendError, Bus, BusError, Consumer, Deliveries, Delivery, Message},
    clock::Clock,
    context::Context,
    error::Chain,
};

/// Waits between deliveries of a message whose handling failed for now.
const RETRY: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_mins(1) };

/// Pause before a consumer that could not be reached is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest handling of one message, far above any honest one: what takes longer is stuck, and
/// another attempt is better than none.
const HANDLING_MAX: Duration = Duration::from_mins(10);

/// A handler that panicked on a message so many times will do so for ever: the message is parked.
const PANICS_MAX: u32 = 3;

/// Handles one message.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Handles it, for the `attempt`th time (1 for the first).
    ///
    /// # Errors
    ///
    /// See [`HandleError`].
    async fn handle(&self, message: &Message, attempt: u32) -> Result<(), HandleError>;
}

/// Why a message could not be handled, and what becomes of it.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// Trying again may help. It is delivered again after a wait that grows with the attempts.
    #[error("cannot be handled now")]
    Transient(#[source] Box<dyn Error + Send + Sync>),
    /// Trying again at a known time may help.
    #[error("cannot be handled within {wait:?}")]
    RetryIn {
        /// How long to wait.
        wait: Duration,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Trying again cannot help. It is parked.
    #[error("cannot be handled")]
    Permanent(#[source] Box<dyn Error + Send + Sync>),
}

impl HandleError {
    /// Trying again may help.
    pub fn transient(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Transient(source.into())
    }

    /// Trying again cannot help.
    pub fn permanent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Permanent(source.into())
    }
}

impl From<BusError> for HandleError {
    fn from(error: BusError) -> Self {
        if error.is_transient() { Self::transient(error) } else { Self::permanent(error) }
    }
}

impl From<AppendError> for HandleError {
    fn from(error: AppendError) -> Self {
        // Who was outrun decides anew when the message is delivered again.
        let again = error.is_transient() || matches!(error, AppendError::Outrun { .. });
        if again { Self::transient(error) } else { Self::permanent(error) }
    }
}

/// Takes messages of a consumer until the process stops, `concurrency` at a time; then finishes
/// what it holds. Interruptions of the bus are waited out.
///
/// # Errors
///
/// When the bus is gone for good, or refuses the consumer.
pub async fn run(
    context: &Context,
    consumer: Consumer,
    concurrency: usize,
    handler: Arc<dyn Handler>,
) -> Result<(), BusError> {
    let stopping = context.tasks.stopping();
    let mut running = JoinSet::new();
    let taken = tokio::select! {
        biased;
        () = stopping.cancelled() => Ok(()),
        taken = take(context, &consumer, concurrency.max(1), &handler, &mut running) => taken,
    };
    // Nothing more is taken; what runs is finished, whatever ended the taking.
    while running.join_next().await.is_some() {}
    taken
}

async fn take(
    context: &Context,
    consumer: &Consumer,
    concurrency: usize,
    handler: &Arc<dyn Handler>,
    running: &mut JoinSet<()>,
) -> Result<(), BusError> {
    let mut deliveries = join(&*context.bus, &*context.clock, consumer).await?;
    loop {
        while running.len() >= concurrency {
            running.join_next().await;
        }
        match deliveries.next().await {
            Ok(delivery) => {
                let one = One {
                    context: context.clone(),
                    consumer: consumer.clone(),
                    handler: handler.clone(),
                };
                running.spawn(async move { one.work(delivery).await });
            }
            Err(BusError::Closed) => return Err(BusError::Closed),
            Err(error) => {
                warn!(consumer = %consumer.name, error = %Chain(&error), "Taking again.");
                deliveries = join(&*context.bus, &*context.clock, consumer).await?;
            }
        }
    }
}

/// Begins to take part, as soon as the bus lets us.
///
/// # Errors
///
/// When the bus is gone for good, or refuses the consumer.
pub async fn join(
    bus: &dyn Bus,
    clock: &dyn Clock,
    consumer: &Consumer,
) -> Result<Box<dyn Deliveries>, BusError> {
    loop {
        match bus.consume(consumer.clone()).await {
            Ok(deliveries) => return Ok(deliveries),
            Err(error) if error.is_transient() => {
                warn!(
                    consumer = %consumer.name,
                    error = %Chain(&error),
                    "Cannot take from {} yet.", consumer.stream.name,
                );
                clock.sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The work on one message.
struct One {
    context: Context,
    consumer: Consumer,
    handler: Arc<dyn Handler>,
}

impl One {
    async fn work(self, delivery: Delivery) {
        let stream = self.consumer.stream.name;
        let begun = Instant::now();
        let handled = tokio::select! {
            handled = self.handled(&delivery) => handled,
            never = self.hold(&delivery) => match never {},
        };
        histogram!("certherald_handling_seconds", "stream" => stream)
            .record(begun.elapsed().as_secs_f64());
        let message = delivery.message.id.clone();
        let answered = match handled {
            // Only now: what was decided is stored, so a crash from here on costs nothing.
            Ok(()) => {
                self.count("done");
                delivery.ack().await
            }
            Err(error) => self.failed(delivery, error).await,
        };
        if let Err(error) = answered {
            debug!(message.id = %message, error = %Chain(&error), "It is delivered again.");
        }
    }

    /// The handler's answer. A handler that panics or is stuck fails for now.
    async fn handled(&self, delivery: &Delivery) -> Result<(), HandleError> {
        let handling = self.handler.handle(&delivery.message, delivery.attempt);
        let handling = AssertUnwindSafe(handling).catch_unwind();
        match tokio::time::timeout(HANDLING_MAX, handling).await {
            Ok(Ok(handled)) => handled,
            Ok(Err(_)) if delivery.attempt >= PANICS_MAX => {
                Err(HandleError::permanent("the handler panicked, as it did before"))
            }
            Ok(Err(_)) => Err(HandleError::transient("the handler panicked")),
            Err(_) => Err(HandleError::transient(format!("not done within {HANDLING_MAX:?}"))),
        }
    }

    /// Says from time to time that the message is still being worked on.
    async fn hold(&self, delivery: &Delivery) -> Infallible {
        let third = (self.consumer.ack_wait / 3).max(Duration::from_millis(10));
        let mut again = interval(third);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        again.tick().await;
        loop {
            again.tick().await;
            if let Err(error) = delivery.hold().await {
                debug!(error = %Chain(&error), "A delivery may be made again.");
            }
        }
    }

    async fn failed(&self, delivery: Delivery, error: HandleError) -> Result<(), BusError> {
        let (id, attempt) = (&delivery.message.id, delivery.attempt);
        let subject = &delivery.message.subject;
        let wait = match &error {
            HandleError::Transient(_) => RETRY.wait(attempt, self.context.dice.chance()),
            HandleError::RetryIn { wait, .. } => *wait,
            HandleError::Permanent(_) => {
                error!(
                    message.id = %id, %subject, attempt, error = %Chain(&error),
                    "Parking message `{id}`: retrying cannot help.",
                );
                self.count("parked");
                counter!("certherald_parked_total", "stream" => self.consumer.stream.name)
                    .increment(1);
                let reason = Chain(&error).to_string();
                return delivery.park(&reason).await;
            }
        };
        warn!(
            message.id = %id, %subject, attempt, error = %Chain(&error),
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "Message `{id}` could not be handled: trying again.",
        );
        self.count("retried");
        delivery.retry_in(wait).await
    }

    fn count(&self, outcome: &'static str) {
        let stream = self.consumer.stream.name;
        counter!("certherald_handled_total", "stream" => stream, "outcome" => outcome).increment(1);
    }
}
