//! Addresses that are secrets: who knows the URL of a robot can speak in its name.
//!
//! The console reads what people paste with [`SecretAddress::read`], seals its JSON and puts it
//! into the contact. The notifier opens it, and adds what the channel asks for at each sending.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

mod vendor;

#[cfg(test)]
mod tests;

use self::vendor::Vendor;

/// Channels whose addresses are secrets.
pub const SECRET_CHANNELS: [&str; 6] = ["dingtalk", "wecom", "feishu", "lark", "slack", "webhook"];

/// People whom one message may mention.
const MENTIONS_MAX: usize = 20;

/// Characters of one mention: user ids are shorter.
const MENTION_LEN_MAX: usize = 64;

/// Bytes of a URL.
const URL_LEN_MAX: usize = 2_048;

/// Where a robot or a webhook is, and how messages to it are signed. Its `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretAddress {
    /// Where messages are posted: the whole URL, without what is computed at each sending.
    pub url: Url,
    /// What messages are signed with. Empty: they are not signed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret: String,
    /// Whom messages mention, as the channel names people; `all` is everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
}

/// Says which part of an address cannot be used, and what is allowed. Never shows the part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: want {want}")]
pub struct InvalidAddress {
    /// `url`, `secret` or `mentions`.
    pub field: &'static str,
    /// What is allowed.
    pub want: String,
}

impl SecretAddress {
    /// Reads what people paste: the whole URL as the vendor shows it, or the token in it alone.
    /// `hosts` are hosts beside the vendor's own: private deployments, as `host` or `host:port`.
    ///
    /// # Errors
    ///
    /// Names the part and what is allowed.
    pub fn read(
        channel: &str,
        url: &str,
        secret: &str,
        mentions: &[String],
        hosts: &[String],
    ) -> Result<Self, InvalidAddress> {
        let vendor = Vendor::of(channel).ok_or_else(|| InvalidAddress {
            field: "channel",
            want: format!("one of {}", SECRET_CHANNELS.join(", ")),
        })?;
        let url = url.trim();
        let url = if url.len() <= URL_LEN_MAX { vendor.url(url, hosts) } else { None };
        let url = url.ok_or_else(|| InvalidAddress { field: "url", want: vendor.wanted_url() })?;
        let secret = secret.trim();
        if !vendor.admits_secret(secret) {
            let want = vendor.wanted_secret().to_owned();
            return Err(InvalidAddress { field: "secret", want });
        }
        let mentions: Vec<_> = mentions.iter().map(|one| one.trim().to_owned()).collect();
        if mentions.len() > MENTIONS_MAX || !mentions.iter().all(|one| is_mention(one)) {
            let want = format!(
                "at most {MENTIONS_MAX} names as the channel has them, of letters, digits and `_-+.@`"
            );
            return Err(InvalidAddress { field: "mentions", want });
        }
        if !mentions.is_empty() && !vendor.can_mention() {
            return Err(InvalidAddress { field: "mentions", want: "none here".to_owned() });
        }
        Ok(Self { url, secret: secret.to_owned(), mentions })
    }

    /// What may be shown of it: the host, and the end of what is secret in the URL.
    pub fn hint(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let text = self.url.as_str();
        let tail: Vec<char> = text.chars().rev().take(4).collect();
        format!("{host} …{}", tail.into_iter().rev().collect::<String>())
    }

    /// The same for the same URL, and tells nothing of it: 64 bits of its SHA-256.
    pub fn robot(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.url.as_str())[..8])
    }
}

impl fmt::Debug for SecretAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretAddress({})", self.hint())
    }
}

fn is_mention(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-+.@".contains(c);
    (1..=MENTION_LEN_MAX).contains(&text.len()) && text.chars().all(is_plain)
}

/// The bytes of a secret as Standard Webhooks write them, `whsec_` and base64 (Standard Webhooks
/// 1.0, "Signature scheme"). None unless they are 24 to 64.
pub fn webhook_key(secret: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(secret.strip_prefix("whsec_")?.as_bytes()).ok()?;
    (24..=64).contains(&bytes.len()).then_some(bytes)
}
