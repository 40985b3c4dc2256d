//! One order about many domains is a record for each of them. Here they are found to be one: the
//! same deeds in the same fields, by the same hand, shortly after each other.
//!
//! Of domains of which nothing else is to be told either, [`LISTED_MAX`] are listed: the same was
//! done, and the same stands there since. What stood there before may differ, and so may the tags:
//! one that is given to many stands beside others at each. Of domains of which each got a value of
//! its own [`VARIED_MAX`] are.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proto::subject::Entity;

use super::{ENTRIES_MAX, Entry, deed::Deed, facts::Value};

/// Domains with the same values that are listed singly: more than a person looks through.
pub(super) const LISTED_MAX: usize = 100;
/// Domains of one order that are listed singly, whatever their values. A list of the largest size
/// with a note for each domain drives out no more than this part of what was done before.
pub(super) const VARIED_MAX: usize = ENTRIES_MAX / 10;
/// Time between two records of one order: a slow disk, and a broker that is away for a moment.
const GAP_MAX: SignedDuration = SignedDuration::from_secs(10);
/// The fields whose values are not compared.
const LISTS: [&str; 1] = ["tags"];

/// The orders about domains that may be going on.
#[derive(Debug, Default)]
pub(super) struct Runs(BTreeMap<Order, Run>);

/// What one order has in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    by: Box<str>,
    /// The kinds of what was done.
    deeds: Vec<&'static str>,
    /// The fields that are different since.
    fields: Vec<&'static str>,
}

/// What is to be told of one of its domains.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    deeds: Vec<Deed>,
    /// What stands in the fields since.
    after: Vec<Option<Value>>,
}

#[derive(Debug, Default)]
struct Run {
    /// When its last record was decided.
    at: Timestamp,
    /// Those that are listed.
    all: Listed,
    /// Those of them of which the same is told.
    same: BTreeMap<Told, Listed>,
}

/// Domains that are listed singly.
#[derive(Debug, Default, Clone, Copy)]
struct Listed {
    /// How many.
    count: usize,
    /// The last of them.
    last: u64,
}

impl Runs {
    /// If the entry goes on with an order of which enough is listed: the last that is, where the
    /// others are counted.
    pub(super) fn beyond(&mut self, entry: &Entry) -> Option<u64> {
        let Entity::Domain(_) = entry.entity else { return None };
        let at = entry.signature.at;
        let goes_on = |run: &Run| at.duration_since(run.at) <= GAP_MAX;
        let order = Order::of(entry);
        if !self.0.get(&order).is_some_and(goes_on) {
            self.0.retain(|_, run| goes_on(run));
        }
        let run = self.0.entry(order).or_default();
        run.at = at;
        let told = Told::of(entry);
        match run.same.get(&told) {
            Some(same) if same.count == LISTED_MAX => return Some(same.last),
            same if run.all.count == VARIED_MAX => return Some(same.unwrap_or(&run.all).last),
            Some(_) | None => {}
        }
        run.all.add(entry);
        run.same.entry(told).or_default().add(entry);
        None
    }
}

impl Listed {
    fn add(&mut self, entry: &Entry) {
        *self = Self { count: self.count + 1, last: entry.sequence };
    }
}

impl Order {
    fn of(entry: &Entry) -> Self {
        Self {
            by: entry.signature.by.clone(),
            deeds: entry.deeds.iter().map(|deed| deed.kind).collect(),
            fields: entry.changes.iter().map(|change| change.field).collect(),
        }
    }
}

impl Told {
    fn of(entry: &Entry) -> Self {
        let compared = entry.changes.iter().filter(|change| !LISTS.contains(&change.field));
        let after = compared.map(|change| change.after.clone()).collect();
        Self { deeds: entry.deeds.clone(), after }
    }
}

#[cfg(test)]
mod tests {
    use proto::id::DomainId;

    use super::{super::facts::Change, *};
    use crate::domain::inventory::Signature;

    /// What ada did to a domain at a second.
    fn entry(second: i64, values: Vec<(&'static str, String)>, changes: Vec<Change>) -> Entry {
        let at = Timestamp::from_second(second).unwrap();
        Entry {
            sequence: 0,
            signature: Signature { by: "ada".into(), at },
            entity: Entity::Domain(DomainId::from_bytes([1; 16])),
            name: "a.example:443".into(),
            deeds: vec![Deed { kind: "domain-changed", values }],
            changes,
            more: 0,
        }
    }

    fn change(field: &'static str, before: usize, after: usize) -> Change {
        let value = |value: usize| Some(Value::Text(value.to_string()));
        Change { field, before: value(before), after: value(after) }
    }

    /// How many of so many are listed.
    fn listed(count: usize, entry: impl Fn(usize) -> Entry) -> usize {
        let mut runs = Runs::default();
        let entries = (0..count).map(|n| Entry { sequence: n as u64, ..entry(n) });
        entries.filter(|entry| runs.beyond(entry).is_none()).count()
    }

    #[test]
    fn domains_that_get_a_value_of_their_own_are_listed() {
        let each = |n| entry(0, vec![], vec![change("fixed_address", 0, n)]);
        assert_eq!(listed(300, each), 300);
        assert_eq!(listed(100_000, each), VARIED_MAX);
        assert_eq!(listed(300, |n| entry(0, vec![("reason", n.to_string())], vec![])), 300);
    }

    #[test]
    fn domains_that_get_the_same_value_are_counted_whatever_they_had() {
        let same = |n| entry(0, vec![], vec![change("sni", n, 1), change("tags", n, n + 1)]);
        assert_eq!(listed(300, same), LISTED_MAX);
    }

    #[test]
    fn what_is_counted_is_counted_where_the_same_is_told() {
        let mut runs = Runs::default();
        let mut take = |sequence, value| {
            let entry = entry(0, vec![], vec![change("sni", 0, value)]);
            runs.beyond(&Entry { sequence, ..entry })
        };
        for sequence in 0..LISTED_MAX as u64 {
            assert_eq!(take(sequence, 1), None);
        }
        assert_eq!(take(1_000, 2), None);
        assert_eq!(take(1_001, 1), Some(LISTED_MAX as u64 - 1));
        assert_eq!(take(1_002, 2), None);
    }

    #[test]
    fn an_order_that_is_over_is_forgotten() {
        let mut runs = Runs::default();
        for second in 0..1_000 {
            let signature = Signature {
                by: format!("{second}").into(),
                ..entry(second, vec![], vec![]).signature
            };
            runs.beyond(&Entry { signature, ..entry(second, vec![], vec![]) });
        }
        assert_eq!(runs.0.len(), 11, "those of the last ten seconds, and the latest");
    }
}
