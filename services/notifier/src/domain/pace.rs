//! How fast one address may be spoken to: limits are kept, not discovered. And whether it answers
//! at all: one that does not is asked by one message now and then, and not by all that wait. One
//! that answers that it is out of order is asked by nothing: it is paused until somebody mends it.
//!
//! Folded from `DELIVERIES`, so that all is kept over a restart and by whoever takes over.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;
use kernel::backoff::Backoff;
use proto::id::DeliveryId;

use crate::domain::thread::open::Urgency;

/// Longest time of any limit: what was sent before is forgotten.
const REMEMBERED: Duration = Duration::from_mins(1);

/// Messages in a row that must fail before an address is taken for dead. One that fails again and
/// again counts once: it may be the message that is at fault.
const MISSES: u32 = 5;

/// Waits between the messages that ask a dead address whether it lives: what happens just after it
/// is back must not wait for long.
const ASKING: Backoff = Backoff { base: Duration::from_secs(30), cap: Duration::from_mins(2) };

/// How long one may be on its way before another is sent: longer than any channel waits.
const ASKED: Duration = Duration::from_mins(1);

/// Messages of each limit that are kept for what is critical: when something expires, the robot
/// must not have spent all on what could wait.
pub const RESERVE: usize = 2;

/// Limits over less than this keep nothing back: whoever is urgent need not wait for their end.
const RESERVED_OVER: Duration = Duration::from_secs(10);

/// How many messages an address takes in a time, wherever that time begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many messages.
    pub messages: usize,
    /// In this time, at most a minute.
    pub within: Duration,
}

/// What was sent to one address of late, how long it is to be left alone, and whether it answers.
#[derive(Debug, Default)]
pub struct Traffic {
    sent: VecDeque<(Timestamp, DeliveryId)>,
    rest: Option<Rest>,
    misses: u32,
    missed: Option<DeliveryId>,
    well_since: Option<Timestamp>,
    pause: Option<Pause>,
    taken_at: Option<Timestamp>,
}

/// An address said that it is out of order: nothing is sent until somebody mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// When it said so.
    pub since: Timestamp,
    /// Its words.
    pub reason: String,
}

/// Nothing is sent for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// When that was said.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What ends it before.
    pub ends_with: Change,
}

/// A change of a contact that ends a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The contact is saved anew: what was out of order may have been mended with it.
    Saved,
    /// The contact moves to another robot: nothing else makes this one forget.
    Moved,
}

/// When a contact was changed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// When it was saved.
    pub saved_at: Timestamp,
    /// When it moved to another robot; the beginning of time if it never did.
    pub moved_at: Timestamp,
}

impl Limit {
    /// How many messages what is as urgent may take.
    fn left_to(&self, urgency: Urgency) -> usize {
        let keeps_back = urgency < Urgency::Critical && self.within >= RESERVED_OVER;
        if keeps_back { self.messages.saturating_sub(RESERVE).max(1) } else { self.messages }
    }
}

impl Traffic {
    /// A message is sent. Its parts are recorded one by one, and a record is read back by whoever
    /// wrote it: each message counts once.
    pub fn sent(&mut self, message: DeliveryId, at: Timestamp) {
        if self.sent.contains(&(at, message)) {
            return;
        }
        let place = self.sent.partition_point(|(before, _)| *before <= at);
        self.sent.insert(place, (at, message));
        let newest = self.sent.back().map_or(at, |(newest, _)| *newest);
        while self.sent.front().is_some_and(|(first, _)| after(*first, REMEMBERED) <= newest) {
            self.sent.pop_front();
        }
    }

    /// The address is to be left alone. Whatever it takes next shows that it is well again.
    pub fn rests(&mut self, rest: Rest) {
        if self.rest.is_none_or(|before| before.since <= rest.since) {
            self.rest = Some(rest);
            self.misses = self.misses.max(MISSES);
        }
    }

    /// The address did not take a message, for no fault of either that anybody knows. How long it
    /// is to be left alone, if it seems dead.
    pub fn missed(&mut self, message: DeliveryId, chance: f64) -> Option<Duration> {
        if self.missed != Some(message) || self.misses >= MISSES {
            self.missed = Some(message);
            self.misses = self.misses.saturating_add(1);
        }
        let beyond = (self.misses + 1).checked_sub(MISSES).filter(|beyond| *beyond > 0)?;
        Some(ASKING.wait(beyond, chance))
    }

    /// Whether the address did not take the last message.
    pub fn is_doubtful(&self) -> bool {
        self.misses > 0
    }

    /// A message asks an address that seemed dead: until it is answered no other goes.
    pub fn asks(&mut self, at: Timestamp) {
        if self.misses >= MISSES {
            self.rests(Rest { since: at, until: after(at, ASKED), ends_with: Change::Saved });
        }
    }

    /// The address is out of order.
    pub fn breaks(&mut self, pause: Pause) {
        if self.pause.as_ref().is_none_or(|before| before.since <= pause.since) {
            self.pause = Some(pause);
        }
    }

    /// That the address was out of order is forgotten.
    pub fn forgive(&mut self) {
        self.pause = None;
    }

    /// The address took a message. It was a test, if the address was out of order.
    pub fn took(&mut self, at: Timestamp) {
        self.answered(at);
        self.taken_at = self.taken_at.max(Some(at));
        if self.pause.take_if(|pause| pause.since <= at).is_some() {
            self.well_since = Some(at);
        }
    }

    /// The address answered: also who refuses a message is there.
    pub fn answered(&mut self, at: Timestamp) {
        self.rest = self.rest.filter(|rest| rest.since > at);
        if self.misses >= MISSES && self.rest.is_none() {
            self.well_since = Some(at);
        }
        if self.rest.is_none() {
            (self.misses, self.missed) = (0, None);
        }
    }

    /// Since when the address takes messages again, if there was a time when it did not.
    pub fn well_since(&self) -> Option<Timestamp> {
        self.well_since
    }

    /// Since when the address is out of order, if it is and took nothing since.
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// When the address last took a message.
    pub fn taken_at(&self) -> Option<Timestamp> {
        self.taken_at
    }

    /// How long the address is to be left alone, unless its contact was changed since in a way that
    /// ends it.
    pub fn rest(&self, changed: Changed) -> Option<Rest> {
        self.rest.filter(|rest| {
            let ended_at = match rest.ends_with {
                Change::Saved => changed.saved_at.max(changed.moved_at),
                Change::Moved => changed.moved_at,
            };
            rest.since >= ended_at
        })
    }

    /// The instants at which messages were sent, in order.
    pub fn instants(&self) -> impl Iterator<Item = Timestamp> {
        self.sent.iter().map(|(at, _)| *at)
    }
}

/// From when on the next message, of this urgency, keeps all limits, given the instants of those
/// before it, in any order. What is critical may take all that there is, others leave a reserve.
pub fn free_at(
    limits: &[Limit],
    urgency: Urgency,
    sent: impl IntoIterator<Item = Timestamp>,
) -> Timestamp {
    let mut sent: Vec<_> = sent.into_iter().collect();
    sent.sort_unstable();
    let free = |limit: &Limit| {
        let place = sent.len().checked_sub(limit.left_to(urgency))?;
        sent.get(place).map(|first| after(*first, limit.within))
    };
    limits.iter().filter_map(free).max().unwrap_or(Timestamp::MIN)
}

fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::sample::{delivery, minute, start};

    const LIMITS: [Limit; 2] = [
        Limit { messages: 2, within: Duration::from_secs(1) },
        Limit { messages: 5, within: Duration::from_mins(1) },
    ];

    fn millis(millis: i64) -> Timestamp {
        start() + SignedDuration::from_millis(millis)
    }

    #[test]
    fn a_message_in_parts_counts_once() {
        let mut traffic = Traffic::default();
        for at in [0, 0, 5] {
            traffic.sent(delivery(1), millis(at));
        }
        traffic.sent(delivery(2), millis(5));
        assert_eq!(traffic.instants().count(), 3);
        traffic.sent(delivery(3), millis(60_005));
        assert_eq!(traffic.instants().count(), 1, "older ones no longer count");
    }

    fn never_changed() -> Changed {
        Changed { saved_at: Timestamp::MIN, moved_at: Timestamp::MIN }
    }

    fn rest(since: i64, until: i64, ends_with: Change) -> Rest {
        Rest { since: minute(since), until: minute(until), ends_with }
    }

    #[test]
    fn a_rest_ends_by_a_success_and_by_the_change_that_it_asks_for() {
        let saved = |minutes| Changed { saved_at: minute(minutes), ..never_changed() };
        let moved = |minutes| Changed { moved_at: minute(minutes), ..never_changed() };
        for (ends_with, by_saving) in [(Change::Saved, true), (Change::Moved, false)] {
            let rest = rest(1, 11, ends_with);
            let mut traffic = Traffic::default();
            traffic.rests(rest);
            assert_eq!(traffic.rest(saved(0)), Some(rest));
            assert_eq!(traffic.rest(saved(2)).is_none(), by_saving, "{ends_with:?}");
            assert_eq!(traffic.rest(moved(2)), None, "this is another robot");
            traffic.took(minute(0));
            assert_eq!(traffic.rest(never_changed()), Some(rest), "that was before");
            traffic.took(minute(2));
            assert_eq!(traffic.rest(never_changed()), None);
        }
    }

    #[test]
    fn an_address_that_misses_several_messages_in_a_row_is_left_alone_for_ever_longer() {
        let mut traffic = Traffic::default();
        for _ in 0..3 {
            assert_eq!(traffic.missed(delivery(1), 1.0), None, "the message may be at fault");
        }
        for message in 2..5 {
            assert_eq!(traffic.missed(delivery(message), 1.0), None);
        }
        let rests: Vec<_> =
            (0..4).filter_map(|_| traffic.missed(delivery(5), 1.0)).map(|r| r.as_secs()).collect();
        assert_eq!(rests, [30, 60, 120, 120]);
        assert_eq!(traffic.well_since(), None);
        traffic.took(minute(7));
        assert_eq!(traffic.well_since(), Some(minute(7)));
        assert_eq!(traffic.missed(delivery(6), 1.0), None, "counted anew");
    }

    #[test]
    fn one_message_at_a_time_asks_the_dead() {
        let mut traffic = Traffic::default();
        traffic.asks(minute(0));
        assert_eq!(traffic.rest(never_changed()), None, "the living are not asked");
        traffic.rests(rest(0, 2, Change::Moved));
        traffic.asks(minute(2));
        assert_eq!(traffic.rest(never_changed()), Some(rest(2, 3, Change::Saved)));
        traffic.took(minute(2));
        assert_eq!((traffic.rest(never_changed()), traffic.well_since()), (None, Some(minute(2))));
    }

    #[test]
    fn what_is_out_of_order_is_well_again_when_it_takes_a_message_and_not_when_it_refuses_one() {
        let broken = |minutes| Pause { since: minute(minutes), reason: "93000".to_owned() };
        let mut traffic = Traffic::default();
        traffic.breaks(broken(1));
        traffic.asks(minute(2));
        assert_eq!(traffic.rest(never_changed()), None, "what may be sent at all is sent");
        traffic.answered(minute(2));
        assert_eq!(traffic.missed(delivery(1), 1.0), None);
        traffic.took(minute(0));
        assert_eq!(traffic.pause(), Some(&broken(1)), "that was before");
        traffic.took(minute(3));
        assert_eq!((traffic.pause(), traffic.well_since()), (None, Some(minute(3))));
        traffic.breaks(broken(5));
        traffic.breaks(broken(4));
        assert_eq!(traffic.pause(), Some(&broken(5)), "the last word holds");
        traffic.forgive();
        assert_eq!(traffic.pause(), None);
    }

    #[test]
    fn of_a_long_limit_two_messages_are_kept_for_what_is_critical() {
        // So many seconds into a minute in which messages went at these.
        let free = |urgency, sent: &[i64], second: i64| {
            let sent = sent.iter().map(|second| millis(second * 1_000));
            free_at(&LIMITS, urgency, sent) <= millis(second * 1_000)
        };
        for urgency in [Urgency::Reminder, Urgency::News, Urgency::Recovery] {
            assert!(free(urgency, &[0, 10], 50), "three of five are for all");
            assert!(!free(urgency, &[0, 10, 20], 59) && free(urgency, &[0, 10, 20], 60));
            assert!(free(urgency, &[0], 0), "of a short limit nothing is kept");
        }
        assert!(free(Urgency::Critical, &[0, 10, 20, 30], 50));
        assert!(!free(Urgency::Critical, &[0, 10, 20, 30, 40], 59));
    }

    proptest! {
        /// Whoever always waits until then never breaks a limit, and never waits without need.
        #[test]
        fn no_limit_is_ever_broken(
            messages in prop::collection::vec((0_i64..3_000, any::<bool>()), 1..80),
        ) {
            let (mut sent, mut wanted) = (Vec::new(), start());
            for (gap, is_critical) in messages {
                let urgency = if is_critical { Urgency::Critical } else { Urgency::News };
                wanted = wanted.max(sent.last().copied().unwrap_or(start()))
                    + SignedDuration::from_millis(gap);
                sent.push(wanted.max(free_at(&LIMITS, urgency, sent.iter().copied())));
            }
            for limit in LIMITS {
                for window in sent.windows(limit.messages + 1) {
                    let span = window[limit.messages].duration_since(window[0]);
                    let within = SignedDuration::try_from(limit.within).unwrap();
                    prop_assert!(span >= within, "{span} {limit:?}");
                }
            }
        }
    }
}
