//! The marks in the inbox of one contact: which entries were read.

use std::{collections::BTreeSet, convert::Infallible};

use kernel::decider::Decider;
use proto::{
    id::DeliveryId,
    v1::{InboxRead, inventory_event::Event},
};

use super::Ordered;

/// Entries that one record marks: 280 KiB of it, where the bus takes 1 MiB.
pub const RECORD_MARKS_MAX: usize = 10_000;

/// What stands in the inventory of one inbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    read: BTreeSet<DeliveryId>,
}

/// Marks entries as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkRead(pub BTreeSet<DeliveryId>);

/// Entries were marked as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read(pub BTreeSet<DeliveryId>);

impl MarkRead {
    /// Marks entries, as many commands as there are records of them.
    pub fn all(entries: BTreeSet<DeliveryId>) -> Vec<Self> {
        let entries: Vec<_> = entries.into_iter().collect();
        let one = |entries: &[DeliveryId]| Self(entries.iter().copied().collect());
        entries.chunks(RECORD_MARKS_MAX).map(one).collect()
    }
}

impl Marks {
    /// Whether an entry was read.
    pub fn is_read(&self, entry: &DeliveryId) -> bool {
        self.read.contains(entry)
    }

    /// Forgets the marks of an entry that is gone.
    pub fn forget(&mut self, entry: &DeliveryId) {
        self.read.remove(entry);
    }
}

impl Decider for Marks {
    type Command = MarkRead;
    type Event = Read;
    type Refusal = Infallible;

    fn decide(&self, MarkRead(entries): MarkRead) -> Result<Vec<Read>, Infallible> {
        let new: BTreeSet<_> = entries.difference(&self.read).copied().collect();
        Ok(if new.is_empty() { vec![] } else { vec![Read(new)] })
    }

    fn evolve(&mut self, Read(entries): &Read) {
        self.read.extend(entries);
    }
}

impl Ordered for Marks {
    fn write(Read(entries): &Read) -> Event {
        let deliveries = entries.iter().map(DeliveryId::to_string).collect();
        Event::InboxRead(InboxRead { deliveries })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of other entities")]
    fn read(event: &Event) -> Option<Read> {
        match event {
            Event::InboxRead(read) => {
                Some(Read(read.deliveries.iter().filter_map(|id| id.parse().ok()).collect()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use kernel::scenario::given;
    use prost::Message;

    use super::*;
    use crate::domain::inventory::{Actor, record};

    fn entries(bytes: &[u8]) -> BTreeSet<DeliveryId> {
        bytes.iter().map(|byte| DeliveryId::from_bytes([*byte; 16])).collect()
    }

    #[test]
    fn only_what_was_not_read_is_marked() {
        given::<Marks>(&[Read(entries(&[1, 2]))])
            .when(MarkRead(entries(&[2, 3])))
            .then(&[Read(entries(&[3]))]);
        given::<Marks>(&[Read(entries(&[1]))]).when(MarkRead(entries(&[1]))).then(&[]);
        given::<Marks>(&[]).when(MarkRead(entries(&[]))).then(&[]);
    }

    #[test]
    fn a_record_fits_the_bus_however_many_entries_are_marked() {
        let id = |number: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            DeliveryId::from_bytes(bytes)
        };
        let entries: BTreeSet<_> = (0..45_001).map(id).collect();
        let commands = MarkRead::all(entries.clone());
        let mut marks = Marks::default();
        for command in commands {
            let events = marks.decide(command).unwrap();
            let record = record::<Marks>(&events, Actor::System, Timestamp::UNIX_EPOCH);
            assert!(record.encoded_len() < 512 * 1024, "{} bytes", record.encoded_len());
            marks.fold(&record);
        }
        assert!(entries.iter().all(|entry| marks.is_read(entry)));
        assert_eq!(MarkRead::all(BTreeSet::new()), []);
    }

    #[test]
    fn events_survive_the_wire() {
        let event = Read(entries(&[1, 9]));
        assert_eq!(Marks::read(&Marks::write(&event)), Some(event));
    }
}
