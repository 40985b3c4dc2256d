//! Reads streams, from one consistent state of the store.

use proto::{stream::Stream, subject};
use redb::{ReadOnlyTable, ReadTransaction, TableError};

use super::{
    disk::Failure,
    layout::{self, Head, Names, Row},
};
use crate::bus::Message;

/// How much one scan may take on, so that whoever waits behind it does not wait long, and memory is
/// bounded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// Messages looked at.
    pub(super) rows: usize,
    /// Messages taken.
    pub(super) messages: usize,
    /// Bytes of content taken; one message more than this at most.
    pub(super) bytes: usize,
}

/// What a scan brought.
pub(super) struct Scan {
    /// Messages that match, in order.
    pub(super) messages: Vec<Message>,
    /// Where the next scan begins.
    pub(super) next: u64,
}

/// The tables of a stream, if anything was ever appended to it.
pub(super) struct Tables {
    messages: ReadOnlyTable<u64, Row>,
    heads: ReadOnlyTable<&'static str, Head>,
}

impl Tables {
    /// That of a stream.
    pub(super) fn open(read: &ReadTransaction, stream: &Stream) -> Result<Option<Self>, Failure> {
        let names = Names::of(stream.name);
        let messages = match read.open_table(names.messages()) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            other => other?,
        };
        Ok(Some(Self { messages, heads: read.open_table(names.heads())? }))
    }

    /// One message.
    pub(super) fn get(&self, sequence: u64) -> Result<Option<Message>, Failure> {
        let row = self.messages.get(sequence)?;
        Ok(row.map(|row| layout::message(sequence, &row.value())))
    }

    /// The last message of a subject.
    pub(super) fn last(&self, subject: &str) -> Result<Option<Message>, Failure> {
        match self.heads.get(subject)? {
            Some(head) => self.get(head.value().0),
            None => Ok(None),
        }
    }

    /// All messages of a subject above a version, in order.
    pub(super) fn load(&self, subject: &str, above: u64) -> Result<Vec<Message>, Failure> {
        let Some(head) = self.heads.get(subject)? else { return Ok(Vec::new()) };
        let (mut sequence, count, _) = head.value();
        let mut messages = Vec::new();
        for _ in 0..count {
            if sequence <= above {
                break;
            }
            let Some(row) = self.messages.get(sequence)? else { break };
            messages.push(layout::message(sequence, &row.value()));
            sequence = row.value().0;
        }
        messages.reverse();
        Ok(messages)
    }

    /// The last message of each subject that matches, in the order of their sequences.
    pub(super) fn latest(&self, pattern: &str) -> Result<Vec<Message>, Failure> {
        let prefix = literal(pattern);
        let mut sequences = Vec::new();
        for head in self.heads.range(prefix..)? {
            let (subject, head) = head?;
            if !subject.value().starts_with(prefix) {
                break;
            }
            if subject::matches(pattern, subject.value()) {
                sequences.push(head.value().0);
            }
        }
        sequences.sort_unstable();
        let mut messages = Vec::with_capacity(sequences.len());
        for sequence in sequences {
            messages.extend(self.get(sequence)?);
        }
        Ok(messages)
    }

    /// Messages that match, from a sequence on. `through` is a sequence that is known to be stored:
    /// all below it need not be looked at again.
    pub(super) fn scan(
        &self,
        pattern: &str,
        from: u64,
        through: u64,
        reach: Reach,
    ) -> Result<Scan, Failure> {
        let mut messages = Vec::new();
        let mut bytes = 0;
        for (looked_at, row) in self.messages.range(from..)?.enumerate() {
            let (sequence, row) = row?;
            let (sequence, row) = (sequence.value(), row.value());
            let full = messages.len() == reach.messages || bytes >= reach.bytes;
            if full || looked_at == reach.rows {
                return Ok(Scan { messages, next: sequence });
            }
            if subject::matches(pattern, row.2) {
                bytes += row.5.len();
                messages.push(layout::message(sequence, &row));
            }
        }
        let last = messages.last().map_or(0, |message| message.sequence);
        Ok(Scan { messages, next: from.max(last.max(through) + 1) })
    }
}

/// The part of a pattern before its first wildcard: all subjects that match begin with it.
fn literal(pattern: &str) -> &str {
    pattern.find(['*', '>']).map_or(pattern, |wildcard| pattern.split_at(wildcard).0)
}
