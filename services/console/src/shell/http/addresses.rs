//! Addresses of contacts: as they are sent, where robots are secrets, and as they are shown.

use std::{collections::BTreeMap, fmt};

use chassis::seal::Seal;
use proto::{address::SecretAddress, v1::ContactAddress};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::{
    inventory::{
        Invalid,
        contact::{CardDraft, robot::RobotDraft},
    },
    want::Asked,
};

/// A contact. It is replaced as a whole: an address that is left out is removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Ada", "email": "ada@example.com", "language": "en", "time_zone": "Europe/Berlin",
    "dingtalk": { "webhook": "https://oapi.dingtalk.com/robot/send?access_token=…", "secret": "SEC…" },
    "wecom": { "keep": true }
}))]
pub struct ContactBody {
    /// What people call it.
    pub name: String,
    /// Mailbox. A new one is sent a link, and told nothing until somebody has followed it.
    #[serde(default)]
    pub email: Option<String>,
    /// True: the mailbox is known to work, and needs no link. Takes a token of role `admin`.
    /// Default false; a mailbox that is verified and does not change stays so.
    #[serde(default)]
    pub verified: bool,
    /// `en` (default) or `zh-CN`.
    #[serde(default)]
    pub language: Option<String>,
    /// IANA name. Default `UTC`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Robot of a DingTalk group.
    #[serde(default)]
    pub dingtalk: Option<RobotBody>,
    /// Robot of a WeCom group. It has no secret beside its webhook.
    #[serde(default)]
    pub wecom: Option<RobotBody>,
    /// Robot of a Feishu group.
    #[serde(default)]
    pub feishu: Option<RobotBody>,
    /// Robot of a Lark group.
    #[serde(default)]
    pub lark: Option<RobotBody>,
    /// Incoming webhook of a Slack channel. It has no secret beside its webhook.
    #[serde(default)]
    pub slack: Option<RobotBody>,
    /// Any receiver of Standard Webhooks.
    #[serde(default)]
    pub webhook: Option<WebhookBody>,
}

/// A robot: its `webhook`, or `keep`. What is sent here is never shown again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct RobotBody {
    /// Its URL as the vendor shows it, or the token in it alone.
    #[schema(write_only)]
    webhook: Option<String>,
    /// What messages are signed with, if the robot wants that (DingTalk, Feishu, Lark).
    #[schema(write_only)]
    secret: Option<String>,
    /// Whom messages mention: at most 20, as the vendor names people; `all` is everybody.
    #[schema(write_only)]
    mentions: Vec<String>,
    /// True, and nothing else: the robot stays as it is.
    #[schema(write_only)]
    keep: bool,
}

/// A receiver of Standard Webhooks: its `url` and `secret`, or `keep`. What is sent here is never
/// shown again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct WebhookBody {
    /// Where messages are posted: https at port 443, without user and password; at hosts that
    /// `CONSOLE_ROBOT_HOSTS` names also at other ports.
    #[schema(write_only)]
    url: Option<String>,
    /// `whsec_` and 24 to 64 bytes in base64.
    #[schema(write_only)]
    secret: Option<String>,
    /// True, and nothing else: the receiver stays as it is.
    #[schema(write_only)]
    keep: bool,
}

/// Reads what may hold a secret. What serde says of a mistake may show it, and is not passed on.
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(Value) -> serde_json::Result<T>,
    want: &str,
) -> Result<T, D::Error> {
    let value = Some(Value::deserialize(deserializer)?).filter(Value::is_object);
    let value = value.ok_or_else(|| D::Error::custom(want))?;
    read(value).map_err(|_| D::Error::custom(want))
}

impl<'de> Deserialize<'de> for RobotBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let want = "an object with `webhook` and perhaps `secret` and `mentions`, or `keep`: true";
        read(deserializer, Self::deserialize, want)
    }
}

impl<'de> Deserialize<'de> for WebhookBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, Self::deserialize, "an object with `url` and `secret`, or `keep`: true")
    }
}

impl fmt::Debug for RobotBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RobotBody")
    }
}

impl fmt::Debug for WebhookBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookBody")
    }
}

impl RobotBody {
    /// A robot that stays as it is.
    pub fn kept() -> Self {
        Self { keep: true, ..Self::default() }
    }

    /// This robot. An empty secret is none.
    pub fn given(webhook: String, secret: Option<String>, mentions: Vec<String>) -> Self {
        Self { webhook: Some(webhook), secret, mentions, keep: false }
    }
}

impl WebhookBody {
    /// A receiver that stays as it is.
    pub fn kept() -> Self {
        Self { keep: true, ..Self::default() }
    }

    /// This receiver.
    pub fn given(url: String, secret: Option<String>) -> Self {
        Self { url: Some(url), secret, keep: false }
    }
}

impl From<WebhookBody> for RobotBody {
    fn from(WebhookBody { url, secret, keep }: WebhookBody) -> Self {
        Self { webhook: url, secret, mentions: vec![], keep }
    }
}

impl ContactBody {
    /// The draft of it.
    ///
    /// # Errors
    ///
    /// Names each robot that is both to stay and to change, or neither.
    pub fn draft(self) -> Result<CardDraft, Vec<Invalid>> {
        let mut mistakes = Vec::new();
        let robots: BTreeMap<_, _> = [
            ("dingtalk", self.dingtalk),
            ("wecom", self.wecom),
            ("feishu", self.feishu),
            ("lark", self.lark),
            ("slack", self.slack),
            ("webhook", self.webhook.map(RobotBody::from)),
        ]
        .into_iter()
        .filter_map(|(channel, robot)| {
            let robot = robot?.draft(channel);
            Some((channel, robot.map_err(|invalid| mistakes.push(invalid)).ok()?))
        })
        .collect();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(CardDraft {
            name: self.name,
            email: self.email,
            email_is_vouched_for: self.verified,
            language: self.language,
            time_zone: self.time_zone,
            robots,
        })
    }
}

impl RobotBody {
    fn draft(self, channel: &str) -> Result<RobotDraft, Invalid> {
        let Self { webhook, secret, mentions, keep } = self;
        let has_more = secret.is_some() || !mentions.is_empty();
        match (keep, webhook) {
            (true, None) if !has_more => Ok(RobotDraft::Kept),
            (false, Some(url)) => {
                Ok(RobotDraft::Given { url, secret: secret.unwrap_or_default(), mentions })
            }
            (true, _) => Err(Invalid::new(format!("{channel}.keep"), "true", Asked::KeepAlone)),
            (false, None) => {
                let field = if channel == "webhook" { "url" } else { "webhook" };
                Err(Invalid::new(format!("{channel}.{field}"), "", Asked::UrlOrKeep))
            }
        }
    }
}

/// Where a contact is reached by one method.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressView {
    /// The notification method.
    pub channel: String,
    /// The mailbox. Absent for robots, whose addresses are secrets, and for the inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What may be shown of a robot: its host, and the end of its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether it is used; a mailbox is once somebody has followed the link in it.
    pub verified: bool,
    /// Whether messages to a robot are signed. Absent for other addresses, and if the key that
    /// sealed it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_secret: Option<bool>,
}

impl AddressView {
    /// Shows an address, and nothing of it that is secret.
    pub fn of(address: &ContactAddress, seal: &Seal) -> Self {
        let opened = || serde_json::from_slice(&seal.open(&address.sealed).ok()?).ok();
        let robot: Option<SecretAddress> = if address.sealed.is_empty() { None } else { opened() };
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            channel: address.channel.clone(),
            address: given(&address.address),
            hint: given(&address.hint),
            verified: address.verified,
            has_secret: robot.map(|robot| !robot.secret.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ContactBody, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_robot_is_given_or_kept_and_not_both() {
        let drafted = |robot: &str| {
            let body = read(&format!(r#"{{"name":"Ada","wecom":{robot}}}"#)).unwrap();
            body.draft().map(|draft| draft.robots).map_err(|mistakes| mistakes[0].field.clone())
        };
        assert_eq!(drafted("null"), Ok([].into()));
        assert_eq!(drafted(r#"{"keep":true}"#), Ok([("wecom", RobotDraft::Kept)].into()));
        assert!(drafted(r#"{"webhook":"x"}"#).is_ok());
        assert_eq!(drafted(r#"{"keep":true,"webhook":"x"}"#), Err("wecom.keep".to_owned()));
        assert_eq!(drafted(r#"{"keep":true,"secret":"x"}"#), Err("wecom.keep".to_owned()));
        assert_eq!(drafted("{}"), Err("wecom.webhook".to_owned()));
    }

    #[test]
    fn a_mistake_never_shows_what_was_sent() {
        for robot in [
            r#""https://qyapi.weixin.qq.com/?key=hunter22""#,
            r#"{"webhook":["hunter22"]}"#,
            r#"{"hunter22":"x"}"#,
            r#"{"webhook":"x","mentions":"hunter22"}"#,
        ] {
            for channel in ["wecom", "webhook"] {
                let error = read(&format!(r#"{{"name":"Ada","{channel}":{robot}}}"#)).unwrap_err();
                assert!(!error.contains("hunter22"), "{error}");
                assert!(error.starts_with("an object with"), "{error}");
            }
        }
    }
}
