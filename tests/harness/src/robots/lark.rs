//! What a group robot of Feishu or Lark asks for. Whatever it refuses, it refuses with HTTP 200.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::fault::coded;
use super::post::Call;
use super::{Answer, Message, Meter, Setup, Vendor, markup, sign};

/// Bytes of a whole body.
const BODY_MAX: usize = 20_000;

/// Messages a second and a minute.
const LIMITS: &[(usize, SignedDuration)] =
    &[(5, SignedDuration::from_secs(1)), (100, SignedDuration::from_mins(1))];

/// How far a stamp may be off.
const STAMP_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Colours of a header.
const COLOURS: [&str; 13] = [
    "blue",
    "wathet",
    "turquoise",
    "green",
    "yellow",
    "orange",
    "red",
    "carmine",
    "violet",
    "purple",
    "indigo",
    "grey",
    "default",
];

/// Why a card is none.
type Mistake = String;

pub(super) fn token(call: &Call) -> String {
    call.path.strip_prefix("/open-apis/bot/v2/hook/").unwrap_or_default().to_owned()
}

/// The answer to a token that nobody has, whatever the body.
pub(super) fn unknown() -> Answer {
    refused(19_001, "param invalid: incoming webhook access token invalid")
}

pub(super) fn success() -> Answer {
    Answer::json(r#"{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}"#)
}

pub(super) fn judge(setup: &Setup, meter: &mut Meter, call: &Call) -> Result<Message, Answer> {
    if !meter.counts(call.at, LIMITS) {
        let words = "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]";
        return Err(refused(11_232, words));
    }
    let body = call.object().filter(|_| call.method == "POST" && call.is_json());
    let body = body.ok_or_else(|| refused(9_499, "Bad Request"))?;
    if call.body.len() > BODY_MAX {
        return Err(refused(19_036, "The message exceeds the size limit of 20KB"));
    }
    let is_signed = setup.secret.is_empty() || is_signed(&setup.secret, &body, call.at);
    if !is_signed {
        let words = "sign match fail or timestamp is not within one hour from current time";
        return Err(refused(19_021, words));
    }
    let bad_card = |mistake: Mistake| refused(200_621, &format!("parse card json err: {mistake}"));
    let message = match body["msg_type"].as_str() {
        Some("text") => {
            let text = body["content"]["text"].as_str().filter(|text| !text.trim().is_empty());
            text_message(text.ok_or_else(|| refused(9_499, "Bad Request"))?)
        }
        Some("interactive") => card(&body["card"]).map_err(bad_card)?,
        Some(_) | None => return Err(refused(19_002, "params error, msg_type need")),
    };
    if !format!("{}\n{}", message.title, message.text).contains(&setup.keyword) {
        return Err(refused(19_024, "Key Words Not Found"));
    }
    Ok(message)
}

fn is_signed(secret: &str, body: &Value, at: Timestamp) -> bool {
    let (Some(stamp), Some(given)) = (body["timestamp"].as_str(), body["sign"].as_str()) else {
        return false;
    };
    let Some(stamped) = stamp.parse().ok().filter(|_| stamp.len() == 10) else { return false };
    let Ok(stamped) = Timestamp::from_second(stamped) else { return false };
    let is_fresh = at.duration_since(stamped).abs() <= STAMP_MAX;
    is_fresh && given == sign::tag(format!("{stamp}\n{secret}").as_bytes(), b"")
}

fn text_message(text: &str) -> Message {
    let mentions = markup::between(text, "<at user_id=\"", "\"");
    let mentions = mentions.into_iter().map(str::to_owned).collect();
    let links = markup::links(text);
    Message { title: String::new(), text: text.to_owned(), mentions, links }
}

fn card(card: &Value) -> Result<Message, Mistake> {
    let header = &card["header"];
    let colour = header["template"].as_str().unwrap_or("default");
    if !COLOURS.contains(&colour) {
        return Err(format!("template {colour}"));
    }
    let title = plain_text(&header["title"])?;
    let mut message = Message { title: title.to_owned(), ..Message::default() };
    let elements = card["elements"].as_array().filter(|elements| !elements.is_empty());
    for element in elements.ok_or("no elements")? {
        match element["tag"].as_str() {
            Some("div") => marked(&mut message, &element["text"])?,
            Some("hr") => {}
            Some("note") => {
                for one in element["elements"].as_array().ok_or("a note without elements")? {
                    marked(&mut message, one)?;
                }
            }
            Some("action") => {
                for one in element["actions"].as_array().ok_or("an action without actions")? {
                    button(&mut message, one)?;
                }
            }
            other => return Err(format!("tag {other:?}")),
        }
    }
    Ok(message)
}

/// A text of either kind. Only in `lark_md` does anything have a meaning.
fn marked(message: &mut Message, text: &Value) -> Result<(), Mistake> {
    if text["tag"] == "plain_text" {
        let text = plain_text(text)?;
        message.text.push_str(text);
        message.text.push('\n');
        return Ok(());
    }
    let content = text["content"].as_str().filter(|_| text["tag"] == "lark_md");
    let content = content.ok_or_else(|| format!("no text: {text}"))?;
    message.text.push_str(content);
    message.text.push('\n');
    for tag in markup::between(content, "<", ">") {
        let person = tag.strip_prefix("at id=").or_else(|| tag.strip_prefix("at email="));
        match (person, tag) {
            (Some(person), _) => message.mentions.push(person.to_owned()),
            (None, "/at") => {}
            (None, _) => return Err(format!("a strange <{tag}>")),
        }
    }
    message.links.extend(markup::links(content));
    Ok(())
}

fn button(message: &mut Message, button: &Value) -> Result<(), Mistake> {
    let kinds = ["default", "primary", "danger"];
    if button["tag"] != "button" || !kinds.iter().any(|kind| button["type"] == *kind) {
        return Err(format!("no button: {button}"));
    }
    plain_text(&button["text"])?;
    let url = button["url"].as_str().ok_or("a button without a url")?;
    message.links.push(url.to_owned());
    Ok(())
}

fn plain_text(text: &Value) -> Result<&str, Mistake> {
    let content = text["content"].as_str().filter(|content| !content.is_empty());
    content.filter(|_| text["tag"] == "plain_text").ok_or_else(|| format!("no plain_text: {text}"))
}

fn refused(code: i64, text: &str) -> Answer {
    coded(Vendor::Lark, code, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Made with Python's `hmac`, of `larksecret`.
    const SIGN: &str = "3UXrSP2Kbjs80j8pEniDAZsS+qT9rXWGcb4qWl4C1nk=";

    fn call(second: i64, body: &Value) -> Call {
        Call {
            at: Timestamp::from_second(1_767_225_600 + second).unwrap(),
            method: "POST".to_owned(),
            path: "/open-apis/bot/v2/hook/T".to_owned(),
            query: String::new(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    fn code(judged: Result<Message, Answer>) -> i64 {
        let answer = judged.unwrap_err();
        assert_eq!(answer.status, 200);
        serde_json::from_str::<Value>(&answer.body).unwrap()["code"].as_i64().unwrap()
    }

    fn text(text: &str) -> Value {
        json!({ "msg_type": "text", "content": { "text": text } })
    }

    fn with_elements(elements: &Value) -> Value {
        let title = json!({ "tag": "plain_text", "content": "T" });
        let header = json!({ "template": "red", "title": title });
        json!({ "msg_type": "interactive", "card": { "header": header, "elements": elements } })
    }

    #[test]
    fn a_signature_is_fresh_and_in_the_body() {
        let setup = Setup::of(Vendor::Lark, "T").signed("larksecret");
        let judge = |second, stamp: &Value, sign: &str| {
            let mut body = text("a");
            (body["timestamp"], body["sign"]) = (stamp.clone(), json!(sign));
            judge(&setup, &mut Meter::default(), &call(second, &body))
        };
        let stamp = json!("1767225600");
        assert!(judge(0, &stamp, SIGN).is_ok());
        assert!(judge(3_600, &stamp, SIGN).is_ok());
        assert_eq!(code(judge(3_601, &stamp, SIGN)), 19_021);
        assert_eq!(code(judge(0, &json!(1_767_225_600), SIGN)), 19_021, "a number");
        assert_eq!(code(judge(0, &json!("1767225600000"), SIGN)), 19_021, "milliseconds");
        assert_eq!(code(judge(0, &stamp, &SIGN.replace('3', "4"))), 19_021);
        let unsigned = super::judge(&setup, &mut Meter::default(), &call(0, &text("a")));
        assert_eq!(code(unsigned), 19_021);
    }

    #[test]
    fn each_mistake_has_its_code() {
        let setup = Setup::of(Vendor::Lark, "T").wanting("[TLS]");
        let judge = |body: &Value| judge(&setup, &mut Meter::default(), &call(0, body));
        assert!(judge(&text("[TLS] a")).is_ok());
        assert_eq!(code(judge(&text("a"))), 19_024);
        assert_eq!(code(judge(&json!({ "content": {} }))), 19_002);
        assert_eq!(code(judge(&json!({ "msg_type": "text" }))), 9_499);
        assert_eq!(code(judge(&json!([]))), 9_499);
        assert_eq!(code(judge(&text(&"例".repeat(6_700)))), 19_036);
        let strange = json!({ "tag": "div", "text": { "tag": "lark_md", "content": "<b>a</b>" } });
        for elements in [json!([]), json!([{ "tag": "poem" }]), json!([strange])] {
            assert_eq!(code(judge(&with_elements(&elements))), 200_621, "{elements}");
        }
    }

    #[test]
    fn a_card_shows_whom_it_calls_and_where_it_leads() {
        let content = "**a** <at id=ou_x></at> [b](https://b.test) &lt;at id=all&gt;";
        let button = json!({ "tag": "button", "type": "primary", "url": "https://c.test",
            "text": { "tag": "plain_text", "content": "Open" } });
        let body = with_elements(&json!([
            { "tag": "div", "text": { "tag": "lark_md", "content": content } },
            { "tag": "hr" },
            { "tag": "note", "elements": [{ "tag": "plain_text", "content": "<at id=all>" }] },
            { "tag": "action", "actions": [button] },
        ]));
        let setup = Setup::of(Vendor::Lark, "T");
        let message = judge(&setup, &mut Meter::default(), &call(0, &body)).unwrap();
        assert_eq!(message.mentions, ["ou_x"]);
        assert_eq!(message.links, ["https://b.test", "https://c.test"]);
    }

    #[test]
    fn five_a_second_and_a_hundred_a_minute() {
        let (setup, mut meter) = (Setup::of(Vendor::Lark, "T"), Meter::default());
        let mut judge = |second| judge(&setup, &mut meter, &call(second, &text("a")));
        for number in 0..100 {
            assert!(judge(number / 5).is_ok(), "{number}");
        }
        assert_eq!(code(judge(20)), 11_232, "the hundred and first");
        assert!(judge(61).is_ok());
        for _ in 0..4 {
            assert!(judge(90).is_ok());
        }
        assert!(judge(90).is_ok());
        assert_eq!(code(judge(90)), 11_232, "the sixth of a second");
    }
}
