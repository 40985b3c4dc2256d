//! What an incoming webhook of Slack asks for. It answers with real statuses and a word.

use jiff::SignedDuration;
use serde_json::Value;

use super::post::Call;
use super::{Answer, Message, Meter, markup};

/// Characters of a header.
const HEADER_MAX: usize = 150;

/// Characters of the text of a section.
const SECTION_MAX: usize = 3_000;

/// Blocks of a message.
const BLOCKS_MAX: usize = 50;

/// One message a second, and a short burst: no more than two ahead of it at any time.
const LIMITS: &[(usize, SignedDuration)] =
    &[(3, SignedDuration::from_secs(1)), (62, SignedDuration::from_mins(1))];

/// What `Retry-After` says.
const RETRY_AFTER: &str = "5";

/// What a block may be made of, beside its type.
const BLOCKS: [(&str, &[&str]); 4] = [
    ("header", &["type", "text"]),
    ("section", &["type", "text"]),
    ("context", &["type", "elements"]),
    ("divider", &["type"]),
];

/// Why blocks are refused.
type Mistake = String;

pub(super) fn token(call: &Call) -> String {
    call.path.strip_prefix("/services/").unwrap_or_default().to_owned()
}

/// The answer to a URL that nobody has.
pub(super) fn unknown() -> Answer {
    Answer::text(404, "no_service")
}

pub(super) fn judge(meter: &mut Meter, call: &Call) -> Result<Message, Answer> {
    if !meter.counts(call.at, LIMITS) {
        return Err(Answer::text(429, "rate_limited").with("retry-after", RETRY_AFTER));
    }
    let body = call.object().filter(|_| call.method == "POST" && call.is_json());
    let body = body.ok_or_else(|| Answer::text(400, "invalid_payload"))?;
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() {
        return Err(Answer::text(400, "no_text"));
    }
    let mut message = Message { title: text.to_owned(), ..Message::default() };
    speak(&mut message, text);
    let attached = body["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let invalid = |_: Mistake| Answer::text(400, "invalid_blocks");
    blocks(&mut message, &body["blocks"]).map_err(invalid)?;
    for one in attached {
        let is_colour = |colour: &str| colour.len() == 7 && colour.starts_with('#');
        if !one["color"].as_str().is_none_or(is_colour) {
            return Err(Answer::text(400, "invalid_attachments"));
        }
        blocks(&mut message, &one["blocks"]).map_err(invalid)?;
    }
    Ok(message)
}

fn blocks(message: &mut Message, blocks: &Value) -> Result<(), Mistake> {
    let blocks = blocks.as_array().map(Vec::as_slice).unwrap_or_default();
    if blocks.len() > BLOCKS_MAX {
        return Err(format!("{} blocks", blocks.len()));
    }
    for block in blocks {
        let kind = block["type"].as_str().unwrap_or_default();
        let known = BLOCKS.iter().find(|(name, _)| *name == kind);
        let (_, fields) = known.ok_or_else(|| format!("type {kind}"))?;
        let given = block.as_object().into_iter().flat_map(|fields| fields.keys());
        if let Some(field) = given.into_iter().find(|field| !fields.contains(&field.as_str())) {
            return Err(format!("field {field}"));
        }
        match kind {
            "header" => said(message, &block["text"], "plain_text", HEADER_MAX)?,
            "section" => said(message, &block["text"], "mrkdwn", SECTION_MAX)?,
            "context" => {
                let elements =
                    block["elements"].as_array().filter(|all| (1..=10).contains(&all.len()));
                for one in elements.ok_or("a context of none or too many")? {
                    said(message, one, "mrkdwn", SECTION_MAX)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn said(message: &mut Message, text: &Value, kind: &str, max: usize) -> Result<(), Mistake> {
    let content = text["text"].as_str().unwrap_or_default();
    if text["type"] != kind || !(1..=max).contains(&content.chars().count()) {
        return Err(format!("no {kind} of at most {max}: {text}"));
    }
    message.text.push_str(content);
    message.text.push('\n');
    if kind == "mrkdwn" {
        speak(message, content);
    }
    Ok(())
}

/// Only what stands between `<` and `>` has a meaning, and what looks like a URL.
fn speak(message: &mut Message, text: &str) {
    for tag in markup::between(text, "<", ">") {
        let name = tag.split('|').next().unwrap_or_default();
        match name.strip_prefix('@') {
            Some(person) => message.mentions.push(person.to_owned()),
            None if name == "!channel" || name == "!everyone" => {
                message.mentions.push("all".to_owned());
            }
            None if name.starts_with('!') => message.mentions.push(name.to_owned()),
            None if !name.contains("://") => message.links.push(name.to_owned()),
            None => {}
        }
    }
    for link in markup::urls(text) {
        if !message.links.contains(&link) {
            message.links.push(link);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(millis: i64, body: &Value) -> Call {
        Call {
            at: jiff::Timestamp::from_millisecond(1_767_225_600_000 + millis).unwrap(),
            method: "POST".to_owned(),
            path: "/services/T0/B0/x".to_owned(),
            query: String::new(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    fn judged(body: &Value) -> Result<Message, (u16, String)> {
        let judged = judge(&mut Meter::default(), &call(0, body));
        judged.map_err(|answer| (answer.status, answer.body))
    }

    fn with_block(block: &Value) -> Value {
        json!({ "text": "a", "blocks": [block] })
    }

    #[test]
    fn each_mistake_has_its_status() {
        let refused = |word: &str| Err((400, word.to_owned()));
        assert!(judged(&json!({ "text": "a" })).is_ok());
        assert_eq!(judged(&json!({ "blocks": [] })), refused("no_text"));
        assert_eq!(judged(&json!("a")), refused("invalid_payload"));
        let header = |text: &str| json!({ "type": "header", "text": { "type": "plain_text", "text": text } });
        assert!(judged(&with_block(&header(&"例".repeat(150)))).is_ok(), "characters count here");
        let section =
            |text: &str| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } });
        for block in [
            header(&"a".repeat(151)),
            header(""),
            section(&"a".repeat(3_001)),
            json!({ "type": "poem" }),
            json!({ "type": "divider", "colour": "red" }),
        ] {
            assert_eq!(judged(&with_block(&block)), refused("invalid_blocks"), "{block}");
        }
        let many = json!({ "text": "a", "blocks": vec![section("a"); 51] });
        assert_eq!(judged(&many), refused("invalid_blocks"));
    }

    #[test]
    fn a_text_shows_whom_it_calls_and_where_it_leads() {
        let text =
            "<!channel> <@U0> <!here|here> <https://a.test|a> <mailto:x@y.test|x> &lt;!all&gt;";
        let message = judged(&json!({ "text": text })).unwrap();
        assert_eq!(message.mentions, ["all", "U0", "!here"]);
        assert_eq!(message.links, ["mailto:x@y.test", "https://a.test"]);
    }

    #[test]
    fn one_a_second_with_a_short_burst() {
        let mut meter = Meter::default();
        let mut status = |millis| match judge(&mut meter, &call(millis, &json!({ "text": "a" }))) {
            Ok(_) => 200,
            Err(answer) => {
                assert_eq!(answer.headers.last().unwrap(), &("retry-after", "5".to_owned()));
                answer.status
            }
        };
        assert_eq!([0, 10, 20, 30].map(&mut status), [200, 200, 200, 429]);
        for second in 1..=58 {
            assert_eq!(status(second * 1_000 + 500), 200, "{second}");
        }
        assert_eq!(status(59_000), 429, "more than one a second, for a minute");
    }
}
