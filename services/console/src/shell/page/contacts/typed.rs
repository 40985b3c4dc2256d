//! What stands in the form of a contact: as it was typed, also where that is wrong. Addresses of
//! robots are secrets: what was typed of them is sent on, and never shown again.

use std::fmt;

use crate::shell::{
    http::{
        addresses::{AddressView, ContactBody, RobotBody, WebhookBody},
        contacts::ContactView,
    },
    page::{
        form::Fields,
        mistakes::{Aria, Beside, Mistakes},
    },
};

/// The methods that are robots, and what each has.
const ROBOTS: [Kind; 6] = [
    Kind { channel: "dingtalk", signs: true, mentions: true },
    Kind { channel: "wecom", signs: false, mentions: true },
    Kind { channel: "feishu", signs: true, mentions: true },
    Kind { channel: "lark", signs: true, mentions: true },
    Kind { channel: "slack", signs: false, mentions: true },
    Kind { channel: "webhook", signs: true, mentions: false },
];

/// A kind of robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// The notification method.
    pub(super) channel: &'static str,
    /// Whether it has a secret beside its URL.
    pub(super) signs: bool,
    /// Whether its messages can mention people.
    pub(super) mentions: bool,
}

/// The fields of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    /// What people call it.
    pub(super) name: String,
    /// Mailbox.
    pub(super) email: String,
    /// Whether somebody vouches for the mailbox.
    pub(super) verified: bool,
    /// `en` or `zh-CN`.
    pub(super) language: String,
    /// IANA name.
    pub(super) time_zone: String,
    /// Each kind of robot.
    pub(super) robots: Vec<Robot>,
}

/// A robot in the form.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Robot {
    /// What it is.
    pub(super) kind: Kind,
    /// What may be shown of the one that there is.
    pub(super) hint: Option<String>,
    /// Whether the one that there is has a secret.
    pub(super) has_secret: bool,
    /// `keep`, `replace` or `remove`.
    pub(super) wish: String,
    /// Whom messages mention, as it was typed.
    pub(super) mentions: String,
    url: String,
    secret: String,
}

impl fmt::Debug for Robot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Robot({}, {})", self.kind.channel, self.wish)
    }
}

impl Kind {
    /// The name of a field of its, as the API spells it: `url`, `secret` or `mentions`.
    fn field(self, part: &str) -> String {
        let part = if part == "url" && self.channel != "webhook" { "webhook" } else { part };
        format!("{}.{part}", self.channel)
    }
}

impl Typed {
    /// A form that nothing was entered in yet.
    pub(super) fn empty(language: &str) -> Self {
        Self {
            name: String::new(),
            email: String::new(),
            verified: false,
            language: language.to_owned(),
            time_zone: "UTC".to_owned(),
            robots: ROBOTS.into_iter().map(|kind| Robot::of(kind, None)).collect(),
        }
    }

    /// What a contact looks like in the form.
    pub(super) fn of(contact: &ContactView) -> Self {
        let address = |kind: &Kind| contact.addresses.iter().find(|a| a.channel == kind.channel);
        Self {
            name: contact.name.clone(),
            email: contact.email.clone().unwrap_or_default(),
            verified: false,
            language: contact.language.clone(),
            time_zone: contact.time_zone.clone(),
            robots: ROBOTS.into_iter().map(|kind| Robot::of(kind, address(&kind))).collect(),
        }
    }

    /// What a person sent, over what there was.
    pub(super) fn read(self, fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        Self {
            name: text("name"),
            email: text("email"),
            verified: fields.has("verified"),
            language: text("language"),
            time_zone: text("time_zone"),
            robots: self.robots.into_iter().map(|robot| robot.read(fields)).collect(),
        }
    }

    /// What it asks for.
    pub(super) fn body(&self) -> ContactBody {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let robot = |channel| self.robots.iter().find(|r| r.kind.channel == channel)?.body();
        ContactBody {
            name: self.name.clone(),
            email: given(&self.email),
            verified: self.verified,
            language: given(&self.language),
            time_zone: given(&self.time_zone),
            dingtalk: robot("dingtalk"),
            wecom: robot("wecom"),
            feishu: robot("feishu"),
            lark: robot("lark"),
            slack: robot("slack"),
            webhook: self.robots.iter().find_map(Robot::webhook),
        }
    }
}

impl Robot {
    fn of(kind: Kind, address: Option<&AddressView>) -> Self {
        Self {
            kind,
            hint: address.map(|address| address.hint.clone().unwrap_or_default()),
            has_secret: address.is_some_and(|address| address.has_secret == Some(true)),
            wish: "keep".to_owned(),
            mentions: String::new(),
            url: String::new(),
            secret: String::new(),
        }
    }

    fn read(self, fields: &Fields) -> Self {
        let text = |part: &str| fields.text(&self.kind.field(part)).to_owned();
        Self {
            wish: fields.text(self.kind.channel).to_owned(),
            url: text("url"),
            secret: text("secret"),
            mentions: text("mentions"),
            ..self
        }
    }

    /// The name of a field of its.
    pub(super) fn field(&self, part: &str) -> String {
        self.kind.field(part)
    }

    /// The same, as the id of an input.
    pub(super) fn id(&self, part: &str) -> String {
        self.field(part).replace('.', "-")
    }

    /// Whether something is wrong with it.
    pub(super) fn has_mistakes(&self, mistakes: &Mistakes) -> bool {
        ["url", "secret", "mentions"].iter().any(|part| mistakes.has(&self.field(part)))
    }

    /// As [`Mistakes::aria`].
    pub(super) fn aria(&self, mistakes: &Mistakes, part: &str) -> Aria {
        mistakes.aria(&self.field(part))
    }

    /// As [`Mistakes::beside`].
    pub(super) fn beside(&self, mistakes: &Mistakes, part: &str) -> Beside {
        mistakes.beside(&self.field(part))
    }

    /// Whether there is one.
    fn is_there(&self) -> bool {
        self.hint.is_some()
    }

    /// Whether it is to be another one: if there is none, whether anything was typed.
    fn is_given(&self) -> bool {
        let is_empty = self.url.is_empty() && self.secret.is_empty() && self.mentions.is_empty();
        if self.is_there() { self.wish == "replace" } else { !is_empty }
    }

    fn is_kept(&self) -> bool {
        self.is_there() && self.wish == "keep"
    }

    fn secret(&self) -> Option<String> {
        Some(self.secret.clone()).filter(|secret| !secret.is_empty())
    }

    fn body(&self) -> Option<RobotBody> {
        let words = self.mentions.split([',', '，', ' ']).filter(|word| !word.is_empty());
        let mentions = words.map(str::to_owned).collect();
        let given = || RobotBody::given(self.url.clone(), self.secret(), mentions);
        if self.is_kept() { Some(RobotBody::kept()) } else { self.is_given().then(given) }
    }

    fn webhook(&self) -> Option<WebhookBody> {
        let given = || WebhookBody::given(self.url.clone(), self.secret());
        match self.kind.channel {
            "webhook" if self.is_kept() => Some(WebhookBody::kept()),
            "webhook" => self.is_given().then(given),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inventory::contact::robot::RobotDraft;

    fn with_wecom() -> Typed {
        let mut typed = Typed::empty("en");
        typed.robots[1].hint = Some("qyapi.weixin.qq.com …cdef".to_owned());
        typed
    }

    fn drafted(typed: Typed, sent: &[u8]) -> Vec<(&'static str, RobotDraft)> {
        let body = typed.read(&Fields::read(sent).unwrap()).body();
        body.draft().unwrap().robots.into_iter().collect()
    }

    fn given(url: &str) -> RobotDraft {
        RobotDraft::Given { url: url.to_owned(), secret: String::new(), mentions: vec![] }
    }

    #[test]
    fn a_robot_is_left_replaced_or_removed() {
        let kept = drafted(with_wecom(), b"name=Ada&wecom=keep&wecom.webhook=");
        assert_eq!(kept, [("wecom", RobotDraft::Kept)]);
        let replaced = drafted(with_wecom(), b"name=Ada&wecom=replace&wecom.webhook=x");
        assert_eq!(replaced, [("wecom", given("x"))]);
        assert_eq!(drafted(with_wecom(), b"name=Ada&wecom=remove&wecom.webhook=x"), []);
    }

    #[test]
    fn a_new_robot_is_what_was_typed_and_none_if_nothing_was() {
        let sent =
            b"name=Ada&lark.webhook=x&lark.secret=s&lark.mentions=a,+b&webhook.url=&slack.webhook=";
        let lark = RobotDraft::Given {
            url: "x".to_owned(),
            secret: "s".to_owned(),
            mentions: vec!["a".to_owned(), "b".to_owned()],
        };
        assert_eq!(drafted(Typed::empty("en"), sent), [("lark", lark)]);
        let half = drafted(Typed::empty("en"), b"name=Ada&webhook.secret=whsec_x");
        assert_eq!(half[0].0, "webhook");
    }

    #[test]
    fn what_was_typed_of_a_robot_is_not_shown() {
        let sent = b"lark.webhook=hunter22&lark.secret=hunter23";
        let shown = format!("{:?}", Typed::empty("en").read(&Fields::read(sent).unwrap()));
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
