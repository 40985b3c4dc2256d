//! When which domain is due: a heap with one live entry a domain, and few that are stale.

use std::{cmp::Reverse, collections::BinaryHeap};

use jiff::Timestamp;
use proto::id::DomainId;

/// Instants at which domains are due.
#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(i64, DomainId)>>);

/// The instant that the heap holds for one domain; the domain keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alarm(i64);

impl Default for Alarm {
    fn default() -> Self {
        Self(i64::MAX)
    }
}

impl Timers {
    /// Sees to it that a domain is due at an instant, or earlier: then it asks again.
    pub(super) fn set(&mut self, alarm: &mut Alarm, domain: DomainId, at: Timestamp) {
        let at = not_before(at);
        if at < alarm.0 {
            alarm.0 = at;
            self.0.push(Reverse((at, domain)));
        }
    }

    /// The next instant; `None` if nothing will ever be due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.peek().map(|Reverse((at, _))| Timestamp::from_millisecond(*at).unwrap_or_default())
    }

    /// Takes the next that is due. Whether it still is, says [`ring`].
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<(Alarm, DomainId)> {
        let Reverse((at, _)) = self.0.peek()?;
        if *at > now.as_millisecond() {
            return None;
        }
        self.0.pop().map(|Reverse((at, domain))| (Alarm(at), domain))
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The first whole millisecond that is not before an instant: whoever is woken finds it has come.
fn not_before(at: Timestamp) -> i64 {
    let millisecond = at.as_millisecond();
    let began = Timestamp::from_millisecond(millisecond).unwrap_or(Timestamp::MAX);
    if began < at { millisecond + 1 } else { millisecond }
}

/// Whether what was taken is the live one of its domain, which then has none.
pub(super) fn ring(alarm: &mut Alarm, taken: Alarm) -> bool {
    let live = *alarm == taken;
    if live {
        *alarm = Alarm::default();
    }
    live
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn nothing_rings_before_its_instant() {
        let (mut timers, mut alarm) = (Timers::default(), Alarm::default());
        let instant = at(5) + SignedDuration::from_nanos(1);
        timers.set(&mut alarm, DomainId::from_bytes([1; 16]), instant);
        assert_eq!(timers.pop(at(5)), None);
        assert!(timers.next().unwrap() >= instant);
    }

    #[test]
    fn only_the_earliest_of_a_domain_rings() {
        let (mut timers, mut alarm) = (Timers::default(), Alarm::default());
        let domain = DomainId::from_bytes([1; 16]);
        timers.set(&mut alarm, domain, at(10));
        timers.set(&mut alarm, domain, at(20));
        timers.set(&mut alarm, domain, at(5));
        assert_eq!(timers.next(), Some(at(5)));
        assert_eq!(timers.pop(at(4)), None);
        let (first, _) = timers.pop(at(30)).unwrap();
        assert!(ring(&mut alarm, first));
        let (stale, _) = timers.pop(at(30)).unwrap();
        assert!(!ring(&mut alarm, stale));
        assert_eq!(timers.pop(at(30)), None);
    }
}
