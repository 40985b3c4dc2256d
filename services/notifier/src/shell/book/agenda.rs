//! When each thread is to be looked at, in order of time, for each recipient on its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use jiff::Timestamp;

use crate::domain::{audience::Recipient, plan::ThreadKey};

/// Threads by recipient and by time.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    lanes: BTreeMap<Recipient, Lane>,
    of: BTreeMap<ThreadKey, Timestamp>,
    /// Whose turn was last: with more to do than may be done, everybody gets a share.
    last: Option<Recipient>,
}

/// The threads of one recipient. No instant stands without a thread.
type Lane = BTreeMap<Timestamp, BTreeSet<ThreadKey>>;

impl Agenda {
    /// Has a thread looked at at an instant, instead of at any other.
    pub(super) fn put(&mut self, key: &ThreadKey, at: Timestamp) {
        self.remove(key);
        self.of.insert(key.clone(), at);
        let lane = self.lanes.entry(key.recipient()).or_default();
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
        let recipient = key.recipient();
        let Some(lane) = self.lanes.get_mut(&recipient) else { return };
        if let Some(keys) = lane.get_mut(&at) {
            keys.remove(key);
            if keys.is_empty() {
                lane.remove(&at);
            }
        }
        if lane.is_empty() {
            self.lanes.remove(&recipient);
        }
    }

    /// Takes out the next thread whose time has come, of the recipients in turn for whom there is
    /// room.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        mut has_room: impl FnMut(&Recipient) -> bool,
    ) -> Option<ThreadKey> {
        let turn = match &self.last {
            Some(last) => (Bound::Excluded(last.clone()), Bound::Unbounded),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        let behind = self.lanes.range(turn);
        let found = behind.chain(&self.lanes).find_map(|(recipient, lane)| {
            let (at, keys) = lane.first_key_value()?;
            if *at <= now && has_room(recipient) { keys.first().cloned() } else { None }
        })?;
        self.last = Some(found.recipient());
        self.remove(&found);
        Some(found)
    }

    /// The soonest instant after now. What is due now waits for room, not for time.
    pub(super) fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let later = |lane: &Lane| {
            let (at, _) = lane.range((Bound::Excluded(now), Bound::Unbounded)).next()?;
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

    #[test]
    fn a_thread_is_taken_at_its_time_and_once() {
        let mut agenda = Agenda::default();
        agenda.put(&key(1, "email"), sample::minute(5));
        agenda.put_sooner(&key(1, "email"), sample::minute(9));
        assert_eq!(agenda.take(sample::minute(4), |_| true), None);
        assert_eq!(agenda.next_after(sample::minute(4)), Some(sample::minute(5)));
        assert_eq!(agenda.take(sample::minute(5), |_| true), Some(key(1, "email")));
        assert_eq!(agenda.take(sample::minute(9), |_| true), None);
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
        while let Some(key) = agenda.take(now, |_| true) {
            turns.push(key.contact.as_bytes()[0]);
        }
        assert_eq!(turns, [1, 2, 1, 1]);
        agenda.put(&key(1, "email"), now);
        agenda.put(&key(2, "email"), now);
        let busy = key(1, "email").recipient();
        let taken = agenda.take(now, |recipient| *recipient != busy);
        assert_eq!(taken, Some(key(2, "email")));
    }
}
