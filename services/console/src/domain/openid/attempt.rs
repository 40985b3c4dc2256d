//! What is under way between the click and the return from the provider.
//!
//! It travels in a sealed cookie of the browser that clicked, and is kept nowhere. That it is the
//! same browser which returns is what keeps others from signing somebody in as themselves (RFC
//! 9700, section 4.7).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// How long somebody may take at the provider: finding a telephone that shows a code.
pub const LASTS: SignedDuration = SignedDuration::from_mins(10);
/// Characters of where somebody wanted to go: with them, the cookie is within what browsers keep.
const NEXT_LEN_MAX: usize = 512;

/// A sign-in that was begun. Shows itself to nobody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    opens: Kind,
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    expires_at: Timestamp,
}

/// What it is, so that nothing else that was sealed is taken for it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Attempt,
}

impl Attempt {
    /// A sign-in that begins now, and is to lead to a place of the console.
    pub fn begin(next: &str, random: [[u8; 32]; 3], now: Timestamp) -> Self {
        let [state, nonce, verifier] =
            random.map(|random| data_encoding::BASE64URL_NOPAD.encode(&random));
        let next = if next.len() <= NEXT_LEN_MAX { next } else { "/" };
        let expires_at = now.saturating_add(LASTS).unwrap_or(Timestamp::MAX);
        Self { opens: Kind::Attempt, state, nonce, verifier, next: next.to_owned(), expires_at }
    }

    /// The attempt as it is sealed.
    ///
    /// # Panics
    ///
    /// Never: an attempt is JSON.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an attempt is JSON")
    }

    /// Reads what was sealed, unless it is something else or too old.
    pub fn read(plain: &[u8], now: Timestamp) -> Option<Self> {
        let attempt: Self = serde_json::from_slice(plain).ok()?;
        (now < attempt.expires_at).then_some(attempt)
    }

    /// Whether an answer with this `state` is one to it, in a time that does not depend on where
    /// they differ.
    pub fn is_answered_by(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// What the answer carries. Tells it from others.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// What the ID token carries.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// What proves to the provider that whoever fetches the token began the attempt: 256 random
    /// bits, 43 characters (RFC 7636, section 4.1).
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// Where somebody wanted to go.
    pub fn next(&self) -> &str {
        &self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + second).unwrap()
    }

    fn attempt(next: &str) -> Attempt {
        Attempt::begin(next, [[1; 32], [2; 32], [3; 32]], at(0))
    }

    #[test]
    fn an_attempt_is_read_until_it_expires() {
        let read = |second| Attempt::read(&attempt("/audit").write(), at(second));
        assert!(read(599).is_some_and(|read| read == attempt("/audit")));
        assert!(read(600).is_none());
        let parts = [attempt("/").state, attempt("/").nonce, attempt("/").verifier];
        assert!(parts.iter().all(|part| part.len() == 43), "{parts:?}");
        assert_eq!(attempt(&"/x".repeat(300)).next(), "/");
    }

    #[test]
    fn only_its_own_answer_is_one() {
        let attempt = attempt("/");
        assert!(attempt.is_answered_by(&attempt.state));
        for other in ["", "x", &attempt.nonce, &attempt.verifier] {
            assert!(!attempt.is_answered_by(other), "{other}");
        }
    }

    #[test]
    fn nothing_else_that_is_sealed_is_taken_for_it() {
        let session = br#"{"opens":"session","account":"a","generation":1,"id":"x","csrf":"y"}"#;
        let text = String::from_utf8(attempt("/").write()).unwrap();
        let renamed = text.replace("\"attempt\"", "\"session\"");
        for other in [&session[..], renamed.as_bytes(), b"{}", b""] {
            assert!(Attempt::read(other, at(0)).is_none());
        }
    }
}
