//! The ways to recipients: what went along each of late, and which of them lead to the same robot.
//!
//! A robot remembers what it was sent also by those who have left it since, and so do we.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

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
    pace::{self, Change, Changed, Limit, Rest, Traffic},
    roster::Roster,
    thread::{open::REST, outcome::Outcome},
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
            Outcome::Broken { .. } => (Some(REST), Change::Saved),
            Outcome::Again { .. } => (traffic.missed(message, chance), Change::Moved),
            Outcome::Delivered { .. } | Outcome::Never { .. } => {
                // Also who refuses a message is there.
                traffic.took(at);
                (None, Change::Saved)
            }
        };
        if let Some(rest) = rest {
            let until = at.checked_add(rest).unwrap_or(Timestamp::MAX);
            traffic.rests(Rest { since: at, until, ends_with });
        }
        rest.filter(|_| matches!(outcome, Outcome::Again { .. }))
    }

    /// Since when a recipient is reached again, if there was a time when it was not.
    pub(super) fn well_since(&self, recipient: &Recipient) -> Option<Timestamp> {
        self.traffic.get(recipient)?.well_since()
    }

    /// Takes in a record of `DELIVERIES`. One that cannot be read says nothing here.
    pub(super) fn read(&mut self, recipient: &Recipient, message: &Message) {
        let Ok(record) = DeliveryRecord::decode(message.payload.clone()) else { return };
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
                Some(Wire::Parked(parked)) => (parked.rests_until.as_ref(), Change::Saved),
                Some(Wire::Due(_) | Wire::Delivered(_) | Wire::Dropped(_)) | None => continue,
            };
            if let Some(until) = rests_until.and_then(time::read) {
                traffic.rests(Rest { since: at, until, ends_with });
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
        let sharing: Vec<_> = self.sharing(&lane.recipient).collect();
        let mut free_at = Timestamp::MIN;
        if !limits.is_empty() {
            let instants = sharing.iter().flat_map(|one| {
                one.traffic.instants().filter(|at| one.left_at.is_none_or(|left_at| *at <= left_at))
            });
            free_at = pace::free_at(limits, instants);
        }
        let rests = sharing.iter().filter_map(|one| one.rests_until(self, roster));
        let rests_until = rests.filter(|_| !lane.is_apart).max();
        match free_at.max(rests_until.unwrap_or(Timestamp::MIN)) {
            at if at <= now => Room::Now,
            at => Room::From(at),
        }
    }

    /// Whose messages count where those of a recipient go.
    fn sharing<'a>(&'a self, recipient: &'a Recipient) -> impl Iterator<Item = Sharing<'a>> {
        let robot = self.robot_of.get(recipient);
        let others = robot.and_then(|robot| self.robots.get(robot)).into_iter().flatten();
        let own = robot.is_none().then_some(recipient);
        let present = own.into_iter().chain(others).map(|one| (one, None));
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

#[cfg(test)]
mod tests {
    use proto::{
        id::ContactId,
        subject::Entity,
        v1::{ContactAddress, ContactRemoved, InventoryEvent, inventory_event::Event as Ordered},
    };

    use super::*;
    use crate::domain::sample::{self, delivery, minute};

    const LIMITS: [Limit; 1] = [Limit { messages: 1, within: Duration::from_mins(1) }];

    /// Contacts 1 and 2 share robot `a`, and the roads know it.
    struct Yard {
        roster: Roster,
        roads: Roads,
    }

    impl Yard {
        fn new() -> Self {
            let mut yard = Self { roster: Roster::default(), roads: Roads::default() };
            yard.save(1, "a", 0);
            yard.save(2, "a", 0);
            yard
        }

        fn save(&mut self, contact: u8, robot: &str, minutes: i64) {
            let mut saved = sample::contact_saved("Ops", &[]);
            saved.addresses.push(ContactAddress {
                channel: "wecom".to_owned(),
                sealed: b"sealed".to_vec().into(),
                robot: robot.to_owned(),
                verified: true,
                ..ContactAddress::default()
            });
            self.order(contact, Ordered::ContactSaved(saved), minutes);
        }

        fn order(&mut self, contact: u8, ordered: Ordered, minutes: i64) {
            let entity = Entity::Contact(ContactId::from_bytes([contact; 16]));
            let event = InventoryEvent { event: Some(ordered) };
            self.roster.evolve(&entity, &event, minute(minutes));
            self.roads.share(self.roster.robots(), minute(minutes));
        }

        fn answers(&mut self, contact: u8, outcome: &Outcome, minutes: i64) {
            let at = minute(minutes);
            self.roads.concluded(&recipient(contact), delivery(1), outcome, 1.0, at);
        }

        /// From which minute on there is room for a contact.
        fn room(&self, contact: u8, limits: &[Limit]) -> i64 {
            let lane = Lane { recipient: recipient(contact), is_apart: false };
            match self.roads.room(&lane, &self.roster, limits, minute(3)) {
                Room::Now => 3,
                Room::From(at) => at.duration_since(minute(0)).as_mins(),
                Room::Busy => panic!("nothing is in hand"),
            }
        }
    }

    fn recipient(contact: u8) -> Recipient {
        let contact = ContactId::from_bytes([contact; 16]);
        Recipient { contact, channel: "wecom".parse().unwrap() }
    }

    fn too_fast() -> Outcome {
        Outcome::TooFast { reply: "130101".to_owned(), rest: Duration::from_mins(10) }
    }

    fn removed() -> Ordered {
        Ordered::ContactRemoved(ContactRemoved {})
    }

    #[test]
    fn a_limit_is_shared_also_with_who_has_left_the_robot() {
        for leave in [
            (|_| {}) as fn(&mut Yard),
            |yard| yard.order(1, removed(), 3),
            |yard| yard.save(1, "b", 3),
        ] {
            let mut yard = Yard::new();
            yard.roads.sent(&recipient(1), delivery(1), minute(3));
            leave(&mut yard);
            assert_eq!(yard.room(2, &LIMITS), 4);
            yard.roads.sent(&recipient(1), delivery(2), minute(4));
        }
        let mut yard = Yard::new();
        yard.save(1, "b", 2);
        yard.roads.sent(&recipient(1), delivery(1), minute(3));
        assert_eq!(yard.room(2, &LIMITS), 3, "that went to the other robot");
    }

    #[test]
    fn a_robot_that_was_spoken_to_too_fast_forgets_nothing_when_a_contact_is_saved() {
        let mut yard = Yard::new();
        yard.answers(1, &too_fast(), 1);
        assert_eq!(yard.room(2, &[]), 11, "who has the same robot leaves it alone as well");
        yard.save(1, "a", 2);
        assert_eq!((yard.room(1, &[]), yard.room(2, &[])), (11, 11));
        yard.save(1, "b", 2);
        assert_eq!((yard.room(1, &[]), yard.room(2, &[])), (3, 11), "only who moves is free");
    }

    #[test]
    fn what_was_out_of_order_is_tried_when_its_contact_is_saved_or_gone() {
        let broken = Outcome::Broken { reply: "93000".to_owned() };
        for mend in [(|yard| yard.save(1, "a", 2)) as fn(&mut Yard), |yard| {
            yard.order(1, removed(), 2);
        }] {
            let mut yard = Yard::new();
            yard.answers(1, &broken, 1);
            assert_eq!(yard.room(2, &[]), 16);
            mend(&mut yard);
            assert_eq!(yard.room(2, &[]), 3);
        }
    }
}
