//! The streams folded into what is shown: domains and their state, contacts, settings, silences,
//! inbox, deliveries, what happened lately.
//!
//! A projection, truth for nothing: it can be thrown away and folded anew. Taking a message in
//! twice changes nothing. What is folded from the streams that grow without end is kept
//! ([`memory`]), so that a restart folds only what is new; whoever adds to that adds a [`Part`].
//! Start reading at [`Board`].

pub mod administrators;
pub mod audit;
pub mod deliveries;
pub mod delivery;
pub mod detail;
pub mod domains;
pub mod findings;
pub mod leaf;
pub mod memory;
pub mod query;
pub mod rest;
mod shown;
pub mod silences;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use proto::{
    id::{AccountId, ContactId, DeliveryId, DomainId, LinkId, TokenId},
    subject::{Entity, Token as Channel},
    time,
    v1::{DeliveryRecord, Event, InventoryRecord, LogRecord, ScanFact},
};

use self::{
    administrators::{Administrator, Deserted},
    audit::{Audit, facts::Facts},
    deliveries::Deliveries,
    domains::Domains,
    memory::{Part, Reached},
    silences::Silences,
    watch::Closed,
};
use super::inventory::{
    Actor, Ordered,
    account::{Account, link::Link, strangers::Strangers},
    acknowledgement::Acknowledgements,
    contact::Contact,
    inbox::{self, Marks},
    key::Key,
    setting::Kept,
    token::Token,
};

/// Events kept for the list of what happened lately. Older ones are in the log of their domain.
pub const EVENTS_MAX: usize = 2_000;
/// Closed anomalies kept for the list of them. Older ones are in the log of their domain.
pub const CLOSED_MAX: usize = 10_000;

/// All that is shown.
#[derive(Debug, Default)]
pub struct Board {
    domains: Domains,
    contacts: BTreeMap<ContactId, Versioned<Contact>>,
    default_setting: Versioned<Kept>,
    default_by_system: bool,
    settings: BTreeMap<DomainId, Versioned<Kept>>,
    tokens: BTreeMap<TokenId, Versioned<Token>>,
    accounts: BTreeMap<AccountId, Versioned<Account>>,
    deserted: Deserted,
    strangers: Versioned<Strangers>,
    links: BTreeMap<LinkId, Versioned<Link>>,
    key: Versioned<Key>,
    inboxes: BTreeMap<ContactId, Versioned<Marks>>,
    audit: Audit,
    silences: Silences,
    acknowledgements: BTreeMap<DomainId, Versioned<Acknowledgements>>,
    deliveries: Deliveries,
    /// Oldest first, with their place in `EVENTS`.
    events: VecDeque<(u64, Event)>,
    /// By the place of the closing in `LOG`.
    closed: BTreeMap<(u64, u32), Closed>,
    /// How far each stream is folded, by its name.
    reached: BTreeMap<&'static str, Reached>,
    /// What has changed since it was last kept.
    changed: BTreeSet<Part>,
}

/// A message of a stream, read.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Of `INVENTORY`.
    Ordered(Entity, InventoryRecord),
    /// Of `LOG`.
    Logged(DomainId, LogRecord),
    /// Of `EVENTS`.
    Happened(Box<Event>),
    /// Of `DELIVERIES`.
    Told {
        /// Through what.
        channel: Channel,
        /// Whom.
        contact: ContactId,
        /// Of which domain, unless the news speaks of none.
        domain: Option<DomainId>,
        /// What became of it.
        record: DeliveryRecord,
    },
    /// Of `FACTS`.
    Looked(DomainId, Box<ScanFact>),
}

/// An entity and the version of its subject.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Versioned<E> {
    /// The entity.
    pub entity: E,
    /// Sequence of its last record; 0 if there is none.
    pub version: u64,
}

impl<E: Ordered> Versioned<E> {
    /// Takes in a record, unless it was.
    fn take(&mut self, sequence: u64, record: &InventoryRecord) -> bool {
        let new = sequence > self.version;
        if new {
            self.entity.fold(record);
            self.version = sequence;
        }
        new
    }
}

/// Taking in.
impl Board {
    /// A message, with its sequence.
    pub fn take(&mut self, sequence: u64, heard: Heard) {
        match heard {
            Heard::Ordered(entity, record) => self.ordered(entity, sequence, &record),
            Heard::Logged(id, record) => self.logged(id, sequence, &record),
            Heard::Happened(event) => self.happened(sequence, *event),
            Heard::Told { channel, contact, domain, record } => {
                self.told(&channel, contact, domain, sequence, &record);
            }
            Heard::Looked(id, fact) => self.looked(id, &fact),
        }
    }

    /// A record of `INVENTORY`.
    pub fn ordered(&mut self, entity: Entity, sequence: u64, record: &InventoryRecord) {
        let before = Facts::of(&entity, self);
        let administrator = Administrator::of(&entity).filter(|one| self.administers(*one));
        self.take_order(entity, sequence, record);
        if let Some(one) = administrator.filter(|one| !self.administers(*one)) {
            self.look_for_others(one, sequence);
        }
        let after = Facts::of(&entity, self);
        self.audit.ordered((entity, sequence, record), &before, &after);
        // Also what was ordered of its inbox at the moment at which it was removed.
        if let Entity::Contact(id) | Entity::Inbox(id) = entity
            && self.is_removed(&id)
        {
            self.erase(id);
        }
    }

    fn is_removed(&self, contact: &ContactId) -> bool {
        self.contacts.get(contact).is_some_and(|contact| contact.entity.is_removed())
    }

    /// Nothing is shown any more of a contact that was removed, but that it was.
    fn erase(&mut self, contact: ContactId) {
        self.audit.erase(contact);
        self.inboxes.remove(&contact);
        self.changed.extend(self.deliveries.erase(&contact).into_iter().map(Part::Delivery));
    }

    fn take_order(&mut self, entity: Entity, sequence: u64, record: &InventoryRecord) {
        match entity {
            Entity::Domain(id) => {
                self.domains.ordered(id, sequence, record);
            }
            Entity::Contact(id) => {
                self.contacts.entry(id).or_default().take(sequence, record);
            }
            Entity::DefaultSetting => {
                if self.default_setting.take(sequence, record) {
                    self.default_by_system = Actor::is_system(record);
                }
            }
            Entity::Setting(id) => {
                self.settings.entry(id).or_default().take(sequence, record);
            }
            Entity::Token(id) => {
                self.tokens.entry(id).or_default().take(sequence, record);
            }
            Entity::Account(id) => {
                self.accounts.entry(id).or_default().take(sequence, record);
            }
            Entity::Strangers => {
                self.strangers.take(sequence, record);
            }
            Entity::Link(id) => {
                self.links.entry(id).or_default().take(sequence, record);
            }
            Entity::Key => {
                self.key.take(sequence, record);
            }
            Entity::Inbox(id) => {
                self.inboxes.entry(id).or_default().take(sequence, record);
                let events = record.events.iter().filter_map(|event| event.event.as_ref());
                for entry in events.filter_map(Marks::read).flat_map(|inbox::Read(read)| read) {
                    self.deliveries.read(&entry);
                }
            }
            Entity::Silence(id) => self.silences.ordered(id, sequence, record),
            Entity::Acknowledgement(id) => {
                self.acknowledgements.entry(id).or_default().take(sequence, record);
            }
        }
    }

    /// A record of `LOG`.
    pub fn logged(&mut self, id: DomainId, sequence: u64, record: &LogRecord) {
        self.changed.insert(Part::Watch(id));
        let closed = self.domains.logged(id, sequence, record);
        for (place, closed) in (0_u32..).zip(closed) {
            self.changed.insert(Part::Closed(sequence, place));
            self.closed.insert((sequence, place), closed);
        }
        while self.closed.len() > CLOSED_MAX {
            let Some(((sequence, place), _)) = self.closed.pop_first() else { break };
            self.changed.insert(Part::Closed(sequence, place));
        }
    }

    /// A fact of `FACTS`: only that the domain was looked at, when, and at how many addresses.
    pub fn looked(&mut self, id: DomainId, fact: &ScanFact) {
        let Some(at) = fact.started_at.as_ref().and_then(time::read) else { return };
        if self.domains.looked(id, at, fact) {
            self.changed.insert(Part::Look(id));
        }
    }

    /// An event of `EVENTS`.
    pub fn happened(&mut self, sequence: u64, event: Event) {
        if self.events.back().is_some_and(|(last, _)| *last >= sequence) {
            return;
        }
        if self.events.len() == EVENTS_MAX
            && let Some((oldest, _)) = self.events.pop_front()
        {
            self.changed.insert(Part::Event(oldest));
        }
        self.changed.insert(Part::Event(sequence));
        self.events.push_back((sequence, event));
    }

    /// A record of `DELIVERIES`. What is told at the moment at which a contact is removed is not
    /// shown.
    pub fn told(
        &mut self,
        channel: &Channel,
        contact: ContactId,
        domain: Option<DomainId>,
        sequence: u64,
        record: &DeliveryRecord,
    ) {
        if self.is_removed(&contact) {
            return;
        }
        let inboxes = &self.inboxes;
        let is_read = |contact: &ContactId, entry: &DeliveryId| {
            inboxes.get(contact).is_some_and(|inbox| inbox.entity.is_read(entry))
        };
        let taken = self.deliveries.told(channel, contact, domain, (sequence, record), &is_read);
        self.changed.extend(taken.changed.into_iter().map(Part::Delivery));
        for (contact, entry) in taken.gone {
            self.changed.insert(Part::Delivery(entry));
            if let Some(inbox) = self.inboxes.get_mut(&contact) {
                inbox.entity.forget(&entry);
            }
        }
    }
}

/// The instant of a wire timestamp, or the epoch if there is none: shown as unknown.
pub(crate) fn instant(wire: Option<&prost_types::Timestamp>) -> Timestamp {
    wire.and_then(time::read).unwrap_or_default()
}

#[cfg(test)]
mod tests;
