//! The session cookie, and that of a sign-in which is under way at the `OpenID` provider.

use axum::http::{HeaderMap, HeaderValue, header};
use chassis::seal::{Seal, SealError};
use cookie::{Cookie, SameSite};
use data_encoding::BASE64URL_NOPAD;

use crate::domain::{
    openid::attempt::{self, Attempt},
    session::Session,
};

/// What the cookie is called where it travels through TLS: browsers then take it from this host
/// alone, for all paths and encrypted (RFC 6265bis, section 4.1.3.2).
pub const NAME: &str = "__Host-certherald";
/// What it is called where it does not.
pub const NAME_IN_THE_CLEAR: &str = "certherald";
/// The same of a sign-in that is under way.
const ATTEMPT: &str = "__Host-certherald-openid";
/// The same where it travels in the clear.
const ATTEMPT_IN_THE_CLEAR: &str = "certherald-openid";
/// Characters of a cookie that is worth opening: about four times those of a session, and above
/// those of the longest attempt.
const SEALED_LEN_MAX: usize = 2_048;

/// How cookies are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookies {
    /// For connections through TLS only.
    Secure,
    /// Also in the clear: on loopback, or because it was wanted.
    InTheClear,
}

impl Cookies {
    /// The sealed session among these headers.
    pub fn session(self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let sealed = value(headers, self.name())?;
        BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()
    }

    /// The header that sets a session. It ends with the browser at the latest.
    ///
    /// # Errors
    ///
    /// When it cannot be sealed.
    ///
    /// # Panics
    ///
    /// Never: name and value are ASCII.
    pub fn set(self, session: &Session, seal: &Seal) -> Result<HeaderValue, SealError> {
        let sealed = BASE64URL_NOPAD.encode(&seal.seal(&session.write())?);
        Ok(written(&self.cookie(self.name(), sealed)))
    }

    /// The header that removes the session.
    pub fn clear(self) -> HeaderValue {
        self.removal(self.name())
    }

    /// The sealed attempt among these headers.
    pub fn attempt(self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let sealed = value(headers, self.attempt_name())?;
        BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()
    }

    /// The header that sets an attempt. The provider sends the browser back from another site, by
    /// a link: `Lax` is the strictest that lets the cookie come along.
    ///
    /// # Errors
    ///
    /// When it cannot be sealed.
    pub fn set_attempt(self, attempt: &Attempt, seal: &Seal) -> Result<HeaderValue, SealError> {
        let sealed = BASE64URL_NOPAD.encode(&seal.seal(&attempt.write())?);
        let mut cookie = self.cookie(self.attempt_name(), sealed);
        cookie.set_max_age(cookie::time::Duration::seconds(attempt::LASTS.as_secs()));
        Ok(written(&cookie))
    }

    /// The header that removes the attempt.
    pub fn clear_attempt(self) -> HeaderValue {
        self.removal(self.attempt_name())
    }

    fn removal(self, name: &'static str) -> HeaderValue {
        let mut cookie = self.cookie(name, String::new());
        cookie.make_removal();
        written(&cookie)
    }

    fn attempt_name(self) -> &'static str {
        match self {
            Self::Secure => ATTEMPT,
            Self::InTheClear => ATTEMPT_IN_THE_CLEAR,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Secure => NAME,
            Self::InTheClear => NAME_IN_THE_CLEAR,
        }
    }

    fn cookie(self, name: &'static str, value: String) -> Cookie<'static> {
        Cookie::build((name, value))
            .http_only(true)
            .same_site(SameSite::Lax)
            .path("/")
            .secure(self == Self::Secure)
            .build()
    }
}

/// The value of a cookie.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let cookie = lines
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)?;
    Some(cookie.value().to_owned()).filter(|value| value.len() <= SEALED_LEN_MAX)
}

fn written(cookie: &Cookie<'_>) -> HeaderValue {
    HeaderValue::try_from(cookie.to_string()).expect("name and value are ASCII")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proto::id::AccountId;

    use super::*;

    #[test]
    fn a_cookie_is_for_the_server_alone() {
        let directory = tempfile::tempdir().unwrap();
        let seal = Seal::open_or_create(&directory.path().join("key")).unwrap();
        let account = AccountId::from_bytes([1; 16]);
        let session = Session::begin(account, 1, [[2; 16], [3; 16]], Timestamp::UNIX_EPOCH);
        let secure = Cookies::Secure.set(&session, &seal).unwrap();
        let secure = secure.to_str().unwrap();
        assert!(secure.starts_with("__Host-certherald="), "{secure}");
        assert!(secure.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{secure}");
        let plain = Cookies::InTheClear.set(&session, &seal).unwrap();
        let plain = plain.to_str().unwrap();
        assert!(plain.ends_with("; HttpOnly; SameSite=Lax; Path=/"), "{plain}");
        let mut headers = HeaderMap::new();
        let (sent, _) = plain.split_once(';').unwrap();
        headers.append(header::COOKIE, "theme=dark".parse().unwrap());
        headers.append(header::COOKIE, format!("a=b; {sent}").parse().unwrap());
        let sealed = Cookies::InTheClear.session(&headers).unwrap();
        assert_eq!(seal.open(&sealed).unwrap(), session.write());
        assert_eq!(Cookies::Secure.session(&headers), None, "set in the clear by somebody else");
    }

    #[test]
    fn the_longest_attempt_fits_in_a_cookie() {
        let directory = tempfile::tempdir().unwrap();
        let seal = Seal::open_or_create(&directory.path().join("key")).unwrap();
        let next = format!("/{}", "\"".repeat(511));
        let attempt = Attempt::begin(&next, [[1; 32], [2; 32], [3; 32]], Timestamp::UNIX_EPOCH);
        let header = Cookies::Secure.set_attempt(&attempt, &seal).unwrap();
        let (sent, rest) = header.to_str().unwrap().split_once(';').unwrap();
        assert_eq!(rest, " HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600");
        let headers: HeaderMap = [(header::COOKIE, sent.parse().unwrap())].into_iter().collect();
        let sealed = Cookies::Secure.attempt(&headers).unwrap();
        assert!(seal.open(&sealed).unwrap() == attempt.write());
        assert_eq!(Cookies::Secure.session(&headers), None);
    }
}
