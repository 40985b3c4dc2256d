//! Tells the world what the log says: reads `LOG` and publishes to `EVENTS`, each once.
//!
//! Each event carries its place in the log. It is appended at the version of its subject after that
//! subject's last message was read: what is not newer has been told. So the relay may begin
//! anywhere below the point it had reached, and begins there after every change of leadership.

use std::{collections::BTreeMap, time::Duration};

use chassis::{
    bus::{Append, AppendError, BusError, Expect, Followed, From, Message, SharedBus},
    clock::SharedClock,
    context::Context,
    error::Chain,
    lease::Term,
};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use kernel::backoff::Backoff;
use metrics::{counter, histogram};
use prost::Message as _;
use proto::{
    cloudevent,
    id::DomainId,
    stream as streams, subject, time,
    v1::{Event, LogRecord},
};
use tokio::sync::mpsc;
use tracing::{error, warn};

use super::along::Tide;
use crate::domain::news;

/// Log messages that are told together: those of one domain in order, domains side by side. All
/// below the highest position that was told, less this many, has been told.
const BATCH: u64 = 256;

/// Domains of a batch whose events are published at the same time.
const SIDE_BY_SIDE: usize = 32;

/// Waits before an event that could not be published is tried again; it is never passed over.
const RETRY: Backoff = Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(5) };

/// Tells the log from a safe point on, until the term ends.
///
/// # Errors
///
/// When the bus does not let the log be read.
pub(super) async fn run(context: &Context, term: &Term, tide: &Tide) -> Result<(), BusError> {
    let bus = term.bus();
    let from = From::Sequence(tide.level().saturating_sub(BATCH) + 1);
    let mut following = bus.follow(&streams::LOG, subject::LOG_ALL, from).await?;
    let (ahead, mut messages) = mpsc::channel(usize::try_from(BATCH).unwrap_or(usize::MAX));
    let read = async move {
        loop {
            if let Followed::Message(message) = following.next().await?
                && ahead.send(message).await.is_err()
            {
                return Ok(());
            }
        }
    };
    let herald = Herald { bus, clock: context.clock.clone(), term: term.clone() };
    let tell = async {
        let limit = usize::try_from(BATCH).unwrap_or(usize::MAX);
        let mut batch = Vec::new();
        while messages.recv_many(&mut batch, limit).await > 0 {
            herald.tell(batch.drain(..)).await;
        }
    };
    let ended = term.ended();
    tokio::select! {
        biased;
        () = ended.cancelled() => Ok(()),
        read = read => read,
        () = tell => Ok(()),
    }
}

/// Publishes events for the length of a term.
struct Herald {
    bus: SharedBus,
    clock: SharedClock,
    term: Term,
}

impl Herald {
    async fn tell(&self, batch: impl Iterator<Item = Message>) {
        let mut domains: BTreeMap<DomainId, Vec<Event>> = BTreeMap::new();
        for message in batch {
            let record = message.read::<LogRecord>();
            let (Some(domain), Ok(record)) = (subject::log_domain(&message.subject), record) else {
                warn!(subject = %message.subject, sequence = message.sequence, "No record: not told.");
                continue;
            };
            domains.entry(domain).or_default().extend(news::of(&domain, message.sequence, &record));
        }
        let tellings = domains.into_values().filter(|events| !events.is_empty());
        stream::iter(tellings)
            .for_each_concurrent(SIDE_BY_SIDE, async |events| {
                for event in events {
                    self.publish(event).await;
                }
            })
            .await;
    }

    /// Publishes one event, unless it has been: tries until it is, or the term ends.
    async fn publish(&self, event: Event) {
        let mut failures = 0;
        while self.term.holds() {
            match self.attempt(&event).await {
                Ok(()) => return,
                Err(AppendError::Outrun { .. }) => {}
                Err(error @ AppendError::TooLarge { .. }) => {
                    error!(event.id = %event.id, error = %Chain(&error), "An event cannot be told.");
                    return;
                }
                Err(error) => {
                    failures += 1;
                    warn!(event.id = %event.id, error = %Chain(&error), "An event is told again.");
                    self.clock.sleep(RETRY.wait(failures, 1.0)).await;
                }
            }
        }
    }

    async fn attempt(&self, event: &Event) -> Result<(), AppendError> {
        let Some(about) = cloudevent::about(event) else {
            error!(event.id = %event.id, "An event is about nothing that has a subject.");
            return Ok(());
        };
        let subject = subject::event(event.kind(), &about);
        let last = self
            .bus
            .last(&streams::EVENTS, &subject)
            .await
            .map_err(|source| AppendError::Failed { subject: subject.clone(), source })?;
        if let Some(last) = &last
            && news::place(&last.id) >= news::place(&event.id)
        {
            return Ok(());
        }
        let append = Append {
            stream: &streams::EVENTS,
            subject,
            id: event.id.clone(),
            expect: Expect::Version(last.map_or(0, |last| last.sequence)),
            headers: cloudevent::headers(event),
            payload: event.encode_to_vec().into(),
        };
        self.bus.append(append).await?;
        counter!("certherald_events_total", "kind" => event.kind().token()).increment(1);
        if let Some(late) = late(event, self.clock.now()) {
            histogram!("certherald_event_seconds").record(late);
        }
        Ok(())
    }
}

/// Seconds from when an event was noticed until it is told: what expired while nobody looked is not
/// late for that.
fn late(event: &Event, now: Timestamp) -> Option<f64> {
    let noticed = time::detected(event)?;
    Some(now.duration_since(noticed).as_secs_f64().max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expired_long_ago_is_late_from_when_it_was_noticed() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let wire = |second| Some(time::write(at(second)));
        let event = Event { occurred_at: wire(0), detected_at: wire(90_000), ..Event::default() };
        assert_eq!(late(&event, at(90_002)), Some(2.0));
        assert_eq!(late(&event, at(89_999)), Some(0.0), "clocks differ");
        assert_eq!(late(&Event::default(), at(0)), None);
    }
}
