//! Leases. Whoever holds one lives in this process, so they are kept in memory; only fences must
//! grow beyond the life of the process, and the store remembers a number above all that were given
//! out.

use std::{collections::BTreeMap, time::Instant};

use super::moment::Moment;
use crate::bus::Lease;

/// Fences that are taken from the store at a time: renewals each second then cost a write each
/// quarter of an hour.
pub(super) const FENCES_AT_A_TIME: u64 = 1_024;

/// Who holds what.
#[derive(Debug)]
pub(super) struct Leases {
    held: BTreeMap<String, Held>,
    /// The last fence given out.
    fence: u64,
    /// What the store remembers.
    ceiling: u64,
}

#[derive(Debug)]
struct Held {
    holder: String,
    fence: u64,
    until: Instant,
}

/// What is asked of leases.
#[derive(Debug)]
pub(super) enum Wish {
    /// To take one; the fence in it says nothing yet.
    Acquire(Lease),
    /// To hold it for another while.
    Renew(Lease),
    /// To give it back.
    Release(Lease),
}

impl Leases {
    /// Nobody holds any. Fences continue above what the store remembers.
    pub(super) fn new(ceiling: u64) -> Self {
        Self { held: BTreeMap::new(), fence: ceiling, ceiling }
    }

    /// What the store must remember before `wishes` more are granted, if it must at all.
    pub(super) fn ceiling_for(&self, wishes: usize) -> Option<u64> {
        let wishes = u64::try_from(wishes).unwrap_or(u64::MAX);
        let needed = self.fence.saturating_add(wishes);
        (needed > self.ceiling).then(|| needed.saturating_add(FENCES_AT_A_TIME))
    }

    /// The store remembers this.
    pub(super) fn remembered(&mut self, ceiling: u64) {
        self.ceiling = ceiling;
    }

    /// Grants a wish; `None` if the lease is another's, or ran out, or was given back.
    pub(super) fn grant(&mut self, wish: Wish, at: Moment) -> Option<Lease> {
        match wish {
            Wish::Acquire(lease) => {
                let held = self.held.get(&lease.name);
                let free = held.is_none_or(|held| held.until <= at.now);
                free.then(|| self.hand_out(lease, at))
            }
            Wish::Renew(lease) => {
                let held = self.held.get(&lease.name)?;
                let mine = held.fence == lease.fence && at.now < held.until;
                mine.then(|| self.hand_out(lease, at))
            }
            Wish::Release(lease) => {
                if self.held.get(&lease.name)?.fence == lease.fence {
                    self.held.remove(&lease.name);
                }
                None
            }
        }
    }

    /// Who holds a lease; `None`: nobody.
    pub(super) fn holder(&self, name: &str, at: Moment) -> Option<String> {
        let held = self.held.get(name).filter(|held| at.now < held.until);
        held.map(|held| held.holder.clone())
    }

    fn hand_out(&mut self, lease: Lease, at: Moment) -> Lease {
        self.fence += 1;
        let (holder, until) = (lease.holder.clone(), at.after(lease.limit));
        let held = Held { holder, fence: self.fence, until };
        self.held.insert(lease.name.clone(), held);
        Lease { fence: self.fence, ..lease }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(3);

    fn moment() -> Moment {
        Moment { now: Instant::now(), wall: Timestamp::UNIX_EPOCH }
    }

    fn later(at: Moment, wait: Duration) -> Moment {
        Moment { now: at.after(wait), ..at }
    }

    fn wish(holder: &str) -> Wish {
        let (name, holder) = ("detector".to_owned(), holder.to_owned());
        Wish::Acquire(Lease { name, holder, fence: 0, limit: LIMIT })
    }

    #[test]
    fn who_is_late_is_fenced() {
        let at = moment();
        let mut leases = Leases::new(7);
        let first = leases.grant(wish("a"), at).unwrap();
        assert!(first.fence > 7);
        assert_eq!(leases.grant(wish("b"), at), None);

        let expired = later(at, LIMIT);
        assert_eq!(leases.grant(Wish::Renew(first.clone()), expired), None, "it ran out");
        let second = leases.grant(wish("b"), expired).unwrap();
        assert!(second.fence > first.fence);
        assert_eq!(leases.grant(Wish::Renew(first.clone()), expired), None);
        assert_eq!(leases.grant(Wish::Release(first), expired), None);
        assert!(
            leases.grant(Wish::Renew(second), expired).is_some(),
            "only its holder gives it up"
        );
    }

    #[test]
    fn the_store_remembers_a_fence_before_it_is_given_out() {
        let at = moment();
        let mut leases = Leases::new(0);
        let ceiling = leases.ceiling_for(1).unwrap();
        leases.remembered(ceiling);
        let mut lease = leases.grant(wish("a"), at).unwrap();
        for _ in 0..FENCES_AT_A_TIME {
            assert_eq!(leases.ceiling_for(1), None);
            lease = leases.grant(Wish::Renew(lease), at).unwrap();
            assert!(lease.fence <= ceiling);
        }
        assert!(leases.ceiling_for(1).is_some());
    }
}
