//! The histories of one partition, found by domain.

use std::collections::HashMap;

use proto::id::DomainId;

use super::entry::Entry;

/// Histories by domain. A hash map, since each fact begins with a search among a sixteenth of all
/// domains; whoever goes through all of them does so in the order of the ids, so that nothing
/// depends on a hash.
#[derive(Debug, Default)]
pub(crate) struct Entries(HashMap<DomainId, Box<Entry>>);

impl Entries {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds one, in place of what was there.
    pub(crate) fn insert(&mut self, domain: DomainId, entry: Box<Entry>) {
        self.0.insert(domain, entry);
    }

    /// That of a domain, if there is one.
    pub(super) fn get_mut(&mut self, domain: &DomainId) -> Option<&mut Entry> {
        self.0.get_mut(domain).map(Box::as_mut)
    }

    /// That of a domain, an empty one if there is none.
    pub(super) fn of(&mut self, domain: DomainId) -> &mut Entry {
        self.0.entry(domain).or_default()
    }

    /// Does something with each, in order.
    pub(super) fn for_each(&mut self, mut act: impl FnMut(DomainId, &mut Entry)) {
        let mut domains: Vec<_> = self.0.keys().copied().collect();
        domains.sort_unstable();
        for domain in domains {
            if let Some(entry) = self.0.get_mut(&domain) {
                act(domain, entry);
            }
        }
    }
}
