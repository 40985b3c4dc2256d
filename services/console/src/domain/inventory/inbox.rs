//! The marks in the inbox of one contact: which entries were read.

use std::{collections::BTreeSet, convert::Infallible};

use kernel::decider::Decider;
use proto::{
    id::DeliveryId,
    v1::{InboxRead, inventory_event::Event},
};

use super::Ordered;

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

    fn read(event: &Event) -> Option<Read> {
        match event {
            Event::InboxRead(read) => {
                Some(Read(read.deliveries.iter().filter_map(|id| id.parse().ok()).collect()))
            }
            Event::DomainAdded(_)
            | Event::DomainOptionsChanged(_)
            | Event::DomainEnabled(_)
            | Event::DomainDisabled(_)
            | Event::DomainRemoved(_)
            | Event::ContactSaved(_)
            | Event::ContactRemoved(_)
            | Event::SettingSaved(_)
            | Event::SettingCleared(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::AddressVerified(_)
            | Event::SilenceSaved(_)
            | Event::SilenceLifted(_)
            | Event::AnomalyAcknowledged(_)
            | Event::Account(_)
            | Event::LinkUsed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::scenario::given;

    use super::*;

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
    fn events_survive_the_wire() {
        let event = Read(entries(&[1, 9]));
        assert_eq!(Marks::read(&Marks::write(&event)), Some(event));
    }
}
