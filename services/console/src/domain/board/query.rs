//! What a list of domains is asked for: filter, order, page.

use std::ops::Range;

use jiff::Timestamp;
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
    /// Whose certificate that expires first does so in this span.
    pub expires: Option<Range<Timestamp>>,
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
