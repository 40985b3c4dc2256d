//! When each thread is to be looked at, in order of time, for each recipient on its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use jiff::Timestamp;

use crate::domain::{audience::Recipient, plan::ThreadKey};

/// Threads by lane and by time.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    lanes: BTreeMap<Lane, Due>,
    of: BTreeMap<ThreadKey, Timestamp>,
    /// Whose turn was last: with more to do than may be done, everybody gets a share.
    last: Option<Lane>,
}

/// What goes to one recipient in order. What people asked for themselves, such as a test, has a
/// lane of its own: it goes also while everything else must wait.
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

/// The threads of one lane. No instant stands without a thread.
type Due = BTreeMap<Timestamp, BTreeSet<ThreadKey>>;

impl Lane {
    pub(super) fn of(key: &ThreadKey) -> Self {
        Self { recipient: key.recipient(), is_apart: key.domain.is_none() }
    }
}

impl Agenda {
    /// Has a thread looked at at an instant, instead of at any other.
    pub(super) fn put(&mut self, key: &ThreadKey, at: Timestamp) {
        self.remove(key);
        self.of.insert(key.clone(), at);
        let lane = self.lanes.entry(Lane::of(key)).or_default();
        lane.entry(at).or_default().insert(key.clone());
    }

    /// Has a thread looked at at an instant, unless it is sooner already.
    pub(super) fn put_sooner(&mut self, key: &ThreadKey, at: Timestamp) {
        if self.of.get(key).is_none_or(|have| at < *have) {
            self.put(key, at);
        }
    }

    /// Has a thread looked at no more.
    pub(super) fn remove(&mut self, key: &ThreadKey) {
        let Some(at) = self.of.remove(key) else { return };
        let name = Lane::of(key);
        let Some(lane) = self.lanes.get_mut(&name) else { return };
        if let Some(keys) = lane.get_mut(&at) {
            keys.remove(key);
            if keys.is_empty() {
                lane.remove(&at);
            }
        }
        if lane.is_empty() {
            self.lanes.remove(&name);
        }
    }

    /// Takes out the next thread whose time has come, of the lanes in turn in which there is room.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        mut room: impl FnMut(&Lane) -> Room,
    ) -> Result<(Lane, ThreadKey), Nothing> {
        let turn = match &self.last {
            Some(last) => (Bound::Excluded(last.clone()), Bound::Unbounded),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        let mut nothing = Nothing { room_from: None };
        let behind = self.lanes.range(turn);
        let found = behind.chain(&self.lanes).find_map(|(lane, due)| {
            let (at, keys) = due.first_key_value()?;
            if *at > now {
                return None;
            }
            match room(lane) {
                Room::Now => Some((lane.clone(), keys.first()?.clone())),
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

    /// Takes out what else is to be looked at in a lane until an instant, in order of time, but not
    /// more than so many.
    pub(super) fn take_more(
        &mut self,
        lane: &Lane,
        until: Timestamp,
        max: usize,
    ) -> Vec<ThreadKey> {
        let due = self.lanes.get(lane).into_iter().flat_map(|due| due.range(..=until));
        let keys: Vec<_> = due.flat_map(|(_, keys)| keys).take(max).cloned().collect();
        for key in &keys {
            self.remove(key);
        }
        keys
    }

    /// The soonest instant after now. What is due now waits for room, not for time.
    pub(super) fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let later = |due: &Due| {
            let (at, _) = due.range((Bound::Excluded(now), Bound::Unbounded)).next()?;
            Some(*at)
        };
        self.lanes.values().filter_map(later).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;

    fn key(contact: u8, channel: &str) -> ThreadKey {
        ThreadKey {
            domain: Some(sample::domain()),
            contact: proto::id::ContactId::from_bytes([contact; 16]),
            channel: channel.parse().unwrap(),
        }
    }

    fn take(agenda: &mut Agenda, minutes: i64) -> Option<ThreadKey> {
        agenda.take(sample::minute(minutes), |_| Room::Now).ok().map(|(_, key)| key)
    }

    #[test]
    fn a_thread_is_taken_at_its_time_and_once() {
        let mut agenda = Agenda::default();
        agenda.put(&key(1, "email"), sample::minute(5));
        agenda.put_sooner(&key(1, "email"), sample::minute(9));
        assert_eq!(take(&mut agenda, 4), None);
        assert_eq!(agenda.next_after(sample::minute(4)), Some(sample::minute(5)));
        assert_eq!(take(&mut agenda, 5), Some(key(1, "email")));
        assert_eq!(take(&mut agenda, 9), None);
        assert_eq!(agenda.next_after(sample::minute(4)), None);
    }

    #[test]
    fn everybody_gets_a_turn_and_nobody_waits_for_another() {
        let mut agenda = Agenda::default();
        for minutes in 0..3 {
            let mut backlog = key(1, "email");
            backlog.domain = Some(proto::id::DomainId::from_bytes([minutes; 16]));
            agenda.put(&backlog, sample::minute(minutes.into()));
        }
        agenda.put(&key(2, "email"), sample::minute(3));
        let now = sample::minute(3);
        let mut turns = Vec::new();
        while let Some(key) = take(&mut agenda, 3) {
            turns.push(key.contact.as_bytes()[0]);
        }
        assert_eq!(turns, [1, 2, 1, 1]);
        agenda.put(&key(1, "email"), now);
        agenda.put(&key(2, "email"), now);
        let busy = key(1, "email").recipient();
        let room = |lane: &Lane| if lane.recipient == busy { Room::Busy } else { Room::Now };
        let taken = agenda.take(now, room).map(|(_, key)| key);
        assert_eq!(taken, Ok(key(2, "email")));
        let soon = sample::minute(4);
        let none = agenda.take(now, |_| Room::From(soon));
        assert_eq!(none, Err(Nothing { room_from: Some(soon) }), "it is due, and there is no room");
    }

    #[test]
    fn a_lane_is_taken_together_but_for_what_stands_apart() {
        let mut agenda = Agenda::default();
        let test = ThreadKey { domain: None, ..key(1, "email") };
        agenda.put(&test, sample::minute(0));
        for minutes in 0..4 {
            let mut one = key(1, "email");
            one.domain = Some(proto::id::DomainId::from_bytes([minutes; 16]));
            agenda.put(&one, sample::minute(minutes.into()));
        }
        let lane = Lane::of(&key(1, "email"));
        let taken = agenda.take_more(&lane, sample::minute(2), 2);
        let domains: Vec<_> = taken.iter().map(|key| key.domain.unwrap().as_bytes()[0]).collect();
        assert_eq!(domains, [0, 1]);
        assert_eq!(agenda.take_more(&lane, sample::minute(2), 9).len(), 1);
        assert_eq!(take(&mut agenda, 0), Some(test));
    }
}
