//! A delivery that is on its way, and what comes of an attempt.

use std::sync::Arc;

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
    ) -> Self {
        Self {
            id,
            news: Arc::clone(news),
            cause,
            reminder,
            attempts: 0,
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
            Outcome::Never { reply } | Outcome::Broken { reply } => {
                Deed::Parked { attempt, reason: reply }
            }
            // Somebody waits for the answer of a test: it is tried once.
            Outcome::Again { reply, .. } if self.cause == Cause::Test => {
                Deed::Parked { attempt, reason: reply }
            }
            Outcome::Again { reply, wait_min, perhaps_told } => {
                let wait =
                    backoff.wait(self.failures + 1, chance).max(wait_min.unwrap_or_default());
                let retry_at = at.checked_add(wait).unwrap_or(Timestamp::MAX);
                let given_up_at =
                    self.first_at.unwrap_or(at).checked_add(HORIZON).unwrap_or(Timestamp::MAX);
                if retry_at < given_up_at {
                    Deed::Failed { attempt, reply, retry_at, perhaps_told }
                } else {
                    let hours = HORIZON.as_hours();
                    let reason = format!("given up after {hours} hours; the last answer: {reply}");
                    Deed::Parked { attempt, reason }
                }
            }
        }
    }
}
