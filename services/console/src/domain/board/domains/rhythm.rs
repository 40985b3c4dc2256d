//! How often the domains are to be looked at, and when one last was.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use proto::time;

use super::Row;
use crate::domain::{inventory::domain::Status, pulse};

/// How often one domain is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pace {
    /// As often as those that have no interval of their own.
    Usual,
    /// Once in this interval.
    Own(Duration),
}

impl Pace {
    /// That of a row; `None` if it is not to be looked at.
    pub(super) fn of(row: &Row) -> Option<Self> {
        let is_enabled = row.is_there() && row.ordered.entity.status() == Status::Enabled;
        let options = row.ordered.entity.options().filter(|_| is_enabled)?;
        let interval = options.as_wire().interval.as_ref().map(time::read_span);
        Some(interval.map_or(Self::Usual, Self::Own))
    }
}

/// How often all are.
#[derive(Debug, Default)]
pub(super) struct Paces {
    counts: BTreeMap<Pace, usize>,
    total: usize,
    /// How many there were when looks were last expected anew, and when that was.
    counted: (usize, Timestamp),
    last_look: Option<Timestamp>,
}

impl Paces {
    /// An order came about one domain.
    pub(super) fn ordered(&mut self, before: Option<Pace>, after: Option<Pace>, at: Timestamp) {
        if before == after {
            return;
        }
        if let Some(pace) = before {
            self.total -= 1;
            if let Some(count) = self.counts.get_mut(&pace) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&pace);
                }
            }
        }
        if let Some(pace) = after {
            self.total += 1;
            let count = self.counts.entry(pace).or_default();
            *count += 1;
            // Not with each order: who adds a domain every minute is to hear all the same that none
            // is looked at.
            if *count == 1 || self.total >= self.counted.0 * 2 {
                self.counted = (self.total, at);
            }
        }
    }

    /// A domain was looked at.
    pub(super) fn looked(&mut self, at: Option<Timestamp>) {
        self.last_look = self.last_look.max(at);
    }

    /// Which looks are to be expected, if the usual interval is this.
    pub(super) fn rhythm(&self, usual: Duration) -> pulse::Rhythm {
        let mut intervals = BTreeMap::new();
        for (pace, count) in &self.counts {
            let interval = match pace {
                Pace::Usual => usual,
                Pace::Own(interval) => *interval,
            };
            *intervals.entry(interval).or_default() += count;
        }
        pulse::Rhythm { last: self.last_look, since: self.counted.1, intervals }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_mins(10);
    const OWN: Pace = Pace::Own(Duration::from_mins(1));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn looks_are_expected_anew_when_there_are_many_more_or_at_another_pace() {
        let mut paces = Paces::default();
        let mut added = |pace, second| {
            paces.ordered(None, Some(pace), at(second));
            paces.rhythm(USUAL).since
        };
        assert_eq!(added(Pace::Usual, 1), at(1));
        assert_eq!(added(Pace::Usual, 2), at(2), "twice as many");
        assert_eq!(added(Pace::Usual, 3), at(2));
        assert_eq!(added(OWN, 4), at(4), "another pace");
        assert_eq!(added(OWN, 5), at(4));
    }

    #[test]
    fn what_is_not_looked_at_any_more_is_not_expected() {
        let mut paces = Paces::default();
        paces.ordered(None, Some(OWN), at(1));
        paces.ordered(None, Some(Pace::Usual), at(1));
        paces.ordered(Some(OWN), Some(Pace::Usual), at(2));
        assert_eq!(paces.rhythm(USUAL).intervals, BTreeMap::from([(USUAL, 2)]));
        for _ in 0..2 {
            paces.ordered(Some(Pace::Usual), None, at(3));
        }
        paces.looked(Some(at(9)));
        paces.looked(Some(at(8)));
        let rhythm = paces.rhythm(USUAL);
        assert_eq!((rhythm.intervals.len(), rhythm.last), (0, Some(at(9))));
    }
}
