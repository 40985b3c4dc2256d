//! How each vendor spells the address of a robot.

use url::{Host, Url};

use super::{SECRET_LEN_MIN, Wanted, webhook_key};

/// Whose robot it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    DingTalk,
    WeCom,
    Feishu,
    Lark,
    Slack,
    /// Anybody who speaks Standard Webhooks.
    Anybody,
}

impl Vendor {
    pub(super) fn of(channel: &str) -> Option<Self> {
        match channel {
            "dingtalk" => Some(Self::DingTalk),
            "wecom" => Some(Self::WeCom),
            "feishu" => Some(Self::Feishu),
            "lark" => Some(Self::Lark),
            "slack" => Some(Self::Slack),
            "webhook" => Some(Self::Anybody),
            _ => None,
        }
    }

    /// Its hosts, the usual one first.
    fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::DingTalk => &["oapi.dingtalk.com", "oapi.dingtalk.io"],
            Self::WeCom => &["qyapi.weixin.qq.com"],
            Self::Feishu => &["open.feishu.cn"],
            Self::Lark => &["open.larksuite.com"],
            Self::Slack => &["hooks.slack.com", "hooks.slack-gov.com"],
            Self::Anybody => &[],
        }
    }

    /// What stands before the token.
    fn path(self) -> &'static str {
        match self {
            Self::DingTalk => "/robot/send?access_token=",
            Self::WeCom => "/cgi-bin/webhook/send?key=",
            Self::Feishu | Self::Lark => "/open-apis/bot/v2/hook/",
            Self::Slack => "/services/",
            Self::Anybody => "/",
        }
    }

    /// The URL that was pasted, or that a token alone means, without what is computed anew at each
    /// sending (a pasted signature would be used again, and refused).
    pub(super) fn url(self, text: &str, hosts: &[String]) -> Option<Url> {
        if self != Self::Anybody && self != Self::Slack && is_token(text) {
            return Url::parse(&format!("https://{}{}{text}", self.hosts()[0], self.path())).ok();
        }
        let url = Url::parse(text).ok()?;
        let is_plain =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !is_plain || !self.admits_place(&url, hosts) {
            return None;
        }
        if self == Self::Anybody {
            return Some(url);
        }
        let (path, parameter) = match self.path().split_once('?') {
            Some((path, parameter)) => (path, parameter.strip_suffix('=')),
            None => (self.path(), None),
        };
        match parameter {
            Some(name) => {
                let (_, token) = url.query_pairs().find(|(key, _)| key == name)?;
                let is_there = url.path().ends_with(path) && is_token(&token);
                let mut clean = url.clone();
                clean.query_pairs_mut().clear().append_pair(name, &token);
                is_there.then_some(clean)
            }
            None => {
                let (_, token) = url.path().split_once(path)?;
                let is_there = token.split('/').all(is_token) && url.query().is_none();
                is_there.then_some(url)
            }
        }
    }

    /// Encrypted and at the port for that, unless the operator names the host: what else listens on
    /// a host, at another port, waits for no robot's messages.
    fn admits_place(self, url: &Url, hosts: &[String]) -> bool {
        let Some(host) = url.host() else { return false };
        let bare = host.to_string();
        let with_port = url.port().map(|port| format!("{bare}:{port}"));
        let is_named = hosts.iter().any(|one| *one == bare || Some(one) == with_port.as_ref());
        let is_vendor = match &host {
            Host::Domain(name) => self == Self::Anybody || self.hosts().contains(name),
            Host::Ipv4(_) | Host::Ipv6(_) => self == Self::Anybody,
        };
        match url.scheme() {
            // The port is none where it is that of the scheme.
            "https" => is_named || (is_vendor && url.port().is_none()),
            "http" => is_named,
            _ => false,
        }
    }

    pub(super) fn wanted_url(self) -> Wanted {
        match self {
            Self::Anybody => Wanted::AnyUrl,
            Self::Slack => {
                Wanted::SlackUrl(format!("https://{}{}T…/B…/…", self.hosts()[0], self.path()))
            }
            Self::DingTalk | Self::WeCom | Self::Feishu | Self::Lark => {
                Wanted::Url(format!("https://{}{}", self.hosts()[0], self.path()))
            }
        }
    }

    pub(super) fn admits_secret(self, secret: &str) -> bool {
        let fits = (SECRET_LEN_MIN..=256).contains(&secret.len());
        let is_plain = fits && secret.bytes().all(|byte| byte.is_ascii_graphic());
        match self {
            Self::DingTalk | Self::Feishu | Self::Lark => is_plain || secret.is_empty(),
            Self::WeCom | Self::Slack => secret.is_empty(),
            Self::Anybody => webhook_key(secret).is_some(),
        }
    }

    pub(super) fn wanted_secret(self) -> Wanted {
        match self {
            Self::DingTalk | Self::Feishu | Self::Lark => Wanted::Signature,
            Self::WeCom | Self::Slack => Wanted::NoSecret,
            Self::Anybody => Wanted::WebhookSecret,
        }
    }

    pub(super) fn can_mention(self) -> bool {
        self != Self::Anybody
    }
}

/// Whether a text can be a token: letters, digits, `-` and `_`.
fn is_token(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (8..=256).contains(&text.len()) && text.bytes().all(is_plain)
}
