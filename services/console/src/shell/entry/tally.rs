//! Refusals at the door that are not in the inventory yet.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use proto::id::AccountId;

/// Under whose name somebody was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    /// That of an account that may be used.
    Account(AccountId),
    /// One that no such account has.
    Nobody,
}

/// How often each account, or strangers together, were refused since that was last said. Bounded by
/// the accounts there are.
#[derive(Default)]
pub(super) struct Tally(Mutex<BTreeMap<Whose, u32>>);

impl Tally {
    /// Counts a refusal that is said later.
    pub(super) fn add(&self, whose: Whose) {
        let mut counts = self.0.lock();
        let count = counts.entry(whose).or_default();
        *count = count.saturating_add(1);
    }

    /// The refusals to be said now, this one among them.
    pub(super) fn take(&self, whose: Whose) -> u32 {
        self.0.lock().remove(&whose).unwrap_or_default().saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_said_once() {
        let tally = Tally::default();
        assert_eq!(tally.take(Whose::Nobody), 1);
        tally.add(Whose::Nobody);
        tally.add(Whose::Nobody);
        assert_eq!(tally.take(Whose::Nobody), 3);
        assert_eq!(tally.take(Whose::Nobody), 1);
    }
}
