//! What stands in the inventory of the sessions of one account: what ends them, and what of their
//! beginning must not come twice.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

/// Signed-out sessions that are remembered. Who signs out more often within one session's longest
/// life is signed out everywhere instead.
pub(super) const SIGNED_OUT_MAX: usize = 256;
/// Answers of the `OpenID` provider that are remembered: above what the pace lets through from one
/// address as long as an attempt lasts.
pub(super) const ANSWERED_MAX: usize = 64;

/// How somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum With {
    /// With the password.
    Password,
    /// With a one-time link, setting the password.
    Link,
    /// Through the `OpenID` provider, which answered the attempt of this `state`. Empty in what was
    /// written before that was.
    OpenId(String),
}

/// The sessions of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sessions {
    generation: u64,
    signed_out: BTreeMap<String, Timestamp>,
    /// Attempts that the provider answered, by their `state`, latest last.
    answered: VecDeque<String>,
}

impl Sessions {
    /// See [`super::Account::generation`].
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether one was signed out of.
    pub(super) fn is_signed_out(&self, session: &str) -> bool {
        self.signed_out.contains_key(session)
    }

    /// Whether another that is signed out of can be remembered.
    pub(super) fn has_room(&self) -> bool {
        self.signed_out.len() < SIGNED_OUT_MAX
    }

    /// Whether an answer was taken before.
    pub(super) fn is_answered(&self, with: &With) -> bool {
        match with {
            With::OpenId(state) => self.answered.contains(state),
            With::Password | With::Link => false,
        }
    }

    /// Ends all.
    pub(super) fn move_on(&mut self) {
        self.generation += 1;
        self.signed_out.clear();
    }

    /// Begins one.
    pub(super) fn begin(&mut self, with: &With) {
        if let With::OpenId(state) = with {
            if self.answered.len() == ANSWERED_MAX {
                self.answered.pop_front();
            }
            self.answered.push_back(state.clone());
        }
    }

    /// Ends one that would have ended at an instant.
    pub(super) fn end(&mut self, session: &str, until: Timestamp) {
        self.signed_out.insert(session.to_owned(), until);
    }

    /// What was signed out of before a session must have ended by itself is forgotten at that time.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.signed_out.retain(|_, until| *until > now);
    }
}
