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
