//! The silences, each found by the domain or the tag that it is of.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proto::{
    id::{DomainId, SilenceId},
    v1::InventoryRecord,
};

use super::Versioned;
use crate::domain::inventory::silence::{Said, Silence, Target};

/// All silences.
#[derive(Debug, Default)]
pub struct Silences {
    /// Also those that were lifted.
    known: BTreeMap<SilenceId, Versioned<Silence>>,
    /// Those that were not.
    of: BTreeMap<Target, BTreeSet<SilenceId>>,
}

impl Silences {
    /// See [`super::Board::ordered`].
    pub fn ordered(&mut self, id: SilenceId, sequence: u64, record: &InventoryRecord) {
        let kept = self.known.entry(id).or_default();
        let target = |kept: &Versioned<Silence>| Some(kept.entity.said()?.what.target.clone());
        let before = target(kept);
        kept.take(sequence, record);
        let after = target(kept);
        if let Some(before) = before
            && let Some(ids) = self.of.get_mut(&before)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.of.remove(&before);
            }
        }
        if let Some(after) = after {
            self.of.entry(after).or_default().insert(id);
        }
    }

    /// A silence, also one that was lifted.
    pub fn get(&self, id: &SilenceId) -> Option<&Versioned<Silence>> {
        self.known.get(id)
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
        let ids = targets.filter_map(|target| self.of.get(&target)).flatten();
        let said = ids.filter_map(|id| Some((*id, self.known.get(id)?.entity.said()?)));
        said.filter(|(_, said)| said.what.until > now).collect()
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
        let silenced = Silenced { target, until: at(until), reason: String::new() };
        record::<Silence>(&[SilenceEvent::Saved(silenced)], Actor::System, at(0))
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
