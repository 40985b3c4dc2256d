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

/// Bytes of what can be secret. Shorter values are everyday ones, such as `1` or `v2`, which stand
/// in many an answer.
pub const SECRET_LEN_MIN: usize = 4;

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
    pub want: Wanted,
}

/// What a part of an address may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wanted {
    /// A channel whose addresses are secrets.
    #[error("one of {}", .0.join(", "))]
    Channel(&'static [&'static str]),
    /// The URL of a robot: how it begins.
    #[error("{0}… as the robot's page shows it, or the last part alone")]
    Url(String),
    /// The URL of an incoming webhook of Slack: how it looks.
    #[error("{0}")]
    SlackUrl(String),
    /// The URL of anybody's webhook.
    #[error(
        "an https URL without port, user, password and fragment; with a port only at hosts that \
         CONSOLE_ROBOT_HOSTS names"
    )]
    AnyUrl,
    /// What a robot signs with.
    #[error("what the robot's page shows under its signature, or nothing")]
    Signature,
    /// No secret.
    #[error("nothing: here the URL is the whole secret")]
    NoSecret,
    /// The secret of a webhook (see [`webhook_key`]).
    #[error("`whsec_` and 24 to 64 bytes in base64")]
    WebhookSecret,
    /// So many mentions at most.
    #[error("at most {0} names as the channel has them, of letters, digits and `_-+.@`")]
    Mentions(usize),
    /// No mentions.
    #[error("none here")]
    NoMentions,
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
        let unknown = InvalidAddress { field: "channel", want: Wanted::Channel(&SECRET_CHANNELS) };
        let vendor = Vendor::of(channel).ok_or(unknown)?;
        let url = url.trim();
        let url = if url.len() <= URL_LEN_MAX { vendor.url(url, hosts) } else { None };
        let url = url.ok_or_else(|| InvalidAddress { field: "url", want: vendor.wanted_url() })?;
        let secret = secret.trim();
        if !vendor.admits_secret(secret) {
            return Err(InvalidAddress { field: "secret", want: vendor.wanted_secret() });
        }
        let mentions: Vec<_> = mentions.iter().map(|one| one.trim().to_owned()).collect();
        if mentions.len() > MENTIONS_MAX || !mentions.iter().all(|one| is_mention(one)) {
            return Err(InvalidAddress { field: "mentions", want: Wanted::Mentions(MENTIONS_MAX) });
        }
        if !mentions.is_empty() && !vendor.can_mention() {
            return Err(InvalidAddress { field: "mentions", want: Wanted::NoMentions });
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
