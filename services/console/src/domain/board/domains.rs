//! The domains, in every order that a list may have.

use std::{collections::BTreeMap, collections::BTreeSet, ops::Bound};

use jiff::Timestamp;
use proto::{
    host::Host,
    id::DomainId,
    v1::{InventoryRecord, LogRecord, Protocol, ScanFact, Severity, State},
};

use super::{
    Versioned, instant,
    query::{Direction, Page, Query, Sort},
    watch::{Closed, Leaves, Watch},
};
use crate::domain::inventory::domain::{Domain, Place, Status};

/// One domain as it is shown.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id.
    pub id: DomainId,
    /// What was ordered, with its version.
    pub ordered: Versioned<Domain>,
    /// When it was last added.
    pub added_at: Timestamp,
    /// What was seen.
    pub watch: Watch,
    /// When it was last looked at; `None` if that is not known.
    pub looked_at: Option<Timestamp>,
    /// How many addresses answered or not in the last look.
    pub endpoints: usize,
    look: u64,
}

/// All domains.
#[derive(Debug, Default)]
pub struct Domains {
    /// Also those that were removed: their log goes on when they are added again.
    rows: BTreeMap<DomainId, Row>,
    /// For each order the keys of the domains that are there, each ending with the domain's id.
    orders: [BTreeSet<Box<[u8]>>; Sort::ALL.len()],
    leaves: Leaves,
}

/// Bytes of an id at the end of each key.
const ID_LEN: usize = 16;

/// Taking in.
impl Domains {
    /// See [`super::Board::ordered`].
    pub fn ordered(&mut self, id: DomainId, sequence: u64, record: &InventoryRecord) {
        self.change(id, |row, _| {
            let was_absent = !row.is_there();
            if row.ordered.take(sequence, record) && was_absent && row.is_there() {
                row.added_at = instant(record.recorded_at.as_ref());
            }
        });
    }

    /// See [`super::Board::logged`].
    pub fn logged(&mut self, id: DomainId, sequence: u64, record: &LogRecord) -> Vec<Closed> {
        self.change(id, |row, leaves| row.watch.logged(id, sequence, record, leaves))
    }

    /// See [`super::Board::looked`].
    pub fn looked(&mut self, id: DomainId, at: Timestamp, fact: &ScanFact) {
        let row = self.rows.entry(id).or_insert_with(|| Row::new(id));
        if fact.look >= row.look {
            row.looked_at = Some(at);
            row.look = fact.look;
            row.endpoints = fact.endpoints.len();
        }
    }

    fn change<T>(&mut self, id: DomainId, change: impl FnOnce(&mut Row, &mut Leaves) -> T) -> T {
        let row = self.rows.entry(id).or_insert_with(|| Row::new(id));
        for (order, sort) in self.orders.iter_mut().zip(Sort::ALL) {
            order.remove(&row.key(sort));
        }
        let answer = change(row, &mut self.leaves);
        if row.is_there() {
            for (order, sort) in self.orders.iter_mut().zip(Sort::ALL) {
                order.insert(row.key(sort));
            }
        }
        answer
    }
}

/// Showing.
impl Domains {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.order(Sort::Name).len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A domain that is there.
    pub fn row(&self, id: &DomainId) -> Option<&Row> {
        self.rows.get(id).filter(|row| row.is_there())
    }

    /// What was ordered of a domain, also of one that was removed.
    pub fn ordered_of(&self, id: &DomainId) -> Versioned<Domain> {
        self.rows.get(id).map(|row| row.ordered.clone()).unwrap_or_default()
    }

    /// The domain at a host and port; that of plain TLS first if there are several protocols.
    pub fn at(&self, host: &Host, port: u16) -> Option<&Row> {
        let id = |protocol: &Protocol| DomainId::of(host, port, *protocol);
        Protocol::ALL.iter().find_map(|protocol| self.row(&id(protocol)))
    }

    /// Every domain that is there, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.order(Sort::Name).iter().filter_map(|key| self.of_key(key))
    }

    /// Whatever has something wrong with it: domains, and probers.
    pub fn broken(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(|row| !row.watch.anomalies().is_empty())
    }

    /// The domains that a query asks for.
    pub fn page(&self, query: &Query) -> Page<'_> {
        let order = self.order(query.sort);
        let from: Bound<&[u8]> = match &query.after {
            Some(key) => Bound::Excluded(key),
            None => Bound::Unbounded,
        };
        let keys: Box<dyn Iterator<Item = &Box<[u8]>>> = match query.direction {
            Direction::Ascending => Box::new(order.range::<[u8], _>((from, Bound::Unbounded))),
            Direction::Descending => {
                Box::new(order.range::<[u8], _>((Bound::Unbounded, from)).rev())
            }
        };
        let mut found = keys
            .filter_map(|key| Some((key, self.of_key(key)?)))
            .filter(|(_, row)| query.filter.takes(row));
        let page: Vec<_> = found.by_ref().take(query.limit).collect();
        let more = page.len() == query.limit && found.next().is_some();
        let next = if more { page.last().map(|(key, _)| (*key).clone()) } else { None };
        Page {
            rows: page.into_iter().map(|(_, row)| row).collect(),
            next,
            total: self.total(query),
        }
    }

    fn total(&self, query: &Query) -> usize {
        if query.filter.takes_all() {
            self.len()
        } else {
            self.iter().filter(|row| query.filter.takes(row)).count()
        }
    }

    fn order(&self, sort: Sort) -> &BTreeSet<Box<[u8]>> {
        &self.orders[sort as usize]
    }

    fn of_key(&self, key: &[u8]) -> Option<&Row> {
        let id = key.last_chunk::<ID_LEN>()?;
        self.rows.get(&DomainId::from_bytes(*id))
    }
}

impl Row {
    fn new(id: DomainId) -> Self {
        Self {
            id,
            ordered: Versioned::default(),
            added_at: Timestamp::default(),
            watch: Watch::default(),
            looked_at: None,
            endpoints: 0,
            look: 0,
        }
    }

    /// Whether it is in the inventory.
    pub fn is_there(&self) -> bool {
        self.ordered.entity.status() != Status::Absent && self.ordered.entity.place().is_some()
    }

    /// Host, port and protocol.
    ///
    /// # Panics
    ///
    /// When the domain is not there, which no row that the board hands out is.
    pub fn place(&self) -> &Place {
        self.ordered.entity.place().expect("a row that is there has a place")
    }

    /// The one state of the domain.
    pub fn state(&self) -> State {
        match (self.ordered.entity.status(), self.watch.state().0) {
            (Status::Absent | Status::Disabled, _) => State::Disabled,
            // Enabled a moment ago: the log does not know yet.
            (Status::Enabled, State::Unspecified | State::Disabled) => State::Enabling,
            (Status::Enabled, state) => state,
        }
    }

    /// The worst severity of what is wrong.
    pub fn severity(&self) -> Option<Severity> {
        self.watch.anomalies().iter().map(|anomaly| anomaly.severity).max()
    }

    /// When the leaf that expires first does.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.watch.leaf().map(|leaf| leaf.not_after)
    }

    /// Bytes that stand in the order of the sort, with the id at the end.
    fn key(&self, sort: Sort) -> Box<[u8]> {
        let expires = || self.expires_at().map_or(i64::MAX, Timestamp::as_second);
        let mut key = match sort {
            Sort::Name => self.name_key(),
            Sort::Expires => ordered(expires()).to_vec(),
            Sort::State => {
                let mut key = vec![urgency(self.state(), self.severity())];
                key.extend(ordered(expires()));
                key
            }
            Sort::Added => ordered(self.added_at.as_second()).to_vec(),
        };
        key.extend(self.id.as_bytes());
        key.into()
    }

    fn name_key(&self) -> Vec<u8> {
        let Some(place) = self.ordered.entity.place() else { return vec![] };
        let mut key = place.host.to_string().into_bytes();
        // No host contains a zero byte, so that a host stands before those it is the beginning of.
        key.push(0);
        key.extend(place.port.to_be_bytes());
        key
    }
}

/// Bytes in the order of the numbers.
fn ordered(number: i64) -> [u8; 8] {
    (number ^ i64::MIN).to_be_bytes()
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
