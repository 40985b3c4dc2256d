//! Assessments that are kept for a while: two generations, each bounded by the bytes that it holds.
//!
//! What is asked for becomes young; once the young ones are too many they are all old, and what was
//! old is forgotten.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use crate::domain::{assess::Assessment, sight::Fingerprint};

/// Bytes of one of two generations: some 1,700 chains of three certificates.
const GENERATION_BYTES_MAX: usize = 20 * 1024 * 1024;

/// What an assessment takes beside its certificates.
const ASSESSMENT_BYTES: usize = 4 * 1024;

/// Assessments by what they are of.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    young: BTreeMap<Key, Held>,
    young_bytes: usize,
    old: BTreeMap<Key, Held>,
}

/// What an assessment is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) chain: Fingerprint,
    /// Name of the private anchors; 0 without.
    pub(super) anchors: u64,
}

/// An assessment with what it needs to be made anew when more intermediates are known.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) assessment: Arc<Assessment>,
    pub(super) certificates: Vec<Bytes>,
    /// Of the pool under which it was made.
    pub(super) generation: u64,
}

impl Shelf {
    /// What is held under a key.
    pub(super) fn held(&self, key: &Key) -> Option<&Held> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Holds it as one of the young, and forgets the old ones if that makes too many.
    pub(super) fn hold(&mut self, key: Key, held: Held) {
        self.old.remove(&key);
        self.young_bytes += held.bytes();
        if let Some(before) = self.young.insert(key, held) {
            self.young_bytes -= before.bytes();
        }
        if self.young_bytes > GENERATION_BYTES_MAX {
            (self.old, self.young_bytes) = (std::mem::take(&mut self.young), 0);
        }
    }
}

impl Held {
    /// Each certificate is held twice: as it came, and as it was read.
    fn bytes(&self) -> usize {
        let presented: usize = self.certificates.iter().map(Bytes::len).sum();
        ASSESSMENT_BYTES + 2 * presented
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> Key {
        Key { chain: [0; 32], anchors: u64::try_from(n).unwrap() }
    }

    fn chain(bytes: usize) -> Held {
        let certificates = vec![Bytes::from(vec![0; bytes])];
        let assessment = Arc::new(Assessment::new::<Bytes>(&[], &[], &[]));
        Held { assessment, certificates, generation: 0 }
    }

    /// Of so many chains of one size, how many are held in the end.
    fn held(chains: usize, bytes: usize) -> usize {
        let mut shelf = Shelf::default();
        (0..chains).for_each(|n| shelf.hold(key(n), chain(bytes)));
        (0..chains).filter(|n| shelf.held(&key(*n)).is_some()).count()
    }

    #[test]
    fn many_usual_chains_are_held_and_few_large_ones() {
        assert_eq!(held(1_500, 4 * 1024), 1_500);
        let large = 320 * 1024;
        assert!(held(1_500, large) * 2 * large <= 2 * GENERATION_BYTES_MAX);
    }

    #[test]
    fn what_is_held_anew_counts_once() {
        let mut shelf = Shelf::default();
        shelf.hold(key(0), chain(1024));
        (0..100).for_each(|_| shelf.hold(key(1), chain(320 * 1024)));
        assert!(shelf.held(&key(0)).is_some());
    }

    #[test]
    fn what_is_asked_for_again_outlives_the_rest() {
        let mut shelf = Shelf::default();
        for n in 0..1_000 {
            shelf.hold(key(0), chain(1024));
            shelf.hold(key(n + 1), chain(320 * 1024));
        }
        assert!(shelf.held(&key(0)).is_some());
        assert!(shelf.held(&key(1)).is_none());
    }
}
