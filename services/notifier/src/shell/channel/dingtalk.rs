//! Group robots of DingTalk (<https://open.dingtalk.com/document/robots/custom-robot-access>).
//!
//! Whatever is refused is refused with HTTP 200 and a code in the body.

use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use proto::address::SecretAddress;
use reqwest::Url;
use serde::Deserialize;
use serde_json::json;

use super::{
    Channel, Limit, Pace, Parcel,
    markup::{cut, heading, is_mobile, linked, markdown, within},
    web::{Post, Reply, Web},
    words::{is_throttle, scrubbed},
};
use crate::domain::{roster::Address, thread::outcome::Outcome, wording::Letter};

/// Bytes of a request. The robot takes 20,000, in case it counts them as we do.
const BODY_MAX: usize = 19_000;

/// Bytes of what stands in the notification bar.
const TITLE_MAX: usize = 200;

/// How long a robot is blocked that was spoken to too fast.
const BLOCKED: Duration = Duration::from_mins(10);

/// The robot takes 20 a minute, and blocks who sends more.
const LIMITS: &[Limit] = &[Limit { messages: 18, within: Duration::from_mins(1) }];

/// Group robots of DingTalk.
pub struct DingTalk {
    web: Web,
}

/// What a robot answers.
#[derive(Debug, Deserialize)]
struct Answer {
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

/// How a message is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Markdown,
    /// Without anything that could be taken for a link.
    Text,
}

/// What a robot's answer asks for.
#[derive(Debug, PartialEq)]
enum Said {
    Outcome(Outcome),
    /// The same once more, with a fresh stamp.
    StaleStamp(Outcome),
    /// The same once more, as plain text.
    UnsafeContent(Outcome),
}

impl DingTalk {
    /// The channel.
    pub fn new(web: Web) -> Self {
        Self { web }
    }

    async fn say(
        &self,
        parcel: &Parcel,
        address: &SecretAddress,
        form: Form,
        at: Timestamp,
    ) -> Said {
        let body = body(&parcel.letter.unattached(), &address.mentions, form);
        match self.web.post(Post::json(signed(address, at), body)).await {
            Ok(reply) => judged(&reply, address),
            Err(outcome) => Said::Outcome(outcome),
        }
    }
}

#[async_trait]
impl Channel for DingTalk {
    fn token(&self) -> &'static str {
        "dingtalk"
    }

    fn pace(&self) -> Pace {
        Pace::of_robots(LIMITS)
    }

    fn fits(&self, address: &Address, letter: &Letter) -> bool {
        self.web.fits(self.token(), address, |address| {
            request(letter, &address.mentions, Form::Markdown).len() <= BODY_MAX
        })
    }

    async fn send(&self, parcel: &Parcel) -> Outcome {
        let address = match self.web.address(self.token(), &parcel.address) {
            Ok(address) => address,
            Err(outcome) => return outcome,
        };
        match self.say(parcel, &address, Form::Markdown, parcel.at).await {
            Said::Outcome(outcome) => outcome,
            Said::StaleStamp(_) => {
                match self.say(parcel, &address, Form::Markdown, self.web.now()).await {
                    Said::Outcome(outcome)
                    | Said::StaleStamp(outcome)
                    | Said::UnsafeContent(outcome) => outcome,
                }
            }
            // It may be that one of several is at fault: each is to go alone.
            Said::UnsafeContent(outcome) if parcel.news.len() > 1 => outcome,
            Said::UnsafeContent(_) => {
                match self.say(parcel, &address, Form::Text, self.web.now()).await {
                    Said::Outcome(outcome)
                    | Said::StaleStamp(outcome)
                    | Said::UnsafeContent(outcome) => outcome,
                }
            }
        }
    }
}

/// The URL with time and signature, which stand in the query and nowhere else.
fn signed(address: &SecretAddress, at: Timestamp) -> Url {
    let mut url = address.url.clone();
    if !address.secret.is_empty() {
        let millis = at.as_millisecond().to_string();
        let sign = signature(&address.secret, &millis);
        url.query_pairs_mut().append_pair("timestamp", &millis).append_pair("sign", &sign);
    }
    url
}

fn signature(secret: &str, millis: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{millis}\n{secret}").as_bytes()))
}

/// The request, as long as the robot takes it.
fn body(letter: &Letter, mentions: &[String], form: Form) -> String {
    within(BODY_MAX, letter, |letter| request(letter, mentions, form))
}

fn request(letter: &Letter, mentions: &[String], form: Form) -> String {
    let people = || mentions.iter().filter(|one| *one != "all");
    let at = json!({
        "atMobiles": people().filter(|one| is_mobile(one)).collect::<Vec<_>>(),
        "atUserIds": people().filter(|one| !is_mobile(one)).collect::<Vec<_>>(),
        "isAtAll": mentions.iter().any(|one| one == "all"),
    });
    let request = match form {
        Form::Markdown => json!({
            "msgtype": "markdown",
            "markdown": {
                "title": cut(&letter.title, TITLE_MAX),
                "text": text(letter, mentions),
            },
            "at": at,
        }),
        Form::Text => {
            json!({ "msgtype": "text", "text": { "content": plain(letter) }, "at": at })
        }
    };
    request.to_string()
}

/// The letter in the Markdown of the robot; who is mentioned must stand in it as well.
fn text(letter: &Letter, mentions: &[String]) -> String {
    let mut parts =
        vec![format!("### {}\n\n{}\n", heading(&letter.title), markdown(&letter.sentence))];
    if let Some(action) = &letter.action {
        parts.push(format!("\n**{}**  \n", markdown(&action.label)));
        for line in &action.lines {
            parts.push(format!("{}  \n", markdown(&line.text)));
        }
    }
    for fact in letter.facts.iter().chain(&letter.note) {
        let label = markdown(&fact.label);
        match &fact.lines[..] {
            [line] => parts.push(format!("\n- **{label}** {}", linked(line, markdown))),
            lines => {
                parts.push(format!("\n- **{label}**"));
                for line in lines {
                    parts.push(format!("  \n  {}", linked(line, markdown)));
                }
            }
        }
    }
    parts.push(format!("\n\n[{}]({})\n\n{}", letter.link.label, letter.link.url, letter.footer));
    for one in mentions.iter().filter(|one| *one != "all") {
        parts.push(format!(" @{one}"));
    }
    parts.concat()
}

/// The letter as text, but for its link; links in an owner note can be read and not followed.
fn plain(letter: &Letter) -> String {
    letter.text_without_link().replace("://", ":／／")
}

fn judged(reply: &Reply, address: &SecretAddress) -> Said {
    let Some(Answer { errcode, errmsg }) = reply.json::<Answer>() else {
        return Said::Outcome(reply.unknown(address));
    };
    let reply_text = scrubbed(&format!("{errcode} {errmsg}"), address);
    let broken = Outcome::Broken { reply: reply_text.clone() };
    let never = Outcome::Never { reply: reply_text.clone() };
    let outcome = match errcode {
        0 if reply.status == 200 => Outcome::Delivered { reply: reply_text, inbox: None },
        130_101 | 410_100 | 90_018 | 90_030 => {
            Outcome::TooFast { reply: reply_text, rest: BLOCKED }
        }
        310_000 if is_stale(&errmsg) => return Said::StaleStamp(broken),
        310_000 | 300_005 | 300_001 | 400_101 | 400_013 | 400_102 | 400_106 => broken,
        430_101..=430_104 => return Said::UnsafeContent(never),
        40_035 | 43_002 | 43_004 | 400_105 | 460_101 => never,
        _ if is_throttle(&errmsg) => Outcome::TooFast { reply: reply_text, rest: BLOCKED },
        _ => Outcome::Again { reply: reply_text, wait_min: reply.retry_after, perhaps_told: false },
    };
    Said::Outcome(outcome)
}

fn is_stale(text: &str) -> bool {
    text.contains("timestamp") || text.contains("过期")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::wording::specimen::{digest_of, letters};

    fn address() -> SecretAddress {
        let token = "0123456789abcdef0123456789abcdef";
        SecretAddress::read("dingtalk", token, "SECmysecret", &[], &[]).unwrap()
    }

    #[test]
    fn the_signature_is_that_of_the_vector() {
        let want = "eOk/xeSKDCZrJwOctnb1jreXOlPqfqt+u9/6cu1hamY=";
        assert_eq!(signature("SECmysecret", "1700000000008"), want);
        let at = Timestamp::from_millisecond(1_700_000_000_008).unwrap();
        let url = signed(&address(), at);
        let encoded = "&sign=eOk%2FxeSKDCZrJwOctnb1jreXOlPqfqt%2Bu9%2F6cu1hamY%3D";
        assert!(url.as_str().ends_with(encoded), "{url}");
    }

    #[test]
    fn every_kind_in_the_form_of_the_robot() {
        let mentions = ["13800001111".to_owned(), "zoe".to_owned()];
        for (name, letter) in ["en", "zh-CN"].into_iter().flat_map(letters) {
            insta::assert_snapshot!(format!("text_{name}"), plain(&letter.unattached()));
            insta::assert_snapshot!(name, text(&letter.unattached(), &mentions));
        }
    }

    #[test]
    fn a_request_is_never_too_long_and_names_whom_it_mentions() {
        let mentions = ["13800001111".to_owned(), "zoe".to_owned(), "all".to_owned()];
        for form in [Form::Markdown, Form::Text] {
            let body = body(&digest_of(2_000), &mentions, form);
            assert!(body.len() <= BODY_MAX);
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["at"]["atMobiles"], json!(["13800001111"]));
            assert_eq!(body["at"]["atUserIds"], json!(["zoe"]));
            assert_eq!(body["at"]["isAtAll"], true);
        }
    }

    #[test]
    fn each_answer_has_its_consequence() {
        let said = |status, text: &str| {
            let reply = Reply { status, text: text.to_owned(), retry_after: None };
            judged(&reply, &address())
        };
        let outcome = |code: i64, text: &str| match said(
            200,
            &json!({ "errcode": code, "errmsg": text }).to_string(),
        ) {
            Said::Outcome(outcome) => outcome,
            other @ (Said::StaleStamp(_) | Said::UnsafeContent(_)) => panic!("{other:?}"),
        };
        assert!(matches!(outcome(0, "ok"), Outcome::Delivered { .. }));
        for code in [130_101, 410_100] {
            let too_fast = outcome(code, "send too fast, exceed 20 times per minute");
            assert!(matches!(too_fast, Outcome::TooFast { rest: BLOCKED, .. }), "{too_fast:?}");
        }
        for code in [300_005, 300_001, 400_101, 400_013, 400_102, 400_106, 310_000] {
            assert!(matches!(outcome(code, "no"), Outcome::Broken { .. }), "{code}");
        }
        for code in [460_101, 40_035, 43_002, 43_004, 400_105] {
            assert!(matches!(outcome(code, "no"), Outcome::Never { .. }), "{code}");
        }
        for words in ["call limit reached", "接口限流"] {
            assert!(
                matches!(outcome(77, words), Outcome::TooFast { rest: BLOCKED, .. }),
                "{words}"
            );
        }
        for code in [-1, 77] {
            assert!(matches!(outcome(code, "系统繁忙"), Outcome::Again { .. }), "{code}");
        }
        let stale = json!({ "errcode": 310_000, "errmsg": "机器人发送签名过期" }).to_string();
        assert!(matches!(said(200, &stale), Said::StaleStamp(Outcome::Broken { .. })));
        let improper = json!({ "errcode": 430_102, "errmsg": "improper" }).to_string();
        assert!(matches!(said(200, &improper), Said::UnsafeContent(Outcome::Never { .. })));
        let page = said(200, "<html>");
        assert!(matches!(page, Said::Outcome(Outcome::Again { perhaps_told: true, .. })));
        assert!(matches!(said(502, ""), Said::Outcome(Outcome::Again { .. })));
    }
}
