//! How well all probers together see: whether single domains go unseen, or it is our own blindness.
//!
//! When most go unseen, one alert stands for all and no domain is told of alone. It ends well below
//! where it begins: while a queue is drained and further domains fall due, the number of those
//! unseen crosses any one line many times. From then on each domain has as long to be seen as it
//! had before, since it may only be far behind in that queue.

use std::time::Duration;

use jiff::Timestamp;

use super::{schedule::PERIODS_UNSEEN, watch::command::Extent};

/// Periods without a fact of any domain that make it our own blindness.
const PERIODS_SILENT: u32 = 2;

/// What is known of all probers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// Domains that are watched.
    pub watched: usize,
    /// Those of them that have gone unseen for a while.
    pub unseen: usize,
    /// When the last fact of any domain came, also one of a domain that could not be seen: single
    /// domains may be asked for far more often than all others.
    pub last_fact_at: Timestamp,
    /// Since when it is not said that nobody sees anything; `None` while it is.
    pub seeing_since: Option<Timestamp>,
}

impl Coverage {
    /// Whether nobody sees anything, by the interval of a domain that has gone unseen.
    pub fn is_lost(&self, interval: Duration, now: Timestamp) -> bool {
        let is_silent = self.last_fact_at < now - interval * PERIODS_SILENT;
        is_silent || self.most_go_unseen()
    }

    /// Whether more domains go unseen than are seen.
    pub fn most_go_unseen(&self) -> bool {
        self.unseen * 2 > self.watched
    }

    /// Whether enough is seen to say so: all but one, or three quarters.
    pub fn is_regained(&self) -> bool {
        self.unseen <= 1 || self.unseen * 4 <= self.watched
    }

    /// How many share the lot of a domain with an interval that has gone unseen.
    pub fn extent(&self, interval: Duration, now: Timestamp) -> Extent {
        let patience = interval * u32::from(PERIODS_UNSEEN);
        let is_settled = self.seeing_since.is_some_and(|since| since < now - patience);
        if is_settled && !self.is_lost(interval, now) { Extent::Alone } else { Extent::Most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_mins(10);

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    /// Of a hundred domains, with a fact in this very minute.
    fn unseen(unseen: usize, seeing_since: Option<Timestamp>) -> Coverage {
        Coverage { watched: 100, unseen, last_fact_at: at(0), seeing_since }
    }

    #[test]
    fn a_domain_is_told_of_alone_while_most_are_seen() {
        let long_ago = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(unseen(50, long_ago).extent(INTERVAL, at(0)), Extent::Alone);
        assert_eq!(unseen(51, long_ago).extent(INTERVAL, at(0)), Extent::Most);
        assert_eq!(unseen(1, long_ago).extent(INTERVAL, at(20)), Extent::Alone);
        assert_eq!(unseen(1, long_ago).extent(INTERVAL, at(21)), Extent::Most, "no fact of any");
    }

    #[test]
    fn a_queue_that_is_drained_ends_a_blindness_once() {
        // Each domain that is seen is followed by one that falls due.
        let drained = (20..=60).rev().flat_map(|n| [n, n - 1, n]);
        let (mut is_blind, mut turns) = (false, Vec::new());
        for coverage in drained.map(|n| unseen(n, None)) {
            let is_turned =
                if is_blind { coverage.is_regained() } else { coverage.is_lost(INTERVAL, at(0)) };
            if is_turned {
                is_blind = !is_blind;
                turns.push(coverage.unseen);
            }
        }
        assert_eq!(turns, [60, 25]);
    }

    #[test]
    fn after_a_blindness_each_domain_has_its_periods_to_be_seen() {
        let heard = |minute| Coverage { last_fact_at: at(minute), ..unseen(10, Some(at(0))) };
        assert_eq!(heard(0).extent(INTERVAL, at(0)), Extent::Most);
        assert_eq!(heard(30).extent(INTERVAL, at(30)), Extent::Most);
        assert_eq!(heard(31).extent(INTERVAL, at(31)), Extent::Alone);
    }
}
