//! Incoming webhooks of Slack (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).
//!
//! Answers are HTTP statuses with a word of plain text.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use proto::{address::SecretAddress, v1::Severity};
use serde_json::{Value, json};

use super::{
    Channel, Limit, Pace, Parcel,
    markup::{entities, within},
    web::{Post, Reply, Web},
};
use crate::domain::{
    roster::Address,
    thread::outcome::Outcome,
    wording::{Letter, Line},
};

/// Characters of one section's text.
const SECTION_MAX: usize = 3_000;

/// Characters of a header.
const HEADER_MAX: usize = 150;

/// Bytes of the text of all sections.
const TEXT_MAX: usize = 12_000;

/// Shortest wait after "too many requests" without a word on how long.
const LIMITED: Duration = Duration::from_secs(30);

/// A channel takes one message a second.
const LIMITS: &[Limit] = &[Limit { messages: 1, within: Duration::from_secs(1) }];

/// Incoming webhooks of Slack.
pub struct Slack {
    web: Web,
}

impl Slack {
    /// The channel.
    pub fn new(web: Web) -> Self {
        Self { web }
    }
}

#[async_trait]
impl Channel for Slack {
    fn token(&self) -> &'static str {
        "slack"
    }

    fn pace(&self) -> Pace {
        Pace::of_robots(LIMITS)
    }

    fn fits(&self, _address: &Address, letter: &Letter) -> bool {
        text(letter).len() <= TEXT_MAX
    }

    async fn send(&self, parcel: &Parcel) -> Outcome {
        let post = |address: &SecretAddress| {
            let body = body(&parcel.letter.unattached(), &address.mentions);
            Post::json(address.url.clone(), body.to_string())
        };
        self.web.tell(self.token(), parcel, post, judged).await
    }
}

fn body(letter: &Letter, mentions: &[String]) -> Value {
    let colour = match letter.severity {
        Severity::Critical => "#b3261e",
        Severity::Warning => "#9a6700",
        Severity::Info | Severity::Unspecified => "#1a7f37",
    };
    let text = within(TEXT_MAX, letter, text);
    let section = |text: &str| json!({ "type": "section", "text": mrkdwn(text) });
    let mut blocks: Vec<_> = sections(&text).into_iter().map(section).collect();
    if !mentions.is_empty() {
        blocks
            .push(section(&mentions.iter().map(|one| mention(one)).collect::<Vec<_>>().join(" ")));
    }
    let link = format!("<{}|{}>", letter.link.url, value(letter.link.label));
    blocks.push(json!({
        "type": "context",
        "elements": [mrkdwn(&format!("{link} · {}", value(&letter.footer)))],
    }));
    let header = json!({ "type": "plain_text", "text": short(&letter.title, HEADER_MAX) });
    json!({
        // What notifications show, which show no blocks.
        "text": value(&letter.title),
        "blocks": [{ "type": "header", "text": header }],
        "attachments": [{ "color": colour, "blocks": blocks }],
    })
}

fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text })
}

fn text(letter: &Letter) -> String {
    let mut parts = vec![format!("{}\n", value(&letter.sentence))];
    for fact in letter.action.iter().chain(&letter.facts).chain(&letter.note) {
        let lines: Vec<_> = fact.lines.iter().map(linked).collect();
        match &lines[..] {
            [line] => parts.push(format!("*{}* {line}\n", value(&fact.label))),
            lines => parts.push(format!("*{}*\n{}\n", value(&fact.label), lines.join("\n"))),
        }
    }
    parts.concat()
}

/// Only these three have a meaning wherever they stand (Slack, "Formatting text").
fn value(text: &str) -> String {
    entities(text, &[])
}

fn linked(line: &Line) -> String {
    let text = value(&line.text);
    match &line.page {
        Some(page) => format!("<{page}|{text}>"),
        None => text,
    }
}

fn mention(one: &str) -> String {
    match one {
        "all" | "channel" => "<!channel>".to_owned(),
        "here" => "<!here>".to_owned(),
        user => format!("<@{user}>"),
    }
}

/// A text in parts, each short enough for a section, cut between lines.
fn sections(text: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while rest.len() > SECTION_MAX {
        let end = rest.floor_char_boundary(SECTION_MAX);
        let head = rest.get(..end).unwrap_or(rest);
        let at = head.rfind('\n').map_or(end, |line| line + 1);
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// At most so many characters: an IDN is short in characters and long in bytes.
fn short(text: &str, max: usize) -> Cow<'_, str> {
    if text.chars().count() <= max {
        return text.into();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

fn judged(reply: &Reply, address: &SecretAddress) -> Outcome {
    let words = reply.words(address);
    match (reply.status, reply.text.trim()) {
        (200, "ok") => Outcome::Delivered { reply: words, inbox: None },
        (429, _) => Outcome::TooFast { reply: words, rest: reply.retry_after.unwrap_or(LIMITED) },
        (403 | 404 | 410, _) => Outcome::Broken { reply: words },
        (400 | 413, _) => Outcome::Never { reply: words },
        (_, _) => reply.unknown(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::wording::specimen::{digest_of, letters};

    fn address() -> SecretAddress {
        let url = "https://hooks.slack.com/services/T00000000/B00000000/0123456789abcdef";
        SecretAddress::read("slack", url, "", &[], &[]).unwrap()
    }

    #[test]
    fn every_kind_in_blocks() {
        for (name, letter) in ["en", "zh-CN"].into_iter().flat_map(letters) {
            let body = body(&letter.unattached(), &["U0123".to_owned(), "here".to_owned()]);
            insta::assert_snapshot!(name, serde_json::to_string_pretty(&body).unwrap());
        }
    }

    #[test]
    fn no_block_is_too_long_and_no_line_is_lost() {
        let lines: Vec<_> = (0..900).map(|number| format!("shop{number}.example.com\n")).collect();
        let text = lines.concat();
        let parts = sections(&text);
        assert!(
            parts
                .iter()
                .all(|part| part.len() <= SECTION_MAX && part.ends_with('\n') || part.is_empty())
        );
        assert_eq!(parts.concat(), text);
        let body = body(&digest_of(2_000), &[]);
        assert!(body["attachments"][0]["blocks"].as_array().unwrap().len() <= 50);
    }

    #[test]
    fn a_header_is_as_long_as_it_may_be_and_no_longer() {
        for letter in ["a", "é", "例"] {
            for length in [1, 149, 150] {
                let title = letter.repeat(length);
                assert_eq!(short(&title, HEADER_MAX), title);
            }
            for length in [151, 152, 600] {
                let header = short(&letter.repeat(length), HEADER_MAX).into_owned();
                assert_eq!(header.chars().count(), HEADER_MAX, "{length}");
                assert!(header.ends_with('…'), "{header}");
            }
        }
    }

    #[test]
    fn each_answer_has_its_consequence() {
        let said = |status, text: &str, retry_after| {
            let text = text.to_owned();
            judged(&Reply { status, text, retry_after }, &address())
        };
        assert!(matches!(said(200, "ok", None), Outcome::Delivered { .. }));
        let page = said(200, "<html>", None);
        assert!(matches!(page, Outcome::Again { perhaps_told: true, .. }), "{page:?}");
        for (status, word) in
            [(403, "invalid_token"), (404, "no_service"), (410, "channel_is_archived")]
        {
            assert!(matches!(said(status, word, None), Outcome::Broken { .. }), "{status}");
        }
        assert!(matches!(said(400, "invalid_blocks", None), Outcome::Never { .. }));
        let wait = Some(Duration::from_secs(7));
        let limited = said(429, "rate_limited", wait);
        let Outcome::TooFast { rest, .. } = limited else { panic!("{limited:?}") };
        assert_eq!(Some(rest), wait);
        assert!(matches!(said(500, "", None), Outcome::Again { perhaps_told: false, .. }));
    }
}
