//! One bearer token: issued, revoked. Only its hash is known.

use kernel::decider::Decider;
use proto::v1::{TokenIssued, TokenRevoked, inventory_event::Event};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Invalid, Ordered, line};
use crate::domain::want::Want;

/// Characters of a name.
pub const NAME_LEN_MAX: usize = 100;

/// What its holder may do. Each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Viewer,
    /// Change what is monitored and who is told.
    Editor,
    /// Everything, tokens included.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Admin];

    /// Its one spelling.
    pub fn token(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// Reads a spelling.
    ///
    /// # Errors
    ///
    /// Names what is allowed.
    pub fn read(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|role| role.token() == text);
        found.ok_or_else(|| {
            Invalid::new("role", text, Want::OneOf(Self::ALL.map(Self::token).to_vec()))
        })
    }
}

/// A token that opens something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// What people call it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
}

impl Issued {
    /// Describes a new token.
    ///
    /// # Errors
    ///
    /// When the name is empty or too long.
    pub fn new(name: &str, role: Role, secret: &str) -> Result<Self, Invalid> {
        Ok(Self { name: line("name", name, NAME_LEN_MAX)?, role, sha256: hash(secret) })
    }

    /// Whether this is the hash of the token, in a time that does not depend on where they differ.
    pub fn opens(&self, hash: &[u8; 32]) -> bool {
        self.sha256.ct_eq(hash).into()
    }
}

/// SHA-256 of a token. Tokens are 256 random bits, so that nothing slower is needed.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// What stands in the inventory of one token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Token {
    issued: Option<Issued>,
    is_revoked: bool,
}

impl Token {
    /// What it opens; `None` if it was revoked.
    pub fn issued(&self) -> Option<&Issued> {
        self.issued.as_ref()
    }
}

/// What may be asked of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Come into being.
    Issue(Issued),
    /// Open nothing any more.
    Revoke,
    /// Open again what it did: it should not have been revoked.
    Restore(Issued),
}

/// What happened to a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenEvent {
    /// It came into being.
    Issued(Issued),
    /// It opens nothing any more.
    Revoked,
}

/// Why a token says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such token")]
    Absent,
    /// Its id is taken.
    #[error("there is such a token already")]
    Present,
    /// It was there, and opens nothing any more.
    #[error("the token was revoked: issue another, under another key")]
    Revoked,
}

impl Decider for Token {
    type Command = Command;
    type Event = TokenEvent;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<TokenEvent>, Refusal> {
        match (&self.issued, command) {
            // Whoever repeats an order must not undo a revocation.
            (None, Command::Issue(_)) if self.is_revoked => Err(Refusal::Revoked),
            (None, Command::Issue(issued)) => Ok(vec![TokenEvent::Issued(issued)]),
            (Some(_), Command::Issue(_)) => Err(Refusal::Present),
            (Some(_), Command::Revoke) => Ok(vec![TokenEvent::Revoked]),
            (None, Command::Restore(issued)) if self.is_revoked => {
                Ok(vec![TokenEvent::Issued(issued)])
            }
            (Some(_), Command::Restore(_)) => Ok(vec![]),
            (None, Command::Revoke | Command::Restore(_)) => Err(Refusal::Absent),
        }
    }

    fn evolve(&mut self, event: &TokenEvent) {
        (self.issued, self.is_revoked) = match event {
            TokenEvent::Issued(issued) => (Some(issued.clone()), false),
            TokenEvent::Revoked => (None, true),
        };
    }
}

impl Ordered for Token {
    fn write(event: &TokenEvent) -> Event {
        match event {
            TokenEvent::Issued(issued) => Event::TokenIssued(TokenIssued {
                name: issued.name.clone(),
                role: issued.role.token().to_owned(),
                sha256: issued.sha256.to_vec().into(),
            }),
            TokenEvent::Revoked => Event::TokenRevoked(TokenRevoked {}),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of other entities")]
    fn read(event: &Event) -> Option<TokenEvent> {
        match event {
            Event::TokenIssued(issued) => Some(TokenEvent::Issued(Issued {
                name: issued.name.clone(),
                role: Role::read(&issued.role).ok()?,
                sha256: issued.sha256.as_ref().try_into().ok()?,
            })),
            Event::TokenRevoked(_) => Some(TokenEvent::Revoked),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::scenario::given;

    use super::*;

    fn issued() -> Issued {
        Issued::new("ci", Role::Editor, "secret").unwrap()
    }

    #[test]
    fn only_the_token_itself_opens() {
        assert!(issued().opens(&hash("secret")));
        assert!(!issued().opens(&hash("Secret")));
    }

    #[test]
    fn a_role_includes_those_before_it() {
        assert!(Role::Admin > Role::Editor && Role::Editor > Role::Viewer);
        assert_eq!(Role::ALL.map(|role| Role::read(role.token())), Role::ALL.map(Ok));
        assert_eq!(
            Role::read("root").unwrap_err().want.to_string(),
            "one of viewer, editor, admin"
        );
    }

    #[test]
    fn a_token_lives_once() {
        let event = TokenEvent::Issued(issued());
        given::<Token>(&[]).when(Command::Issue(issued())).then(std::slice::from_ref(&event));
        given::<Token>(std::slice::from_ref(&event))
            .when(Command::Issue(issued()))
            .then_refused(&Refusal::Present);
        let over = [event, TokenEvent::Revoked];
        given::<Token>(&over).when(Command::Revoke).then_refused(&Refusal::Absent);
        given::<Token>(&over).when(Command::Issue(issued())).then_refused(&Refusal::Revoked);
        let again = [TokenEvent::Issued(issued())];
        given::<Token>(&over).when(Command::Restore(issued())).then(&again);
        given::<Token>(&again).when(Command::Restore(issued())).then(&[]);
        given::<Token>(&[]).when(Command::Restore(issued())).then_refused(&Refusal::Absent);
    }

    #[test]
    fn events_survive_the_wire() {
        for event in [TokenEvent::Issued(issued()), TokenEvent::Revoked] {
            assert_eq!(Token::read(&Token::write(&event)), Some(event));
        }
    }
}
