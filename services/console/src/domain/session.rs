//! What a session cookie and a one-time link claim.
//!
//! Both travel sealed and are kept nowhere, so that two consoles take each other's: who holds one
//! was given it by somebody who holds the key. What ends them early stands in the inventory: the
//! generation of the account, the sessions that were signed out of, the links that were used. Each
//! says what it is, so that nothing else that was sealed is taken for it.

use jiff::{SignedDuration, Timestamp};
use proto::id::{AccountId, LinkId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use subtle::ConstantTimeEq;

/// How long a link holds that was printed at a start, or asked for on the machine itself.
pub const LINK_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// How long a link holds that an administrator hands on: the addressee may be on leave.
const INVITATION_LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Part of the idle limit after which a cookie is sealed anew. Smaller parts cost a sealing and a
/// header more often; larger ones let a session end that was used within its limit.
const RENEWED_AFTER_PART: i32 = 20;

/// How long a session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Without a request.
    pub idle: SignedDuration,
    /// In the whole.
    pub whole: SignedDuration,
}

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    opens: Kind,
    account: String,
    generation: u64,
    id: String,
    csrf: String,
    began_at: Timestamp,
    seen_at: Timestamp,
    /// Whether it was opened through the `OpenID` provider.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_provider: bool,
}

/// Whose password a link sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Of the first account there is, an administrator. Opens nothing once there is one.
    First,
    /// Of an administrator, known by the name that is entered, or new. For whoever holds the key.
    Reset,
    /// Of this account, as long as it is of this generation.
    Of(AccountId, u64),
}

/// A one-time link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    opens: Kind,
    account: Option<String>,
    generation: u64,
    id: String,
    expires_at: Timestamp,
}

/// What a claim opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Session,
    FirstStart,
    Reset,
    Account,
}

/// Why a claim opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It was not made here, or is not all there.
    #[error("it was not made here, or is not all there")]
    Garbled,
    /// It is too old.
    #[error("it has expired")]
    Expired,
}

impl Session {
    /// A session that begins now. The random parts are its id, and what its forms prove to be its
    /// own by.
    pub fn begin(
        account: AccountId,
        generation: u64,
        [id, csrf]: [[u8; 16]; 2],
        now: Timestamp,
    ) -> Self {
        Self {
            opens: Kind::Session,
            account: account.to_string(),
            generation,
            id: text(&id),
            csrf: text(&csrf),
            began_at: now,
            seen_at: now,
            by_provider: false,
        }
    }

    /// The same, opened through the `OpenID` provider.
    #[must_use]
    pub fn by_provider(self) -> Self {
        Self { by_provider: true, ..self }
    }

    /// Whether it was opened through the `OpenID` provider.
    pub fn is_by_provider(&self) -> bool {
        self.by_provider
    }

    /// The session as it is sealed.
    ///
    /// # Panics
    ///
    /// Never: a session is JSON.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a session is JSON")
    }

    /// Reads what was sealed.
    ///
    /// # Errors
    ///
    /// When it is no session, or too old.
    pub fn read(plain: &[u8], now: Timestamp, limits: Limits) -> Result<Self, Invalid> {
        let session: Self = claim(plain)?;
        if session.opens != Kind::Session || session.account.parse::<AccountId>().is_err() {
            return Err(Invalid::Garbled);
        }
        let idle = now.duration_since(session.seen_at);
        let whole = now.duration_since(session.began_at);
        // One that begins later was made by a console whose clock is ahead, and ends later.
        if idle < limits.idle && whole < limits.whole { Ok(session) } else { Err(Invalid::Expired) }
    }

    /// Whose it is.
    ///
    /// # Panics
    ///
    /// Never: it was an id when the session was made, and when it was read.
    pub fn account(&self) -> AccountId {
        self.account.parse().expect("a session names an account")
    }

    /// The generation that the account had.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Tells it from others.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What its forms carry.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Whether this is what its forms carry, in a time that does not depend on where they differ.
    pub fn is_csrf(&self, sent: &str) -> bool {
        self.csrf.as_bytes().ct_eq(sent.as_bytes()).into()
    }

    /// When it ends at the latest.
    pub fn ends_at(&self, limits: Limits) -> Timestamp {
        self.began_at.saturating_add(limits.whole).unwrap_or(Timestamp::MAX)
    }

    /// The session as it is after a request now, if that is worth a new cookie.
    pub fn renewed(&self, now: Timestamp, limits: Limits) -> Option<Self> {
        let is_old = now.duration_since(self.seen_at) > limits.idle / RENEWED_AFTER_PART;
        is_old.then(|| Self { seen_at: now, ..self.clone() })
    }
}

impl Purpose {
    /// When a link ends that is made now.
    pub fn ends_at(self, now: Timestamp) -> Timestamp {
        let lasts = match self {
            Self::First | Self::Reset => LINK_LASTS,
            Self::Of(_, _) => INVITATION_LASTS,
        };
        now.saturating_add(lasts).unwrap_or(Timestamp::MAX)
    }
}

impl Link {
    /// A link that ends at an instant.
    pub fn new(purpose: Purpose, id: LinkId, expires_at: Timestamp) -> Self {
        let (opens, account, generation) = match purpose {
            Purpose::First => (Kind::FirstStart, None, 0),
            Purpose::Reset => (Kind::Reset, None, 0),
            Purpose::Of(account, generation) => {
                (Kind::Account, Some(account.to_string()), generation)
            }
        };
        Self { opens, account, generation, id: id.to_string(), expires_at }
    }

    /// The link as it is sealed.
    ///
    /// # Panics
    ///
    /// Never: a link is JSON.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a link is JSON")
    }

    /// Reads what was sealed: its id, and what it is for.
    ///
    /// # Errors
    ///
    /// When it is no link, or too old.
    pub fn read(plain: &[u8], now: Timestamp) -> Result<(LinkId, Purpose), Invalid> {
        let link: Self = claim(plain)?;
        let account = link.account.as_deref().and_then(|id| id.parse().ok());
        let purpose = match (link.opens, account) {
            (Kind::FirstStart, None) => Purpose::First,
            (Kind::Reset, None) => Purpose::Reset,
            (Kind::Account, Some(account)) => Purpose::Of(account, link.generation),
            (Kind::Session | Kind::FirstStart | Kind::Reset | Kind::Account, _) => {
                return Err(Invalid::Garbled);
            }
        };
        if link.expires_at <= now {
            return Err(Invalid::Expired);
        }
        Ok((link.id.parse().map_err(|_| Invalid::Garbled)?, purpose))
    }
}

fn claim<C: DeserializeOwned>(plain: &[u8]) -> Result<C, Invalid> {
    serde_json::from_slice(plain).map_err(|_| Invalid::Garbled)
}

fn text(random: &[u8]) -> String {
    data_encoding::BASE32_NOPAD.encode(random).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { idle: SignedDuration::from_hours(1), whole: SignedDuration::from_hours(10) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + second).unwrap()
    }

    fn ada() -> AccountId {
        AccountId::from_bytes([1; 16])
    }

    fn session() -> Session {
        Session::begin(ada(), 3, [[2; 16], [3; 16]], at(0))
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_in_any_case() {
        let read = |session: &Session, second| Session::read(&session.write(), at(second), LIMITS);
        assert_eq!(read(&session(), 3_599), Ok(session()));
        assert_eq!(read(&session(), 3_600), Err(Invalid::Expired));
        let used = session().renewed(at(3_599), LIMITS).unwrap();
        assert_eq!(read(&used, 7_000), Ok(used.clone()));
        let used = Session { seen_at: at(35_999), ..session() };
        assert_eq!(read(&used, 35_999), Ok(used.clone()));
        assert_eq!(read(&used, 36_000), Err(Invalid::Expired));
        assert_eq!(session().ends_at(LIMITS), at(36_000));
    }

    #[test]
    fn a_cookie_is_made_anew_now_and_then() {
        assert_eq!(session().renewed(at(180), LIMITS), None);
        let renewed = session().renewed(at(181), LIMITS).unwrap();
        assert_eq!((renewed.id(), renewed.csrf()), (session().id(), session().csrf()));
    }

    #[test]
    fn a_session_knows_whether_the_provider_opened_it() {
        let read = |session: &Session| Session::read(&session.write(), at(1), LIMITS).unwrap();
        assert!(read(&session().by_provider()).is_by_provider());
        assert!(!read(&session()).is_by_provider());
        let before = String::from_utf8(session().write()).unwrap();
        assert!(!before.contains("provider"), "as it was before there was one: {before}");
    }

    #[test]
    fn only_the_token_of_the_session_fits() {
        assert!(session().is_csrf(session().csrf()));
        for other in ["", "x", session().id()] {
            assert!(!session().is_csrf(other));
        }
    }

    #[test]
    fn a_link_says_what_it_is_for_until_it_expires() {
        let id = LinkId::from_bytes([9; 16]);
        for purpose in [Purpose::First, Purpose::Reset, Purpose::Of(ada(), 3)] {
            let ends_at = purpose.ends_at(at(0));
            let link = Link::new(purpose, id, ends_at);
            assert_eq!(Link::read(&link.write(), at(86_399)), Ok((id, purpose)));
            assert_eq!(Link::read(&link.write(), ends_at), Err(Invalid::Expired));
        }
    }

    #[test]
    fn nothing_that_is_sealed_is_taken_for_another() {
        let link = Link::new(Purpose::Of(ada(), 3), LinkId::from_bytes([9; 16]), at(60));
        let robot = br#"{"url":"https://oapi.dingtalk.com/robot/send?access_token=x"}"#;
        for other in [&link.write()[..], robot, b"", b"{}"] {
            assert_eq!(Session::read(other, at(0), LIMITS), Err(Invalid::Garbled));
        }
        let changed = Link { account: None, ..link.clone() };
        let session = Link { opens: Kind::Session, ..link };
        for other in [&self::session().write()[..], &changed.write(), &session.write()] {
            assert_eq!(Link::read(other, at(0)), Err(Invalid::Garbled));
        }
    }
}
