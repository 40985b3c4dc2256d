//! What changed of what is shown, the latest of each stream: whoever watches gets what came since
//! they looked last.
//!
//! Only names are kept here; whoever shows a change looks it up on the board. A position says how
//! far somebody has seen each stream. It means the same to every console and after a restart, so
//! that a page goes on where it was. Start reading at [`Changes`].

use std::{
    collections::{BTreeSet, VecDeque},
    fmt,
    str::FromStr,
};

use proto::id::{ContactId, DeliveryId, DomainId};

/// Changes kept of each stream. Whoever was away for longer begins anew: what they would be sent is
/// more than a page shows.
const KEPT_MAX: usize = 2_048;

/// Something that is to be shown anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// What was ordered of a domain, or noticed.
    Domain(DomainId),
    /// A domain was looked at.
    Looked(DomainId),
    /// A delivery went a step further.
    Delivery(DeliveryId),
    /// Entries of an inbox were read.
    Read(ContactId),
    /// Something happened: its place in `EVENTS`.
    Event(u64),
}

/// A stream that changes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `INVENTORY`.
    Inventory,
    /// `LOG`.
    Log,
    /// `EVENTS`.
    Events,
    /// `DELIVERIES`.
    Deliveries,
    /// `FACTS`.
    Facts,
}

const SOURCES: usize = 5;

/// How far somebody has seen each stream: `3.17.9.4.120`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position([u64; SOURCES]);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [inventory, log, events, deliveries, facts] = self.0;
        write!(f, "{inventory}.{log}.{events}.{deliveries}.{facts}")
    }
}

/// Says what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want the id of an event of this stream, such as `3.17.9.4.120`")]
pub struct InvalidPosition;

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let mut position = [0; SOURCES];
        let mut parts = text.split('.');
        for place in &mut position {
            let part = parts.next().ok_or(InvalidPosition)?;
            *place = part.parse().map_err(|_| InvalidPosition)?;
        }
        if parts.next().is_none() { Ok(Self(position)) } else { Err(InvalidPosition) }
    }
}

impl Position {
    /// The same, once a message was seen.
    #[must_use]
    pub fn behind(mut self, source: Source, sequence: u64) -> Self {
        let place = &mut self.0[source as usize];
        *place = sequence.max(*place);
        self
    }
}

/// Says that what somebody missed is not kept any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was missed is not kept any more")]
pub struct Missed;

/// The latest changes.
#[derive(Debug, Default)]
pub struct Changes {
    kept: [VecDeque<Kept>; SOURCES],
    /// The latest of each stream that is not kept.
    gone: [u64; SOURCES],
    last: Position,
    count: u64,
}

#[derive(Debug)]
struct Kept {
    /// Its place among those of all streams.
    turn: u64,
    sequence: u64,
    change: Change,
}

impl Changes {
    /// Takes in what a message changed; messages of one stream come in their order.
    pub fn take(
        &mut self,
        source: Source,
        sequence: u64,
        changes: impl IntoIterator<Item = Change>,
    ) {
        let place = source as usize;
        if self.last.0[place] == 0 {
            // Whatever came before was read from a snapshot, or never was.
            self.gone[place] = sequence.saturating_sub(1);
        }
        self.last = self.last.behind(source, sequence);
        let kept = &mut self.kept[place];
        for change in changes {
            self.count += 1;
            kept.push_back(Kept { turn: self.count, sequence, change });
        }
        while kept.len() > KEPT_MAX {
            let oldest = kept.pop_front().map_or(0, |oldest| oldest.sequence);
            self.gone[place] = oldest.max(self.gone[place]);
        }
    }

    /// How far the streams were read.
    pub fn position(&self) -> Position {
        self.last
    }

    /// What changed since a position, in the order in which it did; each thing once, at its last
    /// change.
    ///
    /// # Errors
    ///
    /// When something in between is not kept any more, or the position is ahead of what was read.
    pub fn since(&self, position: &Position) -> Result<Vec<(Source, u64, Change)>, Missed> {
        let mut found = Vec::new();
        for source in
            [Source::Inventory, Source::Log, Source::Events, Source::Deliveries, Source::Facts]
        {
            let place = source as usize;
            let seen = position.0[place];
            // A look that was missed is no loss: the next one says as much.
            let is_missed = seen < self.gone[place] && source != Source::Facts;
            if is_missed || seen > self.last.0[place] {
                return Err(Missed);
            }
            let new = self.kept[place].iter().rev().take_while(|kept| kept.sequence > seen);
            found.extend(new.map(|kept| (kept.turn, source, kept.sequence, &kept.change)));
        }
        found.sort_by_key(|(turn, ..)| std::cmp::Reverse(*turn));
        let mut met = BTreeSet::new();
        found.retain(|(_, _, _, change)| met.insert(*change));
        let newest_last = found.into_iter().rev();
        Ok(newest_last.map(|(_, source, at, change)| (source, at, change.clone())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(byte: u8) -> Change {
        Change::Domain(DomainId::from_bytes([byte; 16]))
    }

    fn changes(changes: &Changes, from: &str) -> Result<Vec<Change>, Missed> {
        let since = changes.since(&from.parse().unwrap())?;
        Ok(since.into_iter().map(|(_, _, change)| change).collect())
    }

    #[test]
    fn whoever_comes_back_gets_what_came_since_in_its_order() {
        let mut all = Changes::default();
        all.take(Source::Log, 1, [domain(1)]);
        all.take(Source::Events, 1, [Change::Event(1)]);
        all.take(Source::Log, 2, [domain(2)]);
        all.take(Source::Log, 3, [domain(1)]);
        assert_eq!(all.position().to_string(), "0.3.1.0.0");
        assert_eq!(changes(&all, "0.0.0.0.0"), Ok(vec![Change::Event(1), domain(2), domain(1)]));
        assert_eq!(changes(&all, "0.2.1.0.0"), Ok(vec![domain(1)]));
        assert_eq!(changes(&all, "0.3.1.0.0"), Ok(vec![]));
    }

    #[test]
    fn what_is_not_kept_is_said_to_be_missed() {
        let mut all = Changes::default();
        for sequence in 1..=KEPT_MAX as u64 + 2 {
            all.take(Source::Log, sequence, [domain(1)]);
        }
        assert_eq!(changes(&all, "0.1.0.0.0"), Err(Missed));
        assert_eq!(changes(&all, "0.2.0.0.0"), Ok(vec![domain(1)]));
        assert_eq!(changes(&all, "0.9999.0.0.0"), Err(Missed), "it is of another history");
        let mut restored = Changes::default();
        restored.take(Source::Log, 501, [domain(1)]);
        assert_eq!(changes(&restored, "0.499.0.0.0"), Err(Missed));
        assert_eq!(changes(&restored, "0.500.0.0.0"), Ok(vec![domain(1)]));
    }

    #[test]
    fn a_look_that_was_missed_is_no_loss() {
        let mut all = Changes::default();
        for sequence in 1..=KEPT_MAX as u64 + 2 {
            all.take(Source::Facts, sequence, [Change::Looked(DomainId::from_bytes([1; 16]))]);
        }
        assert_eq!(changes(&all, "0.0.0.0.0").map(|all| all.len()), Ok(1));
    }

    #[test]
    fn a_position_reads_as_it_is_written() {
        let position: Position = "1.2.3.4.5".parse().unwrap();
        assert_eq!(position.to_string(), "1.2.3.4.5");
        assert_eq!(position.behind(Source::Events, 9).to_string(), "1.2.9.4.5");
        assert_eq!(position.behind(Source::Events, 2), position);
        for text in ["", "1.2.3.4", "1.2.3.4.5.6", "1.2.3.4.x", "-1.2.3.4.5"] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text}");
        }
    }
}
