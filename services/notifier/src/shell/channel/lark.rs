//! Group robots of Feishu and of Lark: one protocol, two vendors' hosts
//! (<https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>).
//!
//! Whatever is refused is refused with HTTP 200 and a code in the body.

use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use proto::{
    address::SecretAddress,
    v1::{Kind, Severity},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Channel, Limit, Pace, Parcel,
    markup::{entities, linked, within},
    web::{Post, Reply, Web},
    words::{is_throttle, scrubbed},
};
use crate::domain::{roster::Address, thread::outcome::Outcome, wording::Letter};

/// Bytes of a request. The robot takes 20 KB.
const BODY_MAX: usize = 19_000;

/// The robot takes 5 a second and 100 a minute.
const LIMITS: &[Limit] = &[
    Limit { messages: 4, within: Duration::from_secs(1) },
    Limit { messages: 90, within: Duration::from_mins(1) },
];

/// Longest wait after "frequency limited".
const LIMITED_MAX: Duration = Duration::from_mins(1);

/// Group robots of Feishu or Lark.
pub struct Lark {
    web: Web,
    token: &'static str,
}

/// What a robot answers; old ones say it in other words.
#[derive(Debug, Deserialize)]
struct Answer {
    code: Option<i64>,
    #[serde(rename = "StatusCode")]
    status_code: Option<i64>,
    #[serde(default)]
    msg: String,
}

/// How a message is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Card,
    Text,
}

/// What a robot's answer asks for.
#[derive(Debug, PartialEq)]
enum Said {
    Outcome(Outcome),
    /// The same once more, as plain text: the card was not understood.
    BadCard(Outcome),
}

impl Lark {
    /// Those of Feishu, in China.
    pub fn in_china(web: Web) -> Self {
        Self { web, token: "feishu" }
    }

    /// Those of Lark, everywhere else.
    pub fn elsewhere(web: Web) -> Self {
        Self { web, token: "lark" }
    }

    async fn say(&self, parcel: &Parcel, address: &SecretAddress, form: Form) -> Said {
        let body = body(&parcel.letter.unattached(), address, form, self.web.now());
        match self.web.post(Post::json(address.url.clone(), body)).await {
            Ok(reply) => judged(&reply, address, parcel.attempt),
            Err(outcome) => Said::Outcome(outcome),
        }
    }
}

#[async_trait]
impl Channel for Lark {
    fn token(&self) -> &'static str {
        self.token
    }

    fn pace(&self) -> Pace {
        Pace::of_robots(LIMITS)
    }

    fn fits(&self, address: &Address, letter: &Letter) -> bool {
        let at = self.web.now();
        self.web.fits(self.token, address, |address| {
            request(letter, address, Form::Card, at).len() <= BODY_MAX
        })
    }

    async fn send(&self, parcel: &Parcel) -> Outcome {
        let address = match self.web.address(self.token, &parcel.address) {
            Ok(address) => address,
            Err(outcome) => return outcome,
        };
        match self.say(parcel, &address, Form::Card).await {
            Said::Outcome(outcome) => outcome,
            Said::BadCard(_) => match self.say(parcel, &address, Form::Text).await {
                Said::Outcome(outcome) | Said::BadCard(outcome) => outcome,
            },
        }
    }
}

/// The request, as long as the robot takes it.
fn body(letter: &Letter, address: &SecretAddress, form: Form, at: Timestamp) -> String {
    within(BODY_MAX, letter, |letter| request(letter, address, form, at))
}

/// The whole request; time and signature are fields of it.
fn request(letter: &Letter, address: &SecretAddress, form: Form, at: Timestamp) -> String {
    let mut request = match form {
        Form::Card => json!({ "msg_type": "interactive", "card": card(letter, &address.mentions) }),
        Form::Text => {
            let text = format!("{}{}", plain(letter), named(&address.mentions));
            json!({ "msg_type": "text", "content": { "text": text } })
        }
    };
    if !address.secret.is_empty() {
        let seconds = at.as_second().to_string();
        request["sign"] = json!(signature(&address.secret, &seconds));
        request["timestamp"] = json!(seconds);
    }
    request.to_string()
}

/// The key is what would be expected to be the message, and the message is empty.
fn signature(secret: &str, seconds: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, format!("{seconds}\n{secret}").as_bytes());
    STANDARD.encode(hmac::sign(&key, &[]))
}

fn card(letter: &Letter, mentions: &[String]) -> Value {
    let colour = match (letter.kind, letter.severity) {
        (Kind::Recovered, _) => "green",
        (_, Severity::Critical) => "red",
        (_, Severity::Warning) => "orange",
        (_, Severity::Info) => "blue",
        (_, Severity::Unspecified) => "grey",
    };
    let text =
        |content: String| json!({ "tag": "div", "text": { "tag": "lark_md", "content": content } });
    let mut elements = vec![text(value(&letter.sentence))];
    for fact in letter.action.iter().chain(&letter.facts).chain(&letter.note) {
        let lines: Vec<_> = fact.lines.iter().map(|line| linked(line, value)).collect();
        elements.push(text(format!("**{}**\n{}", value(&fact.label), lines.join("\n"))));
    }
    if !mentions.is_empty() {
        let at: Vec<_> = mentions.iter().map(|one| format!("<at id={one}></at>")).collect();
        elements.push(text(at.join(" ")));
    }
    elements.push(json!({ "tag": "action", "actions": [{
        "tag": "button",
        "type": "primary",
        "text": { "tag": "plain_text", "content": letter.link.label },
        "url": letter.link.url,
    }] }));
    let footer = json!({ "tag": "plain_text", "content": letter.footer });
    elements.push(json!({ "tag": "note", "elements": [footer] }));
    json!({
        "config": { "wide_screen_mode": true },
        "header": {
            "template": colour,
            "title": { "tag": "plain_text", "content": letter.title },
        },
        "elements": elements,
    })
}

/// A value in `lark_md`.
fn value(text: &str) -> String {
    entities(text, &['*', '[', ']', '`', '~', '_'])
}

/// The letter as text: of its own accord, `<at …>` has a meaning there as well.
fn plain(letter: &Letter) -> String {
    entities(&letter.text(), &[])
}

fn named(mentions: &[String]) -> String {
    let at = |one: &String| format!(" <at user_id=\"{one}\">{one}</at>");
    mentions.iter().map(at).collect()
}

fn judged(reply: &Reply, address: &SecretAddress, attempt: u32) -> Said {
    let answer = reply.json::<Answer>();
    let code = answer.as_ref().and_then(|answer| answer.code.or(answer.status_code));
    let (Some(answer), Some(code)) = (answer, code) else {
        return Said::Outcome(reply.unknown(address));
    };
    let words = scrubbed(&format!("{code} {}", answer.msg), address);
    let too_fast = |reply| Outcome::TooFast { reply, rest: limited(attempt) };
    Said::Outcome(match code {
        0 if reply.status == 200 => Outcome::Delivered { reply: words, inbox: None },
        11_232 => too_fast(words),
        9_499 if is_throttle(&answer.msg) => too_fast(words),
        9_499 | 11_246 | 19_036 | 200_621 => return Said::BadCard(Outcome::Never { reply: words }),
        19_001 | 19_021 | 19_022 | 19_024 => Outcome::Broken { reply: words },
        19_002 => Outcome::Never { reply: words },
        _ if is_throttle(&answer.msg) => too_fast(words),
        _ => Outcome::Again { reply: words, wait_min: reply.retry_after, perhaps_told: false },
    })
}

/// 2 s, 4 s, 8 s … and at last a minute.
fn limited(attempt: u32) -> Duration {
    let seconds = 1_u64 << attempt.min(6);
    Duration::from_secs(seconds).min(LIMITED_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::wording::specimen::{digest_of, letters};

    fn address() -> SecretAddress {
        let mentions = ["ou_0123".to_owned(), "all".to_owned()];
        SecretAddress::read("lark", "0123456789abcdef", "mysecret", &mentions, &[]).unwrap()
    }

    #[test]
    fn the_signature_is_that_of_the_vector() {
        let want = "Jp33/xXhCipDEpjyHvEyc7mRSyXWHbNz6J8+C3qQKNo=";
        assert_eq!(signature("mysecret", "1700000000"), want);
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let body = body(&digest_of(2), &address(), Form::Text, at);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&body["timestamp"], &body["sign"]), (&json!("1700000000"), &json!(want)));
    }

    #[test]
    fn every_kind_as_a_card() {
        for (name, letter) in ["en", "zh-CN"].into_iter().flat_map(letters) {
            let card =
                serde_json::to_string_pretty(&card(&letter.unattached(), &address().mentions))
                    .unwrap();
            insta::assert_snapshot!(format!("text_{name}"), plain(&letter.unattached()));
            insta::assert_snapshot!(name, card);
        }
    }

    #[test]
    fn a_request_is_never_too_long() {
        let at = Timestamp::UNIX_EPOCH;
        for form in [Form::Card, Form::Text] {
            assert!(body(&digest_of(2_000), &address(), form, at).len() <= 20_000);
        }
    }

    #[test]
    fn each_answer_has_its_consequence() {
        let said = |code: i64, msg: &str, attempt| {
            let text = json!({ "code": code, "msg": msg }).to_string();
            judged(&Reply { status: 200, text, retry_after: None }, &address(), attempt)
        };
        let outcome = |code, msg: &str, attempt| match said(code, msg, attempt) {
            Said::Outcome(outcome) => outcome,
            Said::BadCard(_) => panic!("{code}"),
        };
        assert!(matches!(outcome(0, "success", 1), Outcome::Delivered { .. }));
        for (attempt, seconds) in [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (99, 60)] {
            let limited = outcome(11_232, "frequency limited", attempt);
            let Outcome::TooFast { rest, .. } = limited else { panic!("{limited:?}") };
            assert_eq!(rest, Duration::from_secs(seconds));
        }
        for words in ["too fast", "request limit reached"] {
            assert!(matches!(outcome(9_499, words, 1), Outcome::TooFast { .. }), "{words}");
        }
        for code in [9_499, 11_246, 19_036, 200_621] {
            let bad = said(code, "Bad Request", 1);
            assert!(matches!(bad, Said::BadCard(Outcome::Never { .. })), "{code}");
        }
        for code in [19_001, 19_021, 19_022, 19_024] {
            assert!(matches!(outcome(code, "no", 1), Outcome::Broken { .. }), "{code}");
        }
        assert!(matches!(outcome(19_002, "params error", 1), Outcome::Never { .. }));
        assert!(matches!(outcome(77, "what", 1), Outcome::Again { .. }));
        let old = json!({ "StatusCode": 0, "StatusMessage": "success" }).to_string();
        let old = Reply { status: 200, text: old, retry_after: None };
        assert!(matches!(judged(&old, &address(), 1), Said::Outcome(Outcome::Delivered { .. })));
        let page = Reply { status: 200, text: "{}".to_owned(), retry_after: None };
        assert!(matches!(judged(&page, &address(), 1), Said::Outcome(Outcome::Again { .. })));
    }
}
