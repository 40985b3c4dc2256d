//! How entries, positions and digest lie in the store.
//!
//! One space of keys: entries of the caller behind `e`, positions behind `p`, and `m` alone for
//! what tells whether all of it is whole.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};

/// The version of this layout, beside the format of the caller's entries.
const LAYOUT: u32 = 1;

/// Key of the mark.
pub(super) const MARK: &[u8] = b"m";

const ENTRY: u8 = b'e';
const POSITION: u8 = b'p';

/// Sums up all keys and values, in any order: entries are added and taken away one by one, and two
/// sums are equal only if all entries are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum(u128);

impl Sum {
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.0 = self.0.wrapping_add(summand(key, value));
    }

    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) {
        self.0 = self.0.wrapping_sub(summand(key, value));
    }
}

fn summand(key: &[u8], value: &[u8]) -> u128 {
    let framed = [&key.len().to_be_bytes()[..], key, value].concat();
    let hash = digest(&SHA256, &framed);
    hash.as_ref().iter().take(16).fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

/// What is written with each change: what all must add up to, and how to read it.
pub(super) fn mark(format: u32, sum: Sum) -> Vec<u8> {
    [&LAYOUT.to_be_bytes()[..], &format.to_be_bytes(), &sum.0.to_be_bytes()].concat()
}

pub(super) fn entry_key(key: &[u8]) -> Vec<u8> {
    [&[ENTRY], key].concat()
}

pub(super) fn position_key(name: &str) -> Vec<u8> {
    [&[POSITION], name.as_bytes()].concat()
}

/// One key and value of the store.
pub(super) enum Held<'a> {
    Entry(&'a [u8]),
    Position(String, u64),
    Mark,
    Unknown,
}

pub(super) fn read<'a>(key: &'a [u8], value: &[u8]) -> Held<'a> {
    match (key, value.try_into().map(u64::from_be_bytes)) {
        ([ENTRY, key @ ..], _) => Held::Entry(key),
        ([POSITION, name @ ..], Ok(position)) => {
            Held::Position(String::from_utf8_lossy(name).into_owned(), position)
        }
        (MARK, _) => Held::Mark,
        (_, _) => Held::Unknown,
    }
}

/// The keys and values that a change comes to; of several values for one key, the last.
pub(super) fn changes(change: super::Change) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
    let removals = change.removals.into_iter().map(|key| (entry_key(&key), None));
    let puts = change.puts.into_iter().map(|(key, value)| (entry_key(&key), Some(value)));
    let positions = change
        .positions
        .into_iter()
        .map(|(name, position)| (position_key(&name), Some(position.to_be_bytes().to_vec())));
    removals.chain(puts).chain(positions).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_sum_knows_no_order_and_forgets_what_is_taken(
            entries: BTreeMap<Vec<u8>, Vec<u8>>,
        ) {
            let (mut forwards, mut backwards) = (Sum::default(), Sum::default());
            for (key, value) in &entries {
                forwards.add(key, value);
            }
            for (key, value) in entries.iter().rev() {
                backwards.add(key, value);
            }
            prop_assert_eq!(forwards, backwards);
            if let Some((key, value)) = entries.first_key_value() {
                prop_assert_ne!(forwards, Sum::default());
                forwards.take(key, value);
                prop_assert_ne!(forwards, backwards);
            }
            for (key, value) in &entries {
                backwards.take(key, value);
            }
            prop_assert_eq!(backwards, Sum::default());
        }
    }

    #[test]
    fn where_a_key_ends_is_part_of_the_sum() {
        let (mut a, mut b) = (Sum::default(), Sum::default());
        a.add(b"ab", b"c");
        b.add(b"a", b"bc");
        assert_ne!(a, b);
    }
}
