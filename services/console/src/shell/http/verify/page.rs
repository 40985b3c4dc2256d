//! What the page says, in the language of the contact.

use std::sync::LazyLock;

use axum::{
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use data_encoding::BASE64;
use minijinja::{Environment, Value, context};
use sha2::{Digest, Sha256};

use crate::shell::verifier::{PAGE, PARAMETER};

/// The name ends in `.html`, which is what turns escaping on.
const NAME: &str = "page.html";
/// Stands in the page, which loads nothing.
const STYLE: &str = include_str!("page.css");

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates
        .add_template(NAME, include_str!("page.html"))
        .expect("the template is part of the program and parses");
    templates
});

/// Nothing is loaded, nothing runs, nobody frames it, and the form leads here.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = BASE64.encode(&Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

/// What the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Say {
    /// The mailbox may be verified with a button.
    Ask,
    /// It was verified just now.
    Done,
    /// It was before.
    Already,
    /// It is not the contact's any more.
    Moved,
    /// The link is too old.
    Expired,
    /// It is no link.
    Garbled,
    /// The order could not be stored.
    NotNow,
}

impl Say {
    fn status(self) -> StatusCode {
        match self {
            Self::Ask | Self::Done | Self::Already => StatusCode::OK,
            Self::Moved | Self::Expired => StatusCode::GONE,
            Self::Garbled => StatusCode::NOT_FOUND,
            Self::NotNow => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// In which language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// That of a contact.
    pub(super) fn of(tag: &str) -> Self {
        if tag == "zh-CN" { Self::Chinese } else { Self::English }
    }

    /// The one that the browser of somebody who is not known wants first.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let is_chinese = wanted.is_some_and(|wanted| wanted.trim().starts_with("zh"));
        if is_chinese { Self::Chinese } else { Self::English }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }
}

/// The page for one link.
pub(super) struct Page<'p> {
    pub(super) language: Language,
    pub(super) say: Say,
    /// Name of the contact.
    pub(super) name: &'p str,
    /// The mailbox.
    pub(super) address: &'p str,
    /// What the button sends.
    pub(super) token: &'p str,
}

impl Page<'_> {
    pub(super) fn answer(&self) -> Response {
        let headers = [
            (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
            (header::CACHE_CONTROL, "no-store"),
            // The address of this page holds the link.
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (HeaderName::from_static("x-robots-tag"), "noindex"),
        ];
        (self.say.status(), headers, Html(self.html())).into_response()
    }

    fn html(&self) -> String {
        let (title, text) = match self.language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        };
        let (button, otherwise) = match self.language {
            Language::English => {
                ("Verify", "If you do not know what this is, close the page: nothing happens.")
            }
            Language::Chinese => {
                ("确认验证", "如果您不清楚这是什么，请直接关闭本页，不会有任何变化。")
            }
        };
        let values = context! {
            language => self.language.tag(),
            style => Value::from_safe_string(STYLE.to_owned()),
            title, text, otherwise,
            button => (self.say == Say::Ask).then_some(button),
            action => PAGE,
            parameter => PARAMETER,
            token => self.token,
        };
        let page = TEMPLATES.get_template(NAME).and_then(|template| template.render(values));
        page.expect("the template names only values that are given")
    }

    fn english(&self) -> (&'static str, String) {
        let Self { name, address, .. } = self;
        match self.say {
            Say::Ask => (
                "Verify your mailbox",
                format!("Shall certherald send the news for the contact “{name}” to {address}?"),
            ),
            Say::Done => (
                "Your mailbox is verified",
                format!("From now on, news for the contact “{name}” goes to {address}."),
            ),
            Say::Already => (
                "Your mailbox is verified already",
                format!("News for the contact “{name}” goes to {address}."),
            ),
            Say::Moved => (
                "The link is not valid any more",
                "The contact has another mailbox by now, or none.".to_owned(),
            ),
            Say::Expired => (
                "The link has expired",
                "It was valid for an hour. Ask for another in the console.".to_owned(),
            ),
            Say::Garbled => (
                "This is no link of ours",
                "It may not have been copied as a whole. Ask for another in the console."
                    .to_owned(),
            ),
            Say::NotNow => (
                "Not now",
                "The answer could not be stored. Follow the link again in a while.".to_owned(),
            ),
        }
    }

    fn chinese(&self) -> (&'static str, String) {
        let Self { name, address, .. } = self;
        match self.say {
            Say::Ask => (
                "验证您的邮箱",
                format!("是否允许 certherald 将联系人“{name}”的通知发送到 {address}？"),
            ),
            Say::Done => ("邮箱验证成功", format!("今后联系人“{name}”的通知将发送到 {address}。")),
            Say::Already => ("邮箱此前已验证", format!("联系人“{name}”的通知会发送到 {address}。")),
            Say::Moved => ("链接已失效", "该联系人的邮箱已更换或删除。".to_owned()),
            Say::Expired => ("链接已过期", "链接有效期为一小时，请在控制台重新发送。".to_owned()),
            Say::Garbled => ("链接无效", "链接可能没有复制完整，请在控制台重新发送。".to_owned()),
            Say::NotNow => ("暂时无法处理", "验证结果未能保存，请稍后再次打开链接。".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(language: Language, say: Say) -> Page<'static> {
        let (name, address) = ("<b>Ada</b>", "\"><script>@a.example");
        Page { language, say, name, address, token: "\"onfocus=" }
    }

    #[test]
    fn what_people_entered_is_text_on_the_page() {
        for language in [Language::English, Language::Chinese] {
            let html = page(language, Say::Ask).html();
            assert!(!html.contains("<b>") && !html.contains("<script"), "{html}");
            assert!(!html.contains("\"onfocus"), "{html}");
            assert!(html.contains("&lt;b&gt;Ada"), "{html}");
        }
    }

    #[test]
    fn only_what_can_be_verified_has_a_button() {
        for language in [Language::English, Language::Chinese] {
            for say in
                [Say::Done, Say::Already, Say::Moved, Say::Expired, Say::Garbled, Say::NotNow]
            {
                assert!(!page(language, say).html().contains("<form"), "{say:?}");
            }
            assert!(page(language, Say::Ask).html().contains("<form"));
        }
    }

    #[test]
    fn the_policy_admits_the_style_of_the_page_and_nothing_else() {
        let html = page(Language::English, Say::Ask).html();
        let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = BASE64.encode(&Sha256::digest(style));
        assert!(POLICY.contains(&format!("'sha256-{hash}'")));
        assert!(!POLICY.contains("unsafe"));
    }
}
