//! The streams folded into what is shown: domains and their state, contacts, settings, silences,
//! inbox, deliveries, what happened lately.
//!
//! A projection, truth for nothing: it can be thrown away and folded anew. Taking a message in
//! twice changes nothing. What is folded from the streams that grow without end is kept
//! ([`memory`]), so that a restart folds only what is new; whoever adds to that adds a [`Part`].
//! Start reading at [`Board`].

pub mod audit;
pub mod deliveries;
pub mod delivery;
pub mod detail;
pub mod domains;
mod findings;
pub mod leaf;
pub mod memory;
pub mod query;
pub mod rest;
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
    audit::{Audit, facts::Facts},
    deliveries::Deliveries,
    domains::{Domains, Row},
    memory::{Part, Reached},
    silences::Silences,
    watch::{Anomaly, Closed},
};
use super::inventory::{
    Actor, Ordered,
    account::{Account, link::Link, strangers::Strangers},
    acknowledgement::{Acknowledgements, Said},
    contact::Contact,
    inbox::{self, Marks},
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
    strangers: Versioned<Strangers>,
    links: BTreeMap<LinkId, Versioned<Link>>,
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
        self.take_order(entity, sequence, record);
        let after = Facts::of(&entity, self);
        self.audit.ordered((entity, sequence, record), &before, &after);
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

    /// A record of `DELIVERIES`.
    pub fn told(
        &mut self,
        channel: &Channel,
        contact: ContactId,
        domain: Option<DomainId>,
        sequence: u64,
        record: &DeliveryRecord,
    ) {
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

/// Showing.
impl Board {
    /// The domains.
    pub fn domains(&self) -> &Domains {
        &self.domains
    }

    /// The contacts there are.
    pub fn contacts(&self) -> impl Iterator<Item = (ContactId, &Versioned<Contact>)> {
        self.contacts.iter().filter(|(_, c)| c.entity.card().is_some()).map(|(id, c)| (*id, c))
    }

    /// A contact, also one that was removed.
    pub fn contact(&self, id: &ContactId) -> Option<&Versioned<Contact>> {
        self.contacts.get(id)
    }

    /// The setting for domains that have none of their own.
    pub fn default_setting(&self) -> &Versioned<Kept> {
        &self.default_setting
    }

    /// Whether the default setting is the one that the console made at its first start.
    pub fn default_is_untouched(&self) -> bool {
        self.default_by_system
    }

    /// The own setting of a domain, also one that was cleared.
    pub fn setting(&self, id: &DomainId) -> Option<&Versioned<Kept>> {
        self.settings.get(id)
    }

    /// The settings that domains have of their own.
    pub fn settings(&self) -> impl Iterator<Item = (DomainId, &Versioned<Kept>)> {
        self.settings.iter().filter(|(_, s)| s.entity.setting().is_some()).map(|(id, s)| (*id, s))
    }

    /// The tokens that open something.
    pub fn tokens(&self) -> impl Iterator<Item = (TokenId, &Versioned<Token>)> {
        self.tokens.iter().filter(|(_, t)| t.entity.issued().is_some()).map(|(id, t)| (*id, t))
    }

    /// A token, also one that was revoked.
    pub fn token(&self, id: &TokenId) -> Option<&Versioned<Token>> {
        self.tokens.get(id)
    }

    /// The accounts there are, disabled ones among them.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, &Versioned<Account>)> {
        self.accounts.iter().filter(|(_, a)| a.entity.profile().is_some()).map(|(id, a)| (*id, a))
    }

    /// An account, also one that was removed.
    pub fn account(&self, id: &AccountId) -> Option<&Versioned<Account>> {
        self.accounts.get(id)
    }

    /// What is known of strangers.
    pub fn strangers(&self) -> Versioned<Strangers> {
        self.strangers.clone()
    }

    /// A one-time link, if it was used.
    pub fn link(&self, id: &LinkId) -> Option<&Versioned<Link>> {
        self.links.get(id)
    }

    /// Whether any token was ever issued.
    pub fn ever_had_a_token(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Whether any contact was ever added.
    pub fn ever_had_a_contact(&self) -> bool {
        !self.contacts.is_empty()
    }

    /// The deliveries, and the entries of the inboxes among them.
    pub fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    /// Whether an entry was read by its contact.
    pub fn is_read(&self, contact: &ContactId, entry: &DeliveryId) -> bool {
        self.inboxes.get(contact).is_some_and(|inbox| inbox.entity.is_read(entry))
    }

    /// Entries of all inboxes that were not read.
    pub fn unread(&self) -> usize {
        self.deliveries.unread_count(None)
    }

    /// The marks in the inbox of a contact.
    pub fn marks(&self, contact: &ContactId) -> Option<&Versioned<Marks>> {
        self.inboxes.get(contact)
    }

    /// Who changed what.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The silences.
    pub fn silences(&self) -> &Silences {
        &self.silences
    }

    /// What was acknowledged of a domain.
    pub fn acknowledgements(&self, id: &DomainId) -> Option<&Versioned<Acknowledgements>> {
        self.acknowledgements.get(id)
    }

    /// That somebody has an open anomaly in hand, as long as it holds: until the anomaly is worse
    /// than it was then, or the certificate has changed.
    pub fn acknowledged(&self, row: &Row, anomaly: &Anomaly) -> Option<&Said> {
        let said = self.acknowledgements.get(&row.id)?.entity.of(&anomaly.id)?;
        let is_worse = anomaly.severity > said.what.severity;
        let is_another = row.watch.certificate_changed_at() > said.signature.at;
        (!is_worse && !is_another).then_some(said)
    }

    /// What happened lately, latest first, with the place in `EVENTS`.
    pub fn events(&self) -> impl Iterator<Item = &(u64, Event)> {
        self.events.iter().rev()
    }

    /// What was wrong and is over, latest first.
    pub fn closed(&self) -> impl Iterator<Item = &Closed> {
        self.closed.values().rev()
    }
}

/// The instant of a wire timestamp, or the epoch if there is none: shown as unknown.
pub(crate) fn instant(wire: Option<&prost_types::Timestamp>) -> Timestamp {
    wire.and_then(time::read).unwrap_or_default()
}

#[cfg(test)]
mod tests;
