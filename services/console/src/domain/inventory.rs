//! What people order: domains, contacts, notification settings, tokens, accounts, silences,
//! acknowledgements, marks in the inbox, keys.
//!
//! Each entity is a decider of its own, and one subject of `INVENTORY`. A value that a person
//! enters is read once, by the type that holds it; what is wrong with it is an [`Invalid`] each.

pub mod account;
pub mod acknowledgement;
pub mod contact;
pub mod domain;
pub mod inbox;
pub mod key;
pub mod options;
pub mod setting;
pub mod silence;
pub mod token;

use std::fmt;

use kernel::decider::Decider;
use proto::{
    id::{AccountId, TokenId},
    v1::{InventoryEvent, InventoryRecord, inventory_event::Event},
};

use super::{
    language::Language,
    want::{Flaw, Want},
};

/// An entity of the inventory: its events as they travel.
pub trait Ordered: Decider {
    /// The event as it travels.
    fn write(event: &Self::Event) -> Event;

    /// The event that travelled, or `None` if it is another entity's, or malformed.
    fn read(event: &Event) -> Option<Self::Event>;

    /// Takes in all events of a record.
    fn fold(&mut self, record: &InventoryRecord) {
        for event in record.events.iter().filter_map(|e| Self::read(e.event.as_ref()?)) {
            self.evolve(&event);
        }
    }
}

/// The record of one decision.
pub fn record<E: Ordered>(
    events: &[E::Event],
    actor: Actor,
    now: jiff::Timestamp,
) -> InventoryRecord {
    let wrap = |event| InventoryEvent { event: Some(E::write(event)) };
    InventoryRecord {
        recorded_at: Some(proto::time::write(now)),
        actor: actor.to_string(),
        events: events.iter().map(wrap).collect(),
    }
}

/// Who ordered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The console itself: at its first start, or because somebody followed a link.
    System,
    /// Whoever holds this token.
    Token(TokenId),
    /// Whoever is signed in with this account.
    Account(AccountId),
}

/// How [`Actor::System`] is written.
const SYSTEM: &str = "system";
/// What stands before the id of an [`Actor::Token`].
const TOKEN: &str = "token:";
/// What stands before the id of an [`Actor::Account`].
const ACCOUNT: &str = "account:";

impl Actor {
    /// Whether a record says that the console itself ordered it.
    pub fn is_system(record: &InventoryRecord) -> bool {
        record.actor == SYSTEM
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str(SYSTEM),
            Self::Token(id) => write!(f, "{TOKEN}{id}"),
            Self::Account(id) => write!(f, "{ACCOUNT}{id}"),
        }
    }
}

/// Who ordered a record, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// An [`Actor`] as it is written.
    pub by: Box<str>,
    /// When the console decided.
    pub at: jiff::Timestamp,
}

impl Signature {
    /// Who ordered it.
    pub fn of(record: &InventoryRecord) -> Self {
        let at = record.recorded_at.as_ref().and_then(proto::time::read).unwrap_or_default();
        Self { by: record.actor.as_str().into(), at }
    }

    /// The token that ordered it, if one did.
    pub fn token(&self) -> Option<TokenId> {
        self.by.strip_prefix(TOKEN)?.parse().ok()
    }

    /// The account that ordered it, if one did.
    pub fn account(&self) -> Option<AccountId> {
        self.by.strip_prefix(ACCOUNT)?.parse().ok()
    }
}

/// A value that may not stand where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.in_language(Language::English))]
pub struct Invalid {
    /// The field, as the API spells it; `rungs[2]` for one of several.
    pub field: String,
    /// The value, cut to what can be shown.
    pub value: String,
    /// What is allowed.
    pub want: Want,
}

/// Characters of a refused value that are shown again.
const VALUE_SHOWN_MAX: usize = 80;

impl Invalid {
    /// Names a field, its value, and what is allowed.
    pub fn new(field: impl Into<String>, value: &str, want: impl Into<Want>) -> Self {
        let value = value.chars().filter(|c| !c.is_control()).take(VALUE_SHOWN_MAX).collect();
        Self { field: field.into(), value, want: want.into() }
    }

    /// What is wrong, as a clause. A bad name of a domain is one in whatever field it stands.
    pub fn in_language(&self, language: Language) -> String {
        let Self { field, value, want } = self;
        let wrong = want.against(value, language);
        match (want, language) {
            (Want::Mended(Flaw::Domain(_)), _) => wrong,
            (_, Language::English) => format!("{field}: {wrong}"),
            (_, Language::Chinese) => format!("`{field}`：{wrong}"),
        }
    }
}

/// A line of text: 1 to `max` characters, none of which breaks the line or turns the text around.
///
/// # Errors
///
/// Names the field and what is allowed.
pub fn line(field: &str, text: &str, max: usize) -> Result<String, Invalid> {
    let text = text.trim();
    let count = text.chars().count();
    if (1..=max).contains(&count) && !text.chars().any(is_deceptive) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(field, text, Want::Line(max)))
    }
}

/// Characters of a reason.
const NOTE_LEN_MAX: usize = 500;

/// A line of text that may be empty.
///
/// # Errors
///
/// Names the field and what is allowed.
pub fn note(field: &str, text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    if text.chars().count() <= NOTE_LEN_MAX && !text.chars().any(is_deceptive) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(field, text, Want::Note(NOTE_LEN_MAX)))
    }
}

/// Whether a character would hide or reorder its neighbours where the text is shown (control
/// characters, and the bidirectional controls of Unicode UAX 9).
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Moves the value out of a result, or its mistakes to the others.
pub(crate) fn gathered<T>(result: Result<T, Invalid>, mistakes: &mut Vec<Invalid>) -> Option<T> {
    result.map_err(|invalid| mistakes.push(invalid)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("name", "  Ops team ", 20).as_deref(), Ok("Ops team"));
        for text in ["", "   ", "a\nb", "a\u{202e}b", "abcdefghijklmnopqrstuvwxyz"] {
            let invalid = line("name", text, 20).unwrap_err();
            assert_eq!(invalid.want, Want::Line(20));
        }
    }

    #[test]
    fn a_mistake_names_field_value_and_what_is_allowed() {
        let invalid = Invalid::new("interval", "5\n0s", Want::UpTo(7));
        assert_eq!(invalid.to_string(), "interval: `50s`: want 1 to 7");
        assert_eq!(Invalid::new("x", &"a".repeat(200), Want::UpTo(7)).value.len(), VALUE_SHOWN_MAX);
    }
}
