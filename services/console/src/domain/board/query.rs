//! What a list of domains is asked for: filter, order, page.

use proto::v1::{Kind, Severity, State};

use super::domains::Row;

/// An order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// By host, then port.
    Name,
    /// By the expiry of the leaf that expires first; without a leaf last.
    Expires,
    /// What should be looked at first, then by expiry.
    State,
    /// By the time of adding.
    Added,
}

impl Sort {
    /// Every order, each at its own index.
    pub const ALL: [Self; 4] = [Self::Name, Self::Expires, Self::State, Self::Added];

    /// Its one spelling.
    pub fn token(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Expires => "expires",
            Self::State => "state",
            Self::Added => "added",
        }
    }
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest.
    Ascending,
    /// The greatest.
    Descending,
}

/// Which domains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<State>,
    /// With this tag.
    pub tag: Option<String>,
    /// Whose host, in either spelling, contains this text in lower case.
    pub text: Option<String>,
    /// Whose certificate was issued by a name that contains this text, in whatever case.
    pub issuer: Option<String>,
    /// With an open anomaly of this kind.
    pub kind: Option<Kind>,
    /// With an open anomaly of this severity or above.
    pub severity: Option<Severity>,
}

impl Filter {
    /// Whether it takes every domain.
    pub fn takes_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it takes this one.
    pub fn takes(&self, row: &Row) -> bool {
        let options = row.ordered.entity.options();
        let open = row.watch.anomalies();
        self.state.is_none_or(|state| row.state() == state)
            && self.tag.as_ref().is_none_or(|tag| options.is_some_and(|o| o.has_tag(tag)))
            && self.kind.is_none_or(|kind| open.iter().any(|anomaly| anomaly.kind == kind))
            && self.severity.is_none_or(|least| row.severity().is_some_and(|have| have >= least))
            && self.issuer.as_ref().is_none_or(|issuer| is_issued_by(row, issuer))
            && self.text.as_ref().is_none_or(|text| is_named(row, text))
    }
}

fn is_issued_by(row: &Row, text: &str) -> bool {
    row.watch.leaf().is_some_and(|leaf| leaf.issuer.to_lowercase().contains(text))
}

fn is_named(row: &Row, text: &str) -> bool {
    let host = &row.place().host;
    match host.name() {
        Some(name) if name.contains(text) => true,
        // Only these look different to people.
        Some(name) if name.contains("xn--") => host.to_unicode().contains(text),
        Some(_) => false,
        None => host.to_string().contains(text),
    }
}

/// What a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Which domains.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// From which end.
    pub direction: Direction,
    /// The key of the last domain of the page before.
    pub after: Option<Box<[u8]>>,
    /// How many at most.
    pub limit: usize,
}

/// A part of a list.
#[derive(Debug)]
pub struct Page<'b> {
    /// The domains.
    pub rows: Vec<&'b Row>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<Box<[u8]>>,
    /// How many the filter takes in all.
    pub total: usize,
}
