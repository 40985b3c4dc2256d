//! Which domains are what: sets that are kept with each change, so that a filter is an intersection
//! and a count is a length, and neither looks at a row.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use proto::v1::{Kind, Severity, State};
use roaring::RoaringBitmap;

use super::{Row, Slot};

/// Seconds of the spans in which expiries are counted. An hour, so that the days of nearly every
/// time zone are made of whole ones.
const SPAN: i64 = 3_600;

/// Sets of the domains that are there.
#[derive(Debug, Default)]
pub(super) struct Facets {
    states: BTreeMap<State, RoaringBitmap>,
    kinds: BTreeMap<Kind, RoaringBitmap>,
    /// By the worst of what is wrong.
    severities: BTreeMap<Severity, RoaringBitmap>,
    issuers: BTreeMap<Arc<str>, Issued>,
    tags: BTreeMap<Box<str>, RoaringBitmap>,
    /// How many expire in each span, by its number since the epoch.
    expiries: BTreeMap<i64, usize>,
}

/// Those whose certificate is of one issuer.
#[derive(Debug)]
struct Issued {
    /// The issuer in lower case.
    searched: Box<str>,
    set: RoaringBitmap,
}

/// In which sets a domain is, but for its tags.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facet {
    state: State,
    severity: Option<Severity>,
    /// A bit for each kind, by its number.
    kinds: u64,
    issuer: Option<Arc<str>>,
    expires_at: Option<Timestamp>,
}

impl Facet {
    /// The sets in which a row belongs.
    pub(super) fn of(row: &Row) -> Self {
        let leaf = row.watch.leaf();
        let kinds = row.watch.anomalies().iter().map(|anomaly| 1 << (anomaly.kind as u64));
        Self {
            state: row.state(),
            severity: row.severity(),
            kinds: kinds.fold(0, |all, kind: u64| all | kind),
            issuer: leaf.map(|leaf| leaf.issuer.clone()),
            expires_at: leaf.map(|leaf| leaf.not_after),
        }
    }

    fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(|kind| self.kinds & (1 << (*kind as u64)) != 0)
    }
}

/// Keeping.
impl Facets {
    /// Adds a domain.
    pub(super) fn add(&mut self, slot: Slot, facet: &Facet) {
        self.states.entry(facet.state).or_default().insert(slot);
        for kind in facet.kinds() {
            self.kinds.entry(kind).or_default().insert(slot);
        }
        if let Some(severity) = facet.severity {
            self.severities.entry(severity).or_default().insert(slot);
        }
        if let Some(issuer) = &facet.issuer {
            let first =
                || Issued { searched: issuer.to_lowercase().into(), set: RoaringBitmap::new() };
            self.issuers.entry(issuer.clone()).or_insert_with(first).set.insert(slot);
        }
        if let Some(at) = facet.expires_at {
            *self.expiries.entry(span(at)).or_default() += 1;
        }
    }

    /// Takes a domain away.
    pub(super) fn take(&mut self, slot: Slot, facet: &Facet) {
        remove(&mut self.states, &facet.state, slot);
        for kind in facet.kinds() {
            remove(&mut self.kinds, &kind, slot);
        }
        if let Some(severity) = &facet.severity {
            remove(&mut self.severities, severity, slot);
        }
        if let Some(issuer) = &facet.issuer
            && let Some(issued) = self.issuers.get_mut(issuer)
        {
            issued.set.remove(slot);
            if issued.set.is_empty() {
                self.issuers.remove(issuer);
            }
        }
        if let Some(at) = facet.expires_at
            && let Some(count) = self.expiries.get_mut(&span(at))
        {
            *count -= 1;
            if *count == 0 {
                self.expiries.remove(&span(at));
            }
        }
    }

    /// Replaces the tags of a domain.
    pub(super) fn retag(&mut self, slot: Slot, before: &[String], after: &[String]) {
        for tag in before {
            remove(&mut self.tags, tag.as_str(), slot);
        }
        for tag in after {
            self.tags.entry(tag.as_str().into()).or_default().insert(slot);
        }
    }
}

/// Showing.
impl Facets {
    pub(super) fn in_state(&self, state: State) -> Option<&RoaringBitmap> {
        self.states.get(&state)
    }

    pub(super) fn with_kind(&self, kind: Kind) -> Option<&RoaringBitmap> {
        self.kinds.get(&kind)
    }

    pub(super) fn with_tag(&self, tag: &str) -> Option<&RoaringBitmap> {
        self.tags.get(tag)
    }

    /// Those whose issuer contains a text in lower case.
    pub(super) fn issued_by(&self, text: &str) -> RoaringBitmap {
        let issued = self.issuers.values().filter(|issued| issued.searched.contains(text));
        issued.fold(RoaringBitmap::new(), |all, issued| all | &issued.set)
    }

    pub(super) fn as_bad_as(&self, least: Severity) -> RoaringBitmap {
        self.severities.range(least..).fold(RoaringBitmap::new(), |all, (_, set)| all | set)
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = (&str, u64)> {
        self.tags.iter().map(|(tag, set)| (&**tag, set.len()))
    }

    pub(super) fn issuers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.issuers.iter().map(|(issuer, issued)| (&**issuer, issued.set.len()))
    }

    /// How many expire in the whole spans between two seconds, and where these begin and end.
    pub(super) fn expiring(&self, from: i64, to: i64) -> (i64, usize, i64) {
        let first = from.div_euclid(SPAN) + i64::from(from.rem_euclid(SPAN) != 0);
        let last = to.div_euclid(SPAN).max(first);
        let count = self.expiries.range(first..last).map(|(_, count)| *count).sum();
        ((first * SPAN).min(to), count, (last * SPAN).min(to))
    }
}

/// The number of the span of an instant.
fn span(at: Timestamp) -> i64 {
    at.as_second().div_euclid(SPAN)
}

fn remove<K, Q>(sets: &mut BTreeMap<K, RoaringBitmap>, key: &Q, slot: Slot)
where
    K: Ord + std::borrow::Borrow<Q>,
    Q: Ord + ?Sized,
{
    if let Some(set) = sets.get_mut(key) {
        set.remove(slot);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
