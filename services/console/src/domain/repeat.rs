//! Orders that are sent again because nobody knows whether the first was heard.
//!
//! Whoever may repeat an order gives it a key. The id of what is made is derived from who asks, the
//! key, and what is asked, so that the inventory itself remembers: a repeat finds what the first
//! made, after a restart and on another console as well. Start reading at [`Identity`].

use sha2::{Digest, Sha256};

use super::inventory::{Actor, Invalid};
use crate::domain::want::Asked;

/// Characters of a key: a UUID has 36.
const KEY_LEN_MAX: usize = 128;
/// Bytes of an id that say who asks under which key. What is left says what is asked.
const KEY_BYTES: usize = 10;

/// A key, and what was asked under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeatable {
    key: String,
    /// SHA-256 of the body.
    body: [u8; 32],
}

/// What the things there are say of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// It was not heard before: what it makes has this id.
    New([u8; 16]),
    /// It was: it made what has this id.
    Known([u8; 16]),
}

/// Says that something else was asked under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("something else was asked under this key")]
pub struct Reused;

impl Repeatable {
    /// An order under a key.
    ///
    /// # Errors
    ///
    /// When the key is empty, too long, or not plain.
    pub fn new(key: &str, body: &[u8]) -> Result<Self, Invalid> {
        let is_plain = key.bytes().all(|byte| byte.is_ascii_graphic());
        if !(1..=KEY_LEN_MAX).contains(&key.len()) || !is_plain {
            return Err(Invalid::new("Idempotency-Key", key, Asked::Key(KEY_LEN_MAX)));
        }
        Ok(Self { key: key.to_owned(), body: Sha256::digest(body).into() })
    }

    /// The id of what this order makes. `place` is where it was sent.
    pub fn id(&self, actor: Actor, place: &str) -> [u8; 16] {
        let mut id = self.id_of_key(actor, place);
        let body = &mut id[KEY_BYTES..];
        body.copy_from_slice(&self.body[..body.len()]);
        id
    }

    /// The id of what is made under the key, whatever is asked: for what says by itself what that
    /// was.
    pub fn id_of_key(&self, actor: Actor, place: &str) -> [u8; 16] {
        let actor = actor.to_string();
        let mut hash = Sha256::new();
        for part in [actor.as_str(), place, &self.key] {
            // With its length before it, no two lists of parts are the same bytes.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut id = [0; 16];
        let length = id.len();
        id.copy_from_slice(&hash.finalize()[..length]);
        id
    }

    /// What the ids of the things there are say of this order.
    ///
    /// # Errors
    ///
    /// When something else was asked under its key.
    pub fn identity(
        &self,
        actor: Actor,
        place: &str,
        mut there: impl Iterator<Item = [u8; 16]>,
    ) -> Result<Identity, Reused> {
        let id = self.id(actor, place);
        match there.find(|known| known[..KEY_BYTES] == id[..KEY_BYTES]) {
            None => Ok(Identity::New(id)),
            Some(known) if known == id => Ok(Identity::Known(id)),
            Some(_) => Err(Reused),
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::id::TokenId;

    use super::*;

    fn asked(key: &str, body: &str) -> Repeatable {
        Repeatable::new(key, body.as_bytes()).unwrap()
    }

    fn actor(byte: u8) -> Actor {
        Actor::Token(TokenId::from_bytes([byte; 16]))
    }

    #[test]
    fn a_repeat_finds_what_the_first_made() {
        let first = asked("k", "{}");
        let id = first.id(actor(1), "contacts");
        let met =
            |order: &Repeatable, by, place| order.identity(actor(by), place, [id].into_iter());
        assert_eq!(met(&first, 1, "contacts"), Ok(Identity::Known(id)));
        assert_eq!(met(&asked("k", "{ }"), 1, "contacts"), Err(Reused));
        for (order, by, place) in [
            (asked("l", "{}"), 1, "contacts"),
            (asked("k", "{}"), 2, "contacts"),
            (first, 1, "silences"),
        ] {
            assert!(matches!(met(&order, by, place), Ok(Identity::New(other)) if other != id));
        }
    }

    #[test]
    fn what_is_made_under_a_key_alone_is_one_whatever_is_asked() {
        let made = |key, body, by| asked(key, body).id_of_key(actor(by), "contacts");
        assert_eq!(made("k", "{}", 1), made("k", "{ }", 1));
        assert_ne!(made("k", "{}", 1), made("l", "{}", 1));
        assert_ne!(made("k", "{}", 1), made("k", "{}", 2));
        assert_ne!(made("k", "{}", 1), asked("k", "{}").id(actor(1), "contacts"));
    }

    #[test]
    fn a_key_is_plain() {
        for key in ["", "a b", "a\n", "ä", &"x".repeat(129)] {
            assert_eq!(Repeatable::new(key, b"").unwrap_err().field, "Idempotency-Key");
        }
    }
}
