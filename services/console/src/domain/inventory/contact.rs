//! One contact: a person or a team that may be told.

use bytes::Bytes;
use kernel::decider::Decider;
use proto::{
    host::Host,
    v1::{ContactAddress, ContactRemoved, ContactSaved, inventory_event::Event},
};

use super::{Invalid, Ordered, gathered, line};

/// Token of the channel to the inbox. Every contact has it; it needs no address.
pub const INTERNAL: &str = "internal";
/// Token of the channel by mail.
pub const EMAIL: &str = "email";
/// The channels there are, by their tokens.
pub const CHANNELS: [&str; 2] = [EMAIL, INTERNAL];
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
    /// `en` or `zh-CN`; default `en`.
    pub language: Option<String>,
    /// IANA name; default `UTC`.
    pub time_zone: Option<String>,
}

impl Card {
    /// Reads what a person entered. An address that the administrator enters counts as verified.
    ///
    /// # Errors
    ///
    /// Every mistake.
    pub fn read(draft: &CardDraft) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Vec::new();
        let given = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let mailbox = given(&draft.email)
            .and_then(|text| gathered(email(&text), &mut mistakes))
            .map(|address| reached_by(EMAIL, address));
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
            addresses: mailbox.into_iter().chain([reached_by(INTERNAL, String::new())]).collect(),
        };
        if mistakes.is_empty() { Ok(Self(card)) } else { Err(mistakes) }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The mailbox, if it has one.
    pub fn email(&self) -> Option<&str> {
        self.address(EMAIL).map(|address| address.address.as_str())
    }

    /// `en` or `zh-CN`.
    pub fn language(&self) -> &str {
        &self.0.language
    }

    /// IANA name of its time zone.
    pub fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// Tokens of the channels that reach it.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.0.addresses.iter().filter(|a| a.verified).map(|a| a.channel.as_str())
    }

    /// Whether a channel reaches it.
    pub fn is_reached_by(&self, channel: &str) -> bool {
        self.channels().any(|have| have == channel)
    }

    fn address(&self, channel: &str) -> Option<&ContactAddress> {
        self.0.addresses.iter().find(|address| address.channel == channel)
    }
}

fn reached_by(channel: &str, address: String) -> ContactAddress {
    ContactAddress { channel: channel.to_owned(), address, verified: true, sealed: Bytes::new() }
}

/// A mailbox in the form that mail servers take: no quoting, no comments, a domain that is a name.
fn email(text: &str) -> Result<String, Invalid> {
    let invalid = || Invalid::new("email", text, "a mailbox such as `ada@example.com`");
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
    let want = || Invalid::new("language", text, format!("one of {}", LANGUAGES.join(", ")));
    known.map(|known| (*known).to_owned()).ok_or_else(want)
}

/// The IANA name of a time zone that exists.
///
/// # Errors
///
/// Names the field and what is allowed.
pub fn time_zone(field: &str, text: &str) -> Result<String, Invalid> {
    match jiff::tz::TimeZone::get(text) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(text).to_owned()),
        Err(_) => Err(Invalid::new(field, text, "an IANA time zone such as `Asia/Shanghai`")),
    }
}

/// What stands in the inventory of one contact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contact {
    card: Option<Card>,
}

impl Contact {
    /// What is known of it; `None` if it was never added, or removed.
    pub fn card(&self) -> Option<&Card> {
        self.card.as_ref()
    }
}

/// What may be asked of a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Come into being.
    Add(Card),
    /// Be replaced.
    Change(Card),
    /// Be forgotten.
    Remove,
}

/// What happened to a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum ContactEvent {
    /// It was added, or replaced.
    Saved(Card),
    /// It went.
    Removed,
}

/// Why a contact says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such contact")]
    Absent,
}

impl Decider for Contact {
    type Command = Command;
    type Event = ContactEvent;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<ContactEvent>, Refusal> {
        match (&self.card, command) {
            (None, Command::Change(_) | Command::Remove) => Err(Refusal::Absent),
            (Some(have), Command::Add(card) | Command::Change(card)) if *have == card => Ok(vec![]),
            (_, Command::Add(card) | Command::Change(card)) => Ok(vec![ContactEvent::Saved(card)]),
            (Some(_), Command::Remove) => Ok(vec![ContactEvent::Removed]),
        }
    }

    fn evolve(&mut self, event: &ContactEvent) {
        self.card = match event {
            ContactEvent::Saved(card) => Some(card.clone()),
            ContactEvent::Removed => None,
        };
    }
}

impl Ordered for Contact {
    fn write(event: &ContactEvent) -> Event {
        match event {
            ContactEvent::Saved(Card(saved)) => Event::ContactSaved(saved.clone()),
            ContactEvent::Removed => Event::ContactRemoved(ContactRemoved {}),
        }
    }

    fn read(event: &Event) -> Option<ContactEvent> {
        match event {
            Event::ContactSaved(saved) => Some(ContactEvent::Saved(Card(saved.clone()))),
            Event::ContactRemoved(_) => Some(ContactEvent::Removed),
            Event::DomainAdded(_)
            | Event::DomainOptionsChanged(_)
            | Event::DomainEnabled(_)
            | Event::DomainDisabled(_)
            | Event::DomainRemoved(_)
            | Event::SettingSaved(_)
            | Event::SettingCleared(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::InboxRead(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::scenario::given;

    use super::*;

    fn card(email: &str) -> Card {
        let draft = CardDraft {
            name: "Ada".to_owned(),
            email: Some(email.to_owned()),
            time_zone: Some("asia/shanghai".to_owned()),
            ..CardDraft::default()
        };
        Card::read(&draft).unwrap()
    }

    #[test]
    fn a_contact_has_defaults_and_an_inbox() {
        let card = card("ada@Example.com");
        assert_eq!(card.email(), Some("ada@example.com"));
        assert_eq!((card.language(), card.time_zone()), ("en", "Asia/Shanghai"));
        assert!(card.is_reached_by(INTERNAL) && card.is_reached_by(EMAIL));
        let bare = CardDraft { name: "Ops".to_owned(), ..CardDraft::default() };
        assert!(!Card::read(&bare).unwrap().is_reached_by(EMAIL));
    }

    #[test]
    fn every_mistake_is_named() {
        let draft = CardDraft {
            name: " ".to_owned(),
            email: Some("ada".to_owned()),
            language: Some("tlh".to_owned()),
            time_zone: Some("Mars/Olympus".to_owned()),
        };
        let mistakes = Card::read(&draft).unwrap_err();
        let fields: Vec<_> = mistakes.iter().map(|m| m.field.as_str()).collect();
        assert_eq!(fields, ["email", "name", "language", "time_zone"]);
        assert_eq!(mistakes[2].want, "one of en, zh-CN");
    }

    #[test]
    fn what_no_mail_server_takes_is_no_mailbox() {
        for text in [
            "@a.example",
            "a@",
            "a b@c.example",
            ".a@b.example",
            "a..b@c.example",
            "a@[192.0.2.1]",
            "a@192.0.2.1",
            "a\r\nRCPT TO:<b>@c.example",
            "a<b>@c.example",
            "\"a\"@c.example",
        ] {
            assert!(email(text).is_err(), "{text}");
        }
        for text in ["a@b.example", "a+b@c.example", "o'neil@bücher.example", "用户@example.com"]
        {
            assert!(email(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_contact_is_saved_once() {
        let saved = |email| ContactEvent::Saved(card(email));
        given::<Contact>(&[]).when(Command::Add(card("a@b.example"))).then(&[saved("a@b.example")]);
        given::<Contact>(&[saved("a@b.example")])
            .when(Command::Change(card("a@b.example")))
            .then(&[]);
        given::<Contact>(&[saved("a@b.example")])
            .when(Command::Change(card("c@d.example")))
            .then(&[saved("c@d.example")]);
    }

    #[test]
    fn only_what_is_there_is_changed_or_removed() {
        let saved = ContactEvent::Saved(card("a@b.example"));
        given::<Contact>(std::slice::from_ref(&saved))
            .when(Command::Remove)
            .then(&[ContactEvent::Removed]);
        for command in [Command::Remove, Command::Change(card("a@b.example"))] {
            given::<Contact>(&[saved.clone(), ContactEvent::Removed])
                .when(command)
                .then_refused(&Refusal::Absent);
        }
    }

    #[test]
    fn events_survive_the_wire() {
        for event in [ContactEvent::Saved(card("a@b.example")), ContactEvent::Removed] {
            assert_eq!(Contact::read(&Contact::write(&event)), Some(event));
        }
    }
}
