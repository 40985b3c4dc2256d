//! One account: somebody who signs in to the console with a name and a password, or through an
//! `OpenID` provider.
//!
//! The inventory holds what ends a session, never the session itself: its [generation], which
//! moves on when the password changes, or it is somebody else's to the provider, or may not be used
//! any more, and the sessions that were signed out of and would still hold. What its values may be
//! stands in [`profile`], what becomes of its one-time links in [`link`].
//!
//! [generation]: Account::generation

pub mod link;
pub mod profile;
mod sessions;
pub mod strangers;
mod wire;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use bytes::Bytes;
use jiff::Timestamp;
use kernel::decider::Decider;
use proto::id::LinkId;

use self::{link::Links, sessions::Sessions};
pub use self::{
    profile::{Change, Profile},
    sessions::With,
};

/// Accounts there may be: who is who to the `OpenID` provider is looked for among all of them.
pub const ACCOUNTS_MAX: usize = 1_000;

/// What stands in the inventory of one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// As it was last, also after it was removed: what it did is still to be signed.
    profile: Option<Profile>,
    removed: bool,
    sealed_hash: Option<Bytes>,
    sessions: Sessions,
    signed_in_at: Option<Timestamp>,
    links: Links,
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
        self.sessions.generation()
    }

    /// Whether a session was signed out of.
    pub fn is_signed_out(&self, session: &str) -> bool {
        self.sessions.is_signed_out(session)
    }

    /// When somebody last signed in with it.
    pub fn signed_in_at(&self) -> Option<Timestamp> {
        self.signed_in_at
    }

    /// The one-time links that were made for it.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The events, unless the account may not be used, or has moved on.
    fn if_used(
        &self,
        generation: u64,
        events: impl FnOnce() -> Vec<AccountEvent>,
    ) -> Result<Vec<AccountEvent>, Refusal> {
        match self.active() {
            None => Err(Refusal::Unusable),
            Some(_) if self.generation() != generation => Err(Refusal::MovedOn),
            Some(_) => Ok(events()),
        }
    }
}

/// What may be asked of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Come into being.
    Add(Profile),
    /// Come into being, and know that a link was made which sets its password. The same link makes
    /// it once.
    Invite {
        /// Who it is.
        profile: Profile,
        /// Id of the link.
        link: LinkId,
        /// When the link ends.
        expires_at: Timestamp,
    },
    /// Be another in some ways from now on.
    Change(Vec<Change>),
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
    /// Have the same password, its hash sealed anew.
    Reseal {
        /// The hash as it was sealed.
        was: Bytes,
        /// The same, sealed anew.
        sealed_hash: Bytes,
    },
    /// End all sessions.
    EndSessions,
    /// Be no more.
    Remove,
    /// Know that a link was made which sets its password.
    MakeLink {
        /// Its id.
        link: LinkId,
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
    /// The hash of the password was sealed anew.
    PasswordResealed {
        /// The hash of the password.
        sealed_hash: Bytes,
    },
    /// Sessions and links ended.
    SessionsEnded,
    /// It is no more. Ends sessions and links.
    Removed,
    /// A one-time link was made.
    LinkMade {
        /// Its id; `None` in what was written before ids were.
        link: Option<LinkId>,
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
    /// It was there, and is no more.
    #[error("the account was removed: add it again under another key")]
    Removed,
    /// It is disabled, or there is none.
    #[error("the account may not be used")]
    Unusable,
    /// The answer of the provider was taken before.
    #[error("the sign-in was answered already: begin again")]
    Answered,
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
            (_, Command::Invite { profile, link, expires_at }) => {
                self.invited(profile, link, expires_at)
            }
            (Some(known), Command::Change(changes)) => Ok(changed(known, changes)),
            (known, Command::Install { profile, sealed_hash }) => {
                let saved = known != Some(&profile);
                let saved = saved.then_some(AccountEvent::Saved(profile));
                Ok(saved.into_iter().chain([AccountEvent::PasswordSet { sealed_hash }]).collect())
            }
            (_, Command::SetPassword { sealed_hash, generation }) => {
                self.if_used(generation, || vec![AccountEvent::PasswordSet { sealed_hash }])
            }
            // Another password may have been set since it was looked at.
            (_, Command::Reseal { was, sealed_hash }) => {
                let is_it = self.sealed_hash.as_ref() == Some(&was);
                Ok(is_it
                    .then_some(AccountEvent::PasswordResealed { sealed_hash })
                    .into_iter()
                    .collect())
            }
            (_, Command::SignIn { with, .. }) if self.sessions.is_answered(&with) => {
                Err(Refusal::Answered)
            }
            (_, Command::SignIn { address, with, generation }) => {
                self.if_used(generation, || vec![AccountEvent::SignedIn { address, with }])
            }
            (Some(_), Command::EndSessions) => Ok(vec![AccountEvent::SessionsEnded]),
            (Some(_), Command::Remove) => Ok(vec![AccountEvent::Removed]),
            (Some(_), Command::MakeLink { link, .. }) if self.links.get(&link).is_some() => {
                Ok(vec![])
            }
            (Some(known), Command::MakeLink { .. }) if known.disabled => Err(Refusal::Unusable),
            (Some(_), Command::MakeLink { link, expires_at }) => {
                Ok(vec![AccountEvent::LinkMade { link: Some(link), expires_at }])
            }
            (Some(_), Command::SignOut { session, .. }) if self.is_signed_out(&session) => {
                Ok(vec![])
            }
            (Some(_), Command::SignOut { session, until }) => {
                let signed_out = AccountEvent::SignedOut { session, until };
                let has_room = self.sessions.has_room();
                Ok(vec![if has_room { signed_out } else { AccountEvent::SessionsEnded }])
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
                if self.profile().is_none() {
                    self.links.begin_at(self.sessions.generation());
                }
                let is_shut = self.active().is_some() && profile.disabled;
                let was = self.profile().and_then(|known| known.subject.as_ref());
                let is_handed_on = was.is_some() && was != profile.subject.as_ref();
                self.profile = Some(profile.clone());
                self.removed = false;
                if is_shut || is_handed_on {
                    self.sessions.move_on();
                }
            }
            AccountEvent::PasswordSet { sealed_hash } => {
                self.sealed_hash = Some(sealed_hash.clone());
                self.sessions.move_on();
            }
            AccountEvent::PasswordResealed { sealed_hash } => {
                self.sealed_hash = Some(sealed_hash.clone());
            }
            AccountEvent::SessionsEnded => self.sessions.move_on(),
            AccountEvent::Removed => {
                self.removed = true;
                self.sealed_hash = None;
                self.sessions.move_on();
            }
            AccountEvent::SignedOut { session, until } => {
                self.sessions.end(session, *until);
            }
            AccountEvent::LinkMade { link: Some(link), expires_at } => {
                self.links.add(*link, *expires_at, self.sessions.generation());
            }
            AccountEvent::SignedIn { with, .. } => self.sessions.begin(with),
            AccountEvent::LinkMade { link: None, .. } | AccountEvent::SignInsRefused(_) => {}
        }
    }
}

impl Account {
    /// The events of adding it with a link, unless it was added so before.
    fn invited(
        &self,
        profile: Profile,
        link: LinkId,
        expires_at: Timestamp,
    ) -> Result<Vec<AccountEvent>, Refusal> {
        match (self.profile(), self.links.get(&link)) {
            (None, None) => {
                let made = AccountEvent::LinkMade { link: Some(link), expires_at };
                Ok(vec![AccountEvent::Saved(profile), made])
            }
            (Some(_), None) => Err(Refusal::Present),
            (Some(_), Some(made)) if self.links.is_recent(made) => Ok(vec![]),
            // Whoever repeats an order must not undo a removal.
            (_, Some(_)) => Err(Refusal::Removed),
        }
    }
}

/// The profile as it is to be, if that is another.
fn changed(known: &Profile, changes: Vec<Change>) -> Vec<AccountEvent> {
    let profile = known.clone().with(changes);
    if profile == *known { vec![] } else { vec![AccountEvent::Saved(profile)] }
}
