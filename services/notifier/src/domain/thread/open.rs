//! A delivery that is on its way, and what comes of an attempt.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use kernel::backoff::Backoff;
use proto::{
    id::DeliveryId,
    subject::Token,
    time::NO_END,
    v1::{Severity, event::Phase},
};

use super::{
    outcome::Outcome,
    step::{Cause, Deed, Enclosure},
};
use crate::domain::news::News;

/// How long a delivery is tried, from its first attempt: the last is made at the end of it, so that
/// what was away for all of it is met when it is back.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(24);

/// How long an address is left alone that we cannot speak to as we are set up.
pub const REST: Duration = Duration::from_mins(15);

/// How soon news are to be told, the least urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// It was told before.
    Reminder,
    /// It is not critical.
    News,
    /// It is over.
    Recovery,
    /// It is critical.
    Critical,
    /// Somebody asked for it, and sits and waits.
    Asked,
}

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
    /// What goes with the news.
    pub enclosure: Enclosure,
    /// Since when it is due: what is as urgent goes in this order.
    pub due_at: Timestamp,
    /// When it may be tried next.
    pub next_at: Timestamp,
    /// When it failed last.
    pub(super) failed_at: Option<Timestamp>,
    /// Whether an attempt ended without an answer, so that the channel may have it.
    pub(super) perhaps_told: bool,
    /// Whether an attempt began of which no end is known.
    pub(super) in_act: bool,
    pub(super) first_at: Option<Timestamp>,
    pub(super) failures: u32,
}

impl Open {
    /// What is due since an instant, to be sent not before another.
    pub(super) fn new(
        id: DeliveryId,
        news: &Arc<News>,
        cause: Cause,
        [due_at, next_at]: [Timestamp; 2],
        reminder: u32,
        enclosure: Enclosure,
    ) -> Self {
        Self {
            id,
            news: Arc::clone(news),
            cause,
            reminder,
            attempts: 0,
            lead: None,
            enclosure,
            due_at,
            next_at,
            failed_at: None,
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

    /// The channel that it tells of, if it tells of one and its name can be read.
    pub fn broken_channel(&self) -> Option<Token> {
        match &self.enclosure {
            Enclosure::BrokenChannel(broken) => broken.channel.parse().ok(),
            Enclosure::Nothing | Enclosure::Link(_) => None,
        }
    }

    /// How soon it is to be told.
    pub fn urgency(&self) -> Urgency {
        match (self.cause, self.news.phase(), self.news.severity()) {
            (Cause::Test | Cause::Verification, ..) => Urgency::Asked,
            (Cause::Reminder, ..) => Urgency::Reminder,
            // The inbox has it already.
            (Cause::ChannelBroken, ..) => Urgency::News,
            (_, Phase::Recovered, _) => Urgency::Recovery,
            (_, _, Severity::Critical) => Urgency::Critical,
            (_, _, Severity::Warning | Severity::Info | Severity::Unspecified) => Urgency::News,
        }
    }

    /// Whether the wait after its last failure is in vain, as its address is well since an instant.
    pub fn failed_before(&self, well_since: Option<Timestamp>) -> bool {
        self.failed_at.zip(well_since).is_some_and(|(failed_at, since)| failed_at <= since)
    }

    /// What comes of an attempt that had this outcome. `rest` is how long the whole address is to
    /// be left alone, if it seems dead.
    pub(super) fn concluded(
        &self,
        outcome: Outcome,
        rest: Option<Duration>,
        backoff: Backoff,
        chance: f64,
        at: Timestamp,
    ) -> Deed {
        let attempt = self.attempts;
        match outcome {
            Outcome::Delivered { reply, inbox } => Deed::Delivered { attempt, reply, inbox },
            Outcome::Never { reply: reason } => Deed::Parked { attempt, reason, rests_until: None },
            Outcome::Broken { reply: reason } => {
                Deed::Parked { attempt, reason, rests_until: Some(NO_END) }
            }
            Outcome::Unready { reply: reason } => {
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
                let wait = backoff.wait(self.failures + 1, chance);
                let waits = [wait, wait_min.unwrap_or_default()].map(|wait| after(at, wait));
                let rests_until = rest.map(|rest| after(at, rest));
                self.failed(reply, waits, perhaps_told, rests_until, at)
            }
            Outcome::TooFast { reply, rest } => {
                let until = after(at, rest);
                self.failed(reply, [until, until], false, Some(until), at)
            }
        }
    }

    /// Failed for now, or for good when it has been tried for long enough. It is tried again when
    /// it would be, but not before the channel wants it, and once more at the end of that time.
    fn failed(
        &self,
        reply: String,
        [retry_at, wanted_at]: [Timestamp; 2],
        perhaps_told: bool,
        rests_until: Option<Timestamp>,
        at: Timestamp,
    ) -> Deed {
        let attempt = self.attempts;
        let end = self.first_at.unwrap_or(at).checked_add(HORIZON).unwrap_or(Timestamp::MAX);
        if at < end {
            let retry_at = retry_at.min(end).max(wanted_at);
            return Deed::Failed { attempt, reply, retry_at, perhaps_told, rests_until };
        }
        Deed::Parked { attempt, reason: given_up(&reply), rests_until }
    }

    /// When it is given up if its address is out of order until then: as long after it was due, or
    /// first tried, as anything is tried.
    pub fn waits_until(&self) -> Timestamp {
        let begun = self.first_at.unwrap_or(self.due_at);
        begun.checked_add(HORIZON).unwrap_or(Timestamp::MAX)
    }
}

/// Why something is parked that did not arrive for as long as anything is tried.
pub fn given_up(last: &str) -> String {
    format!("given up after {} hours; the last answer: {last}", HORIZON.as_hours())
}

fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
