//! One account: somebody who signs in to the console with a name and a password, or through an
//! `OpenID` provider.
//!
//! The inventory holds what ends a session, never the session itself: its [generation], which
//! moves on when the password changes or the account may not be used any more, and the sessions
//! that were signed out of and would still hold. What its values may be stands in [`profile`].
//!
//! [generation]: Account::generation

pub mod link;
pub mod profile;
pub mod strangers;
mod wire;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, net::IpAddr};

use bytes::Bytes;
use jiff::Timestamp;
use kernel::decider::Decider;

pub use self::profile::Profile;

/// Signed-out sessions that are remembered. Who signs out more often within one session's longest
/// life is signed out everywhere instead.
const SIGNED_OUT_MAX: usize = 256;

/// What stands in the inventory of one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// As it was last, also after it was removed: what it did is still to be signed.
    profile: Option<Profile>,
    removed: bool,
    sealed_hash: Option<Bytes>,
    generation: u64,
    signed_out: BTreeMap<String, Timestamp>,
    signed_in_at: Option<Timestamp>,
}

impl Account {
    /// Who it is, unless it was removed.
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref().filter(|_| !self.removed)
    }

    /// What it signs in with, also after it was removed.
    pub fn name(&self) -> Option<&str> {
        self.profile.as_ref().map(|profile| profile.name.as_str())
    }

    /// Who it is, if it may be used.
    pub fn active(&self) -> Option<&Profile> {
        self.profile().filter(|profile| !profile.disabled)
    }

    /// The sealed hash of its password, if one was set.
    pub fn sealed_hash(&self) -> Option<&Bytes> {
        self.sealed_hash.as_ref()
    }

    /// Moves on when everything that was opened before is to be closed: a session or a link holds
    /// as long as this is what it was.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether a session was signed out of.
    pub fn is_signed_out(&self, session: &str) -> bool {
        self.signed_out.contains_key(session)
    }

    /// When somebody last signed in with it.
    pub fn signed_in_at(&self) -> Option<Timestamp> {
        self.signed_in_at
    }

    /// What was signed out of before a session must have ended by itself is forgotten at that time.
    fn forget(&mut self, now: Timestamp) {
        self.signed_out.retain(|_, until| *until > now);
    }

    /// The events, unless the account may not be used, or has moved on.
    fn if_used(
        &self,
        generation: u64,
        events: impl FnOnce() -> Vec<AccountEvent>,
    ) -> Result<Vec<AccountEvent>, Refusal> {
        match self.active() {
            None => Err(Refusal::Unusable),
            Some(_) if self.generation != generation => Err(Refusal::MovedOn),
            Some(_) => Ok(events()),
        }
    }
}

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// With the password.
    Password,
    /// With a one-time link, setting the password.
    Link,
    /// Through the `OpenID` provider.
    OpenId,
}

/// What may be asked of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Come into being.
    Add(Profile),
    /// Be another from now on; the name stays.
    Change(Profile),
    /// Be there and usable with this profile and password, whatever was before.
    Install {
        /// Who it is.
        profile: Profile,
        /// The hash of the password.
        sealed_hash: Bytes,
    },
    /// Have another password, unless the account has moved on since it was looked at.
    SetPassword {
        /// The hash of the password.
        sealed_hash: Bytes,
        /// Its generation as it was seen.
        generation: u64,
    },
    /// End all sessions.
    EndSessions,
    /// Be no more.
    Remove,
    /// Know that a link was made which sets its password.
    MakeLink {
        /// When it ends.
        expires_at: Timestamp,
    },
    /// Know that somebody signs in, unless the account has moved on since.
    SignIn {
        /// From where.
        address: IpAddr,
        /// How.
        with: With,
        /// Its generation as it was seen.
        generation: u64,
    },
    /// End one session.
    SignOut {
        /// Its id.
        session: String,
        /// When it would have ended.
        until: Timestamp,
    },
    /// Know that somebody was refused.
    Refuse(Refused),
}

/// Somebody tried to sign in, and was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// How often since this was last said.
    pub count: u32,
    /// From where the last time.
    pub address: IpAddr,
}

/// What happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountEvent {
    /// It was added or changed.
    Saved(Profile),
    /// The password was set. Ends sessions and links.
    PasswordSet {
        /// The hash of the password.
        sealed_hash: Bytes,
    },
    /// Sessions and links ended.
    SessionsEnded,
    /// It is no more. Ends sessions and links.
    Removed,
    /// A one-time link was made.
    LinkMade {
        /// When it ends.
        expires_at: Timestamp,
    },
    /// Somebody signed in.
    SignedIn {
        /// From where.
        address: IpAddr,
        /// How.
        with: With,
    },
    /// A session ended.
    SignedOut {
        /// Its id.
        session: String,
        /// When it would have ended.
        until: Timestamp,
    },
    /// Somebody was refused.
    SignInsRefused(Refused),
}

/// Why an account says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such account")]
    Absent,
    /// Its name is taken.
    #[error("there is an account of this name already")]
    Present,
    /// It is disabled, or there is none.
    #[error("the account may not be used")]
    Unusable,
    /// Its password was changed, or its sessions were ended, a moment ago.
    #[error("the account was changed meanwhile: sign in again")]
    MovedOn,
}

impl Decider for Account {
    type Command = Command;
    type Event = AccountEvent;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<AccountEvent>, Refusal> {
        match (self.profile(), command) {
            (None, Command::Add(profile)) => Ok(vec![AccountEvent::Saved(profile)]),
            (Some(_), Command::Add(_)) => Err(Refusal::Present),
            (Some(known), Command::Change(profile)) => Ok(changed(known, profile)),
            (known, Command::Install { profile, sealed_hash }) => {
                let saved = known != Some(&profile);
                let saved = saved.then_some(AccountEvent::Saved(profile));
                Ok(saved.into_iter().chain([AccountEvent::PasswordSet { sealed_hash }]).collect())
            }
            (_, Command::SetPassword { sealed_hash, generation }) => {
                self.if_used(generation, || vec![AccountEvent::PasswordSet { sealed_hash }])
            }
            (_, Command::SignIn { address, with, generation }) => {
                self.if_used(generation, || vec![AccountEvent::SignedIn { address, with }])
            }
            (Some(_), Command::EndSessions) => Ok(vec![AccountEvent::SessionsEnded]),
            (Some(_), Command::Remove) => Ok(vec![AccountEvent::Removed]),
            (Some(_), Command::MakeLink { expires_at }) => {
                Ok(vec![AccountEvent::LinkMade { expires_at }])
            }
            (Some(_), Command::SignOut { session, .. }) if self.is_signed_out(&session) => {
                Ok(vec![])
            }
            (Some(_), Command::SignOut { session, until }) => {
                let room = self.signed_out.len() < SIGNED_OUT_MAX;
                let signed_out = AccountEvent::SignedOut { session, until };
                Ok(vec![if room { signed_out } else { AccountEvent::SessionsEnded }])
            }
            (Some(_), Command::Refuse(refused)) => Ok(vec![AccountEvent::SignInsRefused(refused)]),
            (
                None,
                Command::Change(_)
                | Command::EndSessions
                | Command::Remove
                | Command::MakeLink { .. }
                | Command::SignOut { .. }
                | Command::Refuse(_),
            ) => Err(Refusal::Absent),
        }
    }

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Saved(profile) => {
                let was_usable = self.active().is_some();
                self.profile = Some(profile.clone());
                self.removed = false;
                if was_usable && profile.disabled {
                    self.move_on();
                }
            }
            AccountEvent::PasswordSet { sealed_hash } => {
                self.sealed_hash = Some(sealed_hash.clone());
                self.move_on();
            }
            AccountEvent::SessionsEnded => self.move_on(),
            AccountEvent::Removed => {
                self.removed = true;
                self.sealed_hash = None;
                self.move_on();
            }
            AccountEvent::SignedOut { session, until } => {
                self.signed_out.insert(session.clone(), *until);
            }
            AccountEvent::LinkMade { .. }
            | AccountEvent::SignedIn { .. }
            | AccountEvent::SignInsRefused(_) => {}
        }
    }
}

impl Account {
    fn move_on(&mut self) {
        self.generation += 1;
        self.signed_out.clear();
    }
}

/// The profile as it is to be, under the name it has.
fn changed(known: &Profile, profile: Profile) -> Vec<AccountEvent> {
    let profile = Profile { name: known.name.clone(), ..profile };
    if profile == *known { vec![] } else { vec![AccountEvent::Saved(profile)] }
}
