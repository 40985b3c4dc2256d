//! When each thread is to be looked at, for each recipient on its own: in order of time, and of
//! what is ripe in order of urgency.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use jiff::Timestamp;

use crate::domain::{
    audience::Recipient,
    plan::ThreadKey,
    thread::{Thread, open::Urgency},
};

/// Threads by lane, and by time or turn.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    lanes: BTreeMap<Lane, Line>,
    of: BTreeMap<ThreadKey, (When, Turn)>,
    /// Whose turn was last: with more to do than may be done, everybody gets a share.
    last: Option<Lane>,
}

/// When a thread is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum When {
    /// As soon as there is room.
    Now,
    /// Not before an instant.
    At(Timestamp),
}

/// Whose turn it is first: what is most urgent, and of this what has waited longest. Last is a
/// thread in which nothing is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn(Reverse<Option<Urgency>>, Timestamp);

/// What goes to one recipient in order. What speaks of no domain, such as a test, has a lane of its
/// own: it goes with nothing else, and waits behind nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// Who, and through what.
    pub recipient: Recipient,
    /// Whether it speaks of no domain.
    pub is_apart: bool,
}

/// Whether a lane may be taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Now.
    Now,
    /// From an instant on.
    From(Timestamp),
    /// Once something that is in hand is done.
    Busy,
}

/// Nothing may be taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nothing {
    /// When there is room for something that is due.
    pub room_from: Option<Timestamp>,
}

/// The threads of one lane.
#[derive(Debug, Default)]
struct Line {
    /// May be looked at.
    ripe: BTreeSet<(Turn, ThreadKey)>,
    /// Become ripe.
    waiting: BTreeSet<(Timestamp, ThreadKey)>,
}

impl Turn {
    /// The turn of a thread.
    pub(super) fn of(thread: &Thread) -> Self {
        let turn = |urgency, since| Self(Reverse(urgency), since);
        let open = thread.open().iter().map(|open| turn(Some(open.urgency()), open.due_at));
        open.min().unwrap_or(turn(None, Timestamp::MIN))
    }

    /// How urgent it is. Where nothing is on its way nothing is sent but reminders.
    fn urgency(self) -> Urgency {
        let Self(Reverse(urgency), _) = self;
        urgency.unwrap_or(Urgency::Reminder)
    }
}

impl Lane {
    pub(super) fn of(key: &ThreadKey) -> Self {
        Self { recipient: key.recipient(), is_apart: key.domain.is_none() }
    }
}

impl Agenda {
    /// Has a thread looked at then, instead of at any other time.
    pub(super) fn put(&mut self, key: &ThreadKey, when: When, turn: Turn) {
        self.remove(key);
        self.of.insert(key.clone(), (when, turn));
        let line = self.lanes.entry(Lane::of(key)).or_default();
        match when {
            When::Now => line.ripe.insert((turn, key.clone())),
            When::At(at) => line.waiting.insert((at, key.clone())),
        };
    }

    /// Has a thread looked at no more.
    pub(super) fn remove(&mut self, key: &ThreadKey) {
        let Some((when, turn)) = self.of.remove(key) else { return };
        let name = Lane::of(key);
        let Some(line) = self.lanes.get_mut(&name) else { return };
        match when {
            When::Now => line.ripe.remove(&(turn, key.clone())),
            When::At(at) => line.waiting.remove(&(at, key.clone())),
        };
        if line.ripe.is_empty() && line.waiting.is_empty() {
            self.lanes.remove(&name);
        }
    }

    /// Takes out the thread whose turn it is, of the lanes in turn in which there is room.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        mut room: impl FnMut(&Lane, Urgency) -> Room,
    ) -> Result<(Lane, ThreadKey), Nothing> {
        self.ripen(now);
        let turn = match &self.last {
            Some(last) => (Bound::Excluded(last.clone()), Bound::Unbounded),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        let mut nothing = Nothing { room_from: None };
        let behind = self.lanes.range(turn);
        let found = behind.chain(&self.lanes).find_map(|(lane, line)| {
            let (turn, key) = line.ripe.first()?;
            match room(lane, turn.urgency()) {
                Room::Now => Some((lane.clone(), key.clone())),
                Room::From(at) => {
                    nothing.room_from = Some(nothing.room_from.map_or(at, |from| from.min(at)));
                    None
                }
                Room::Busy => None,
            }
        });
        let (lane, key) = found.ok_or(nothing)?;
        self.last = Some(lane.clone());
        self.remove(&key);
        Ok((lane, key))
    }

    /// Takes out what else is to be looked at in a lane until an instant: what is ripe in turn, the
    /// rest in order of time, but not more than so many.
    pub(super) fn take_more(
        &mut self,
        lane: &Lane,
        until: Timestamp,
        max: usize,
    ) -> Vec<ThreadKey> {
        let Some(Line { ripe, waiting }) = self.lanes.get(lane) else { return Vec::new() };
        let ripe = ripe.iter().map(|(_, key)| key);
        let waiting = waiting.iter().take_while(|(at, _)| *at <= until).map(|(_, key)| key);
        let keys: Vec<_> = ripe.chain(waiting).take(max).cloned().collect();
        for key in &keys {
            self.remove(key);
        }
        keys
    }

    /// The soonest instant at which a thread becomes ripe. What is ripe waits for room, not for
    /// time.
    pub(super) fn next_ripe(&self) -> Option<Timestamp> {
        self.lanes.values().filter_map(|line| Some(line.waiting.first()?.0)).min()
    }

    fn ripen(&mut self, now: Timestamp) {
        for line in self.lanes.values_mut() {
            while line.waiting.first().is_some_and(|(at, _)| *at <= now) {
                let Some((_, key)) = line.waiting.pop_first() else { break };
                if let Some((when, turn)) = self.of.get_mut(&key) {
                    *when = When::Now;
                    line.ripe.insert((*turn, key));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::decider::Decider;

    use super::*;
    use crate::domain::{
        news::News,
        sample::{self, minute},
        thread::{
            Command,
            step::{Cause, Enclosure},
        },
    };

    fn key(contact: u8, channel: &str) -> ThreadKey {
        ThreadKey {
            domain: Some(sample::domain()),
            contact: proto::id::ContactId::from_bytes([contact; 16]),
            channel: channel.parse().unwrap(),
        }
    }

    /// The first contact's thread of a domain of this number.
    fn numbered(number: u8) -> ThreadKey {
        let domain = Some(proto::id::DomainId::from_bytes([number; 16]));
        ThreadKey { domain, ..key(1, "email") }
    }

    fn number(key: &ThreadKey) -> u8 {
        key.domain.unwrap().as_bytes()[0]
    }

    fn turn(urgency: Urgency, minutes: i64) -> Turn {
        Turn(Reverse(Some(urgency)), minute(minutes))
    }

    fn put(agenda: &mut Agenda, key: &ThreadKey, minutes: i64) {
        agenda.put(key, When::At(minute(minutes)), turn(Urgency::News, minutes));
    }

    fn take(agenda: &mut Agenda, minutes: i64) -> Option<ThreadKey> {
        agenda.take(minute(minutes), |_, _| Room::Now).ok().map(|(_, key)| key)
    }

    #[test]
    fn a_thread_is_taken_at_its_time_and_once() {
        let mut agenda = Agenda::default();
        put(&mut agenda, &key(1, "email"), 9);
        put(&mut agenda, &key(1, "email"), 5);
        assert_eq!(take(&mut agenda, 4), None);
        assert_eq!(agenda.next_ripe(), Some(minute(5)));
        assert_eq!(take(&mut agenda, 5), Some(key(1, "email")));
        assert_eq!(take(&mut agenda, 9), None);
        assert_eq!(agenda.next_ripe(), None);
    }

    #[test]
    fn what_is_ripe_goes_by_urgency_and_then_by_age() {
        let mut agenda = Agenda::default();
        for (number, at, urgency, since) in [
            (1, 1, Urgency::Reminder, 1),
            (2, 2, Urgency::News, 2),
            (3, 3, Urgency::Critical, 3),
            (4, 4, Urgency::Critical, 2),
            (5, 9, Urgency::Critical, 1),
        ] {
            agenda.put(&numbered(number), When::At(minute(at)), turn(urgency, since));
        }
        let taken: Vec<_> = std::iter::from_fn(|| take(&mut agenda, 4)).collect();
        let numbers: Vec<_> = taken.iter().map(number).collect();
        assert_eq!(numbers, [4, 3, 2, 1], "and the last is not ripe");
    }

    #[test]
    fn everybody_gets_a_turn_and_nobody_waits_for_another() {
        let mut agenda = Agenda::default();
        for minutes in 0..3 {
            put(&mut agenda, &numbered(minutes), minutes.into());
        }
        put(&mut agenda, &key(2, "email"), 3);
        let mut turns = Vec::new();
        while let Some(key) = take(&mut agenda, 3) {
            turns.push(key.contact.as_bytes()[0]);
        }
        assert_eq!(turns, [1, 2, 1, 1]);
        let now = minute(3);
        put(&mut agenda, &key(1, "email"), 3);
        put(&mut agenda, &key(2, "email"), 3);
        let busy = key(1, "email").recipient();
        let room = |lane: &Lane, _| if lane.recipient == busy { Room::Busy } else { Room::Now };
        let taken = agenda.take(now, room).map(|(_, key)| key);
        assert_eq!(taken, Ok(key(2, "email")));
        let soon = minute(4);
        let none = agenda.take(now, |_, _| Room::From(soon));
        assert_eq!(
            none,
            Err(Nothing { room_from: Some(soon) }),
            "it is ripe, and there is no room"
        );
    }

    #[test]
    fn only_what_was_asked_for_goes_before_what_is_critical() {
        let urgency = |cause| {
            let news = News::of_channel("wecom is out of order", minute(1));
            let tell = Command::Tell {
                id: sample::delivery(1),
                news: sample::shared(news),
                cause,
                not_before: minute(1),
                enclosure: Enclosure::Nothing,
                at: minute(1),
            };
            let mut thread = Thread::default();
            for step in thread.decide(tell).unwrap() {
                thread.evolve(&step);
            }
            Turn::of(&thread).urgency()
        };
        assert_eq!([Cause::Test, Cause::Verification].map(urgency), [Urgency::Asked; 2]);
        assert_eq!(urgency(Cause::Event), Urgency::Critical);
        assert_eq!(urgency(Cause::ChannelBroken), Urgency::News);
    }

    #[test]
    fn room_is_asked_for_by_what_would_go() {
        let mut agenda = Agenda::default();
        let soon = minute(4);
        let room = |_: &Lane, urgency| match urgency {
            Urgency::Critical | Urgency::Asked => Room::Now,
            Urgency::Reminder | Urgency::News | Urgency::Recovery => Room::From(soon),
        };
        agenda.put(&numbered(1), When::Now, turn(Urgency::Recovery, 1));
        assert_eq!(agenda.take(minute(3), room), Err(Nothing { room_from: Some(soon) }));
        agenda.put(&numbered(2), When::Now, turn(Urgency::Critical, 2));
        let taken = agenda.take(minute(3), room).map(|(_, key)| number(&key));
        assert_eq!(taken, Ok(2));
    }

    #[test]
    fn a_lane_is_taken_together_but_for_what_stands_apart() {
        let mut agenda = Agenda::default();
        let test = ThreadKey { domain: None, ..key(1, "email") };
        put(&mut agenda, &test, 0);
        for minutes in 0..4 {
            put(&mut agenda, &numbered(minutes), minutes.into());
        }
        let lane = Lane::of(&numbered(0));
        let taken = agenda.take_more(&lane, minute(2), 2);
        assert_eq!(taken.iter().map(number).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(agenda.take_more(&lane, minute(2), 9).len(), 1);
        assert_eq!(take(&mut agenda, 0), Some(test));
    }
}
