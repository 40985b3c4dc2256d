//! The orders that a list of domains may have.

use std::{collections::BTreeMap, ops::Bound};

use jiff::Timestamp;
use proto::{
    id::DomainId,
    v1::{Severity, State},
};
use roaring::RoaringBitmap;

use super::{Row, Slot};
use crate::domain::board::query::{Direction, Sort};

/// Bytes of an id at the end of each key.
const ID_LEN: usize = 16;
/// Bits of a second that stand behind how urgent a state is. A `Timestamp` has twenty less.
const SECOND_BITS: u32 = 60;
/// Where the epoch stands among the numbers of the seconds.
const EPOCH: u64 = 1 << (SECOND_BITS - 1);
/// What stands behind every second.
const NEVER: u64 = (1 << SECOND_BITS) - 1;

/// A place in an order of numbers; of equal numbers the ids are in order, so that two consoles show
/// the same.
type Stand = (u64, DomainId);

/// The domains that are there, in every order.
#[derive(Debug, Default)]
pub(super) struct Orders {
    name: BTreeMap<Box<[u8]>, Slot>,
    expires: BTreeMap<Stand, Slot>,
    state: BTreeMap<Stand, Slot>,
    added: BTreeMap<Stand, Slot>,
    there: RoaringBitmap,
}

/// Where a row stands in each order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keys {
    name: Box<[u8]>,
    expires: Stand,
    state: Stand,
    added: Stand,
}

impl Keys {
    pub(super) fn of(row: &Row) -> Self {
        Self {
            name: name_key(row).into(),
            expires: (number(row, Sort::Expires), row.id),
            state: (number(row, Sort::State), row.id),
            added: (number(row, Sort::Added), row.id),
        }
    }
}

impl Orders {
    pub(super) fn add(&mut self, slot: Slot, keys: Keys) {
        self.name.insert(keys.name, slot);
        self.expires.insert(keys.expires, slot);
        self.state.insert(keys.state, slot);
        self.added.insert(keys.added, slot);
        self.there.insert(slot);
    }

    pub(super) fn take(&mut self, keys: &Keys) {
        if let Some(slot) = self.name.remove(&keys.name) {
            self.there.remove(slot);
        }
        self.expires.remove(&keys.expires);
        self.state.remove(&keys.state);
        self.added.remove(&keys.added);
    }

    pub(super) fn len(&self) -> usize {
        self.name.len()
    }

    pub(super) fn there(&self) -> &RoaringBitmap {
        &self.there
    }

    pub(super) fn by_name(&self) -> impl Iterator<Item = Slot> {
        self.name.values().copied()
    }

    /// Those that expire from one second to before another.
    pub(super) fn expiring(&self, from: i64, to: i64) -> impl Iterator<Item = Slot> {
        let stand = |second| (ordered(second), DomainId::from_bytes([0; ID_LEN]));
        self.expires.range(stand(from)..stand(to.max(from))).map(|(_, slot)| *slot)
    }

    /// All from behind a cursor on.
    pub(super) fn walk(
        &self,
        sort: Sort,
        direction: Direction,
        after: Option<&[u8]>,
    ) -> Box<dyn Iterator<Item = Slot> + '_> {
        let order = match sort {
            Sort::Name => return walk(&self.name, direction, after.map(Into::into)),
            Sort::Expires => &self.expires,
            Sort::State => &self.state,
            Sort::Added => &self.added,
        };
        walk(order, direction, after.map(stand))
    }
}

fn walk<K: Ord>(
    order: &BTreeMap<K, Slot>,
    direction: Direction,
    after: Option<K>,
) -> Box<dyn Iterator<Item = Slot> + '_> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    match direction {
        Direction::Ascending => {
            Box::new(order.range((from, Bound::Unbounded)).map(|(_, slot)| *slot))
        }
        Direction::Descending => {
            Box::new(order.range((Bound::Unbounded, from)).rev().map(|(_, slot)| *slot))
        }
    }
}

/// The first rows from behind a cursor on.
pub(super) fn sorted<'r>(
    rows: Vec<&'r Row>,
    sort: Sort,
    direction: Direction,
    after: Option<&[u8]>,
    limit: usize,
) -> Vec<&'r Row> {
    let mut rows: Vec<_> = rows.into_iter().map(|row| (cursor(row, sort), row)).collect();
    rows.sort_unstable_by(|(a, _), (b, _)| match direction {
        Direction::Ascending => a.cmp(b),
        Direction::Descending => b.cmp(a),
    });
    let is_behind = |key: &[u8]| match (after, direction) {
        (None, _) => true,
        (Some(after), Direction::Ascending) => key > after,
        (Some(after), Direction::Descending) => key < after,
    };
    rows.retain(|(key, _)| is_behind(key));
    rows.into_iter().map(|(_, row)| row).take(limit).collect()
}

/// The place of a row in an order, as bytes that stand in the same order.
pub(super) fn cursor(row: &Row, sort: Sort) -> Box<[u8]> {
    match sort {
        Sort::Name => name_key(row).into(),
        Sort::Expires | Sort::State | Sort::Added => {
            [&number(row, sort).to_be_bytes()[..], row.id.as_bytes()].concat().into()
        }
    }
}

/// The place that a cursor stands for; for any other bytes, where they would stand.
fn stand(cursor: &[u8]) -> Stand {
    let byte = |at| cursor.get(at).copied().unwrap_or(0);
    let number = u64::from_be_bytes(std::array::from_fn(byte));
    (number, DomainId::from_bytes(std::array::from_fn(|at| byte(8 + at))))
}

fn name_key(row: &Row) -> Vec<u8> {
    let Some(place) = row.ordered.entity.place() else { return vec![] };
    let mut key = match place.host.name() {
        Some(name) => name.as_bytes().to_vec(),
        None => place.host.to_string().into_bytes(),
    };
    // No host contains a zero byte, so that a host stands before those it is the beginning of.
    key.push(0);
    key.extend(place.port.to_be_bytes());
    key.extend(row.id.as_bytes());
    key
}

fn number(row: &Row, sort: Sort) -> u64 {
    let expires = || row.expires_at().map_or(NEVER, |at| ordered(at.as_second()));
    match sort {
        Sort::Name => 0,
        Sort::Expires => expires(),
        Sort::State => (u64::from(urgency(row.state(), row.severity())) << SECOND_BITS) | expires(),
        Sort::Added => ordered(row.added_at.as_second()),
    }
}

/// The first whole second that is not before an instant.
pub(super) fn whole_second(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// The number of a second, in their order.
fn ordered(second: i64) -> u64 {
    EPOCH.saturating_add_signed(second)
}

/// What should be looked at first comes first.
fn urgency(state: State, severity: Option<Severity>) -> u8 {
    match (state, severity) {
        (State::Abnormal, Some(Severity::Critical)) => 0,
        (State::EnableFailed, _) => 1,
        (State::Abnormal, _) => 2,
        (State::Unknown, _) => 3,
        (State::Enabling | State::Unspecified, _) => 4,
        (State::Secure, _) => 5,
        (State::Disabled, _) => 6,
    }
}
