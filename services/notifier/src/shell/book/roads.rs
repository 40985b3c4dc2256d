//! The ways to recipients: what went along each of late, and which of them lead to the same robot.
//!
//! A robot remembers what it was sent also by those who have left it since, and so do we.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chassis::bus::Message;
use jiff::Timestamp;
use proto::{
    id::DeliveryId,
    time::{self, NO_END},
    v1::{DeliveryRecord, delivery_event::Event as Wire},
};

use super::Room;
use crate::domain::{
    audience::Recipient,
    detour::Breakdown,
    pace::{self, Change, Changed, Limit, Pause, Rest, Traffic},
    roster::Roster,
    thread::{
        open::{REST, Urgency},
        outcome::Outcome,
    },
};

/// How long a robot may bear a grudge for what somebody sent who has left it: longer than any
/// block.
const GRUDGE: Duration = Duration::from_hours(1);

/// Where messages go in the end. Several contacts may have the same robot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// A robot, by what tells it from others.
    Robot(String),
    /// A place of the recipient's own.
    Own(Recipient),
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Roads {
    traffic: BTreeMap<Recipient, Traffic>,
    robots: BTreeMap<String, BTreeSet<Recipient>>,
    robot_of: BTreeMap<Recipient, String>,
    moves: BTreeMap<Recipient, Move>,
}

/// A recipient left a robot, for another or for none.
#[derive(Debug)]
struct Move {
    from: String,
    at: Timestamp,
}

/// Whose messages count at a robot.
struct Sharing<'a> {
    recipient: &'a Recipient,
    traffic: &'a Traffic,
    /// Until when they did, if the recipient has left it.
    left_at: Option<Timestamp>,
}

impl Roads {
    /// Learns who has which robot from an instant on, instead of what was known of it.
    pub(super) fn share(&mut self, robots: BTreeMap<String, BTreeSet<Recipient>>, at: Timestamp) {
        let pairs = robots.iter().flat_map(|(robot, recipients)| {
            recipients.iter().map(|recipient| (recipient.clone(), robot.clone()))
        });
        let before = std::mem::replace(&mut self.robot_of, pairs.collect());
        self.robots = robots;
        self.moves.retain(|_, moved| moved.at.checked_add(GRUDGE).is_ok_and(|until| until > at));
        for (recipient, from) in before {
            if self.robot_of.get(&recipient) != Some(&from) {
                self.moves.insert(recipient, Move { from, at });
            }
        }
    }

    pub(super) fn spot(&self, recipient: &Recipient) -> Spot {
        match self.robot_of.get(recipient) {
            Some(robot) => Spot::Robot(robot.clone()),
            None => Spot::Own(recipient.clone()),
        }
    }

    /// A message is on its way.
    pub(super) fn sent(&mut self, recipient: &Recipient, message: DeliveryId, at: Timestamp) {
        let traffic = self.traffic.entry(recipient.clone()).or_default();
        traffic.sent(message, at);
        traffic.asks(at);
    }

    /// What came of it for others that are to go the same way: how long they must wait, if the
    /// address seems dead.
    pub(super) fn concluded(
        &mut self,
        recipient: &Recipient,
        message: DeliveryId,
        outcome: &Outcome,
        chance: f64,
        at: Timestamp,
    ) -> Option<Duration> {
        let traffic = self.traffic.entry(recipient.clone()).or_default();
        let (rest, ends_with) = match outcome {
            Outcome::TooFast { rest, .. } => (Some(*rest), Change::Moved),
            Outcome::Unready { .. } => (Some(REST), Change::Saved),
            Outcome::Again { .. } => (traffic.missed(message, chance), Change::Moved),
            Outcome::Broken { reply } => {
                traffic.answered(at);
                traffic.breaks(Pause { since: at, reason: reply.clone() });
                (None, Change::Saved)
            }
            Outcome::Delivered { .. } => {
                traffic.took(at);
                (None, Change::Saved)
            }
            Outcome::Never { .. } => {
                traffic.answered(at);
                (None, Change::Saved)
            }
        };
        if let Some(rest) = rest {
            let until = at.checked_add(rest).unwrap_or(Timestamp::MAX);
            traffic.rests(Rest { since: at, until, ends_with });
        }
        rest.filter(|_| matches!(outcome, Outcome::Again { .. }))
    }

    /// Whether a recipient was not reached the last time.
    pub(super) fn is_doubtful(&self, recipient: &Recipient) -> bool {
        self.traffic.get(recipient).is_some_and(Traffic::is_doubtful)
    }

    /// Since when a recipient is reached again, if there was a time when it was not.
    pub(super) fn well_since(&self, recipient: &Recipient) -> Option<Timestamp> {
        self.traffic.get(recipient)?.well_since()
    }

    /// Why nothing goes to a recipient until somebody mends it, if that is so.
    pub(super) fn pause(&self, recipient: &Recipient, roster: &Roster) -> Option<&Pause> {
        self.breakdown(recipient, roster).map(|breakdown| breakdown.pause)
    }

    /// That nothing goes to a recipient until somebody mends it, if that is so.
    pub(super) fn breakdown(
        &self,
        recipient: &Recipient,
        roster: &Roster,
    ) -> Option<Breakdown<'_>> {
        let mended_at = self.mended_at(recipient, roster);
        let there = self.there(recipient).filter(|one| roster.contact(&one.contact).is_some());
        let pauses = there.filter_map(|one| self.traffic.get(one)?.pause());
        let pause = pauses.max_by_key(|pause| pause.since)?;
        (pause.since >= mended_at).then_some(Breakdown { pause, mended_at })
    }

    /// When a recipient last took a message, or its contact was saved. Whoever has the same robot
    /// mends it for all.
    pub(super) fn mended_at(&self, recipient: &Recipient, roster: &Roster) -> Timestamp {
        let of_one = |one: &Recipient| {
            let saved_at = roster.contact(&one.contact)?.saved_at;
            let taken_at = self.traffic.get(one).and_then(Traffic::taken_at);
            Some(saved_at.max(taken_at.unwrap_or(Timestamp::MIN)))
        };
        self.there(recipient).filter_map(of_one).max().unwrap_or(Timestamp::MIN)
    }

    /// Whose messages go where those of a recipient do.
    fn there<'a>(&'a self, recipient: &'a Recipient) -> impl Iterator<Item = &'a Recipient> {
        let robot = self.robot_of.get(recipient);
        let others = robot.and_then(|robot| self.robots.get(robot)).into_iter().flatten();
        robot.is_none().then_some(recipient).into_iter().chain(others)
    }

    /// Whoever sends now has read the settings anew, and may be another host: what was refused to
    /// us, and not to a robot of the recipient's, is tried again.
    pub(super) fn begin_term(&mut self) {
        for (recipient, traffic) in &mut self.traffic {
            if !self.robot_of.contains_key(recipient) {
                traffic.forgive();
            }
        }
    }

    /// Takes in a record of `DELIVERIES`. One that cannot be read says nothing here.
    pub(super) fn read(&mut self, recipient: &Recipient, message: &Message) {
        let Ok(record) = message.read::<DeliveryRecord>() else { return };
        let at = record.recorded_at.as_ref().and_then(time::read).unwrap_or_default();
        let traffic = self.traffic.entry(recipient.clone()).or_default();
        for step in &record.events {
            let id = |text: &str| text.parse().ok();
            let (rests_until, ends_with) = match &step.event {
                Some(Wire::Attempted(attempted)) => {
                    let message = id(&attempted.lead).or_else(|| id(&step.delivery_id));
                    if let Some(message) = message {
                        traffic.sent(message, at);
                    }
                    continue;
                }
                // What was put into the inbox unasked went no way.
                Some(Wire::Delivered(delivered)) if delivered.attempt > 0 => {
                    traffic.took(at);
                    continue;
                }
                Some(Wire::Failed(failed)) => (failed.rests_until.as_ref(), Change::Moved),
                Some(Wire::Parked(parked)) if has_no_end(parked.rests_until.as_ref()) => {
                    traffic.breaks(Pause { since: at, reason: parked.reason.clone() });
                    continue;
                }
                Some(Wire::Parked(parked)) => (parked.rests_until.as_ref(), Change::Saved),
                Some(Wire::Due(_) | Wire::Delivered(_) | Wire::Dropped(_)) | None => continue,
            };
            if let Some(until) = rests_until.and_then(time::read) {
                traffic.rests(Rest { since: at, until, ends_with });
            }
        }
    }

    /// Whether something as urgent may go to a recipient: all who have the same robot keep its
    /// limits together, and leave it alone together. What somebody asked for goes all the same: it
    /// may be the test of whether the address is well again.
    pub(super) fn room(
        &self,
        recipient: &Recipient,
        urgency: Urgency,
        roster: &Roster,
        limits: &[Limit],
        now: Timestamp,
    ) -> Room {
        let sharing: Vec<_> = self.sharing(recipient).collect();
        let mut free_at = Timestamp::MIN;
        if !limits.is_empty() {
            let instants = sharing.iter().flat_map(|one| {
                one.traffic.instants().filter(|at| one.left_at.is_none_or(|left_at| *at <= left_at))
            });
            free_at = pace::free_at(limits, urgency, instants);
        }
        let rests = sharing.iter().filter_map(|one| one.rests_until(self, roster));
        let rests_until = rests.filter(|_| urgency < Urgency::Asked).max();
        match free_at.max(rests_until.unwrap_or(Timestamp::MIN)) {
            at if at <= now => Room::Now,
            at => Room::From(at),
        }
    }

    /// Whose messages count where those of a recipient go.
    fn sharing<'a>(&'a self, recipient: &'a Recipient) -> impl Iterator<Item = Sharing<'a>> {
        let robot = self.robot_of.get(recipient);
        let present = self.there(recipient).map(|one| (one, None));
        let left = self.moves.iter().filter(move |(_, moved)| Some(&moved.from) == robot);
        let left = left.map(|(one, moved)| (one, Some(moved.at)));
        present.chain(left).filter_map(|(recipient, left_at)| {
            Some(Sharing { recipient, traffic: self.traffic.get(recipient)?, left_at })
        })
    }
}

impl Sharing<'_> {
    /// How long the robot is to be left alone for what this one sent.
    fn rests_until(&self, roads: &Roads, roster: &Roster) -> Option<Timestamp> {
        let moved_at = roads.moves.get(self.recipient).map_or(Timestamp::MIN, |moved| moved.at);
        let changed = match self.left_at {
            None => {
                Changed { saved_at: roster.contact(&self.recipient.contact)?.saved_at, moved_at }
            }
            // Whoever left cannot mend it any more, and was not blocked for what it did elsewhere.
            Some(_) => Changed { saved_at: Timestamp::MAX, moved_at: Timestamp::MIN },
        };
        let rest = self.traffic.rest(changed)?;
        self.left_at.is_none_or(|left_at| rest.since <= left_at).then_some(rest.until)
    }
}

fn has_no_end(until: Option<&prost_types::Timestamp>) -> bool {
    until.and_then(time::read) == Some(NO_END)
}

#[cfg(test)]
mod tests;
