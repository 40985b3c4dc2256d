//! All that one contact is told of one domain through one channel: what is still to be said, what
//! was said of each open anomaly, and what has been dealt with.
//!
//! One subject of `DELIVERIES` is one thread. Start reading at [`Command`], then [`Thread`]'s
//! `decide`. Whether something may be sent now is judged in [`plan`](crate::domain::plan).

pub mod open;
pub mod outcome;
pub mod step;
pub mod told;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod story;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kernel::{backoff::Backoff, decider::Decider};
use proto::{
    id::DeliveryId,
    v1::{InboxEntry, delivery_dropped::Why, event::Phase},
};

use self::{
    open::Open,
    outcome::Outcome,
    step::{Cause, Deed, Enclosure, Step},
    told::{Tellings, Told},
};
use crate::domain::news::News;

/// Deliveries remembered as dealt with. A message that is delivered to us again comes soon after
/// its first time, and a thread sees a handful a day.
const FINISHED_MAX: usize = 256;

/// What may be asked of a thread.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// There is something to tell.
    Tell {
        /// The delivery's id, derived from what asks for it.
        id: DeliveryId,
        /// The news.
        news: Arc<News>,
        /// What asks for it.
        cause: Cause,
        /// Not to be sent before this instant.
        not_before: Timestamp,
        /// What goes with the news.
        enclosure: Enclosure,
        /// Now.
        at: Timestamp,
    },
    /// An anomaly is still open after the repeat interval.
    Remind {
        /// The delivery's id.
        id: DeliveryId,
        /// The anomaly.
        anomaly: String,
        /// Now.
        at: Timestamp,
    },
    /// The channel is about to be spoken to.
    Attempt {
        /// The delivery.
        id: DeliveryId,
        /// The delivery whose id the message bears, if several travel in it.
        lead: Option<DeliveryId>,
        /// Now.
        at: Timestamp,
    },
    /// The channel was spoken to.
    Conclude {
        /// The delivery.
        id: DeliveryId,
        /// What came of it.
        outcome: Outcome,
        /// How long the whole address is to be left alone, if it seems dead.
        rest: Option<Duration>,
        /// Waits after failures, on this channel.
        backoff: Backoff,
        /// Chance for the jitter, 0.0 to 1.0.
        chance: f64,
        /// Now.
        at: Timestamp,
    },
    /// It need not be told any more, or may not.
    Drop {
        /// The delivery.
        id: DeliveryId,
        /// Why.
        why: Why,
        /// Now.
        at: Timestamp,
    },
    /// Its address has been out of order for too long.
    GiveUp {
        /// The delivery.
        id: DeliveryId,
        /// Why.
        reason: String,
        /// Now.
        at: Timestamp,
    },
    /// The inbox takes what another channel could not deliver.
    Keep {
        /// The entry's id, derived from that delivery's.
        id: DeliveryId,
        /// The news.
        news: Arc<News>,
        /// What asked for it.
        cause: Cause,
        /// What the inbox keeps.
        inbox: InboxEntry,
        /// Now.
        at: Timestamp,
    },
    /// What was told of an open anomaly is about to age out of the stream: say it anew.
    Restate {
        /// The anomaly.
        anomaly: String,
        /// Now.
        at: Timestamp,
    },
}

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The delivery is unknown, or dealt with.
    #[error("delivery {0} is not open")]
    NotOpen(DeliveryId),
    /// Nothing was told of the anomaly.
    #[error("nothing was told of anomaly `{0}`")]
    NotTold(String),
}

/// One subject of `DELIVERIES`, folded.
///
/// There are many, and little happens in each: none has room for what has not happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thread {
    open: Vec<Open>,
    told: Tellings,
    finished: Vec<DeliveryId>,
}

impl Thread {
    /// What is not dealt with, in the order in which it came.
    pub fn open(&self) -> &[Open] {
        &self.open
    }

    /// What was told of anomalies that are not told to be over, in the order in which it was first.
    pub fn told(&self) -> &[Told] {
        self.told.all()
    }

    /// What was told of one of them.
    pub fn told_of(&self, anomaly: &str) -> Option<&Told> {
        self.told.of(anomaly)
    }

    /// Whether the contact knows of an anomaly, may know of it, or is about to.
    pub fn knows(&self, anomaly: &str) -> bool {
        self.told_of(anomaly).is_some()
            || self.open.iter().any(|open| open.news.alarm() == Some(anomaly))
    }

    /// Why a delivery would be given up with this command, if it would.
    pub fn gives_up(&self, command: &Command) -> Option<String> {
        let steps = self.decide(command.clone()).unwrap_or_default();
        steps.into_iter().find_map(|step| match step.deed {
            Deed::Parked { reason, .. } => Some(reason),
            Deed::Due { .. }
            | Deed::Attempted { .. }
            | Deed::Delivered { .. }
            | Deed::Failed { .. }
            | Deed::Dropped { .. } => None,
        })
    }

    /// From when on somebody is to be told that nobody acknowledged what the news say.
    pub fn waits(&self, news: &News) -> Option<Timestamp> {
        let is_it =
            |open: &&Open| open.cause == Cause::Escalation && open.news.alarm() == news.alarm();
        self.open.iter().find(is_it).map(|open| open.next_at)
    }

    /// Whether a delivery is or was one of this thread.
    pub fn has_met(&self, id: DeliveryId) -> bool {
        self.finished.contains(&id) || self.find(id).is_ok()
    }

    fn find(&self, id: DeliveryId) -> Result<&Open, Refusal> {
        self.open.iter().find(|open| open.id == id).ok_or(Refusal::NotOpen(id))
    }
}

impl Decider for Thread {
    type Command = Command;
    type Event = Step;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Step>, Refusal> {
        match command {
            Command::Tell { id, .. } | Command::Remind { id, .. } | Command::Keep { id, .. }
                if self.has_met(id) =>
            {
                Ok(vec![])
            }
            Command::Tell { news, cause: Cause::Event, .. } if self.is_idle(&news) => Ok(vec![]),
            Command::Tell { id, news, cause, not_before, enclosure, at } => Ok(vec![Step {
                id,
                at,
                deed: Deed::Due { news, cause, not_before, reminder: 0, enclosure },
            }]),
            Command::Remind { id, anomaly, at } => {
                let told = self.told_of(&anomaly).ok_or(Refusal::NotTold(anomaly))?;
                let (news, reminder) = (Arc::clone(&told.news), told.reminders + 1);
                Ok(vec![Step { id, at, deed: due(news, Cause::Reminder, at, reminder) }])
            }
            Command::Attempt { id, lead, at } => {
                let attempt = self.find(id)?.attempts + 1;
                Ok(vec![Step { id, at, deed: Deed::Attempted { attempt, lead } }])
            }
            Command::Conclude { id, outcome, rest, backoff, chance, at } => {
                let deed = self.find(id)?.concluded(outcome, rest, backoff, chance, at);
                Ok(vec![Step { id, at, deed }])
            }
            Command::Drop { id, why, at } => {
                self.find(id)?;
                Ok(vec![Step { id, at, deed: Deed::Dropped { why } }])
            }
            Command::GiveUp { id, reason, at } => {
                let attempt = self.find(id)?.attempts;
                Ok(vec![Step { id, at, deed: Deed::Parked { attempt, reason, rests_until: None } }])
            }
            Command::Keep { id, news, cause, inbox, at } => {
                Ok(told_at_once(id, at, due(news, cause, at, 0), Some(inbox)))
            }
            Command::Restate { anomaly, at } => self.restated(anomaly, at),
        }
    }

    fn evolve(&mut self, Step { id, at, deed }: &Step) {
        match deed {
            Deed::Due { news, cause, not_before, reminder, enclosure } => {
                if self.has_met(*id) && !self.has_lost(*id, news) {
                    news.alarm().into_iter().for_each(|anomaly| self.told.restate(anomaly, *at));
                } else {
                    let (enclosed, from) = (enclosure.clone(), [*at, *not_before]);
                    push(&mut self.open, Open::new(*id, news, *cause, from, *reminder, enclosed));
                }
            }
            Deed::Attempted { attempt, lead } => self.change(*id, |open| {
                open.attempts = *attempt;
                open.lead = *lead;
                open.in_act = true;
                open.first_at.get_or_insert(*at);
            }),
            Deed::Failed { retry_at, perhaps_told, .. } => self.change(*id, |open| {
                open.failures += 1;
                open.in_act = false;
                open.next_at = *retry_at;
                open.failed_at = Some(*at);
                open.perhaps_told |= perhaps_told;
            }),
            Deed::Delivered { .. } => self.finish(*id, *at, |_| true),
            Deed::Parked { .. } => self.finish(*id, *at, |open| open.perhaps_told),
            Deed::Dropped { .. } => self.finish(*id, *at, Open::may_have_arrived),
        }
    }
}

impl Thread {
    /// Whether there is nothing to tell: what was given up is told to nobody, and a recovery only
    /// to those who know of what recovered.
    fn is_idle(&self, news: &News) -> bool {
        match news.phase() {
            Phase::Abandoned => true,
            Phase::Recovered => !news.recovered().iter().any(|one| self.knows(&one.anomaly)),
            Phase::Opened | Phase::Worsened | Phase::Noted | Phase::Unspecified => false,
        }
    }

    fn restated(&self, anomaly: String, at: Timestamp) -> Result<Vec<Step>, Refusal> {
        let told = self.told_of(&anomaly).ok_or(Refusal::NotTold(anomaly))?;
        let due_of = |news, reminders| due(Arc::clone(news), Cause::Event, at, reminders);
        let mut steps = told_at_once(told.root, at, due_of(&told.news, told.reminders), None);
        // Whoever reads only this must know with whose end it ends.
        if let Some(heir) = &told.heir {
            let dropped = Deed::Dropped { why: Why::NotWanted };
            let untold = [due_of(&heir.news, 0), dropped];
            steps.extend(untold.map(|deed| Step { id: heir.id, at, deed }));
        }
        Ok(steps)
    }

    /// Whether a delivery was dealt with, but nothing is known to have been told of its alarm:
    /// whoever began to read behind the root learns it from what is said anew.
    fn has_lost(&self, id: DeliveryId, news: &News) -> bool {
        let is_unknown = |anomaly| self.told_of(anomaly).is_none();
        self.finished.contains(&id) && news.alarm().is_some_and(is_unknown)
    }

    fn change(&mut self, id: DeliveryId, change: impl FnOnce(&mut Open)) {
        if let Some(open) = self.open.iter_mut().find(|open| open.id == id) {
            change(open);
        }
    }

    fn finish(&mut self, id: DeliveryId, at: Timestamp, is_told: impl Fn(&Open) -> bool) {
        let Some(place) = self.open.iter().position(|open| open.id == id) else { return };
        let open = self.open.remove(place);
        self.open.shrink_to_fit();
        if self.finished.len() == FINISHED_MAX {
            self.finished.remove(0);
        }
        push(&mut self.finished, id);
        let over: Vec<_> = open.news.recovered().iter().map(|one| one.anomaly.as_str()).collect();
        self.told.forget(&over);
        let Some(anomaly) = open.news.alarm() else { return };
        // However a reminder ends, the next one is an interval away.
        if open.cause == Cause::Reminder {
            self.told.remind(anomaly, at, open.reminder);
        }
        let superseded = open.news.supersedes();
        if is_told(&open) {
            self.told.forget(&superseded.iter().map(String::as_str).collect::<Vec<_>>());
            self.told.tell(anomaly, &open, at);
        } else {
            self.told.succeed(&open);
        }
    }
}

/// Makes room for one more, and for no other.
fn push<T>(all: &mut Vec<T>, one: T) {
    all.reserve_exact(1);
    all.push(one);
}

fn due(news: Arc<News>, cause: Cause, not_before: Timestamp, reminder: u32) -> Deed {
    Deed::Due { news, cause, not_before, reminder, enclosure: Enclosure::Nothing }
}

/// What is due and delivered in one decision: nothing is sent for it.
fn told_at_once(id: DeliveryId, at: Timestamp, due: Deed, inbox: Option<InboxEntry>) -> Vec<Step> {
    let delivered = Deed::Delivered { attempt: 0, reply: String::new(), inbox };
    [due, delivered].map(|deed| Step { id, at, deed }).into()
}
