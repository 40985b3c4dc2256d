//! How often a robot was called of late.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// Longest time in which calls are counted.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(1);

/// The calls of the last minute, and a punishment.
#[derive(Debug, Default)]
pub(super) struct Meter {
    calls: VecDeque<Timestamp>,
    shut_until: Option<Timestamp>,
}

impl Meter {
    /// Counts a call. Whether there are now at most `max` in a time that ends with it.
    pub(super) fn counts(&mut self, at: Timestamp, limits: &[(usize, SignedDuration)]) -> bool {
        while self.calls.front().is_some_and(|first| at.duration_since(*first) >= REMEMBERED) {
            self.calls.pop_front();
        }
        self.calls.push_back(at);
        limits.iter().all(|(max, within)| {
            let is_within = |call: &&Timestamp| at.duration_since(**call) < *within;
            self.calls.iter().rev().take_while(is_within).count() <= *max
        })
    }

    /// Refuses everything for a while.
    pub(super) fn shut(&mut self, until: Timestamp) {
        self.shut_until = Some(until);
    }

    /// Whether everything is refused.
    pub(super) fn is_shut(&self, at: Timestamp) -> bool {
        self.shut_until.is_some_and(|until| at < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides() {
        let second = |second| Timestamp::from_second(second).unwrap();
        let limits = [(2, SignedDuration::from_secs(10))];
        let mut meter = Meter::default();
        assert!(meter.counts(second(0), &limits));
        assert!(meter.counts(second(9), &limits));
        assert!(!meter.counts(second(9), &limits), "the third");
        assert!(!meter.counts(second(18), &limits), "two of the ten seconds before");
        assert!(meter.counts(second(19), &limits), "those are past");
    }
}
