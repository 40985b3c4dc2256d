//! Who changed what: the latest records of `INVENTORY`, as people read them.
//!
//! An [`Entry`] says who ordered it and when, what was done ([`deed`]), and what is different since
//! ([`facts`]). No secret is among them: what is sealed or hashed is never looked into.

pub mod deed;
pub mod facts;

use std::collections::VecDeque;

use proto::{subject::Entity, v1::InventoryRecord};

use self::{
    deed::Deed,
    facts::{Change, Facts},
};
use crate::domain::inventory::Signature;

/// Entries that are kept. Older ones are in `INVENTORY` still.
pub const ENTRIES_MAX: usize = 10_000;

/// The latest of what was ordered.
#[derive(Debug, Default)]
pub struct Audit {
    /// Oldest first.
    entries: VecDeque<Entry>,
}

/// One decision on one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in `INVENTORY`.
    pub sequence: u64,
    /// Who ordered it, and when.
    pub signature: Signature,
    /// Of what.
    pub entity: Entity,
    /// What that was called then.
    pub name: Box<str>,
    /// What was done.
    pub deeds: Vec<Deed>,
    /// What is different since.
    pub changes: Vec<Change>,
}

impl Audit {
    /// Takes in a record, unless it was; `before` and `after` are the facts around it.
    pub(super) fn ordered(
        &mut self,
        (entity, sequence, record): (Entity, u64, &InventoryRecord),
        before: &Facts,
        after: &Facts,
    ) {
        if self.entries.back().is_some_and(|last| last.sequence >= sequence) {
            return;
        }
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        let name = if after.name.is_empty() { &before.name } else { &after.name };
        let events = record.events.iter().filter_map(|event| event.event.as_ref());
        self.entries.push_back(Entry {
            sequence,
            signature: Signature::of(record),
            entity,
            name: name.as_str().into(),
            deeds: events.map(Deed::of).collect(),
            changes: before.changes(after),
        });
    }

    /// The entries, latest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }
}
