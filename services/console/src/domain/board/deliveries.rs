//! Who was told what, and the entries of the inboxes.

use std::collections::{BTreeMap, BTreeSet};

use proto::{
    id::{ContactId, DeliveryId, DomainId},
    subject::Token as Channel,
    v1::{DeliveryRecord, delivery_event::Event},
};

use super::{
    delivery::{Delivery, Turn},
    instant,
};

/// Deliveries that are shown. Beyond it the oldest that came to an end goes; the stream keeps it.
pub const DELIVERIES_MAX: usize = 50_000;

/// All that is shown of deliveries.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// In the order of becoming due.
    known: BTreeMap<Turn, Box<Delivery>>,
    turns: BTreeMap<DeliveryId, Turn>,
    /// Those that came to an end.
    ended: BTreeSet<Turn>,
    /// Those that are an entry of an inbox.
    entries: Entries,
    /// Those among them that were not read.
    unread: Entries,
}

/// Entries of inboxes.
#[derive(Debug, Default)]
struct Entries {
    all: BTreeSet<Turn>,
    of: BTreeMap<ContactId, BTreeSet<Turn>>,
}

/// What taking in a record came to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Deliveries that are not what they were.
    pub(super) changed: Vec<DeliveryId>,
    /// Deliveries that are no longer shown, and whose they were.
    pub(super) gone: Vec<(ContactId, DeliveryId)>,
}

/// Whether an entry was read.
pub(super) type IsRead<'r> = &'r dyn Fn(&ContactId, &DeliveryId) -> bool;

/// Taking in.
impl Deliveries {
    /// Takes in a record.
    pub(super) fn told(
        &mut self,
        channel: &Channel,
        contact: ContactId,
        domain: Option<DomainId>,
        (sequence, record): (u64, &DeliveryRecord),
        is_read: IsRead<'_>,
    ) -> Taken {
        let at = instant(record.recorded_at.as_ref());
        let mut taken = Taken::default();
        for (index, event) in (0_u32..).zip(&record.events) {
            let (Ok(id), Some(step)) = (event.delivery_id.parse(), &event.event) else { continue };
            let turn = (sequence, index);
            let known = self.turns.get(&id).and_then(|turn| self.known.remove(turn));
            let delivery = match (known, step) {
                (Some(mut known), _) => {
                    known.take(turn, at, step);
                    known
                }
                (None, Event::Due(due)) => {
                    let mut new =
                        Box::new(Delivery::new(id, channel, contact, domain, turn, at, due));
                    new.take(turn, at, step);
                    new
                }
                (None, _) => continue,
            };
            self.put(delivery, is_read);
            taken.changed.push(id);
        }
        taken.gone = self.forget_surplus();
        taken
    }

    /// Puts a delivery where it belongs.
    pub(super) fn put(&mut self, delivery: Box<Delivery>, is_read: IsRead<'_>) {
        let (id, turn, contact) = (delivery.id, delivery.turn, delivery.contact);
        self.turns.insert(id, turn);
        if delivery.state.is_final() {
            self.ended.insert(turn);
        } else {
            // A parked one may be tried again.
            self.ended.remove(&turn);
        }
        if delivery.entry.is_some() {
            self.entries.insert(contact, turn);
            if !is_read(&contact, &id) {
                self.unread.insert(contact, turn);
            }
        }
        self.known.insert(turn, delivery);
    }

    /// Takes in that an entry was read.
    pub(super) fn read(&mut self, id: &DeliveryId) {
        if let Some(delivery) = self.turns.get(id).and_then(|turn| self.known.get(turn)) {
            self.unread.remove(&delivery.contact, &delivery.turn);
        }
    }

    /// Forgets all that a contact was told. Answers what that was.
    pub(super) fn erase(&mut self, contact: &ContactId) -> Vec<DeliveryId> {
        let of_contact = self.known.iter().filter(|(_, delivery)| delivery.contact == *contact);
        let gone: Vec<_> = of_contact.map(|(turn, delivery)| (*turn, delivery.id)).collect();
        for (turn, id) in &gone {
            self.known.remove(turn);
            self.turns.remove(id);
            self.ended.remove(turn);
            self.entries.remove(contact, turn);
            self.unread.remove(contact, turn);
        }
        gone.into_iter().map(|(_, id)| id).collect()
    }

    fn forget_surplus(&mut self) -> Vec<(ContactId, DeliveryId)> {
        let mut gone = Vec::new();
        while self.known.len() > DELIVERIES_MAX {
            // All are still open: what waits to be told is never forgotten.
            let Some(oldest) = self.ended.pop_first() else { break };
            let Some(delivery) = self.known.remove(&oldest) else { continue };
            self.turns.remove(&delivery.id);
            self.entries.remove(&delivery.contact, &oldest);
            self.unread.remove(&delivery.contact, &oldest);
            gone.push((delivery.contact, delivery.id));
        }
        gone
    }
}

impl Entries {
    fn insert(&mut self, contact: ContactId, turn: Turn) {
        self.all.insert(turn);
        self.of.entry(contact).or_default().insert(turn);
    }

    fn remove(&mut self, contact: &ContactId, turn: &Turn) {
        self.all.remove(turn);
        if let Some(own) = self.of.get_mut(contact) {
            own.remove(turn);
        }
    }

    /// Those of a contact, or of all.
    fn of(&self, contact: Option<&ContactId>) -> Option<&BTreeSet<Turn>> {
        match contact {
            Some(contact) => self.of.get(contact),
            None => Some(&self.all),
        }
    }
}

/// Showing.
impl Deliveries {
    /// One of them.
    pub fn get(&self, id: &DeliveryId) -> Option<&Delivery> {
        self.turns.get(id).and_then(|turn| self.known.get(turn)).map(Box::as_ref)
    }

    /// How many are shown.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Latest first, from before a turn on.
    pub fn latest(&self, before: Option<Turn>) -> impl Iterator<Item = &Delivery> {
        self.known.range(..end(before)).rev().map(|(_, delivery)| &**delivery)
    }

    /// The inbox of a contact, or of all, latest first, from before a turn on.
    pub fn inbox<'d>(
        &'d self,
        contact: Option<&ContactId>,
        before: Option<Turn>,
    ) -> impl Iterator<Item = &'d Delivery> + use<'d> {
        self.entries_of(self.entries.of(contact), before)
    }

    /// What was not read of it.
    pub fn unread<'d>(
        &'d self,
        contact: Option<&ContactId>,
        before: Option<Turn>,
    ) -> impl Iterator<Item = &'d Delivery> + use<'d> {
        self.entries_of(self.unread.of(contact), before)
    }

    /// How many entries were not read, of a contact or of all.
    pub fn unread_count(&self, contact: Option<&ContactId>) -> usize {
        self.unread.of(contact).map_or(0, BTreeSet::len)
    }

    fn entries_of<'d>(
        &'d self,
        turns: Option<&'d BTreeSet<Turn>>,
        before: Option<Turn>,
    ) -> impl Iterator<Item = &'d Delivery> + use<'d> {
        let turns = turns.into_iter().flat_map(move |turns| turns.range(..end(before)).rev());
        turns.filter_map(|turn| self.known.get(turn)).map(Box::as_ref)
    }
}

/// Before it are those that are before a turn.
fn end(before: Option<Turn>) -> Turn {
    before.unwrap_or((u64::MAX, u32::MAX))
}
