//! Group robots of WeCom (<https://developer.work.weixin.qq.com/document/path/99110>).
//!
//! There is no signature: the key in the URL is the whole secret. Whatever is refused is refused
//! with HTTP 200 and a code in the body.

use std::time::Duration;

use async_trait::async_trait;
use proto::{address::SecretAddress, v1::Severity};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Channel, Limit, Pace, Parcel,
    markup::{heading, is_mobile, linked, markdown, unmarked, within},
    web::{Post, Reply, Web},
    words::{is_throttle, scrubbed},
};
use crate::domain::{roster::Address, thread::outcome::Outcome, wording::Letter};

/// Bytes of the Markdown of one message.
const TEXT_MAX: usize = 4_096;

/// Bytes of a message without Markdown.
const PLAIN_MAX: usize = 2_048;

/// How long a robot is shut that was spoken to too fast.
const SHUT: Duration = Duration::from_mins(1);

/// Wait after calls at the same time.
const CROWDED: Duration = Duration::from_secs(5);

/// The robot takes 20 a minute.
const LIMITS: &[Limit] = &[Limit { messages: 18, within: Duration::from_mins(1) }];

/// Group robots of WeCom.
pub struct WeCom {
    web: Web,
}

/// What a robot answers.
#[derive(Debug, Deserialize)]
struct Answer {
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

impl WeCom {
    /// The channel.
    pub fn new(web: Web) -> Self {
        Self { web }
    }
}

#[async_trait]
impl Channel for WeCom {
    fn token(&self) -> &'static str {
        "wecom"
    }

    fn pace(&self) -> Pace {
        Pace::of_robots(LIMITS)
    }

    fn fits(&self, address: &Address, letter: &Letter) -> bool {
        self.web.fits(self.token(), address, |address| {
            content(letter, &address.mentions).len() <= most(&address.mentions)
        })
    }

    async fn send(&self, parcel: &Parcel) -> Outcome {
        let post = |address: &SecretAddress| {
            let body = body(&parcel.letter.unattached(), &address.mentions);
            Post::json(address.url.clone(), body.to_string())
        };
        self.web.tell(self.token(), parcel, post, judged).await
    }
}

/// Whether people are mentioned whom Markdown does not call: it calls accounts only. Whoever is to
/// be called by number, and everybody, is called by a message without it.
fn is_plain(mentions: &[String]) -> bool {
    mentions.iter().any(|one| one == "all" || is_mobile(one))
}

/// Bytes of what is said.
fn most(mentions: &[String]) -> usize {
    if is_plain(mentions) { PLAIN_MAX } else { TEXT_MAX }
}

/// What is said, in the form that calls those who are mentioned.
fn content(letter: &Letter, mentions: &[String]) -> String {
    if is_plain(mentions) { unmarked(&letter.text()) } else { text(letter, mentions) }
}

fn body(letter: &Letter, mentions: &[String]) -> Value {
    let content = within(most(mentions), letter, |letter| content(letter, mentions));
    if !is_plain(mentions) {
        return json!({ "msgtype": "markdown", "markdown": { "content": content } });
    }
    let (mobiles, accounts): (Vec<_>, Vec<_>) = mentions.iter().partition(|one| is_mobile(one));
    let account = |one: &String| if one == "all" { "@all".to_owned() } else { one.clone() };
    json!({ "msgtype": "text", "text": {
        "content": content,
        "mentioned_list": accounts.into_iter().map(account).collect::<Vec<_>>(),
        "mentioned_mobile_list": mobiles,
    } })
}

/// The letter in the Markdown of the robot, which knows three colours.
fn text(letter: &Letter, mentions: &[String]) -> String {
    let colour = match letter.severity {
        Severity::Critical | Severity::Warning => "warning",
        Severity::Info => "info",
        Severity::Unspecified => "comment",
    };
    let mut parts = vec![format!(
        "### <font color=\"{colour}\">{}</font>\n{}\n",
        heading(&letter.title),
        markdown(&letter.sentence)
    )];
    if let Some(action) = &letter.action {
        parts.push(format!("**{}**\n", markdown(&action.label)));
        for line in &action.lines {
            parts.push(format!("{}\n", markdown(&line.text)));
        }
    }
    for fact in letter.facts.iter().chain(&letter.note) {
        parts.push(format!("> **{}** ", markdown(&fact.label)));
        let lines: Vec<_> = fact.lines.iter().map(|line| linked(line, markdown)).collect();
        match &lines[..] {
            [line] => parts.push(format!("{line}\n")),
            lines => parts.push(format!("\n> {}\n", lines.join("\n> "))),
        }
    }
    parts.push(format!("[{}]({})\n{}", letter.link.label, letter.link.url, letter.footer));
    for one in mentions {
        parts.push(format!(" <@{one}>"));
    }
    parts.concat()
}

fn judged(reply: &Reply, address: &SecretAddress) -> Outcome {
    let Some(Answer { errcode, errmsg }) = reply.json::<Answer>() else {
        return reply.unknown(address);
    };
    let words = scrubbed(&format!("{errcode} {errmsg}"), address);
    match errcode {
        0 if reply.status == 200 => Outcome::Delivered { reply: words, inbox: None },
        45_009 => Outcome::TooFast { reply: words, rest: SHUT },
        45_033 => Outcome::TooFast { reply: words, rest: CROWDED },
        93_000 | 93_004 | 93_008 => Outcome::Broken { reply: words },
        40_008 | 40_033 | 40_058 | 40_063 | 44_004 | 45_002 => Outcome::Never { reply: words },
        _ if is_throttle(&errmsg) => Outcome::TooFast { reply: words, rest: SHUT },
        _ => Outcome::Again { reply: words, wait_min: reply.retry_after, perhaps_told: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::wording::specimen::{digest_of, letters};

    fn address() -> SecretAddress {
        let key = "01234567-89ab-cdef-0123-456789abcdef";
        SecretAddress::read("wecom", key, "", &[], &[]).unwrap()
    }

    #[test]
    fn every_kind_in_the_form_of_the_robot() {
        for (name, letter) in ["en", "zh-CN"].into_iter().flat_map(letters) {
            let letter = letter.unattached();
            for (form, mention) in [("", "zoe"), ("text_", "all")] {
                let content = content(&letter, &[mention.to_owned()]);
                insta::assert_snapshot!(format!("{form}{name}"), content);
            }
        }
    }

    #[test]
    fn a_message_is_never_too_long() {
        let mentions: Vec<_> = (0..20).map(|number| format!("user{number:060}")).collect();
        for (_, letter) in letters("zh-CN").into_iter().chain([(String::new(), digest_of(2_000))]) {
            let body = body(&letter, &mentions);
            let content = body["markdown"]["content"].as_str().unwrap();
            assert!(content.len() <= TEXT_MAX, "{}", content.len());
        }
    }

    #[test]
    fn each_answer_has_its_consequence() {
        let outcome = |code: i64, text: &str| {
            let text = json!({ "errcode": code, "errmsg": text }).to_string();
            judged(&Reply { status: 200, text, retry_after: None }, &address())
        };
        assert!(matches!(outcome(0, "ok"), Outcome::Delivered { .. }));
        let limited = outcome(45_009, "api freq out of limit, from ip: 203.0.113.7, more info");
        let Outcome::TooFast { reply, rest: SHUT } = limited else { panic!("{limited:?}") };
        assert!(!reply.contains("203.0.113.7"), "{reply}");
        assert!(matches!(outcome(45_033, ""), Outcome::TooFast { rest: CROWDED, .. }));
        for code in [93_000, 93_004, 93_008] {
            assert!(matches!(outcome(code, "invalid webhook url"), Outcome::Broken { .. }));
        }
        for code in [40_008, 40_033, 40_058, 40_063, 44_004, 45_002] {
            let never = outcome(code, "markdown.content exceed max length 4096");
            assert!(matches!(never, Outcome::Never { .. }), "{code}");
        }
        for code in [-1, 77] {
            assert!(matches!(outcome(code, "system busy"), Outcome::Again { .. }), "{code}");
        }
        let page = Reply { status: 200, text: String::new(), retry_after: None };
        assert!(matches!(judged(&page, &address()), Outcome::Again { perhaps_told: true, .. }));
    }
}
