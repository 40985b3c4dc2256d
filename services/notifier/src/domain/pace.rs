//! How fast one address may be spoken to: limits are kept, not discovered.
//!
//! Folded from `DELIVERIES`, so that they are kept over a restart and by whoever takes over.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;
use proto::id::DeliveryId;

/// Longest time of any limit: what was sent before is forgotten.
const REMEMBERED: Duration = Duration::from_mins(1);

/// How many messages an address takes in a time, wherever that time begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many messages.
    pub messages: usize,
    /// In this time, at most a minute.
    pub within: Duration,
}

/// What was sent to one address of late, and how long it wants to be left alone.
#[derive(Debug, Default)]
pub struct Traffic {
    sent: VecDeque<(Timestamp, DeliveryId)>,
    rest: Option<Rest>,
}

/// Nothing is sent for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// When that was said.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
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

    /// The address wants to be left alone.
    pub fn rests(&mut self, rest: Rest) {
        if self.rest.is_none_or(|before| before.since <= rest.since) {
            self.rest = Some(rest);
        }
    }

    /// The address took a message.
    pub fn took(&mut self, at: Timestamp) {
        self.rest = self.rest.filter(|rest| rest.since > at);
    }

    /// How long the address wants to be left alone, unless its contact was saved anew since.
    pub fn rest(&self, saved_at: Timestamp) -> Option<Rest> {
        self.rest.filter(|rest| rest.since >= saved_at)
    }

    /// The instants at which messages were sent, in order.
    pub fn instants(&self) -> impl Iterator<Item = Timestamp> {
        self.sent.iter().map(|(at, _)| *at)
    }
}

/// From when on the next message keeps all limits, given the instants of those before it, in any
/// order.
pub fn free_at(limits: &[Limit], sent: impl IntoIterator<Item = Timestamp>) -> Timestamp {
    let mut sent: Vec<_> = sent.into_iter().collect();
    sent.sort_unstable();
    let free = |limit: &Limit| {
        let place = sent.len().checked_sub(limit.messages)?;
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

    #[test]
    fn a_rest_ends_by_time_by_a_success_and_by_an_edit() {
        let rest = Rest { since: minute(1), until: minute(11) };
        let mut traffic = Traffic::default();
        traffic.rests(rest);
        assert_eq!(traffic.rest(minute(0)), Some(rest));
        assert_eq!(traffic.rest(minute(2)), None, "the contact was saved since");
        traffic.took(minute(0));
        assert_eq!(traffic.rest(minute(0)), Some(rest), "that was before");
        traffic.took(minute(2));
        assert_eq!(traffic.rest(minute(0)), None);
    }

    proptest! {
        /// Whoever always waits until then never breaks a limit, and never waits without need.
        #[test]
        fn no_limit_is_ever_broken(gaps in prop::collection::vec(0_i64..3_000, 1..80)) {
            let (mut sent, mut wanted) = (Vec::new(), start());
            for gap in gaps {
                wanted = wanted.max(sent.last().copied().unwrap_or(start()))
                    + SignedDuration::from_millis(gap);
                sent.push(wanted.max(free_at(&LIMITS, sent.iter().copied())));
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
