//! Sends links by which mailboxes are verified, and opens them again.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chassis::{
    bus::AppendError,
    context::Context,
    seal::{Seal, SealError},
};
use data_encoding::BASE64URL_NOPAD;
use parking_lot::Mutex;
use proto::{id::ContactId, v1::SendVerification};

use super::requests::Requests;
use crate::{
    config::ConsoleUrl,
    domain::{
        inventory::{Actor, contact::EMAIL},
        verification::{Claim, InvalidLink, Pace},
    },
};

/// The page that a link leads to.
pub const PAGE: &str = "verify";
/// What the parameter with the sealed claim is called.
pub const PARAMETER: &str = "token";
/// Characters of a sealed claim: about twice those of one with the longest mailbox.
const TOKEN_LEN_MAX: usize = 2_048;

/// Sends links and opens them.
#[derive(Clone)]
pub struct Verifier {
    context: Context,
    requests: Requests,
    seal: Seal,
    url: ConsoleUrl,
    /// Of this console alone, and since its start: a bound on mischief, not a promise.
    pace: Arc<Mutex<Pace>>,
}

/// Why a link was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// One was sent to this mailbox a moment ago.
    #[error("a link was sent there less than a minute ago")]
    TooSoon {
        /// How long to wait.
        wait: Duration,
    },
    /// The link cannot be sealed.
    #[error("cannot seal the link")]
    Seal(#[from] SealError),
    /// The wish cannot be stored.
    #[error("cannot ask for the mail")]
    Append(#[from] AppendError),
}

impl Verifier {
    /// Sends links that lead to the console at a URL.
    pub fn new(context: Context, requests: Requests, seal: Seal, url: ConsoleUrl) -> Self {
        Self { context, requests, seal, url, pace: Arc::default() }
    }

    /// Asks that a link be sent to a mailbox of a contact.
    ///
    /// # Errors
    ///
    /// See [`SendError`].
    pub async fn send(
        &self,
        contact: ContactId,
        address: &str,
        actor: Actor,
    ) -> Result<(), SendError> {
        let now = self.context.clock.now();
        self.pace.lock().admit(address, now).map_err(|wait| SendError::TooSoon { wait })?;
        let sent = self.ask(&Claim::new(contact, address, now), actor).await;
        if sent.is_err() {
            self.pace.lock().forget(address);
        }
        sent
    }

    async fn ask(&self, claim: &Claim, actor: Actor) -> Result<(), SendError> {
        let token = BASE64URL_NOPAD.encode(&self.seal.seal(&claim.write())?);
        let link = self.url.page(PAGE, (PARAMETER, &token));
        let verification = SendVerification {
            contact_id: claim.contact().to_string(),
            channel: EMAIL.to_owned(),
            address: claim.address().to_owned(),
            // The link is the proof: whoever reads the streams must not hold it.
            sealed_link: Bytes::from(self.seal.seal(link.as_str().as_bytes())?),
        };
        Ok(self.requests.send_verification(verification, actor).await?)
    }

    /// What a link claims.
    ///
    /// # Errors
    ///
    /// When it is none of ours, or too old.
    pub fn read(&self, token: &str) -> Result<Claim, InvalidLink> {
        let sealed = Some(token).filter(|token| token.len() <= TOKEN_LEN_MAX);
        let sealed = sealed.and_then(|token| BASE64URL_NOPAD.decode(token.as_bytes()).ok());
        let plain = sealed.and_then(|sealed| self.seal.open(&sealed).ok());
        Claim::read(&plain.ok_or(InvalidLink::Garbled)?, self.context.clock.now())
    }
}
