//! A delivery that is on its way, and what comes of an attempt.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use kernel::backoff::Backoff;
use proto::id::DeliveryId;

use super::{
    outcome::Outcome,
    step::{Cause, Deed},
};
use crate::domain::news::News;

/// How long a delivery is tried, from its first attempt.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(24);

/// How long an address that is out of order is left alone, unless somebody mends it before.
pub const REST: Duration = Duration::from_mins(15);

/// A delivery that is not dealt with.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// Its id.
    pub id: DeliveryId,
    /// What is to be told.
    pub news: Arc<News>,
    /// What asked for it.
    pub cause: Cause,
    /// 0 for the first telling, then one more for each reminder.
    pub reminder: u32,
    /// Attempts begun.
    pub attempts: u32,
    /// The delivery whose id the message of the last attempt bears, if several travelled in it.
    pub lead: Option<DeliveryId>,
    /// The link of a verification, sealed; empty otherwise.
    pub sealed_link: Bytes,
    /// When it may be tried next.
    pub next_at: Timestamp,
    /// Whether an attempt ended without an answer, so that the channel may have it.
    pub(super) perhaps_told: bool,
    /// Whether an attempt began of which no end is known.
    pub(super) in_act: bool,
    pub(super) first_at: Option<Timestamp>,
    pub(super) failures: u32,
}

impl Open {
    pub(super) fn new(
        id: DeliveryId,
        news: &Arc<News>,
        cause: Cause,
        next_at: Timestamp,
        reminder: u32,
        sealed_link: Bytes,
    ) -> Self {
        Self {
            id,
            news: Arc::clone(news),
            cause,
            reminder,
            attempts: 0,
            lead: None,
            sealed_link,
            next_at,
            perhaps_told: false,
            in_act: false,
            first_at: None,
            failures: 0,
        }
    }

    /// Whether the channel may have it although it never said so.
    pub fn may_have_arrived(&self) -> bool {
        self.perhaps_told || self.in_act
    }

    /// What comes of an attempt that had this outcome.
    pub(super) fn concluded(
        &self,
        outcome: Outcome,
        backoff: Backoff,
        chance: f64,
        at: Timestamp,
    ) -> Deed {
        let attempt = self.attempts;
        match outcome {
            Outcome::Delivered { reply, inbox } => Deed::Delivered { attempt, reply, inbox },
            Outcome::Never { reply: reason } => Deed::Parked { attempt, reason, rests_until: None },
            Outcome::Broken { reply: reason } => {
                Deed::Parked { attempt, reason, rests_until: Some(after(at, REST)) }
            }
            // Somebody waits for the answer of a test: it is tried once.
            Outcome::Again { reply: reason, .. } if self.cause == Cause::Test => {
                Deed::Parked { attempt, reason, rests_until: None }
            }
            Outcome::TooFast { reply: reason, rest } if self.cause == Cause::Test => {
                Deed::Parked { attempt, reason, rests_until: Some(after(at, rest)) }
            }
            Outcome::Again { reply, wait_min, perhaps_told } => {
                let wait =
                    backoff.wait(self.failures + 1, chance).max(wait_min.unwrap_or_default());
                self.failed(reply, after(at, wait), perhaps_told, None, at)
            }
            Outcome::TooFast { reply, rest } => {
                let until = after(at, rest);
                self.failed(reply, until, false, Some(until), at)
            }
        }
    }

    /// Failed for now, or for good when it has been tried for long enough.
    fn failed(
        &self,
        reply: String,
        retry_at: Timestamp,
        perhaps_told: bool,
        rests_until: Option<Timestamp>,
        at: Timestamp,
    ) -> Deed {
        let attempt = self.attempts;
        if retry_at.duration_since(self.first_at.unwrap_or(at)) < HORIZON {
            return Deed::Failed { attempt, reply, retry_at, perhaps_told, rests_until };
        }
        let hours = HORIZON.as_hours();
        let reason = format!("given up after {hours} hours; the last answer: {reply}");
        Deed::Parked { attempt, reason, rests_until }
    }
}

fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
