//! What a board shows.

use proto::{
    id::{AccountId, ContactId, DeliveryId, DomainId, LinkId, TokenId},
    v1::Event,
};

use super::{
    Board, Versioned,
    audit::Audit,
    deliveries::Deliveries,
    domains::{Domains, Row},
    silences::Silences,
    watch::{Anomaly, Closed},
};
use crate::domain::inventory::{
    account::{Account, link::Link, strangers::Strangers},
    acknowledgement::{Acknowledgements, Said},
    contact::Contact,
    inbox::Marks,
    key::Key,
    setting::Kept,
    token::Token,
};

impl Board {
    /// The domains.
    pub fn domains(&self) -> &Domains {
        &self.domains
    }

    /// The contacts there are.
    pub fn contacts(&self) -> impl Iterator<Item = (ContactId, &Versioned<Contact>)> {
        self.contacts.iter().filter(|(_, c)| c.entity.card().is_some()).map(|(id, c)| (*id, c))
    }

    /// Contacts that were removed.
    pub fn removed_contacts(&self) -> impl Iterator<Item = ContactId> {
        self.contacts.iter().filter(|(_, c)| c.entity.is_removed()).map(|(id, _)| *id)
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

    /// The ids of all contacts, also of those that were removed.
    pub fn contact_ids(&self) -> impl Iterator<Item = &ContactId> {
        self.contacts.keys()
    }

    /// The ids of all tokens, also of those that were revoked.
    pub fn token_ids(&self) -> impl Iterator<Item = &TokenId> {
        self.tokens.keys()
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

    /// The ids of all links that were ever made for an account.
    pub fn links_made(&self) -> impl Iterator<Item = &LinkId> {
        self.accounts.values().flat_map(|kept| kept.entity.links().ids())
    }

    /// What is known of strangers.
    pub fn strangers(&self) -> Versioned<Strangers> {
        self.strangers.clone()
    }

    /// What was done to the key.
    pub fn key(&self) -> Versioned<Key> {
        self.key.clone()
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

    /// The same from before a place of `LOG` on, each with its own.
    pub fn closed_before(&self, place: (u64, u32)) -> impl Iterator<Item = ((u64, u32), &Closed)> {
        self.closed.range(..place).rev().map(|(place, closed)| (*place, closed))
    }
}
