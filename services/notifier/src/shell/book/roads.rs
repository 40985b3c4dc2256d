//! The ways to recipients: what went along each of late, and which of them lead to the same robot.

use std::collections::{BTreeMap, BTreeSet};

use chassis::bus::Message;
use jiff::Timestamp;
use prost::Message as _;
use proto::{
    id::DeliveryId,
    time,
    v1::{DeliveryRecord, delivery_event::Event as Wire},
};

use super::{Lane, Room};
use crate::domain::{
    audience::Recipient,
    pace::{self, Limit, Rest, Traffic},
    roster::Roster,
    thread::{open::REST, outcome::Outcome},
};

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
}

impl Roads {
    /// Learns who has which robot, instead of what was known of it.
    pub(super) fn share(&mut self, robots: BTreeMap<String, BTreeSet<Recipient>>) {
        let pairs = robots.iter().flat_map(|(robot, recipients)| {
            recipients.iter().map(|recipient| (recipient.clone(), robot.clone()))
        });
        self.robot_of = pairs.collect();
        self.robots = robots;
    }

    pub(super) fn spot(&self, recipient: &Recipient) -> Spot {
        match self.robot_of.get(recipient) {
            Some(robot) => Spot::Robot(robot.clone()),
            None => Spot::Own(recipient.clone()),
        }
    }

    /// A message is on its way.
    pub(super) fn sent(&mut self, recipient: &Recipient, message: DeliveryId, at: Timestamp) {
        self.traffic.entry(recipient.clone()).or_default().sent(message, at);
    }

    /// What came of it for others that are to go the same way.
    pub(super) fn concluded(&mut self, recipient: &Recipient, outcome: &Outcome, at: Timestamp) {
        let traffic = self.traffic.entry(recipient.clone()).or_default();
        let mut rests = |wait| {
            let until = at.checked_add(wait).unwrap_or(Timestamp::MAX);
            traffic.rests(Rest { since: at, until });
        };
        match outcome {
            Outcome::TooFast { rest, .. } => rests(*rest),
            Outcome::Broken { .. } => rests(REST),
            Outcome::Delivered { .. } => traffic.took(at),
            Outcome::Again { .. } | Outcome::Never { .. } => {}
        }
    }

    /// Takes in a record of `DELIVERIES`. One that cannot be read says nothing here.
    pub(super) fn read(&mut self, recipient: &Recipient, message: &Message) {
        let Ok(record) = DeliveryRecord::decode(message.payload.clone()) else { return };
        let at = record.recorded_at.as_ref().and_then(time::read).unwrap_or_default();
        let traffic = self.traffic.entry(recipient.clone()).or_default();
        for step in &record.events {
            let id = |text: &str| text.parse().ok();
            let rests_until = match &step.event {
                Some(Wire::Attempted(attempted)) => {
                    let message = id(&attempted.lead).or_else(|| id(&step.delivery_id));
                    if let Some(message) = message {
                        traffic.sent(message, at);
                    }
                    None
                }
                // What was put into the inbox unasked went no way.
                Some(Wire::Delivered(delivered)) if delivered.attempt > 0 => {
                    traffic.took(at);
                    None
                }
                Some(Wire::Failed(failed)) => failed.rests_until.as_ref(),
                Some(Wire::Parked(parked)) => parked.rests_until.as_ref(),
                Some(Wire::Due(_) | Wire::Delivered(_) | Wire::Dropped(_)) | None => None,
            };
            if let Some(until) = rests_until.and_then(time::read) {
                traffic.rests(Rest { since: at, until });
            }
        }
    }

    /// Whether a lane may be taken from: all who have the same robot keep its limits together, and
    /// leave it alone together. What stands apart goes all the same: it may be the test of whether
    /// the address is well again.
    pub(super) fn room(
        &self,
        lane: &Lane,
        roster: &Roster,
        limits: &[Limit],
        now: Timestamp,
    ) -> Room {
        let alone = BTreeSet::from([lane.recipient.clone()]);
        let robot = self.robot_of.get(&lane.recipient);
        let sharing = robot.and_then(|robot| self.robots.get(robot)).unwrap_or(&alone);
        let traffic = || sharing.iter().filter_map(|one| Some((one, self.traffic.get(one)?)));
        let mut free_at = Timestamp::MIN;
        if !limits.is_empty() {
            free_at = pace::free_at(limits, traffic().flat_map(|(_, one)| one.instants()));
        }
        let rests = traffic().filter_map(|(recipient, traffic)| {
            let contact = roster.contact(&recipient.contact)?;
            Some(traffic.rest(contact.saved_at)?.until)
        });
        let rests_until = rests.filter(|_| !lane.is_apart).max();
        match free_at.max(rests_until.unwrap_or(Timestamp::MIN)) {
            at if at <= now => Room::Now,
            at => Room::From(at),
        }
    }
}
