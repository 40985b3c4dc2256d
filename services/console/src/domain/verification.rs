//! Mailboxes are verified by a link: what the link claims, and how often one is sent.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use proto::id::ContactId;
use serde::{Deserialize, Serialize};

/// How long a link opens something: enough for slow mail, too short for one that is found later.
pub const LINK_LASTS: SignedDuration = SignedDuration::from_hours(1);
/// How long nobody gets a second link to the same mailbox: nobody's mailbox is to be filled here.
pub const SENT_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What a link claims: whoever follows it reads mail at this address. It travels sealed, so that
/// nobody can make one up, and says that it is one, so that nothing else that was sealed is taken
/// for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    verifies: String,
    contact: String,
    address: String,
    expires_at: Timestamp,
}

/// Why a link opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLink {
    /// It is no link that was sent, or not all of it.
    #[error("this is no link that was sent, or not all of it")]
    Garbled,
    /// It is too old.
    #[error("the link has expired")]
    Expired,
}

/// What [`Claim`] verifies: there is only one channel whose addresses are.
const EMAIL: &str = "email";

impl Claim {
    /// The claim that a contact reads mail at an address, from now on for a while.
    pub fn new(contact: ContactId, address: &str, now: Timestamp) -> Self {
        Self {
            verifies: EMAIL.to_owned(),
            contact: contact.to_string(),
            address: address.to_owned(),
            expires_at: now.saturating_add(LINK_LASTS).unwrap_or(Timestamp::MAX),
        }
    }

    /// The claim as it is sealed.
    ///
    /// # Panics
    ///
    /// Never: a claim is JSON.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a claim is JSON")
    }

    /// Reads what was sealed.
    ///
    /// # Errors
    ///
    /// When it is no claim, or too old.
    pub fn read(plain: &[u8], now: Timestamp) -> Result<Self, InvalidLink> {
        let claim: Self = serde_json::from_slice(plain).map_err(|_| InvalidLink::Garbled)?;
        if claim.verifies != EMAIL || claim.contact.parse::<ContactId>().is_err() {
            Err(InvalidLink::Garbled)
        } else if claim.expires_at <= now {
            Err(InvalidLink::Expired)
        } else {
            Ok(claim)
        }
    }

    /// Whose mailbox it is.
    ///
    /// # Panics
    ///
    /// Never: it was an id when the claim was made, and when it was read.
    pub fn contact(&self) -> ContactId {
        self.contact.parse().expect("a claim names a contact")
    }

    /// The mailbox.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// When a link was last sent to each mailbox, as far as that still matters.
#[derive(Debug, Default)]
pub struct Pace(BTreeMap<String, Timestamp>);

impl Pace {
    /// Notes that a link is sent to a mailbox now.
    ///
    /// # Errors
    ///
    /// When one was sent a moment ago: how long to wait.
    pub fn admit(&mut self, address: &str, now: Timestamp) -> Result<(), Duration> {
        // What is far in the future was noted before the clock was set back.
        self.0.retain(|_, sent| now.duration_since(*sent).abs() < SENT_EVERY);
        if let Some(sent) = self.0.get(address) {
            let wait = SENT_EVERY - now.duration_since(*sent).abs();
            return Err(wait.unsigned_abs());
        }
        self.0.insert(address.to_owned(), now);
        Ok(())
    }

    /// Forgets that a link was sent: it was not.
    pub fn forget(&mut self, address: &str) {
        self.0.remove(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + second).unwrap()
    }

    #[test]
    fn a_claim_holds_for_an_hour() {
        let contact = ContactId::from_bytes([1; 16]);
        let claim = Claim::new(contact, "a@b.example", at(0));
        assert_eq!((claim.contact(), claim.address()), (contact, "a@b.example"));
        assert_eq!(Claim::read(&claim.write(), at(3_599)), Ok(claim.clone()));
        assert_eq!(Claim::read(&claim.write(), at(3_600)), Err(InvalidLink::Expired));
    }

    #[test]
    fn nothing_else_that_is_sealed_is_a_claim() {
        let robot = br#"{"url":"https://oapi.dingtalk.com/robot/send?access_token=x"}"#;
        for other in [&robot[..], b"https://tls.example/verify?token=x", b"", b"{}"] {
            assert_eq!(Claim::read(other, at(0)), Err(InvalidLink::Garbled));
        }
        let claim = Claim::new(ContactId::from_bytes([1; 16]), "a@b.example", at(0));
        for changed in [
            Claim { verifies: "session".to_owned(), ..claim.clone() },
            Claim { contact: "ada".to_owned(), ..claim },
        ] {
            assert_eq!(Claim::read(&changed.write(), at(0)), Err(InvalidLink::Garbled));
        }
    }

    #[test]
    fn a_mailbox_gets_one_link_a_minute() {
        let mut pace = Pace::default();
        assert_eq!(pace.admit("a@b.example", at(0)), Ok(()));
        assert_eq!(pace.admit("c@d.example", at(1)), Ok(()));
        assert_eq!(pace.admit("a@b.example", at(20)), Err(Duration::from_secs(40)));
        assert_eq!(pace.admit("a@b.example", at(60)), Ok(()));
        pace.forget("a@b.example");
        assert_eq!(pace.admit("a@b.example", at(61)), Ok(()));
    }
}
