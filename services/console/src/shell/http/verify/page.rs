//! What the page says, in the language of the contact.

use askama::Template;
use axum::{
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    domain::language::Language,
    shell::{
        page::{frame, words::Words},
        verifier::{PAGE, PARAMETER},
    },
};

/// Loads the style sheet and the icon, runs nothing; nobody frames it, and the form leads here.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// The template.
#[derive(Template)]
#[template(path = "verify.html")]
struct Shown<'p> {
    words: Words,
    title: &'static str,
    text: String,
    /// What the button says, if there is one.
    button: Option<&'static str>,
    otherwise: &'static str,
    action: &'static str,
    parameter: &'static str,
    token: &'p str,
}

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
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-store"),
            // The address of this page holds the link.
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (HeaderName::from_static("x-robots-tag"), "noindex"),
        ];
        (self.say.status(), headers, frame::answer(&self.shown())).into_response()
    }

    fn shown(&self) -> Shown<'_> {
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
        Shown {
            words: Words(self.language),
            title,
            text,
            button: (self.say == Say::Ask).then_some(button),
            otherwise,
            action: PAGE,
            parameter: PARAMETER,
            token: self.token,
        }
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
        for language in Language::ALL {
            let html = page(language, Say::Ask).shown().render().unwrap();
            assert!(!html.contains("<b>") && !html.contains("<script"), "{html}");
            assert!(!html.contains("\"onfocus"), "{html}");
            assert!(html.contains("&#60;b&#62;Ada"), "{html}");
        }
    }

    #[test]
    fn only_what_can_be_verified_has_a_button() {
        for language in Language::ALL {
            for say in
                [Say::Done, Say::Already, Say::Moved, Say::Expired, Say::Garbled, Say::NotNow]
            {
                assert!(
                    !page(language, say).shown().render().unwrap().contains("<form"),
                    "{say:?}"
                );
            }
            assert!(page(language, Say::Ask).shown().render().unwrap().contains("<form"));
        }
    }
}
