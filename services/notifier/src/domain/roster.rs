//! Contacts, settings and owner notes: the inventory as the notifier needs it.
//!
//! Folded from `INVENTORY`; total, so that an order which makes no sense changes nothing.

mod quiet;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use proto::{
    id::{ContactId, DomainId},
    subject::{Entity, Token},
    v1::{
        AddressVerified, ContactAddress, ContactSaved, DomainOptions, InventoryEvent,
        NotificationSetting, inventory_event::Event as Ordered,
    },
};

use self::quiet::Quiet;
use crate::domain::{audience::Recipient, news::News};

/// Channel of the inbox. Every contact can be told through it.
pub const INTERNAL: &str = "internal";

/// Everything that people ordered about being told.
#[derive(Debug, Default)]
pub struct Roster {
    contacts: BTreeMap<ContactId, Contact>,
    default: Option<NotificationSetting>,
    own: BTreeMap<DomainId, NotificationSetting>,
    remarks: BTreeMap<DomainId, Remarks>,
    quiet: Quiet,
}

/// What the owner of a domain says of it.
#[derive(Debug, Default, PartialEq)]
struct Remarks {
    note: String,
    tags: Vec<String>,
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
    /// When it was saved last: what was out of order may have been mended then.
    pub saved_at: Timestamp,
    addresses: BTreeMap<String, (Address, Verified)>,
}

/// Whether an address may be used for news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verified {
    Yes,
    /// Only for the mail that asks.
    NotYet,
}

/// Where a channel reaches a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// In the contact's own inbox.
    Inbox,
    /// An address that is no secret, such as a mailbox.
    Clear(String),
    /// An address that is one, sealed.
    Sealed {
        /// The sealed JSON of a [`SecretAddress`](proto::address::SecretAddress).
        content: Bytes,
        /// The same for all addresses that lead to the same robot.
        robot: String,
    },
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
        let (address, verified) = self.addresses.get(channel.as_str())?;
        (*verified == Verified::Yes).then(|| address.clone())
    }

    /// Where a channel would reach the contact if it said so: an address that is to be verified.
    pub fn unverified(&self, channel: &Token) -> Option<Address> {
        let (address, verified) = self.addresses.get(channel.as_str())?;
        (*verified == Verified::NotYet).then(|| address.clone())
    }

    fn verify(&mut self, said: &AddressVerified) {
        let one = self.addresses.get_mut(&said.channel);
        if let Some((address, verified)) = one
            && *address == Address::Clear(said.address.clone())
        {
            *verified = Verified::Yes;
        }
    }

    /// Channels for which the contact has an address, the inbox first.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        let usable = self.addresses.iter().filter(|(_, (_, verified))| *verified == Verified::Yes);
        std::iter::once(INTERNAL).chain(usable.map(|(channel, _)| channel.as_str()))
    }
}

impl Roster {
    /// Takes in what was ordered of one entity, and when.
    pub fn evolve(&mut self, entity: &Entity, event: &InventoryEvent, at: Timestamp) {
        let Some(ordered) = &event.event else { return };
        match (entity, ordered) {
            (Entity::Contact(id), Ordered::ContactSaved(saved)) => {
                self.contacts.insert(*id, contact(saved, at));
            }
            (Entity::Contact(id), Ordered::AddressVerified(said)) => {
                if let Some(contact) = self.contacts.get_mut(id) {
                    contact.verify(said);
                }
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
                self.remark(*id, added.options.as_ref());
            }
            (Entity::Domain(id), Ordered::DomainOptionsChanged(changed)) => {
                self.remark(*id, changed.options.as_ref());
            }
            (Entity::Domain(id), Ordered::DomainRemoved(_)) => {
                self.remarks.remove(id);
            }
            (Entity::Silence(id), Ordered::SilenceSaved(saved)) => self.quiet.silence(*id, saved),
            (Entity::Silence(id), Ordered::SilenceLifted(_)) => self.quiet.lift(id),
            (Entity::Acknowledgement(id), Ordered::AnomalyAcknowledged(said)) => {
                self.quiet.acknowledge(*id, said, at);
            }
            (
                Entity::Domain(_)
                | Entity::Contact(_)
                | Entity::DefaultSetting
                | Entity::Setting(_)
                | Entity::Token(_)
                | Entity::Inbox(_)
                | Entity::Silence(_)
                | Entity::Acknowledgement(_)
                | Entity::Account(_)
                | Entity::Strangers
                | Entity::Link(_)
                | Entity::Key,
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

    /// Who has which robot, by what tells it from others.
    pub fn robots(&self) -> BTreeMap<String, BTreeSet<Recipient>> {
        let mut robots: BTreeMap<String, BTreeSet<Recipient>> = BTreeMap::new();
        for (id, contact) in &self.contacts {
            for (channel, (address, _)) in &contact.addresses {
                if let (Address::Sealed { robot, .. }, Ok(channel)) = (address, channel.parse())
                    && !robot.is_empty()
                {
                    let recipient = Recipient { contact: *id, channel };
                    robots.entry(robot.clone()).or_default().insert(recipient);
                }
            }
        }
        robots
    }

    /// The setting that holds for a domain: its own, or the default one.
    pub fn setting(&self, domain: Option<DomainId>) -> Option<&NotificationSetting> {
        domain.and_then(|id| self.own.get(&id)).or(self.default.as_ref())
    }

    /// The owner note of a domain; empty if it has none.
    pub fn owner_note(&self, domain: Option<DomainId>) -> &str {
        domain.and_then(|id| self.remarks.get(&id)).map_or("", |remarks| &remarks.note)
    }

    /// Until when nothing is told of a domain, if it is so now.
    pub fn silent_until(&self, domain: Option<DomainId>, now: Timestamp) -> Option<Timestamp> {
        let domain = domain?;
        let tags = self.remarks.get(&domain).map_or(&[][..], |remarks| &remarks.tags);
        self.quiet.silent_until(domain, tags, now)
    }

    /// When somebody took in hand what the news say, unless it has become worse since.
    pub fn acknowledged_at(&self, news: &News) -> Option<Timestamp> {
        self.quiet.acknowledged_at(news.domain()?, news)
    }

    fn remark(&mut self, id: DomainId, options: Option<&DomainOptions>) {
        let remarks = options.map_or_else(Remarks::default, |options| Remarks {
            note: options.owner_note.trim().to_owned(),
            tags: options.tags.clone(),
        });
        if remarks == Remarks::default() {
            self.remarks.remove(&id);
        } else {
            self.remarks.insert(id, remarks);
        }
    }
}

/// A zone by its name; UTC if there is none of that name.
pub fn zone_or_utc(name: &str) -> (String, TimeZone) {
    match kernel::zone::named(name) {
        Some(zone) => (name.to_owned(), zone),
        None => ("UTC".to_owned(), TimeZone::UTC),
    }
}

fn contact(saved: &ContactSaved, saved_at: Timestamp) -> Contact {
    let (zone_name, zone) = zone_or_utc(&saved.time_zone);
    let entry = |one: &ContactAddress| {
        let verified = if one.verified { Verified::Yes } else { Verified::NotYet };
        Some((one.channel.clone(), (address(one)?, verified)))
    };
    let addresses = saved.addresses.iter().filter_map(entry).collect();
    Contact {
        saved_at,
        name: saved.name.clone(),
        language: Language::of(&saved.language),
        zone_name,
        zone,
        addresses,
    }
}

fn address(one: &ContactAddress) -> Option<Address> {
    if !one.sealed.is_empty() {
        return Some(Address::Sealed { content: one.sealed.clone(), robot: one.robot.clone() });
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
        let read = |saved: &ContactSaved| contact(saved, sample::start());
        assert_eq!(read(&saved).address(&email), clear);
        saved.addresses[0].verified = false;
        let mut unverified = read(&saved);
        assert_eq!((unverified.address(&email), unverified.unverified(&email)), (None, clear));
        assert_eq!(unverified.channels().collect::<Vec<_>>(), [INTERNAL]);
        let inbox = unverified.address(&INTERNAL.parse().unwrap());
        assert_eq!(inbox, Some(Address::Inbox), "the inbox needs no address");
        let mut said =
            AddressVerified { channel: "email".to_owned(), address: "old@example.com".to_owned() };
        unverified.verify(&said);
        assert_eq!(unverified.address(&email), None, "it was said of another address");
        said.address = "ops@example.com".to_owned();
        unverified.verify(&said);
        assert!(unverified.address(&email).is_some());
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
        let event = InventoryEvent { event: Some(cleared) };
        roster.evolve(&Entity::Setting(domain), &event, sample::start());
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
