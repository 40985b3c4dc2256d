//! Why something that was asked is not done, as a value. Each language has its words in one file.

mod en;
#[cfg(test)]
mod tests;
mod zh_cn;

use std::fmt;

use derive_more::From;
use serde::{Serialize, Serializer};

use super::{
    board::delivery::DeliveryState,
    intake::Unreadable,
    inventory::{Invalid, account, contact, domain, silence, token, token::Role},
    language::Language,
};

/// Why something is not done, or only in part.
#[derive(Debug, Clone, PartialEq, Eq, From)]
pub enum Refusal {
    /// Values that are not allowed.
    Invalid(Vec<Invalid>),
    /// Of so many lines, none can be used.
    NoLine(usize),
    /// A list is not read at all.
    Unreadable(Unreadable),
    /// The same domain stands on a line before.
    Repeated {
        /// Which, counted from 1.
        first: usize,
    },
    /// A line has more fields than there are columns.
    Fields {
        /// Fields of the line.
        have: usize,
        /// Columns.
        columns: usize,
    },
    /// A line is no CSV, in the words of its reader.
    Csv(String),
    /// Only this is monitored of what was written.
    OnlyMonitored(String),
    /// A domain says no.
    Domain(domain::Refusal),
    /// A contact says no.
    Contact(contact::Refusal),
    /// A silence says no.
    Silence(silence::Refusal),
    /// A token says no.
    Token(token::Refusal),
    /// An account says no.
    Account(account::Refusal),
    /// There is none.
    Absent {
        /// What.
        what: Thing,
        /// By which name or id.
        id: String,
    },
    /// The domain of this name is disabled.
    Disabled(String),
    /// The domain of this name has no such anomaly that is open.
    NoAnomaly(String),
    /// There is no room for more.
    #[from]
    Full(Full),
    /// The last token that administers.
    LastToken,
    /// The last account that administers.
    LastAccount,
    /// A one-time link was used, or has ended.
    LinkOver,
    /// Another account is this person to the provider.
    SubjectTaken,
    /// The default setting cannot be taken away.
    DefaultStays,
    /// A delivery of another state than parked is not tried again.
    NotParked(DeliveryState),
    /// The mailbox needs no link.
    VerifiedAlready,
    /// There is no mailbox to verify.
    NoMailbox,
    /// A contact is named by the setting of a domain, or by the default one.
    Named(Option<String>),
    /// A key cannot be taken away: what it has to open.
    KeyNeeded {
        /// Some of it, by name.
        names: Vec<StaleSecret>,
        /// How much of it there is.
        count: usize,
    },
    /// It has changed since it was looked at.
    Changed {
        /// The version that was looked at.
        seen: u64,
        /// The version by now.
        now: u64,
    },
    /// Others keep changing the entity of this subject.
    Contended(String),
    /// Somebody is not let in.
    #[from]
    Door(Door),
    /// How it is asked does not fit.
    #[from]
    Manner(Manner),
    /// It cannot be done now.
    #[from]
    Trouble(Trouble),
}

/// Something that an older key has to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaleSecret {
    /// The password of the account of this name.
    Password(String),
    /// The robots of the contact of this name.
    Robots(String),
}

/// What is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A domain.
    Domain,
    /// A contact.
    Contact,
    /// A delivery.
    Delivery,
    /// An event.
    Event,
    /// A silence.
    Silence,
    /// A token.
    Token,
    /// An account.
    Account,
    /// A setting.
    Setting,
    /// A certificate that the server of a domain lacks.
    MissingCertificate,
}

/// What there is no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// More domains.
    Domains {
        /// How many more were asked for.
        new: usize,
        /// How many are there.
        there: usize,
        /// How many may be there.
        max: usize,
    },
    /// More contacts than these.
    Contacts(usize),
    /// More silences than these.
    Silences(usize),
    /// More tokens than these.
    Tokens(usize),
    /// More accounts than these.
    Accounts(usize),
    /// More open streams than these.
    Streams(usize),
}

/// Why somebody is not let in, or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Nothing was sent that would tell who asks.
    Silent,
    /// The token opens nothing.
    Unknown,
    /// The session is over.
    Over,
    /// The request is not of a page of the console.
    Elsewhere,
    /// The request does not carry what the pages of the session do.
    Unproven,
    /// The form was not made for whoever sends it.
    ForeignForm,
    /// The name or the password is wrong.
    Wrong,
    /// Nobody signs in with a password.
    PasswordsClosed,
    /// The password is not the present one.
    OtherPassword,
    /// It was tried too often: seconds to wait.
    TooOften(u64),
    /// A link was sent to the mailbox a moment ago.
    LinkSent,
    /// A higher role is needed.
    Role(Role),
}

/// What of the manner of asking does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// It cannot be read, in the words of whoever tried.
    Malformed(String),
    /// A form has more than so many fields.
    TooManyFields(usize),
    /// Something else was asked under the key.
    ReusedKey,
    /// What is answered instead of what is accepted.
    NotAcceptable(String),
    /// What is to be sent instead.
    MediaType(String),
    /// A body has more than so many bytes.
    TooLarge(usize),
    /// Nothing answers on the path.
    NothingHere,
    /// The path knows other methods.
    Method,
}

/// Why it cannot be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It takes too long.
    Slow(Slow),
    /// Something that is needed does not do its part, in its own words.
    Unavailable(String),
    /// A broken invariant.
    Bug,
}

/// What takes too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slow {
    /// Anything.
    Answering,
    /// Reading the events of a domain.
    Events,
    /// Until the board shows what was ordered.
    Showing,
}

impl Refusal {
    /// The same in a language.
    pub fn in_language(&self, language: Language) -> String {
        match language {
            Language::English => en::text(self),
            Language::Chinese => zh_cn::text(self),
        }
    }
}

/// In English, as the API has it.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&en::text(self))
    }
}

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
