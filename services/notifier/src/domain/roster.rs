//! Contacts, settings and owner notes: the inventory as the notifier needs it.
//!
//! Folded from `INVENTORY`; total, so that an order which makes no sense changes nothing.

use std::collections::BTreeMap;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use proto::{
    id::{ContactId, DomainId},
    subject::{Entity, Token},
    v1::{
        ContactAddress, ContactSaved, DomainOptions, InventoryEvent, NotificationSetting,
        inventory_event::Event as Ordered,
    },
};

/// Channel of the inbox. Every contact can be told through it.
pub const INTERNAL: &str = "internal";

/// Everything that people ordered about being told.
#[derive(Debug, Default)]
pub struct Roster {
    contacts: BTreeMap<ContactId, Contact>,
    default: Option<NotificationSetting>,
    own: BTreeMap<DomainId, NotificationSetting>,
    notes: BTreeMap<DomainId, String>,
}

/// A person or a team.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// What people call it.
    pub name: String,
    /// What it reads.
    pub language: Language,
    /// Name of its time zone, as it was ordered if it exists, `UTC` otherwise.
    pub zone_name: String,
    /// Its time zone.
    pub zone: TimeZone,
    addresses: BTreeMap<String, Address>,
}

/// Where a channel reaches a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// In the contact's own inbox.
    Inbox,
    /// An address that is no secret, such as a mailbox.
    Clear(String),
    /// An address that is one, sealed.
    Sealed(Vec<u8>),
}

/// A language in which news are worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Language {
    /// The language of a tag; English where there is no wording.
    pub fn of(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") { Self::ZhCn } else { Self::En }
    }

    /// Its tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }
}

impl Contact {
    /// Where a channel reaches the contact. None without an address that may be used.
    pub fn address(&self, channel: &Token) -> Option<Address> {
        if channel.as_str() == INTERNAL {
            return Some(Address::Inbox);
        }
        self.addresses.get(channel.as_str()).cloned()
    }

    /// Channels for which the contact has an address, the inbox first.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        std::iter::once(INTERNAL).chain(self.addresses.keys().map(String::as_str))
    }
}

impl Roster {
    /// Takes in what was ordered of one entity.
    pub fn evolve(&mut self, entity: &Entity, event: &InventoryEvent) {
        let Some(ordered) = &event.event else { return };
        match (entity, ordered) {
            (Entity::Contact(id), Ordered::ContactSaved(saved)) => {
                self.contacts.insert(*id, contact(saved));
            }
            (Entity::Contact(id), Ordered::ContactRemoved(_)) => {
                self.contacts.remove(id);
            }
            (Entity::DefaultSetting, Ordered::SettingSaved(saved)) => {
                self.default.clone_from(&saved.setting);
            }
            (Entity::DefaultSetting, Ordered::SettingCleared(_)) => self.default = None,
            (Entity::Setting(id), Ordered::SettingSaved(saved)) => match &saved.setting {
                Some(setting) => drop(self.own.insert(*id, setting.clone())),
                None => drop(self.own.remove(id)),
            },
            (Entity::Setting(id), Ordered::SettingCleared(_)) => {
                self.own.remove(id);
            }
            (Entity::Domain(id), Ordered::DomainAdded(added)) => {
                self.note(*id, added.options.as_ref());
            }
            (Entity::Domain(id), Ordered::DomainOptionsChanged(changed)) => {
                self.note(*id, changed.options.as_ref());
            }
            (Entity::Domain(id), Ordered::DomainRemoved(_)) => {
                self.notes.remove(id);
            }
            (
                Entity::Domain(_)
                | Entity::Contact(_)
                | Entity::DefaultSetting
                | Entity::Setting(_)
                | Entity::Token(_)
                | Entity::Inbox(_),
                _,
            ) => {}
        }
    }

    /// A contact, unless it was removed.
    pub fn contact(&self, id: &ContactId) -> Option<&Contact> {
        self.contacts.get(id)
    }

    /// A contact by its id, or by its name without regard to case; the smallest id if several bear
    /// it.
    pub fn named(&self, text: &str) -> Option<ContactId> {
        let by_id = text.parse().ok().filter(|id| self.contacts.contains_key(id));
        let bears = |contact: &Contact| contact.name.to_lowercase() == text.to_lowercase();
        by_id.or_else(|| self.contacts.iter().find(|(_, one)| bears(one)).map(|(id, _)| *id))
    }

    /// The setting that holds for a domain: its own, or the default one.
    pub fn setting(&self, domain: Option<DomainId>) -> Option<&NotificationSetting> {
        domain.and_then(|id| self.own.get(&id)).or(self.default.as_ref())
    }

    /// The owner note of a domain; empty if it has none.
    pub fn owner_note(&self, domain: Option<DomainId>) -> &str {
        domain.and_then(|id| self.notes.get(&id)).map_or("", String::as_str)
    }

    fn note(&mut self, id: DomainId, options: Option<&DomainOptions>) {
        let note = options.map_or("", |options| options.owner_note.trim());
        if note.is_empty() {
            self.notes.remove(&id);
        } else {
            self.notes.insert(id, note.to_owned());
        }
    }
}

/// The zones of the world as they travel inside the program: the same on every host.
fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// A zone by its name; UTC if there is none of that name.
pub fn zone_or_utc(name: &str) -> (String, TimeZone) {
    match zone(name) {
        Some(zone) => (name.to_owned(), zone),
        None => ("UTC".to_owned(), TimeZone::UTC),
    }
}

fn contact(saved: &ContactSaved) -> Contact {
    let (zone_name, zone) = zone_or_utc(&saved.time_zone);
    let usable = saved.addresses.iter().filter(|address| address.verified);
    let addresses = usable.filter_map(|one| Some((one.channel.clone(), address(one)?))).collect();
    Contact {
        name: saved.name.clone(),
        language: Language::of(&saved.language),
        zone_name,
        zone,
        addresses,
    }
}

fn address(one: &ContactAddress) -> Option<Address> {
    if !one.sealed.is_empty() {
        return Some(Address::Sealed(one.sealed.to_vec()));
    }
    (!one.address.is_empty()).then(|| Address::Clear(one.address.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;

    #[test]
    fn an_unverified_address_is_none() {
        let mut saved = sample::contact_saved("Ops", &[("email", "ops@example.com")]);
        let email: Token = "email".parse().unwrap();
        let clear = Some(Address::Clear("ops@example.com".to_owned()));
        assert_eq!(contact(&saved).address(&email), clear);
        saved.addresses[0].verified = false;
        assert_eq!(contact(&saved).address(&email), None);
        let inbox = contact(&saved).address(&INTERNAL.parse().unwrap());
        assert_eq!(inbox, Some(Address::Inbox), "the inbox needs no address");
    }

    #[test]
    fn a_domain_follows_its_own_setting_until_it_is_cleared() {
        let mut roster = sample::roster();
        let domain = sample::domain();
        let own = NotificationSetting { enabled: false, ..NotificationSetting::default() };
        sample::save_setting(&mut roster, Entity::Setting(domain), own);
        assert!(!roster.setting(Some(domain)).unwrap().enabled);
        assert!(roster.setting(None).unwrap().enabled, "others follow the default");
        let cleared = Ordered::SettingCleared(proto::v1::SettingCleared {});
        roster.evolve(&Entity::Setting(domain), &InventoryEvent { event: Some(cleared) });
        assert!(roster.setting(Some(domain)).unwrap().enabled);
    }

    #[test]
    fn a_contact_is_found_by_id_and_by_name() {
        let roster = sample::roster();
        let id = sample::ops();
        assert_eq!(roster.named("OPS"), Some(id));
        assert_eq!(roster.named(&id.to_string()), Some(id));
        assert_eq!(roster.named("nobody"), None);
    }

    #[test]
    fn zones_come_with_the_program() {
        assert_eq!(zone_or_utc("Asia/Shanghai").0, "Asia/Shanghai");
        assert_eq!(zone_or_utc("Mars/Base").0, "UTC");
    }
}
