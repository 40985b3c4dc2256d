//! One contact: a person or a team that may be told, and an address for each channel.
//!
//! A person enters a [`CardDraft`]; what can be read of it is a [`Form`], and once its robots are
//! sealed an [`Entry`]. Only the contact itself turns that into a [`Card`]: it knows which mailbox
//! is verified, and which robots are to stay.

pub mod robot;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use kernel::decider::Decider;
use proto::{
    address::SecretAddress,
    host::Host,
    v1::{AddressVerified, ContactAddress, ContactRemoved, ContactSaved, inventory_event::Event},
};

use self::robot::RobotDraft;
use super::{Invalid, Ordered, gathered, line};
use crate::domain::want::Want;

/// Token of the channel to the inbox. Every contact has it; it needs no address.
pub const INTERNAL: &str = "internal";
/// Token of the channel by mail.
pub const EMAIL: &str = "email";
/// The channels there are, by their tokens.
pub const CHANNELS: [&str; 8] =
    [EMAIL, INTERNAL, "dingtalk", "wecom", "feishu", "lark", "slack", "webhook"];
/// The languages that news is written in.
pub const LANGUAGES: [&str; 2] = ["en", "zh-CN"];
/// Characters of a name.
pub const NAME_LEN_MAX: usize = 100;
/// Octets of a mailbox (RFC 5321, section 4.5.3.1.3, less the angle brackets).
pub const EMAIL_LEN_MAX: usize = 254;
/// Octets of what stands before the `@` (RFC 5321, section 4.5.3.1.1).
const LOCAL_PART_LEN_MAX: usize = 64;

/// What is known of a contact.
///
/// Invariant: each field is within the limits of this module, and `internal` is among the
/// addresses.
#[derive(Debug, Clone, PartialEq)]
pub struct Card(ContactSaved);

/// A contact as a person entered it. An empty field means the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CardDraft {
    /// What people call it.
    pub name: String,
    /// Mailbox.
    pub email: Option<String>,
    /// Whether somebody who may say so vouches for the mailbox.
    pub email_is_vouched_for: bool,
    /// `en` or `zh-CN`; default `en`.
    pub language: Option<String>,
    /// IANA name; default `UTC`.
    pub time_zone: Option<String>,
    /// Its robots, by the tokens of their channels. One that is not here is removed.
    pub robots: BTreeMap<&'static str, RobotDraft>,
}

/// What was read of a draft, with the secrets of its robots in the clear.
#[derive(Debug)]
pub struct Form {
    card: ContactSaved,
    /// `None`: it stays as it is.
    robots: BTreeMap<&'static str, Option<SecretAddress>>,
}

/// What a contact is to be: a form whose secrets are sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    card: ContactSaved,
    /// Channels whose robots stay as they are.
    kept: Vec<&'static str>,
}

impl Form {
    /// Reads what a person entered. `hosts` are those of robots beside the vendors' own.
    ///
    /// # Errors
    ///
    /// Every mistake; none shows a secret.
    pub fn read(draft: &CardDraft, hosts: &[String]) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Vec::new();
        let given = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let mailbox = given(&draft.email)
            .and_then(|text| gathered(email(&text), &mut mistakes))
            .map(|address| ContactAddress {
                channel: EMAIL.to_owned(),
                address,
                verified: draft.email_is_vouched_for,
                ..ContactAddress::default()
            });
        let card = ContactSaved {
            name: gathered(line("name", &draft.name, NAME_LEN_MAX), &mut mistakes)
                .unwrap_or_default(),
            language: given(&draft.language)
                .map_or(Some(LANGUAGES[0].to_owned()), |text| {
                    gathered(language(&text), &mut mistakes)
                })
                .unwrap_or_default(),
            time_zone: given(&draft.time_zone)
                .map_or(Some("UTC".to_owned()), |text| {
                    gathered(time_zone("time_zone", &text), &mut mistakes)
                })
                .unwrap_or_default(),
            addresses: mailbox.into_iter().collect(),
        };
        let robots = draft.robots.iter();
        let robots = robots
            .filter_map(|(channel, draft)| {
                Some((*channel, gathered(draft.read(channel, hosts), &mut mistakes)?))
            })
            .collect();
        if mistakes.is_empty() { Ok(Self { card, robots }) } else { Err(mistakes) }
    }

    /// Seals the robots, each with what seals bytes.
    ///
    /// # Errors
    ///
    /// When one cannot be sealed.
    pub fn sealed<E>(self, seal: impl Fn(&[u8]) -> Result<Vec<u8>, E>) -> Result<Entry, E> {
        let Self { mut card, robots } = self;
        let mut kept = Vec::new();
        for (channel, robot) in robots {
            match robot {
                Some(robot) => card.addresses.push(robot::sealed(channel, &robot, &seal)?),
                None => kept.push(channel),
            }
        }
        Ok(Entry { card, kept })
    }
}

impl Entry {
    /// The card that this makes of what is known: a mailbox that is verified stays so, and robots
    /// that are to stay do.
    fn upon(self, known: Option<&Card>) -> Result<Card, Refusal> {
        let Self { mut card, kept } = self;
        let have = |channel: &str| known.and_then(|known| known.address(channel));
        for address in card.addresses.iter_mut().filter(|address| address.channel == EMAIL) {
            let same = have(EMAIL).filter(|have| have.address == address.address);
            address.verified |= same.is_some_and(|have| have.verified);
        }
        for channel in kept {
            let robot = have(channel).ok_or(Refusal::NothingToKeep { channel })?;
            card.addresses.push(robot.clone());
        }
        let internal = ContactAddress {
            channel: INTERNAL.to_owned(),
            verified: true,
            ..ContactAddress::default()
        };
        card.addresses.push(internal);
        card.addresses.sort_by_key(|a| CHANNELS.iter().position(|channel| *channel == a.channel));
        Ok(Card(card))
    }
}

impl Card {
    /// What people call it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The mailbox, if it has one, verified or not.
    pub fn email(&self) -> Option<&str> {
        self.address(EMAIL).map(|address| address.address.as_str())
    }

    /// The mailbox that is still to be verified, if it has one.
    pub fn unverified_email(&self) -> Option<&str> {
        self.email().filter(|_| !self.is_reached_by(EMAIL))
    }

    /// `en` or `zh-CN`.
    pub fn language(&self) -> &str {
        &self.0.language
    }

    /// IANA name of its time zone.
    pub fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// Its addresses, in the order of [`CHANNELS`].
    pub fn addresses(&self) -> &[ContactAddress] {
        &self.0.addresses
    }

    /// Tokens of the channels that reach it.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.0.addresses.iter().filter(|a| a.verified).map(|a| a.channel.as_str())
    }

    /// Whether a channel reaches it.
    pub fn is_reached_by(&self, channel: &str) -> bool {
        self.channels().any(|have| have == channel)
    }

    /// Its address for a channel, verified or not.
    pub fn address(&self, channel: &str) -> Option<&ContactAddress> {
        self.0.addresses.iter().find(|address| address.channel == channel)
    }
}

/// A mailbox in the form that mail servers take: no quoting, no comments, a domain that is a name.
fn email(text: &str) -> Result<String, Invalid> {
    let invalid = || Invalid::new("email", text, Want::Mailbox);
    let (local, domain) = text.rsplit_once('@').ok_or_else(invalid)?;
    let atom =
        |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b) || !b.is_ascii();
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    let fits = (1..=LOCAL_PART_LEN_MAX).contains(&local.len()) && text.len() <= EMAIL_LEN_MAX;
    if !fits || dots || !local.bytes().all(atom) || local.chars().any(super::is_deceptive) {
        return Err(invalid());
    }
    match domain.parse::<Host>() {
        Ok(Host::Name(name)) => Ok(format!("{local}@{}", name.as_str())),
        Ok(Host::Address(_)) | Err(_) => Err(invalid()),
    }
}

fn language(text: &str) -> Result<String, Invalid> {
    let known = LANGUAGES.iter().find(|known| known.eq_ignore_ascii_case(text));
    let want = || Invalid::new("language", text, Want::OneOf(LANGUAGES.to_vec()));
    known.map(|known| (*known).to_owned()).ok_or_else(want)
}

/// The IANA name of a time zone that exists.
///
/// # Errors
///
/// Names the field and what is allowed.
pub fn time_zone(field: &str, text: &str) -> Result<String, Invalid> {
    match kernel::zone::named(text) {
        Some(zone) => Ok(zone.iana_name().unwrap_or(text).to_owned()),
        None => Err(Invalid::new(field, text, Want::TimeZone)),
    }
}

/// What stands in the inventory of one contact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contact {
    card: Option<Card>,
    is_removed: bool,
}

impl Contact {
    /// What is known of it; `None` if it was never added, or removed.
    pub fn card(&self) -> Option<&Card> {
        self.card.as_ref()
    }

    /// Whether it was removed.
    pub fn is_removed(&self) -> bool {
        self.is_removed
    }
}

/// What may be asked of a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Come into being.
    Add(Entry),
    /// Be replaced.
    Change(Entry),
    /// Have the same robots, their addresses sealed anew.
    Reseal(Vec<robot::Resealed>),
    /// Know that whoever reads this mailbox said so.
    Verify(String),
    /// Be forgotten.
    Remove,
}

/// What happened to a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum ContactEvent {
    /// It was added, or replaced.
    Saved(Card),
    /// Its address for a channel was verified.
    Verified {
        /// Token of the channel.
        channel: String,
        /// The address.
        address: String,
    },
    /// It went.
    Removed,
}

/// Why a contact says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such contact")]
    Absent,
    /// It was there, and is no more.
    #[error("the contact was removed: add it again under another key")]
    Removed,
    /// A robot is to stay as it is, and there is none.
    #[error("there is no {channel} robot to keep: send its address")]
    NothingToKeep {
        /// Token of the channel.
        channel: &'static str,
    },
    /// The mailbox is not the contact's any more.
    #[error("the contact has another mailbox by now, or none")]
    Moved,
}

impl Decider for Contact {
    type Command = Command;
    type Event = ContactEvent;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<ContactEvent>, Refusal> {
        match (&self.card, command) {
            (
                None,
                Command::Change(_) | Command::Reseal(_) | Command::Verify(_) | Command::Remove,
            ) => Err(Refusal::Absent),
            // Whoever repeats an order must not undo a removal.
            (None, Command::Add(_)) if self.is_removed => Err(Refusal::Removed),
            (None, Command::Add(entry)) => Ok(vec![ContactEvent::Saved(entry.upon(None)?)]),
            // An id says who asked what under which key: the same order came a moment ago.
            (Some(_), Command::Add(_)) => Ok(vec![]),
            (Some(known), Command::Change(entry)) => {
                let card = entry.upon(Some(known))?;
                Ok(if card == *known { vec![] } else { vec![ContactEvent::Saved(card)] })
            }
            (Some(known), Command::Verify(address)) => {
                match known.address(EMAIL).filter(|have| have.address == address) {
                    None => Err(Refusal::Moved),
                    Some(have) if have.verified => Ok(vec![]),
                    Some(_) => {
                        Ok(vec![ContactEvent::Verified { channel: EMAIL.to_owned(), address }])
                    }
                }
            }
            (Some(known), Command::Reseal(robots)) => {
                let mut card = known.clone();
                robot::reseal(&mut card.0.addresses, &robots);
                Ok(if card == *known { vec![] } else { vec![ContactEvent::Saved(card)] })
            }
            (Some(_), Command::Remove) => Ok(vec![ContactEvent::Removed]),
        }
    }

    fn evolve(&mut self, event: &ContactEvent) {
        match event {
            ContactEvent::Saved(card) => {
                (self.card, self.is_removed) = (Some(card.clone()), false);
            }
            ContactEvent::Verified { channel, address } => {
                let addresses = self.card.iter_mut().flat_map(|card| &mut card.0.addresses);
                for have in addresses.filter(|a| a.channel == *channel && a.address == *address) {
                    have.verified = true;
                }
            }
            ContactEvent::Removed => (self.card, self.is_removed) = (None, true),
        }
    }
}

impl Ordered for Contact {
    fn write(event: &ContactEvent) -> Event {
        match event {
            ContactEvent::Saved(Card(saved)) => Event::ContactSaved(saved.clone()),
            ContactEvent::Verified { channel, address } => {
                let (channel, address) = (channel.clone(), address.clone());
                Event::AddressVerified(AddressVerified { channel, address })
            }
            ContactEvent::Removed => Event::ContactRemoved(ContactRemoved {}),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of other entities")]
    fn read(event: &Event) -> Option<ContactEvent> {
        match event {
            Event::ContactSaved(saved) => Some(ContactEvent::Saved(Card(saved.clone()))),
            Event::AddressVerified(AddressVerified { channel, address }) => {
                let (channel, address) = (channel.clone(), address.clone());
                Some(ContactEvent::Verified { channel, address })
            }
            Event::ContactRemoved(_) => Some(ContactEvent::Removed),
            _ => None,
        }
    }
}
