//! Who asks: bearer tokens, and the sessions of people who signed in.
//!
//! A session travels in a sealed cookie. A browser sends it along with whatever any page makes it
//! send, so that a request which changes something proves in two ways that it comes from a page of
//! the console: by where the browser says it comes from ([`origin`]), and by the token that only
//! the session's own pages carry. Start reading at [`enter`].

pub mod bearer;
pub mod cookie;
pub mod origin;

use axum::http::HeaderMap;
use chassis::seal::Seal;
use jiff::Timestamp;
use proto::id::{AccountId, TokenId};

use self::cookie::Cookies;
use crate::domain::{
    board::Board,
    inventory::{Actor, token::Role},
    session::{Limits, Session},
};

/// The header that proves a request to come from a page of the session, where it is no form.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The header of what a page asks by itself. It keeps no session from ending, and does nothing
/// else: whoever forges it has less for it.
pub const UNATTENDED_HEADER: &str = "x-unattended";

/// Who asks, and what they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub who: Who,
    /// What they may do.
    pub role: Role,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever holds this token.
    Token(TokenId),
    /// Whoever is signed in with this account.
    Account(AccountId),
}

impl Caller {
    /// How its orders are signed.
    pub fn actor(self) -> Actor {
        match self.who {
            Who::Token(token) => Actor::Token(token),
            Who::Account(account) => Actor::Account(account),
        }
    }
}

/// Why nobody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// Nothing was sent that would tell who asks.
    Silent,
    /// The token opens nothing.
    Unknown,
    /// The session is over.
    Over,
    /// The request does not come from a page of the console.
    Elsewhere,
    /// The request does not carry what the pages of the session do.
    Unproven,
}

/// Who was let in, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// Who.
    pub caller: Caller,
    /// The session, unless a token was sent.
    pub session: Option<Session>,
}

/// What sessions are opened with.
#[derive(Clone)]
pub struct Gate {
    /// Seals cookies and links.
    pub seal: Seal,
    /// How long sessions last.
    pub limits: Limits,
    /// How cookies are set.
    pub cookies: Cookies,
    /// The origin of the console's pages, beside the host that a request names.
    pub origin: Option<String>,
}

/// Who sends these headers.
///
/// # Errors
///
/// When it is a stranger.
pub fn enter(
    headers: &HeaderMap,
    board: &Board,
    gate: &Gate,
    now: Timestamp,
) -> Result<Entrance, Stranger> {
    match bearer::caller(headers, board) {
        Ok(caller) => Ok(Entrance { caller, session: None }),
        Err(Stranger::Silent) => {
            let sealed = gate.cookies.session(headers).ok_or(Stranger::Silent)?;
            let session = gate.session(&sealed, now).ok_or(Stranger::Over)?;
            let caller = holder(&session, board).ok_or(Stranger::Over)?;
            Ok(Entrance { caller, session: Some(session) })
        }
        Err(stranger) => Err(stranger),
    }
}

/// Whose session it is, unless it ended before its time.
fn holder(session: &Session, board: &Board) -> Option<Caller> {
    let id = session.account();
    let account = &board.account(&id)?.entity;
    let profile = account.active()?;
    let holds =
        account.generation() == session.generation() && !account.is_signed_out(session.id());
    holds.then_some(Caller { who: Who::Account(id), role: profile.role })
}

impl Gate {
    fn session(&self, sealed: &[u8], now: Timestamp) -> Option<Session> {
        let plain = self.seal.open(sealed).ok()?;
        Session::read(&plain, now, self.limits).ok()
    }

    /// Whether a request that changes something comes from a page of the console. It need not be
    /// signed in.
    ///
    /// # Errors
    ///
    /// When it comes from elsewhere, or does not say.
    pub fn is_ours(&self, headers: &HeaderMap) -> Result<(), Stranger> {
        let ours = origin::is_same(headers, self.origin.as_deref());
        if ours { Ok(()) } else { Err(Stranger::Elsewhere) }
    }

    /// Whether a request with these headers may change something in somebody's name. `csrf` is what
    /// its form carries; without a form it is in the header [`CSRF_HEADER`].
    ///
    /// # Errors
    ///
    /// When a session came along with a request that is not of its own pages.
    pub fn may_change(
        &self,
        entrance: &Entrance,
        headers: &HeaderMap,
        csrf: Option<&str>,
    ) -> Result<(), Stranger> {
        // Nobody's browser sends a bearer token along by itself.
        let Some(session) = &entrance.session else { return Ok(()) };
        self.is_ours(headers)?;
        let header = || headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
        let sent = csrf.or_else(header).unwrap_or_default();
        if session.is_csrf(sent) { Ok(()) } else { Err(Stranger::Unproven) }
    }
}

#[cfg(test)]
mod tests;
