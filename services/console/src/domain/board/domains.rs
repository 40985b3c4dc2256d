//! The domains, in every order that a list may have.
//!
//! Each has a slot, given when it is first heard of and never taken back. What is asked often is
//! kept with each change and not counted when asked: the orders here, the sets in [`facets`], the
//! names in [`names`]. Start reading at [`Domains::page`].

mod facets;
mod names;
mod order;
mod rhythm;

use std::{collections::BTreeMap, ops::Range, time::Duration};

use jiff::Timestamp;
use proto::{
    host::Host,
    id::DomainId,
    v1::{InventoryRecord, Kind, LogRecord, Protocol, ScanFact, Severity, State},
};
use roaring::RoaringBitmap;

use self::{
    facets::{Facet, Facets},
    names::Names,
    order::Orders,
    rhythm::{Pace, Paces},
};
use super::{
    Versioned,
    findings::{Finding, Findings},
    instant,
    leaf::Leaves,
    query::{Filter, Page, Query},
    watch::{Anomaly, Closed, Watch},
};
use crate::domain::{
    inventory::domain::{Domain, Place, Status},
    pulse::Rhythm,
};

/// Where a domain's row is.
type Slot = u32;

/// Domains that a filter takes are put in order by themselves if they are no more; else the order
/// is walked until enough of them were met. Tests do both.
const SORTED_MAX: u64 = if cfg!(test) { 4 } else { 1_024 };

/// One domain as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id.
    pub id: DomainId,
    /// What was ordered, with its version.
    pub ordered: Versioned<Domain>,
    /// When it was last added.
    pub added_at: Timestamp,
    /// What was seen.
    pub watch: Watch,
    /// The last look at it.
    pub look: Look,
}

/// The last look at a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// When it was; `None` if that is not known.
    pub at: Option<Timestamp>,
    /// How many addresses answered or not.
    pub endpoints: u32,
    /// Its number.
    pub number: u64,
}

/// All domains.
#[derive(Debug, Default)]
pub struct Domains {
    /// Also those that were removed: their log goes on when they are added again.
    #[expect(clippy::vec_box, reason = "growing moves pointers, while the board is locked")]
    rows: Vec<Box<Row>>,
    slots: BTreeMap<DomainId, Slot>,
    /// Those that are there.
    orders: Orders,
    facets: Facets,
    /// Of all that ever were there.
    names: Names,
    findings: Findings,
    leaves: Leaves,
    paces: Paces,
}

/// Taking in.
impl Domains {
    /// See [`super::Board::ordered`].
    pub fn ordered(&mut self, id: DomainId, sequence: u64, record: &InventoryRecord) {
        let slot = self.slot(id);
        let before = self.row_at(slot).tags().to_vec();
        let was_named = self.row_at(slot).ordered.entity.place().is_some();
        let pace = Pace::of(self.row_at(slot));
        self.change(slot, |row, _| {
            let was_absent = !row.is_there();
            if row.ordered.take(sequence, record) && was_absent && row.is_there() {
                row.added_at = instant(record.recorded_at.as_ref());
            }
        });
        let row = &self.rows[slot as usize];
        self.paces.ordered(pace, Pace::of(row), instant(record.recorded_at.as_ref()));
        if before != row.tags() {
            self.facets.retag(slot, &before, row.tags());
        }
        if let (false, Some(place)) = (was_named, row.ordered.entity.place()) {
            self.names.add(slot, &place.host);
        }
    }

    /// See [`super::Board::logged`].
    pub fn logged(&mut self, id: DomainId, sequence: u64, record: &LogRecord) -> Vec<Closed> {
        let slot = self.slot(id);
        self.watched(slot, |watch, leaves| watch.logged(id, sequence, record, leaves))
    }

    /// See [`super::Board::looked`].
    pub fn looked(&mut self, id: DomainId, at: Timestamp, fact: &ScanFact) -> bool {
        let slot = self.slot(id);
        let look = &mut self.rows[slot as usize].look;
        let is_new = fact.look >= look.number;
        if is_new {
            let endpoints = u32::try_from(fact.endpoints.len()).unwrap_or(u32::MAX);
            *look = Look { at: Some(at), endpoints, number: fact.look };
            self.paces.looked(Some(at));
        }
        is_new
    }

    /// Takes a watch as it was kept.
    pub(super) fn recall_watch(
        &mut self,
        id: DomainId,
        recalled: impl FnOnce(&mut Leaves) -> Option<Watch>,
    ) -> Option<()> {
        let slot = self.slot(id);
        self.watched(slot, |watch, leaves| {
            *watch = recalled(leaves)?;
            Some(())
        })
    }

    /// Takes a look as it was kept.
    pub(super) fn recall_look(&mut self, id: DomainId, look: Look) {
        let slot = self.slot(id);
        self.rows[slot as usize].look = look;
        self.paces.looked(look.at);
    }

    fn watched<T>(&mut self, slot: Slot, change: impl FnOnce(&mut Watch, &mut Leaves) -> T) -> T {
        self.findings.take(&self.rows[slot as usize]);
        let answer = self.change(slot, |row, leaves| change(&mut row.watch, leaves));
        self.findings.add(&self.rows[slot as usize]);
        answer
    }

    fn change<T>(&mut self, slot: Slot, change: impl FnOnce(&mut Row, &mut Leaves) -> T) -> T {
        let row = &mut self.rows[slot as usize];
        let before = row.is_there().then(|| (Facet::of(row), order::Keys::of(row)));
        let answer = change(row, &mut self.leaves);
        let after = row.is_there().then(|| (Facet::of(row), order::Keys::of(row)));
        if before != after {
            if let Some((facet, keys)) = before {
                self.facets.take(slot, &facet);
                self.orders.take(&keys);
            }
            if let Some((facet, keys)) = after {
                self.facets.add(slot, &facet);
                self.orders.add(slot, keys);
            }
        }
        answer
    }

    fn slot(&mut self, id: DomainId) -> Slot {
        let rows = &mut self.rows;
        *self.slots.entry(id).or_insert_with(|| {
            rows.push(Box::new(Row::new(id)));
            Slot::try_from(rows.len() - 1).expect("memory ends before four thousand million rows")
        })
    }
}

/// Showing.
impl Domains {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A domain that is there.
    pub fn row(&self, id: &DomainId) -> Option<&Row> {
        self.known(id).filter(|row| row.is_there())
    }

    /// A domain, also one that was removed, or a prober.
    pub(super) fn known(&self, id: &DomainId) -> Option<&Row> {
        self.slots.get(id).map(|slot| self.row_at(*slot))
    }

    /// What was ordered of a domain, also of one that was removed.
    pub fn ordered_of(&self, id: &DomainId) -> Versioned<Domain> {
        self.known(id).map(|row| row.ordered.clone()).unwrap_or_default()
    }

    /// The domain at a host and port; that of plain TLS first if there are several protocols.
    pub fn at(&self, host: &Host, port: u16) -> Option<&Row> {
        let id = |protocol: &Protocol| DomainId::of(host, port, *protocol);
        Protocol::ALL.iter().find_map(|protocol| self.row(&id(protocol)))
    }

    /// Every domain that is there, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.orders.by_name().map(|slot| self.row_at(slot))
    }

    /// What is wrong, worst first, then latest first: of domains, and of probers.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.open_behind(None)
    }

    /// The same from behind a place of the list on.
    pub fn open_behind(&self, place: Option<Finding>) -> impl Iterator<Item = &Finding> {
        self.findings.behind(place)
    }

    /// An open anomaly, and whose it is.
    pub fn anomaly(&self, id: &DomainId, kind: Kind) -> Option<(&Row, &Anomaly)> {
        let row = self.known(id)?;
        Some((row, row.watch.anomalies().iter().find(|anomaly| anomaly.kind == kind)?))
    }

    /// How many anomalies are open.
    pub fn open_total(&self) -> usize {
        self.findings.len()
    }

    /// How many anomalies of a severity are open.
    pub fn open_count(&self, severity: Severity) -> usize {
        self.findings.count(severity)
    }

    /// How many domains are in a state.
    pub fn count(&self, state: State) -> usize {
        self.facets.in_state(state).map_or(0, |set| count(set.len()))
    }

    /// The tags there are, and how many domains bear each.
    pub fn tags(&self) -> impl Iterator<Item = (&str, u64)> {
        self.facets.tags()
    }

    /// Who issued the certificates that expire first, and those of how many domains.
    pub fn issuers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.facets.issuers()
    }

    /// How many certificates expire between each instant and the next.
    pub fn expiring(&self, instants: &[Timestamp]) -> Vec<usize> {
        let pairs = instants.array_windows();
        let between = |[from, to]: &[Timestamp; 2]| {
            let (from, to) = (order::whole_second(*from), order::whole_second(*to));
            let (begin, count, end) = self.facets.expiring(from, to.max(from));
            let edges = [(from, begin), (end, to)];
            let at_edges = edges.map(|(from, to)| self.orders.expiring(from, to).count());
            at_edges.iter().sum::<usize>() + count
        };
        pairs.map(between).collect()
    }

    /// The domains whose certificate expires in a span, those that expire first first.
    pub fn expiring_first(&self, span: Range<Timestamp>) -> impl Iterator<Item = &Row> {
        let (from, to) = (order::whole_second(span.start), order::whole_second(span.end));
        self.orders.expiring(from, to).map(|slot| self.row_at(slot))
    }

    /// Which looks are to be expected, if the interval of those that have none of their own is so.
    pub fn rhythm(&self, usual: Duration) -> Rhythm {
        self.paces.rhythm(usual)
    }

    /// The domains that a query asks for.
    pub fn page(&self, query: &Query) -> Page<'_> {
        let found = self.found(&query.filter);
        let total = found.as_ref().map_or(self.len(), |found| count(found.len()));
        let after = query.after.as_deref();
        let wanted = query.limit.saturating_add(1);
        let mut rows: Vec<_> = match &found {
            Some(found) if found.len() <= SORTED_MAX => {
                let rows = found.iter().map(|slot| self.row_at(slot));
                order::sorted(rows.collect(), query.sort, query.direction, after, wanted)
            }
            _ => self
                .orders
                .walk(query.sort, query.direction, after)
                .filter(|slot| found.as_ref().is_none_or(|found| found.contains(*slot)))
                .take(wanted)
                .map(|slot| self.row_at(slot))
                .collect(),
        };
        let more = rows.len() == wanted;
        rows.truncate(query.limit);
        let last = rows.last().filter(|_| more);
        Page { next: last.map(|row| order::cursor(row, query.sort)), rows, total }
    }

    /// The slots of the domains that a filter takes; `None`: of all.
    fn found(&self, filter: &Filter) -> Option<RoaringBitmap> {
        let Filter { state, tag, text, kind, severity, issuer, expires } = filter;
        let facets = &self.facets;
        let owned = |set: Option<&RoaringBitmap>| set.cloned().unwrap_or_default();
        let sets = [
            state.map(|state| owned(facets.in_state(state))),
            kind.map(|kind| owned(facets.with_kind(kind))),
            tag.as_deref().map(|tag| owned(facets.with_tag(tag))),
            issuer.as_deref().map(|text| facets.issued_by(text)),
            severity.map(|least| facets.as_bad_as(least)),
            expires.as_ref().map(|span| {
                let (from, to) = (order::whole_second(span.start), order::whole_second(span.end));
                // In order a set is made ten times as fast.
                let mut slots: Vec<_> = self.orders.expiring(from, to).collect();
                slots.sort_unstable();
                RoaringBitmap::from_iter(slots)
            }),
            // Of those that were removed as well.
            text.as_deref().map(|text| self.names.containing(text) & self.orders.there()),
        ];
        sets.into_iter().flatten().reduce(|all, set| all & set)
    }

    fn row_at(&self, slot: Slot) -> &Row {
        &self.rows[slot as usize]
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Row {
    fn new(id: DomainId) -> Self {
        Self {
            id,
            ordered: Versioned::default(),
            added_at: Timestamp::default(),
            watch: Watch::default(),
            look: Look::default(),
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

    /// Its labels, if it is there.
    pub fn tags(&self) -> &[String] {
        let options = self.ordered.entity.options().filter(|_| self.is_there());
        options.map(|options| options.as_wire().tags.as_slice()).unwrap_or_default()
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
}
