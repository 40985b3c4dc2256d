//! Assessments by the chain that was presented, so that each is made once.

use std::{collections::BTreeMap, sync::Arc};

use super::Assessment;

/// Assessments of one generation of the cache; there are two. Each holds its chain, some 8 KiB.
const GENERATION_MAX: usize = 2_048;

/// What an assessment depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Fingerprint of the presented list ([`proto::chain::fingerprint`]).
    pub chain: [u8; 32],
    /// A number for the sets of trust anchors, chosen by the caller.
    pub anchors: u64,
}

/// A bounded cache. What was asked for lately stays: when a generation is full it becomes the old
/// one, what is asked for again moves on, and the rest goes with it.
#[derive(Debug, Default)]
pub struct Cache {
    young: BTreeMap<Key, Entry>,
    old: BTreeMap<Key, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    assessment: Arc<Assessment>,
    pool_generation: u64,
}

impl Cache {
    /// The assessment of this key, made by `assess` unless it is known. One that more intermediates
    /// could change is made anew when the pool has changed.
    pub fn get(
        &mut self,
        key: Key,
        pool_generation: u64,
        assess: impl FnOnce() -> Assessment,
    ) -> Arc<Assessment> {
        let known = self.young.get(&key).cloned().or_else(|| self.old.remove(&key));
        let entry = match known.filter(|entry| entry.holds(pool_generation)) {
            Some(entry) => entry,
            None => Entry { assessment: Arc::new(assess()), pool_generation },
        };
        let assessment = Arc::clone(&entry.assessment);
        self.young.insert(key, entry);
        if self.young.len() > GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        assessment
    }

    /// How many assessments are kept.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Entry {
    fn holds(&self, pool_generation: u64) -> bool {
        self.pool_generation == pool_generation || !self.assessment.depends_on_pool()
    }
}
