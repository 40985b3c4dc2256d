//! How streams lie in redb: the tables, and what a row of each means.
//!
//! Each stream has a table of messages by sequence, and one of heads by subject. A message names
//! the one before it on its subject, so a history is read backwards from its head, and appending
//! touches two trees only. Messages of a subject always go oldest first, or all at once: the chain
//! from a head is therefore whole for as many messages as the head counts.

use bytes::Bytes;
use jiff::Timestamp;
use redb::TableDefinition;

use crate::bus::Message;

/// The form described here. A store of another is not opened.
pub(super) const FORMAT: u64 = 1;

/// Numbers about the store as a whole, by the names below.
pub(super) const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");
/// Form of the store.
pub(super) const META_FORMAT: &str = "format";
/// No fence above this one was ever given out.
pub(super) const META_FENCES: &str = "fences";

/// Last sequence used on each stream.
pub(super) const STREAMS: TableDefinition<'static, &str, u64> = TableDefinition::new("streams");

/// Up to where each consumer has been delivered for the first time, by stream and name.
pub(super) const CURSORS: TableDefinition<'static, (&str, &str), u64> =
    TableDefinition::new("cursors");

/// What each consumer was delivered and has not acknowledged, by stream, name and sequence: the
/// number of deliveries, and when the next is due in microseconds since 1970, 0 if at once.
pub(super) const PENDING: TableDefinition<'static, (&str, &str, u64), (u32, i64)> =
    TableDefinition::new("pending");

/// A message: sequence of the one before it on its subject or 0, microseconds since 1970 when it
/// was stored, subject, id, headers in the order of their names, content.
pub(super) type Row =
    (u64, i64, &'static str, &'static str, Vec<(&'static str, &'static str)>, &'static [u8]);

/// The same, borrowed from a page.
pub(super) type RowRef<'a> = (u64, i64, &'a str, &'a str, Vec<(&'a str, &'a str)>, &'a [u8]);

/// A subject: sequence of its last message, number of messages kept, id of the last one.
pub(super) type Head = (u64, u32, &'static str);

/// Names of the two tables of a stream.
pub(super) struct Names {
    messages: String,
    heads: String,
}

impl Names {
    /// Those of a stream of this name.
    pub(super) fn of(stream: &str) -> Self {
        Self { messages: format!("messages.{stream}"), heads: format!("heads.{stream}") }
    }

    /// Messages by sequence.
    pub(super) fn messages(&self) -> TableDefinition<'_, u64, Row> {
        TableDefinition::new(&self.messages)
    }

    /// Heads by subject.
    pub(super) fn heads(&self) -> TableDefinition<'_, &'static str, Head> {
        TableDefinition::new(&self.heads)
    }
}

/// The message that a row holds.
pub(super) fn message(sequence: u64, row: &RowRef<'_>) -> Message {
    let (_, stored_at, subject, id, headers, payload) = row;
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Message {
        subject: (*subject).to_owned(),
        sequence,
        id: (*id).to_owned(),
        stored_at: instant(*stored_at),
        headers: headers.collect(),
        payload: Bytes::copy_from_slice(payload),
    }
}

/// The instant of a number of microseconds; one that no clock can show is the beginning of time.
pub(super) fn instant(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::MIN)
}
