//! Whether most of many that were fine fail at once: then it is whoever looks that has lost the
//! network.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

/// How far back whoever looks is judged.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// How many that were fine before are needed for a judgement.
const LOOKED_MIN: usize = 20;
/// Failures among them, in percent, that are an outage of whoever looks.
const FAILED_PERCENT: usize = 80;
/// Looks that are remembered: a minute of the fastest.
const LOOKS_MAX: usize = 4_096;

/// The looks of the last minute at what was fine the time before.
#[derive(Debug)]
pub struct Looks<K> {
    looks: VecDeque<Look<K>>,
}

#[derive(Debug, Clone, Copy)]
struct Look<K> {
    at: Timestamp,
    at_what: K,
    failed: bool,
}

/// How many failed, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Those that failed.
    pub failed: usize,
    /// All that were looked at.
    pub looked: usize,
}

impl Outage {
    /// Whether so many failures of so many are most of them.
    pub fn is_most(&self) -> bool {
        self.failed * 100 >= self.looked * FAILED_PERCENT
    }
}

impl<K> Default for Looks<K> {
    fn default() -> Self {
        Self { looks: VecDeque::new() }
    }
}

impl<K: Copy + Ord> Looks<K> {
    /// Takes up a look at something that was fine the time before. Answers the outage that it
    /// proves, if any.
    pub fn look(&mut self, at_what: K, failed: bool, at: Timestamp) -> Option<Outage> {
        self.looks.push_back(Look { at, at_what, failed });
        let old = |look: &Look<K>| at.duration_since(look.at) > WINDOW;
        while self.looks.len() > LOOKS_MAX || self.looks.front().is_some_and(old) {
            self.looks.pop_front();
        }
        if !failed {
            return None;
        }
        // The last word on each, so that one that is looked at often counts once.
        let last: BTreeMap<_, _> =
            self.looks.iter().map(|look| (look.at_what, look.failed)).collect();
        let failed = last.values().filter(|failed| **failed).count();
        let outage = Outage { failed, looked: last.len() };
        (outage.looked >= LOOKED_MIN && outage.is_most()).then_some(outage)
    }

    /// Forgets all looks.
    pub fn clear(&mut self) {
        self.looks.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn fail(looks: &mut Looks<u8>, what: Range<u8>, second: i64) -> Vec<Option<Outage>> {
        what.map(|n| looks.look(n, true, at(second))).collect()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn twenty_that_fail_are_an_outage_and_nineteen_are_not() {
        let outages = fail(&mut Looks::default(), 0..20, 0);
        assert!(outages[..19].iter().all(Option::is_none));
        assert_eq!(outages[19], Some(Outage { failed: 20, looked: 20 }));
    }

    #[test]
    fn one_that_fails_often_is_no_outage() {
        let mut looks = Looks::default();
        for second in 0..40 {
            assert_eq!(looks.look(1, true, at(second)), None);
        }
    }

    #[test]
    fn one_in_five_that_is_still_fine_is_enough_for_an_outage_and_more_are_not() {
        for (fine, failed, proves) in [(5, 20, true), (6, 20, false)] {
            let mut looks = Looks::default();
            for n in 0..fine {
                looks.look(n, false, at(0));
            }
            let outages = fail(&mut looks, 100..100 + failed, 1);
            assert_eq!(outages.last().unwrap().is_some(), proves, "{fine} fine, {failed} failed");
        }
    }

    #[test]
    fn what_is_older_than_a_minute_is_forgotten() {
        let mut looks = Looks::default();
        fail(&mut looks, 0..15, 0);
        assert!(fail(&mut looks, 15..30, 61).iter().all(Option::is_none));
    }
}
