//! What is allowed where something else stands, as a value. Each language has its words in one
//! file; they go on after "want".

mod en;
#[cfg(test)]
pub(in crate::domain) mod tests;
pub(super) mod zh_cn;

use std::fmt;

use certificate::pem::PemError;
use derive_more::From;
use proto::{address::Wanted, host::InvalidHost, name::InvalidName};
use serde::{Serialize, Serializer};

use super::language::Language;

/// What is allowed.
#[derive(Debug, Clone, PartialEq, Eq, From)]
pub enum Want {
    /// The same without what is wrong with it.
    #[from]
    Mended(Flaw),
    /// One line of text of so many characters at most.
    Line(usize),
    /// Text of so many characters at most, or none.
    Note(usize),
    /// So many characters at most, whatever they are.
    Characters(usize),
    /// So many bytes at most.
    Bytes(usize),
    /// So many at most.
    AtMost(usize),
    /// A number from 1 on.
    UpTo(usize),
    /// One of these.
    OneOf(Vec<&'static str>),
    /// One of these, or nothing.
    OneOfOrNone(Vec<&'static str>),
    /// At least one of these.
    SomeOf(Vec<&'static str>),
    /// An instant that is still to come.
    FutureTime,
    /// The address of a mailbox.
    Mailbox,
    /// The name of a time zone.
    TimeZone,
    /// A host name, since SNI carries no address (RFC 6066, section 3).
    SniName,
    /// A protocol that probers speak: their tokens.
    Spoken(Vec<&'static str>),
    /// An address without a port.
    FixedAddress,
    /// Seconds between looks.
    Interval {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A rung of so many days at most, or a part of the lifetime.
    Rung(u64),
    /// A tag without what divides tags.
    NoDividers,
    /// The id of a contact.
    ContactId,
    /// A contact that is there.
    ContactThere,
    /// A domain that is monitored.
    DomainThere,
    /// An account that is there.
    AccountThere,
    /// An entry that is in an inbox.
    EntryThere,
    /// Another time than that from which the window is open.
    OtherTime,
    /// A time of the day.
    ClockTime,
    /// So many days between reminders at most.
    RepeatDays(u32),
    /// So many minutes without an acknowledgement at most.
    EscalationMinutes(u32),
    /// A name of an account of so many characters at most.
    AccountName(usize),
    /// A password.
    Password {
        /// Characters at least.
        min: usize,
        /// Bytes at most.
        max: usize,
    },
    /// A part of the address of a robot.
    Robot(Wanted),
    /// A method that reaches the contact.
    ReachingMethod,
    /// Something about how it is asked.
    #[from]
    Asked(Asked),
}

/// What is allowed in how the API is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A key of so many characters at most.
    Key(usize),
    /// A version as it was answered.
    Etag,
    /// The id of an event.
    EventId,
    /// A position in the stream of changes.
    Position,
    /// The end of the page before.
    Cursor,
    /// An instant.
    Instant,
    /// A JSON object.
    Object,
    /// The version that a form was made of.
    FormVersion,
    /// One of these, in either direction.
    SortBy(Vec<&'static str>),
    /// Nothing beside `keep`, or all without it.
    KeepAlone,
    /// The URL of a robot, or `keep`.
    UrlOrKeep,
    /// No tag beside a domain.
    NoTag,
    /// A domain or a tag.
    DomainOrTag,
    /// Not all, since some are named.
    NotAll,
    /// No contact, since entries are named.
    NoContact,
}

/// What is wrong with a value, where that says by itself what would be right.
#[derive(Debug, Clone, PartialEq, Eq, From)]
pub enum Flaw {
    /// It names no domain.
    #[from]
    Domain(InvalidName),
    /// It is no host name.
    #[from]
    HostName(InvalidHost),
    /// They are no certificates.
    #[from]
    Pem(PemError),
    /// There is no such parameter; what is said of those that there are, between backquotes.
    Parameter(String),
    /// In the words of whoever could not read it.
    Said(String),
}

impl Want {
    /// What is allowed, in a language.
    pub fn in_language(&self, language: Language) -> String {
        match language {
            Language::English => en::text(self),
            Language::Chinese => zh_cn::text(self),
        }
    }

    /// What is wrong with a value, as a clause.
    pub fn against(&self, value: &str, language: Language) -> String {
        match (self, language, value) {
            (Self::Mended(flaw), Language::English, _) => en::flaw(flaw),
            (Self::Mended(flaw), Language::Chinese, _) => zh_cn::flaw(flaw),
            (want, Language::English, "") => format!("want {}", en::text(want)),
            (want, Language::English, value) => format!("`{value}`: want {}", en::text(want)),
            (want, Language::Chinese, "") => format!("应为{}", zh_cn::text(want)),
            (want, Language::Chinese, value) => format!("`{value}`：应为{}", zh_cn::text(want)),
        }
    }
}

/// The parameters that somebody names between backquotes.
fn known(others: &str) -> Vec<&str> {
    others.split('`').skip(1).step_by(2).collect()
}

/// In English, as the API has it.
impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&en::text(self))
    }
}

impl Serialize for Want {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
