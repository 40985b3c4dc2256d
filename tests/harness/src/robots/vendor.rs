//! Whose robots there are, and how one is set up.

use super::{Answer, lark};

/// Whose robot it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vendor {
    /// Group robots of DingTalk.
    DingTalk,
    /// Group robots of WeCom.
    WeCom,
    /// Group robots of Feishu, in China.
    Feishu,
    /// Group robots of Lark, elsewhere.
    Lark,
    /// Incoming webhooks of Slack.
    Slack,
    /// Anybody who takes webhooks as Standard Webhooks 1.0 says.
    Webhook,
}

/// A robot as somebody sets it up in a group.
#[derive(Debug, Clone)]
pub struct Setup {
    pub(super) vendor: Vendor,
    pub(super) token: String,
    pub(super) secret: String,
    pub(super) keyword: String,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::DingTalk, Self::WeCom, Self::Feishu, Self::Lark, Self::Slack, Self::Webhook];

    /// Its name as a notification method.
    pub fn method(self) -> &'static str {
        match self {
            Self::DingTalk => "dingtalk",
            Self::WeCom => "wecom",
            Self::Feishu => "feishu",
            Self::Lark => "lark",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        }
    }

    /// The setting that names another host than the vendor's; none of webhooks.
    pub(super) fn setting(self) -> Option<&'static str> {
        match self {
            Self::DingTalk => Some("NOTIFIER_DINGTALK_URL"),
            Self::WeCom => Some("NOTIFIER_WECOM_URL"),
            Self::Feishu => Some("NOTIFIER_FEISHU_URL"),
            Self::Lark => Some("NOTIFIER_LARK_URL"),
            Self::Slack => Some("NOTIFIER_SLACK_URL"),
            Self::Webhook => None,
        }
    }

    /// What the page of a robot shows, but for its token. Webhooks are at no vendor's.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::DingTalk => "https://oapi.dingtalk.com/robot/send?access_token=",
            Self::WeCom => "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
            Self::Feishu => "https://open.feishu.cn/open-apis/bot/v2/hook/",
            Self::Lark => "https://open.larksuite.com/open-apis/bot/v2/hook/",
            Self::Slack => "https://hooks.slack.com/services/",
            Self::Webhook => "",
        }
    }

    pub(super) fn of_path(path: &str) -> Option<(Self, &str)> {
        let (first, _) = path.trim_start_matches('/').split_once('/')?;
        let vendor = Self::ALL.into_iter().find(|vendor| vendor.method() == first)?;
        Some((vendor, path.trim_start_matches('/').trim_start_matches(first)))
    }

    pub(super) fn success(self) -> Answer {
        match self {
            Self::DingTalk | Self::WeCom => Answer::json(r#"{"errcode":0,"errmsg":"ok"}"#),
            Self::Feishu | Self::Lark => lark::success(),
            Self::Slack => Answer::text(200, "ok"),
            Self::Webhook => Answer::text(204, ""),
        }
    }
}

impl Setup {
    /// A robot whose URL bears this token. Slack's is of three parts, with `/` between.
    pub fn of(vendor: Vendor, token: &str) -> Self {
        let (secret, keyword) = (String::new(), String::new());
        Self { vendor, token: token.to_owned(), secret, keyword }
    }

    /// It wants messages to be signed with this.
    #[must_use]
    pub fn signed(self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self }
    }

    /// It takes only messages in which this stands.
    #[must_use]
    pub fn wanting(self, keyword: &str) -> Self {
        Self { keyword: keyword.to_owned(), ..self }
    }
}
