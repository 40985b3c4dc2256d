//! The silences, each found by the domain or the tag that it is of.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use jiff::{SignedDuration, Timestamp};
use proto::{
    id::{DomainId, SilenceId},
    v1::InventoryRecord,
};

use super::{Versioned, instant};
use crate::domain::inventory::silence::{Said, Silence, Target};

/// How long a silence that is over is still found by its target: the clock of whoever orders the
/// next one may be ahead, and must not end this one early.
const FOUND_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// All silences.
#[derive(Debug, Default)]
pub struct Silences {
    /// Also those that are over or were lifted: whoever repeats an order finds what it made.
    known: BTreeMap<SilenceId, Versioned<Silence>>,
    /// Those that were not, each behind its end, so that what is over is not looked at.
    of: BTreeMap<Target, BTreeSet<(Timestamp, SilenceId)>>,
}

impl Silences {
    /// See [`super::Board::ordered`].
    pub fn ordered(&mut self, id: SilenceId, sequence: u64, record: &InventoryRecord) {
        let kept = self.known.entry(id).or_default();
        let what = |kept: &Versioned<Silence>| Some(kept.entity.said()?.what.clone());
        let before = what(kept);
        kept.take(sequence, record);
        let after = what(kept);
        if let Some(before) = before
            && let Some(ends) = self.of.get_mut(&before.target)
        {
            ends.remove(&(before.until, id));
        }
        if let Some(after) = after {
            self.of.entry(after.target).or_default().insert((after.until, id));
        }
        self.forget(instant(record.recorded_at.as_ref()));
    }

    /// Lets go of what was over long before an instant.
    fn forget(&mut self, now: Timestamp) {
        let long_ago = now.saturating_sub(FOUND_AFTER).unwrap_or(Timestamp::MIN);
        self.of.retain(|_, ends| {
            ends.retain(|(until, _)| *until > long_ago);
            !ends.is_empty()
        });
    }

    /// A silence, also one that was lifted.
    pub fn get(&self, id: &SilenceId) -> Option<&Versioned<Silence>> {
        self.known.get(id)
    }

    /// The ids of all, also of those that were lifted.
    pub fn ids(&self) -> impl Iterator<Item = &SilenceId> {
        self.known.keys()
    }

    /// Those that hold at an instant.
    pub fn active(&self, now: Timestamp) -> impl Iterator<Item = (SilenceId, &Said)> {
        let said = self.known.iter().filter_map(|(id, kept)| Some((*id, kept.entity.said()?)));
        said.filter(move |(_, said)| said.what.until > now)
    }

    /// Those that hold at an instant for a domain with these tags.
    pub fn over<'s>(
        &'s self,
        domain: DomainId,
        tags: &[String],
        now: Timestamp,
    ) -> Vec<(SilenceId, &'s Said)> {
        // Few are silenced: most domains cost one look here.
        if self.of.is_empty() {
            return vec![];
        }
        let tags = tags.iter().cloned().map(Target::Tag);
        let targets = [Target::Domain(domain)].into_iter().chain(tags);
        let over = Bound::Excluded((now, SilenceId::from_bytes([u8::MAX; 16])));
        let ends = targets.filter_map(|target| self.of.get(&target));
        let holding = ends.flat_map(|ends| ends.range((over, Bound::Unbounded)));
        holding.filter_map(|(_, id)| Some((*id, self.known.get(id)?.entity.said()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inventory::{
        Actor, record,
        silence::{SilenceEvent, Silenced},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn of(target: Target, until: i64) -> InventoryRecord {
        ordered_at(0, target, until)
    }

    fn ordered_at(second: i64, target: Target, until: i64) -> InventoryRecord {
        let silenced = Silenced { target, until: at(until), reason: String::new() };
        record::<Silence>(&[SilenceEvent::Saved(silenced)], Actor::System, at(second))
    }

    #[test]
    fn what_is_over_is_let_go_once_something_is_ordered_long_after() {
        let shop = || Target::Tag("shop".to_owned());
        let id = |byte| SilenceId::from_bytes([byte; 16]);
        let mut silences = Silences::default();
        silences.ordered(id(1), 1, &of(shop(), 100));
        let found = |silences: &Silences, now| {
            let over = silences.over(DomainId::from_bytes([1; 16]), &["shop".to_owned()], at(now));
            over.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        silences.ordered(id(2), 2, &ordered_at(3_699, shop(), 9_000));
        assert_eq!(found(&silences, 99), [id(1), id(2)], "another clock may say 99 still");
        silences.ordered(id(3), 3, &ordered_at(3_700, Target::Tag("x".to_owned()), 9_000));
        assert_eq!(found(&silences, 99), [id(2)]);
        assert!(silences.get(&id(1)).is_some(), "whoever repeats the order finds it");
        silences.ordered(id(1), 4, &ordered_at(3_701, shop(), 8_000));
        assert_eq!(found(&silences, 3_701), [id(1), id(2)], "it may be begun anew");
    }

    #[test]
    fn a_silence_holds_for_its_target_until_its_end() {
        let (domain, other) = (DomainId::from_bytes([1; 16]), DomainId::from_bytes([2; 16]));
        let tagged = ["shop".to_owned()];
        let id = |byte| SilenceId::from_bytes([byte; 16]);
        let mut silences = Silences::default();
        silences.ordered(id(1), 1, &of(Target::Domain(domain), 100));
        silences.ordered(id(2), 2, &of(Target::Tag("shop".to_owned()), 200));
        let over = |silences: &Silences, domain, tags: &[String], now| {
            silences.over(domain, tags, at(now)).into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!(over(&silences, domain, &tagged, 99), [id(1), id(2)]);
        assert_eq!(over(&silences, domain, &tagged, 100), [id(2)]);
        assert_eq!(over(&silences, other, &[], 0), []);
        assert_eq!(silences.active(at(100)).count(), 1);
        let lifted = record::<Silence>(&[SilenceEvent::Lifted], Actor::System, at(1));
        silences.ordered(id(2), 3, &lifted);
        // A record that was taken in before brings nothing back.
        silences.ordered(id(2), 2, &of(Target::Tag("shop".to_owned()), 200));
        assert_eq!(over(&silences, domain, &tagged, 99), [id(1)]);
    }
}
