//! Who changed what: the latest records of `INVENTORY`, as people read them.
//!
//! An [`Entry`] says who ordered it and when, what was done ([`deed`]), and what is different since
//! ([`facts`]). No secret is among them: what is sealed or hashed is never looked into.
//!
//! What is remembered is bounded, and neither strangers nor a long list may drive out the rest:
//! strangers have a ring of their own, and of a [`run`] only the beginning is remembered singly.

pub mod deed;
pub mod facts;
mod run;

use std::{collections::VecDeque, iter};

use proto::{id::ContactId, subject::Entity, v1::InventoryRecord};

use self::{
    deed::Deed,
    facts::{Change, Facts},
    run::Runs,
};
use crate::domain::inventory::Signature;

/// Entries that are kept of what was ordered. Older ones are in `INVENTORY` still.
pub const ENTRIES_MAX: usize = 10_000;
/// The same of sign-ins that were refused.
pub const REFUSALS_MAX: usize = 1_000;

/// The latest of what was ordered.
#[derive(Debug, Default)]
pub struct Audit {
    /// Oldest first.
    orders: VecDeque<Entry>,
    /// Sign-ins that were refused, oldest first. Anybody can make these.
    refusals: VecDeque<Entry>,
    runs: Runs,
    /// The last record that was taken in.
    reached: u64,
}

/// One decision on one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in `INVENTORY`.
    pub sequence: u64,
    /// Who ordered it, and when.
    pub signature: Signature,
    /// Of what.
    pub entity: Entity,
    /// What that was called then.
    pub name: Box<str>,
    /// What was done.
    pub deeds: Vec<Deed>,
    /// What is different since.
    pub changes: Vec<Change>,
    /// How many more domains the same order did the same or the like to: other values, in the same
    /// fields. They are not listed.
    pub more: usize,
}

impl Audit {
    /// Takes in a record, unless it was; `before` and `after` are the facts around it.
    pub(super) fn ordered(
        &mut self,
        (entity, sequence, record): (Entity, u64, &InventoryRecord),
        before: &Facts,
        after: &Facts,
    ) {
        if sequence <= self.reached {
            return;
        }
        self.reached = sequence;
        let name = if after.name.is_empty() { &before.name } else { &after.name };
        let events = record.events.iter().filter_map(|event| event.event.as_ref());
        let entry = Entry {
            sequence,
            signature: Signature::of(record),
            entity,
            name: name.as_str().into(),
            deeds: events.map(Deed::of).collect(),
            changes: before.changes(after),
            more: 0,
        };
        if !entry.deeds.is_empty() && entry.deeds.iter().all(Deed::is_a_refusal) {
            push(&mut self.refusals, entry, REFUSALS_MAX);
        } else if let Some(listed) = self.runs.beyond(&entry) {
            let place = self.orders.partition_point(|entry| entry.sequence < listed);
            if let Some(last) = self.orders.get_mut(place) {
                last.more += 1;
            }
        } else {
            push(&mut self.orders, entry, ENTRIES_MAX);
        }
    }

    /// Of a contact it is known only what was done, and no longer what it was called, what was said
    /// of it, and what that changed.
    pub(super) fn erase(&mut self, contact: ContactId) {
        let (card, inbox) = (Entity::Contact(contact), Entity::Inbox(contact));
        let all = self.orders.iter_mut().chain(&mut self.refusals);
        for entry in all.filter(|entry| entry.entity == card || entry.entity == inbox) {
            (entry.name, entry.changes) = (Box::default(), Vec::new());
            for deed in entry.deeds.iter_mut().filter(|_| entry.entity == card) {
                deed.values.clear();
            }
        }
    }

    /// The entries, latest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let mut orders = self.orders.iter().rev().peekable();
        let mut refusals = self.refusals.iter().rev().peekable();
        iter::from_fn(move || match (orders.peek(), refusals.peek()) {
            (Some(order), Some(refusal)) if order.sequence < refusal.sequence => refusals.next(),
            (Some(_), _) => orders.next(),
            (None, _) => refusals.next(),
        })
    }
}

/// Adds an entry to a ring of so many.
fn push(ring: &mut VecDeque<Entry>, entry: Entry, max: usize) {
    if ring.len() == max {
        ring.pop_front();
    }
    ring.push_back(entry);
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proto::{
        id::DomainId,
        v1::{
            AccountEvent, AccountSignInsRefused, ContactRemoved, DomainAdded, DomainOptionsChanged,
            DomainRemoved, InventoryEvent, account_event, inventory_event::Event,
        },
    };

    use super::{run::LISTED_MAX, *};

    /// Takes in what somebody did at a second; its place is one further than the last.
    fn take(audit: &mut Audit, by: &str, second: i64, entity: Entity, event: Event) -> u64 {
        let nothing = Facts::default();
        take_changed(audit, (by, second), entity, Some(event), &nothing)
    }

    /// The same, with what stands there since.
    fn take_changed(
        audit: &mut Audit,
        (by, second): (&str, i64),
        entity: Entity,
        event: Option<Event>,
        after: &Facts,
    ) -> u64 {
        let at = Timestamp::from_second(second).unwrap();
        let record = InventoryRecord {
            recorded_at: Some(proto::time::write(at)),
            actor: by.to_owned(),
            events: vec![InventoryEvent { event }],
        };
        let sequence = audit.reached + 1;
        audit.ordered((entity, sequence, &record), &Facts::default(), after);
        sequence
    }

    fn contact_removed(audit: &mut Audit) -> u64 {
        let contact = Entity::Contact(ContactId::from_bytes([1; 16]));
        take(audit, "ada", 0, contact, Event::ContactRemoved(ContactRemoved {}))
    }

    fn added(audit: &mut Audit, by: &str, second: i64) -> u64 {
        let domain = Entity::Domain(DomainId::from_bytes([1; 16]));
        take(audit, by, second, domain, Event::DomainAdded(DomainAdded::default()))
    }

    fn refused(audit: &mut Audit, second: i64) {
        let refused = account_event::Event::SignInsRefused(AccountSignInsRefused::default());
        let event = Event::Account(AccountEvent { event: Some(refused) });
        take(audit, "system", second, Entity::Strangers, event);
    }

    #[test]
    fn strangers_drive_out_nothing_but_strangers() {
        let mut audit = Audit::default();
        let removed = contact_removed(&mut audit);
        for second in 0..20_000 {
            refused(&mut audit, second);
        }
        let all: Vec<_> = audit.entries().map(|entry| entry.sequence).collect();
        assert_eq!((all.len(), all.last()), (REFUSALS_MAX + 1, Some(&removed)));
        assert!(all.is_sorted_by(|later, earlier| later > earlier));
    }

    #[test]
    fn a_long_list_drives_out_nothing_and_is_counted() {
        let mut audit = Audit::default();
        let removed = contact_removed(&mut audit);
        for line in 0..50_000 {
            added(&mut audit, "ada", line / 100);
            if line % 1_000 == 0 {
                added(&mut audit, "bob", line / 100);
            }
        }
        let by_ada = || audit.entries().filter(|entry| &*entry.signature.by == "ada");
        assert_eq!(by_ada().last().map(|entry| entry.sequence), Some(removed));
        assert_eq!(by_ada().count(), LISTED_MAX + 1);
        assert_eq!(by_ada().map(|entry| 1 + entry.more).sum::<usize>(), 50_001);
    }

    #[test]
    fn of_a_long_list_whose_values_differ_another_field_is_another_order() {
        let mut audit = Audit::default();
        let domain = Entity::Domain(DomainId::from_bytes([1; 16]));
        let mut change = |field, value: &str| {
            let event = Some(Event::DomainOptionsChanged(DomainOptionsChanged::default()));
            let after = Facts::named("a.example:443", vec![(field, value.to_owned())]);
            take_changed(&mut audit, ("ada", 0), domain, event, &after)
        };
        for value in 0..200 {
            change("tags", &format!("{value}, shop"));
        }
        let moved = change("fixed_address", "192.0.2.1");
        for value in 0..200 {
            change("tags", &format!("{value}, web"));
        }
        assert_eq!(audit.entries().next().map(|entry| entry.sequence), Some(moved));
        assert_eq!(audit.entries().count(), LISTED_MAX + 1);
    }

    #[test]
    fn what_cannot_be_read_is_driven_out_by_no_stranger() {
        let mut audit = Audit::default();
        let nothing = Facts::default();
        let unread = take_changed(&mut audit, ("ada", 0), Entity::Key, None, &nothing);
        for second in 0..20_000 {
            refused(&mut audit, second);
        }
        assert_eq!(audit.entries().last().map(|entry| entry.sequence), Some(unread));
    }

    #[test]
    fn another_deed_and_another_time_are_another_order() {
        let mut audit = Audit::default();
        for _ in 0..=LISTED_MAX {
            added(&mut audit, "ada", 0);
        }
        let later = added(&mut audit, "ada", 3_600);
        assert_eq!(audit.entries().next().map(|entry| entry.sequence), Some(later));
        let domain = Entity::Domain(DomainId::from_bytes([1; 16]));
        let event = Event::DomainRemoved(DomainRemoved {});
        let removed = take(&mut audit, "ada", 3_600, domain, event);
        assert_eq!(audit.entries().next().map(|entry| entry.sequence), Some(removed));
    }
}
