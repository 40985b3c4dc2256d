//! What one write does to the streams. All of it happens, or none.

use std::collections::{BTreeMap, btree_map::Entry};

use jiff::Timestamp;
use proto::stream::{Retention, Stream};
use redb::{ReadableTable, Table, WriteTransaction};

use super::{
    disk::Failure,
    layout::{Head, Names, Row, RowRef, STREAMS, instant},
};
use crate::bus::{Append, Appended, Expect};

/// Why an append was refused; the store is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Its subject is at another version.
    Outrun {
        /// The version that was expected.
        expected: u64,
    },
    /// A message of its subject is outstanding.
    Outstanding,
}

/// One write in the making.
pub(super) struct Batch<'txn> {
    write: &'txn WriteTransaction,
    streams: BTreeMap<&'static str, Open<'txn>>,
    wall: Timestamp,
}

/// The tables of one stream.
struct Open<'txn> {
    messages: Table<'txn, u64, Row>,
    heads: Table<'txn, &'static str, Head>,
    last_before: u64,
    last: u64,
}

impl<'txn> Batch<'txn> {
    /// Nothing yet. What it appends was stored at `wall`.
    pub(super) fn new(write: &'txn WriteTransaction, wall: Timestamp) -> Self {
        Self { write, streams: BTreeMap::new(), wall }
    }

    /// Appends one message, unless it is a repeat or refused.
    pub(super) fn append(&mut self, append: &Append) -> Result<Result<Appended, Refused>, Failure> {
        let stored_at = self.wall.as_microsecond();
        let open = self.open(append.stream)?;
        let (last, count, repeated) = match open.heads.get(append.subject.as_str())? {
            Some(head) => {
                let (last, count, id) = head.value();
                (last, count, id == append.id)
            }
            None => (0, 0, false),
        };
        if repeated {
            return Ok(Ok(Appended { sequence: last, repeated }));
        }
        if let Expect::Version(expected) = append.expect
            && expected != last
        {
            return Ok(Err(Refused::Outrun { expected }));
        }
        if matches!(append.stream.retention, Retention::Work(_)) && count > 0 {
            return Ok(Err(Refused::Outstanding));
        }
        let sequence = open.last + 1;
        let mut headers: Vec<(&str, &str)> =
            append.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.sort_by_key(|(name, _)| *name);
        let (subject, id) = (append.subject.as_str(), append.id.as_str());
        let row: RowRef<'_> = (last, stored_at, subject, id, headers, &append.payload);
        open.messages.insert(sequence, row)?;
        open.heads.insert(subject, (sequence, count + 1, id))?;
        open.last = sequence;
        if let Retention::Latest { per_subject, .. } = append.stream.retention
            && count >= per_subject
        {
            open.keep(subject, per_subject)?;
        }
        Ok(Ok(Appended { sequence, repeated }))
    }

    /// Forgets one message, the oldest of its subject; nothing happens if it is gone.
    pub(super) fn remove(&mut self, stream: &'static Stream, sequence: u64) -> Result<(), Failure> {
        self.open(stream)?.remove(sequence)
    }

    /// Forgets all messages of one subject but the last so many.
    pub(super) fn purge(
        &mut self,
        stream: &'static Stream,
        subject: &str,
        keep: u32,
    ) -> Result<(), Failure> {
        self.open(stream)?.keep(subject, keep)
    }

    /// Forgets messages that expired, `most` at a time. Answers when the next one will.
    pub(super) fn sweep(
        &mut self,
        stream: &'static Stream,
        age: std::time::Duration,
        most: usize,
    ) -> Result<Option<Timestamp>, Failure> {
        let wall = self.wall;
        let open = self.open(stream)?;
        for removed in 0.. {
            let Some((sequence, stored_at)) = open.oldest()? else { return Ok(None) };
            let expires = stored_at.saturating_add(age).unwrap_or(Timestamp::MAX);
            if expires > wall || removed == most {
                return Ok(Some(expires));
            }
            open.remove(sequence)?;
        }
        Ok(None)
    }

    /// Ends the batch. Answers the last sequence of each stream that was appended to.
    pub(super) fn finish(self) -> Result<BTreeMap<&'static str, u64>, Failure> {
        let appended = self.streams.iter().filter(|(_, open)| open.last > open.last_before);
        let lasts: BTreeMap<_, _> = appended.map(|(name, open)| (*name, open.last)).collect();
        let mut streams = self.write.open_table(STREAMS)?;
        for (name, last) in &lasts {
            streams.insert(*name, last)?;
        }
        Ok(lasts)
    }

    fn open(&mut self, stream: &'static Stream) -> Result<&mut Open<'txn>, Failure> {
        match self.streams.entry(stream.name) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(vacant) => Ok(vacant.insert(Open::new(self.write, stream.name)?)),
        }
    }
}

impl<'txn> Open<'txn> {
    fn new(write: &'txn WriteTransaction, stream: &str) -> Result<Self, Failure> {
        let names = Names::of(stream);
        let last = write.open_table(STREAMS)?.get(stream)?.map_or(0, |last| last.value());
        Ok(Self {
            messages: write.open_table(names.messages())?,
            heads: write.open_table(names.heads())?,
            last_before: last,
            last,
        })
    }

    fn oldest(&self) -> Result<Option<(u64, Timestamp)>, Failure> {
        let first = self.messages.first()?;
        Ok(first.map(|(sequence, row)| (sequence.value(), instant(row.value().1))))
    }

    fn remove(&mut self, sequence: u64) -> Result<(), Failure> {
        let Some(subject) = self.messages.remove(sequence)?.map(|row| row.value().2.to_owned())
        else {
            return Ok(());
        };
        let head = self.heads.get(subject.as_str())?.map(|head| {
            let (last, count, id) = head.value();
            (last, count, id.to_owned())
        });
        match head {
            Some((last, count, id)) if count > 1 => {
                self.heads.insert(subject.as_str(), (last, count - 1, id.as_str()))?;
            }
            Some(_) => drop(self.heads.remove(subject.as_str())?),
            None => {}
        }
        Ok(())
    }

    /// Forgets all but the latest `keep` messages of a subject.
    fn keep(&mut self, subject: &str, keep: u32) -> Result<(), Failure> {
        let Some((last, count, id)) = self.heads.get(subject)?.map(|head| {
            let (last, count, id) = head.value();
            (last, count, id.to_owned())
        }) else {
            return Ok(());
        };
        let mut sequence = last;
        for place in 0..count {
            let row = if place < keep {
                self.messages.get(sequence)?.map(|row| row.value().0)
            } else {
                self.messages.remove(sequence)?.map(|row| row.value().0)
            };
            let Some(before) = row else { break };
            sequence = before;
        }
        if keep == 0 {
            self.heads.remove(subject)?;
        } else {
            self.heads.insert(subject, (last, count.min(keep), id.as_str()))?;
        }
        Ok(())
    }
}
