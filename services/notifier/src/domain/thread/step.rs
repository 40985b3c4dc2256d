//! What can have happened to a delivery, and how it travels on `DELIVERIES`.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use proto::{
    id::{DeliveryId, InvalidId},
    time,
    v1::{
        BrokenChannel, DeliveryAttempted, DeliveryDelivered, DeliveryDropped, DeliveryDue,
        DeliveryEvent, DeliveryFailed, DeliveryParked, DeliveryRecord, InboxEntry,
        delivery_dropped, delivery_due, delivery_event::Event as Wire,
    },
};

use crate::domain::news::{Malformed, News};

pub use delivery_due::Cause;

/// One step of one delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The delivery.
    pub id: DeliveryId,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub deed: Deed,
}

/// What goes with a delivery besides its news.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Enclosure {
    /// Nothing.
    #[default]
    Nothing,
    /// The link of a verification, sealed.
    Link(Bytes),
    /// The channel of which it tells.
    BrokenChannel(BrokenChannel),
}

/// What happened. The fields are those of the messages in `delivery.proto`.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "delivery.proto documents each field")]
pub enum Deed {
    /// It is to be told.
    Due {
        news: Arc<News>,
        cause: Cause,
        not_before: Timestamp,
        reminder: u32,
        enclosure: Enclosure,
    },
    /// The channel is about to be spoken to.
    Attempted { attempt: u32, lead: Option<DeliveryId> },
    /// The channel said that it has it.
    Delivered { attempt: u32, reply: String, inbox: Option<InboxEntry> },
    /// The channel said not now, or said nothing.
    Failed {
        attempt: u32,
        reply: String,
        retry_at: Timestamp,
        perhaps_told: bool,
        rests_until: Option<Timestamp>,
    },
    /// Nothing more is tried.
    Parked { attempt: u32, reason: String, rests_until: Option<Timestamp> },
    /// It need not be told any more, or may not.
    Dropped { why: delivery_dropped::Why },
}

/// Why a step cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Its delivery id is none.
    #[error("a step names no delivery")]
    Id(#[from] InvalidId),
    /// Its news cannot be told.
    #[error("a step brings unusable news")]
    News(#[from] Malformed),
    /// It lacks a part, or has one that this version does not know.
    #[error("a step of delivery {id} has no usable {part}")]
    Part {
        /// The delivery.
        id: DeliveryId,
        /// The part.
        part: &'static str,
    },
}

/// Steps of one decision as they travel. All have the instant of the first.
///
/// # Panics
///
/// When there are none.
pub fn record(steps: &[Step]) -> DeliveryRecord {
    let first = steps.first().expect("a decision that is recorded has steps");
    DeliveryRecord {
        recorded_at: Some(time::write(first.at)),
        events: steps.iter().map(written).collect(),
    }
}

/// The steps of a record that can be read, and why others cannot.
pub fn steps(record: DeliveryRecord) -> (Vec<Step>, Vec<Unreadable>) {
    let at = record.recorded_at.as_ref().and_then(time::read).unwrap_or_default();
    let (mut steps, mut unreadable) = (Vec::new(), Vec::new());
    for event in record.events {
        match read(event, at) {
            Ok(step) => steps.push(step),
            Err(error) => unreadable.push(error),
        }
    }
    (steps, unreadable)
}

fn written(Step { id, deed, .. }: &Step) -> DeliveryEvent {
    let event = match deed.clone() {
        Deed::Due { news, cause, not_before, reminder, enclosure } => {
            let (sealed_link, broken_channel) = match enclosure {
                Enclosure::Nothing => (Bytes::new(), None),
                Enclosure::Link(sealed) => (sealed, None),
                Enclosure::BrokenChannel(channel) => (Bytes::new(), Some(channel)),
            };
            Wire::Due(DeliveryDue {
                event: Some(news.wire().clone()),
                cause: cause as i32,
                not_before: Some(time::write(not_before)),
                reminder,
                sealed_link,
                broken_channel,
            })
        }
        Deed::Attempted { attempt, lead } => {
            let lead = lead.map(|lead| lead.to_string()).unwrap_or_default();
            Wire::Attempted(DeliveryAttempted { attempt, lead })
        }
        Deed::Delivered { attempt, reply, inbox } => {
            Wire::Delivered(DeliveryDelivered { attempt, reply, inbox_entry: inbox })
        }
        Deed::Failed { attempt, reply, retry_at, perhaps_told, rests_until } => {
            let retry_at = Some(time::write(retry_at));
            let rests_until = rests_until.map(time::write);
            Wire::Failed(DeliveryFailed { attempt, reply, retry_at, perhaps_told, rests_until })
        }
        Deed::Parked { attempt, reason, rests_until } => {
            let rests_until = rests_until.map(time::write);
            Wire::Parked(DeliveryParked { attempt, reason, rests_until })
        }
        Deed::Dropped { why } => Wire::Dropped(DeliveryDropped { why: why as i32 }),
    };
    DeliveryEvent { delivery_id: id.to_string(), event: Some(event) }
}

fn read(event: DeliveryEvent, at: Timestamp) -> Result<Step, Unreadable> {
    let id: DeliveryId = event.delivery_id.parse()?;
    let missing = |part| Unreadable::Part { id, part };
    let instant = |wire: Option<prost_types::Timestamp>, part| {
        wire.as_ref().and_then(time::read).ok_or(missing(part))
    };
    let deed = match event.event.ok_or(missing("deed"))? {
        Wire::Due(due) => Deed::Due {
            news: Arc::new(News::read(due.event.ok_or(missing("event"))?)?),
            cause: Cause::try_from(due.cause).map_err(|_| missing("cause"))?,
            not_before: instant(due.not_before, "not_before")?,
            reminder: due.reminder,
            enclosure: match (due.broken_channel, due.sealed_link) {
                (Some(channel), _) => Enclosure::BrokenChannel(channel),
                (None, sealed) if sealed.is_empty() => Enclosure::Nothing,
                (None, sealed) => Enclosure::Link(sealed),
            },
        },
        Wire::Attempted(DeliveryAttempted { attempt, lead }) => {
            let lead = if lead.is_empty() { None } else { Some(lead.parse()?) };
            Deed::Attempted { attempt, lead }
        }
        Wire::Delivered(DeliveryDelivered { attempt, reply, inbox_entry }) => {
            Deed::Delivered { attempt, reply, inbox: inbox_entry }
        }
        Wire::Failed(failed) => Deed::Failed {
            attempt: failed.attempt,
            retry_at: instant(failed.retry_at, "retry_at")?,
            perhaps_told: failed.perhaps_told,
            reply: failed.reply,
            rests_until: failed.rests_until.as_ref().and_then(time::read),
        },
        Wire::Parked(DeliveryParked { attempt, reason, rests_until }) => {
            let rests_until = rests_until.as_ref().and_then(time::read);
            Deed::Parked { attempt, reason, rests_until }
        }
        Wire::Dropped(dropped) => Deed::Dropped {
            why: delivery_dropped::Why::try_from(dropped.why).map_err(|_| missing("why"))?,
        },
    };
    Ok(Step { id, at, deed })
}

#[cfg(test)]
mod tests {
    use proto::v1::Kind;

    use super::*;
    use crate::domain::sample;

    fn every_deed() -> Vec<Deed> {
        let news = sample::shared(sample::opened(Kind::Expired));
        let inbox = InboxEntry { title: "t".to_owned(), ..InboxEntry::default() };
        let reply = || "250 ok".to_owned();
        let due = |enclosure| Deed::Due {
            news: Arc::clone(&news),
            cause: Cause::Reminder,
            not_before: sample::minute(1),
            reminder: 2,
            enclosure,
        };
        let broken = BrokenChannel { channel: "wecom".to_owned(), reason: "93000".to_owned() };
        vec![
            due(Enclosure::Nothing),
            due(Enclosure::Link(Bytes::from_static(b"sealed"))),
            due(Enclosure::BrokenChannel(broken)),
            Deed::Attempted { attempt: 1, lead: None },
            Deed::Attempted { attempt: 1, lead: Some(sample::delivery(7)) },
            Deed::Delivered { attempt: 1, reply: reply(), inbox: Some(inbox) },
            Deed::Failed {
                attempt: 1,
                reply: reply(),
                retry_at: sample::minute(2),
                perhaps_told: true,
                rests_until: Some(sample::minute(2)),
            },
            Deed::Parked { attempt: 1, reason: reply(), rests_until: None },
            Deed::Dropped { why: delivery_dropped::Why::Merged },
        ]
    }

    #[test]
    fn every_step_reads_as_it_is_written() {
        let step = |deed| Step { id: sample::delivery(1), at: sample::start(), deed };
        let told: Vec<_> = every_deed().into_iter().map(step).collect();
        assert_eq!(steps(record(&told)), (told, vec![]));
    }

    #[test]
    fn a_step_that_cannot_be_read_leaves_its_neighbours_alone() {
        let step = Step {
            id: sample::delivery(1),
            at: sample::start(),
            deed: Deed::Attempted { attempt: 1, lead: None },
        };
        let mut record = record(&[step.clone(), step.clone()]);
        record.events[0].event = None;
        let (read, unreadable) = steps(record);
        assert_eq!(read, [step]);
        assert!(matches!(unreadable[..], [Unreadable::Part { part: "deed", .. }]));
    }
}
