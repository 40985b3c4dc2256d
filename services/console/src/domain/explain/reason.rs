//! Why news is told, waits or is not told, as values. Each language has its words in one file.

mod en;
#[cfg(test)]
mod tests;
mod zh_cn;

use std::fmt;

use derive_more::From;
use jiff::Timestamp;
use proto::v1::{AnomalyTime, Kind, delivery_dropped::Why, delivery_due::Cause};

use crate::domain::language::Language;

/// The setting that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    /// That of the domain alone.
    Own,
    /// That of all domains that have none of their own.
    Default,
}

/// Whom a silence is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silent {
    /// The domain.
    Domain,
    /// Whatever carries this tag.
    Tag(String),
}

/// A method that does not reach a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// Name of the contact.
    pub name: String,
    /// Token of the method.
    pub method: String,
    /// Whether there is an address, which is not verified.
    pub has_address: bool,
}

/// An address that is left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resting {
    /// Name of the contact.
    pub name: String,
    /// Token of the method.
    pub method: String,
    /// The end of that; `None` if it is out of order, which somebody must mend.
    pub until: Option<Timestamp>,
}

/// Why a delivery is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Because {
    /// What made it due.
    pub cause: Cause,
    /// Which reminder it is.
    pub reminder: u32,
}

/// One sentence of an explanation.
#[derive(Debug, Clone, PartialEq, From)]
pub enum Reason {
    /// What would become of something critical now.
    Overall(Overall),
    /// What holds for the domain.
    Standing(Standing),
    /// What is said next of an open anomaly.
    Next(Next),
    /// What became of a delivery.
    Sent(Sent),
    /// Why there is no delivery.
    Unsent(Unsent),
}

/// What would become of something critical now.
#[derive(Debug, Clone, PartialEq)]
pub enum Overall {
    /// A rule stops everything.
    Stopped(Standing),
    /// Nobody is reached.
    ReachesNobody,
    /// News waits.
    WaitsUntil(Timestamp),
    /// What is critical is told, and other news waits.
    CriticalAlone {
        /// Pairs of contact and method that are told.
        ways: usize,
        /// Until when other news waits.
        until: Timestamp,
    },
    /// Pairs of contact and method that are told.
    ToldIn(usize),
}

/// What holds for a domain, whatever happens to it next.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// The domain is not looked at.
    Disabled,
    /// There is neither a setting of the domain nor a default.
    NoSetting,
    /// The switch is on.
    SwitchOn(Called),
    /// The switch is off.
    SwitchOff(Called),
    /// Whom the setting names, by which methods.
    Names {
        /// Which setting.
        called: Called,
        /// Names; `None` for a contact that was removed.
        contacts: Vec<Option<String>>,
        /// Tokens of the methods.
        methods: Vec<String>,
    },
    /// A method does not reach a contact.
    Unreached(Unreached),
    /// An address is left alone.
    Resting(Resting),
    /// Every kind is told that is told by default.
    UsualKinds,
    /// Only these kinds are told.
    OnlyKinds(Vec<Kind>),
    /// There is no window.
    AllDay,
    /// The window is open.
    WindowOpen(AnomalyTime),
    /// The window is shut.
    WindowShut {
        /// The window.
        window: AnomalyTime,
        /// When it opens.
        opens: Timestamp,
    },
    /// Days between reminders; 0: there are none.
    Repeats(u32),
    /// Who is told second.
    Escalates {
        /// Minutes without an acknowledgement.
        minutes: u32,
        /// Their names.
        contacts: Vec<String>,
    },
    /// A silence holds.
    Silenced {
        /// Of what.
        of: Silent,
        /// Why, in the words of whoever ordered it; may be empty.
        reason: String,
        /// Until when.
        until: Timestamp,
    },
}

/// What is said next of an open anomaly.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// An open anomaly is of a kind that the setting leaves out.
    KindLeftOut {
        /// The kind.
        kind: Kind,
        /// Which setting.
        called: Called,
    },
    /// Somebody has an open anomaly in hand.
    InHand {
        /// Since when.
        since: Timestamp,
        /// Why, in the words of whoever said so; may be empty.
        reason: String,
    },
    /// An open anomaly is not told again.
    NotAgain,
    /// An open anomaly is told again.
    AgainAt {
        /// When it was told last.
        told_at: Timestamp,
        /// After when it is told again.
        at: Timestamp,
    },
    /// When an open anomaly is told to the second contacts.
    SecondAt(Timestamp),
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// A message is on its way.
    BeingSent {
        /// Why it is sent.
        because: Because,
        /// Token of the method.
        method: String,
    },
    /// A message has arrived.
    Told {
        /// Why it was sent.
        because: Because,
        /// Token of the method.
        method: String,
        /// When.
        at: Timestamp,
        /// Whether one message carried other news as well.
        is_together: bool,
    },
    /// A message did not arrive, and is tried again.
    Failed {
        /// Token of the method.
        method: String,
        /// The channel's own words.
        words: String,
        /// When it is tried again.
        again: Option<Timestamp>,
    },
    /// A message will not arrive.
    GivenUp {
        /// Token of the method.
        method: String,
        /// The channel's own words, or the notifier's.
        words: String,
    },
    /// The notifier found that a message need not be sent.
    Dropped(Option<Why>),
    /// A second contact is told, unless somebody acknowledges.
    UnlessAcknowledged(Timestamp),
    /// A silence holds a message.
    SilenceHolds(Timestamp),
    /// The window holds a message.
    WindowOpens(Timestamp),
    /// An address is left alone, and a message waits for it.
    AddressRests(Resting),
    /// A message goes within seconds.
    AboutToBeSent,
}

/// Why there is no delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Unsent {
    /// There is no setting, and hence no message.
    NobodyNamed,
    /// The domain went before anything recovered.
    Abandoned,
    /// The switch is off, and hence there is no message.
    SwitchedOff(Called),
    /// The setting does not want an event of this kind.
    KindNotWanted {
        /// The kind.
        kind: Kind,
        /// Which setting.
        called: Called,
    },
    /// There is no such contact any more.
    ContactRemoved,
    /// The method does not reach the contact.
    Unreached(Unreached),
    /// A recovery is not for whoever has not heard of the anomaly: their name.
    NotToldBefore(String),
    /// Whoever is told second is told of what is critical alone: their name.
    NotCritical(String),
    /// The notifier has not come to it.
    NotYet,
    /// What held when it happened is not known any more.
    WasAnother,
}

impl Reason {
    /// The sentence in a language.
    pub fn in_language(&self, language: Language) -> String {
        match language {
            Language::English => en::text(self),
            Language::Chinese => zh_cn::text(self),
        }
    }
}

/// When a window opens and shuts, as clocks show it.
fn hours(window: &AnomalyTime) -> (String, String) {
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    (clock(window.from_minute), clock(window.to_minute))
}

/// In English, as the API has it.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&en::text(self))
    }
}
