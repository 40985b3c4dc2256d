//! What a group robot of WeCom asks for. There is no signature; whatever it refuses, it refuses
//! with HTTP 200, and names the address that called it.

use jiff::SignedDuration;
use serde::Deserialize;

use super::fault::coded;
use super::post::Call;
use super::{Answer, Message, Meter, Setup, Vendor, markup};

/// Bytes of a text of type `text`.
const TEXT_MAX: usize = 2_048;

/// Bytes of a text of type `markdown` or `markdown_v2`.
const MARKDOWN_MAX: usize = 4_096;

/// Messages a minute.
const LIMITS: &[(usize, SignedDuration)] = &[(20, SignedDuration::from_mins(1))];

/// How long a robot is shut that was called too often.
const SHUT: SignedDuration = SignedDuration::from_mins(1);

/// The colours of `<font>`.
const COLOURS: [&str; 3] = ["info", "comment", "warning"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    msgtype: String,
    text: Option<Text>,
    markdown: Option<Markdown>,
    markdown_v2: Option<Markdown>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    content: String,
    #[serde(default)]
    mentioned_list: Vec<String>,
    #[serde(default)]
    mentioned_mobile_list: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Markdown {
    content: String,
}

pub(super) fn token(call: &Call) -> String {
    let is_there = call.path == "/cgi-bin/webhook/send";
    call.parameter("key").filter(|_| is_there).unwrap_or_default()
}

/// The answer to a key that nobody has.
pub(super) fn unknown() -> Answer {
    refused(93_000, "invalid webhook url")
}

pub(super) fn judge(setup: &Setup, meter: &mut Meter, call: &Call) -> Result<Message, Answer> {
    if meter.is_shut(call.at) {
        return Err(refused(45_009, "api freq out of limit"));
    }
    if !meter.counts(call.at, LIMITS) {
        meter.shut(call.at + SHUT);
        return Err(refused(45_009, "api freq out of limit"));
    }
    let wrong = || refused(40_008, "invalid message type, Warning: wrong json format.");
    if call.method != "POST" || call.body.windows(2).any(|pair| pair == br"\u") {
        return Err(refused(40_033, "invalid charset, with unicode escapes"));
    }
    let body = serde_json::from_slice::<Body>(&call.body).map_err(|_| wrong())?;
    let message = match (body.msgtype.as_str(), body.text, body.markdown, body.markdown_v2) {
        ("text", Some(one), None, None) => {
            let mut message = said("text.content", one.content, TEXT_MAX)?;
            message
                .mentions
                .extend(one.mentioned_list.into_iter().chain(one.mentioned_mobile_list));
            message
        }
        ("markdown", None, Some(one), None) => {
            are_colours_known(&one.content)?;
            said("markdown.content", one.content, MARKDOWN_MAX)?
        }
        ("markdown_v2", None, None, Some(one)) => {
            // It knows no mentions.
            let message = said("markdown_v2.content", one.content, MARKDOWN_MAX)?;
            Message { mentions: Vec::new(), ..message }
        }
        (_, _, _, _) => return Err(wrong()),
    };
    if message.text.contains(&setup.keyword) { Ok(message) } else { Err(wrong()) }
}

fn said(field: &str, text: String, max: usize) -> Result<Message, Answer> {
    if text.trim().is_empty() {
        return Err(refused(44_004, "empty content"));
    }
    if text.len() > max {
        let words = format!("{field} exceed max length {max}. invalid Request Parameter");
        return Err(refused(40_058, &words));
    }
    let mentions = markup::between(&text, "<@", ">").into_iter().map(str::to_owned).collect();
    let links = markup::links(&text);
    Ok(Message { title: String::new(), text, mentions, links })
}

/// Of what looks like HTML, only a font of a known colour and mentions mean anything.
fn are_colours_known(text: &str) -> Result<(), Answer> {
    let is_known = |tag: &&str| {
        let colour = tag.strip_prefix("font color=\"").and_then(|rest| rest.strip_suffix('"'));
        tag.starts_with('@') || *tag == "/font" || colour.is_some_and(|one| COLOURS.contains(&one))
    };
    match markup::between(text, "<", ">").iter().find(|tag| !is_known(tag)) {
        None => Ok(()),
        Some(tag) => Err(refused(40_058, &format!("markdown.content has a strange <{tag}>"))),
    }
}

fn refused(code: i64, text: &str) -> Answer {
    let text = format!(
        "{text}, hint: [1767225600123456789012345], from ip: 203.0.113.7, \
         more info at https://open.work.weixin.qq.com/devtool/query?e={code}"
    );
    coded(Vendor::WeCom, code, &text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(body: &str) -> Call {
        Call {
            at: jiff::Timestamp::from_second(1_767_225_600).unwrap(),
            method: "POST".to_owned(),
            path: "/cgi-bin/webhook/send".to_owned(),
            query: "key=K".to_owned(),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn judged(body: &Value) -> Result<Message, i64> {
        let (setup, mut meter) = (Setup::of(Vendor::WeCom, "K"), Meter::default());
        judge(&setup, &mut meter, &call(&body.to_string())).map_err(|answer| code(&answer))
    }

    fn code(answer: &Answer) -> i64 {
        serde_json::from_str::<Value>(&answer.body).unwrap()["errcode"].as_i64().unwrap()
    }

    fn markdown(content: &str) -> Value {
        json!({ "msgtype": "markdown", "markdown": { "content": content } })
    }

    #[test]
    fn bytes_are_counted_not_characters() {
        // 1,365 characters of three bytes are one below 4,096.
        assert!(judged(&markdown(&"例".repeat(1_365))).is_ok());
        assert_eq!(judged(&markdown(&"例".repeat(1_366))), Err(40_058));
        let text = |content: &str| json!({ "msgtype": "text", "text": { "content": content } });
        assert!(judged(&text(&"a".repeat(2_048))).is_ok());
        assert_eq!(judged(&text(&"a".repeat(2_049))), Err(40_058));
    }

    #[test]
    fn each_mistake_has_its_code() {
        assert_eq!(judged(&markdown(" ")), Err(44_004));
        assert_eq!(judged(&json!({ "msgtype": "poem" })), Err(40_008));
        assert_eq!(judged(&json!({ "msgtype": "text" })), Err(40_008));
        assert_eq!(judged(&markdown("<font color=\"red\">a</font>")), Err(40_058));
        let (setup, escaped) = (Setup::of(Vendor::WeCom, "K"), r#"{"msgtype":"\u0074ext"}"#);
        let answer = judge(&setup, &mut Meter::default(), &call(escaped)).unwrap_err();
        assert_eq!(code(&answer), 40_033);
        assert!(answer.body.contains("from ip: 203.0.113.7"), "{answer:?}");
    }

    #[test]
    fn who_stands_in_the_text_is_called() {
        let message = judged(&markdown("a <@zoe> [b](https://b.test)")).unwrap();
        assert_eq!(message.mentions, ["zoe"]);
        assert_eq!(message.links, ["https://b.test"]);
    }

    #[test]
    fn whoever_sends_the_twenty_first_waits_a_minute() {
        let (setup, mut meter) = (Setup::of(Vendor::WeCom, "K"), Meter::default());
        let mut judge = |second: i64| {
            let mut call = call(&markdown("a").to_string());
            call.at += SignedDuration::from_secs(second);
            judge(&setup, &mut meter, &call).map_err(|answer| code(&answer))
        };
        for second in 0..20 {
            assert!(judge(second).is_ok());
        }
        assert_eq!(judge(30), Err(45_009));
        assert_eq!(judge(89), Err(45_009));
        assert!(judge(91).is_ok());
    }
}
