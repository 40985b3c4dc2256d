//! Webhooks of anybody: one event a request, as CloudEvents 1.0 in structured JSON, signed as
//! Standard Webhooks 1.0 ask for (<https://www.standardwebhooks.com>).
//!
//! `webhook-id` is the id of the event and of the delivery, the same with every attempt: by it a
//! receiver tells a repeat. `data` is
//!
//! - `kind` (that of an event, `test`, or `channel_broken`), `phase`, `severity`, `domain` (host
//!   and port as people write them, as in `subject`; empty where it is about none), `host`, `port`,
//!   `domain_id`, `anomaly_id`, `occurred_at`, `detected_at`, `since`: as in events of the API;
//! - `recovered`: what is over, each with `anomaly_id`, `kind`, `since`, `until`;
//! - `certificate`: `sha256`, `subject`, `issuer`, `serial`, `not_before`, `not_after`, `names` of
//!   the leaf that it is about, if it is about one: the first names, as many as there is room for,
//!   and of how many in `names_total`;
//! - `broken_channel`: `channel` and `reason`, its own words, of another channel of the contact
//!   that is out of order, if it tells of one;
//! - `title`, `text`, `url`: the same in words, in the language of the contact.
//!
//! A body is 20,000 bytes at most, for which lists in `text` are cut, and say so.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use kernel::backoff::Backoff;
use proto::{
    address::{SecretAddress, webhook_key},
    time,
    v1::{BrokenChannel, CertificateSummary, Kind, event::Phase},
};
use reqwest::header::HeaderName;
use serde_json::{Value, json};

use super::{
    Channel, Pace, Parcel,
    markup::within,
    web::{Post, Reply, Web},
};
use crate::domain::{news::News, thread::outcome::Outcome, wording::Letter};

/// Bytes of a body (Standard Webhooks 1.0, "Payload size").
const BODY_MAX: usize = 20_000;

/// Bytes of the names of a certificate, which may be a hundred of 253: the rest is for the words.
const NAMES_MAX: usize = 6_000;

/// The rest of a receiver that asks for fewer events, and not for how long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Webhooks of anybody.
pub struct Webhook {
    web: Web,
}

impl Webhook {
    /// The channel.
    pub fn new(web: Web) -> Self {
        Self { web }
    }
}

#[async_trait]
impl Channel for Webhook {
    fn token(&self) -> &'static str {
        "webhook"
    }

    fn pace(&self) -> Pace {
        Pace {
            at_once: 32,
            at_once_each: 4,
            backoff: Backoff { base: Duration::from_secs(5), cap: Duration::from_hours(1) },
            // Whoever reads them wants each event as it is.
            groups: false,
            limits: &[],
        }
    }

    async fn send(&self, parcel: &Parcel) -> Outcome {
        let address = match self.web.address(self.token(), &parcel.address) {
            Ok(address) => address,
            Err(outcome) => return outcome,
        };
        let Some(key) = webhook_key(&address.secret) else {
            let reply = "the secret is none: save the contact again".to_owned();
            return Outcome::Broken { reply };
        };
        let id = parcel.delivery.to_string();
        let letter = parcel.letter.unattached();
        let broken = parcel.broken_channel.as_ref();
        let body = body(&id, &letter, &parcel.news[..], broken);
        let stamp = self.web.now().as_second().to_string();
        let header = |name, value| (HeaderName::from_static(name), value);
        let post = Post {
            url: address.url.clone(),
            headers: vec![
                header("webhook-signature", signature(&key, &id, &stamp, &body)),
                header("webhook-id", id),
                header("webhook-timestamp", stamp),
            ],
            body,
            media_type: "application/cloudevents+json; charset=utf-8",
        };
        match self.web.post(post).await {
            Ok(reply) => judged(&reply, &address),
            Err(outcome) => outcome,
        }
    }
}

fn signature(key: &[u8], id: &str, stamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, format!("{id}.{stamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

/// The event, as long as receivers take it.
fn body(id: &str, letter: &Letter, news: &[Arc<News>], broken: Option<&BrokenChannel>) -> String {
    within(BODY_MAX, letter, |letter| cloud_event(id, letter, news, broken).to_string())
}

fn cloud_event(
    id: &str,
    letter: &Letter,
    news: &[Arc<News>],
    broken: Option<&BrokenChannel>,
) -> Value {
    let Some(news) = news.first() else { return Value::Null };
    let wire = news.wire();
    let at = |at: Timestamp| at.to_string();
    let recovered: Vec<_> = news
        .recovered()
        .iter()
        .map(|one| {
            json!({
                "anomaly_id": one.anomaly,
                "kind": one.kind.token(),
                "since": at(one.since),
                "until": at(one.until),
            })
        })
        .collect();
    let domain = news.name().to_string();
    let leaf = news.evidence().and_then(|evidence| evidence.leaf.as_ref());
    let kind = match (broken, news.kind()) {
        (Some(_), _) => "channel_broken",
        (None, Kind::Unspecified) => "test",
        (None, kind) => kind.token(),
    };
    let mut event = json!({
        "specversion": "1.0",
        "id": id,
        "source": "/certherald/notifier",
        "type": format!("certherald.{kind}"),
        "time": at(news.occurred_at()),
        "datacontenttype": "application/json",
        "data": {
            "kind": kind,
            "phase": phase(news.phase()),
            "severity": news.severity().token(),
            "domain": domain,
            "host": wire.host,
            "port": wire.port,
            "domain_id": wire.domain_id,
            "anomaly_id": wire.anomaly_id,
            "occurred_at": at(news.occurred_at()),
            "detected_at": at(news.detected_at()),
            "since": at(news.since()),
            "recovered": recovered,
            "certificate": leaf.map(certificate),
            "title": letter.title,
            "text": letter.text(),
            "url": letter.link.url,
        },
    });
    // CloudEvents 1.0, "subject": never empty.
    if !domain.is_empty() {
        event["subject"] = json!(domain);
    }
    if let Some(BrokenChannel { channel, reason }) = broken {
        event["data"]["broken_channel"] = json!({ "channel": channel, "reason": reason });
    }
    event
}

fn certificate(leaf: &CertificateSummary) -> Value {
    let at = |at: &Option<prost_types::Timestamp>| {
        at.as_ref().and_then(time::read).map(|at| at.to_string())
    };
    let sha256 = HEXLOWER.encode(&leaf.sha256);
    let mut room = NAMES_MAX;
    let names = leaf.names.iter().map_while(|name| {
        let name = json!(name);
        room = room.checked_sub(name.to_string().len() + 1)?;
        Some(name)
    });
    json!({
        "sha256": sha256,
        "subject": leaf.subject,
        "issuer": leaf.issuer,
        "serial": leaf.serial,
        "not_before": at(&leaf.not_before),
        "not_after": at(&leaf.not_after),
        "names": names.collect::<Vec<_>>(),
        "names_total": leaf.names_total,
    })
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Unspecified => "unspecified",
        Phase::Opened => "opened",
        Phase::Worsened => "worsened",
        Phase::Recovered => "recovered",
        Phase::Noted => "noted",
        Phase::Abandoned => "abandoned",
    }
}

fn judged(reply: &Reply, address: &SecretAddress) -> Outcome {
    let words = reply.words(address);
    match reply.status {
        200..=299 => Outcome::Delivered { reply: words, inbox: None },
        // The receiver is gone for good (Standard Webhooks, "Response statuses").
        410 => Outcome::Broken { reply: words },
        // The same event is as long at the next attempt.
        413 => Outcome::Never { reply: words },
        429 => Outcome::TooFast { reply: words, rest: reply.retry_after.unwrap_or(PATIENCE) },
        // Followed nowhere: who answers so is asked again, until somebody corrects the URL.
        _ => Outcome::Again { reply: words, wait_min: reply.retry_after, perhaps_told: false },
    }
}

#[cfg(test)]
mod tests {
    use proto::v1::{Weakness, evidence::Case};

    use super::*;
    use crate::domain::{
        sample,
        thread::step::Cause,
        wording::{
            Fact,
            specimen::{broken, broken_channel, every_kind, letter},
        },
    };

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_signature_is_that_of_the_vector() {
        let key = webhook_key(SECRET).unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_event_of_every_kind() {
        for language in ["en", "zh-CN"] {
            for news in every_kind() {
                let letter = letter(&news, language).unattached();
                shown(&cloud_event("0123", &letter, &[Arc::new(news)], None), language);
            }
            let letter = broken_channel(Cause::ChannelBroken, language);
            let news = Arc::new(News::of_channel("wecom is out of order", sample::start()));
            shown(&cloud_event("0123", &letter, &[news], Some(&broken())), language);
        }
    }

    #[test]
    fn what_was_noticed_later_than_it_happened_says_when() {
        let news = sample::with(&sample::opened(Kind::Expired), |event| {
            event.detected_at = Some(time::write(sample::minute(90)));
        });
        let letter = letter(&news, "en");
        let event = cloud_event("0123", &letter, &[Arc::new(news)], None);
        let said = ["occurred_at", "detected_at"].map(|field| event["data"][field].clone());
        assert_eq!(said, ["2026-03-05T10:00:00Z", "2026-03-05T11:30:00Z"]);
    }

    #[test]
    fn an_event_is_never_too_long() {
        let names: Vec<_> = (0..100).map(|number| format!("{number:0>253}")).collect();
        let news = sample::with(&sample::opened(Kind::Weak), |event| {
            let evidence = event.evidence.as_mut().unwrap();
            let leaf = evidence.leaf.as_mut().unwrap();
            (leaf.names, leaf.names_total) = (names.clone(), 300);
            evidence.case = Some(Case::Weakness(Weakness { weaknesses: names.clone() }));
        });
        let mut letter = letter(&news, "zh-CN");
        let line = "例\"".repeat(256);
        letter.note = Some(Fact { label: "备注".into(), lines: vec![line.into(); 50] });
        let body = body("0123", &letter, &[Arc::new(news)], None);
        assert!(body.len() <= BODY_MAX, "{}", body.len());
        let event: Value = serde_json::from_str(&body).unwrap();
        let told = &event["data"]["certificate"];
        assert_eq!(told["names"].as_array().unwrap()[..], names[..23]);
        assert_eq!(told["names_total"], 300);
        let text = event["data"]["text"].as_str().unwrap();
        assert!(text.contains(&letter.sentence) && text.contains(&letter.link.url), "{text}");
    }

    fn shown(event: &Value, language: &str) {
        let name = format!("{}.{language}", event["data"]["kind"].as_str().unwrap());
        insta::assert_snapshot!(name, serde_json::to_string_pretty(event).unwrap());
    }

    #[test]
    fn each_answer_has_its_consequence() {
        let address =
            SecretAddress::read("webhook", "https://hooks.example/", SECRET, &[], &[]).unwrap();
        let said = |status, retry_after| {
            judged(&Reply { status, text: "said".to_owned(), retry_after }, &address)
        };
        for status in [200, 202, 204] {
            assert!(matches!(said(status, None), Outcome::Delivered { .. }), "{status}");
        }
        assert!(matches!(said(410, None), Outcome::Broken { .. }));
        assert!(matches!(said(413, None), Outcome::Never { .. }));
        for status in [301, 400, 404, 500, 502, 503, 504] {
            assert!(matches!(said(status, None), Outcome::Again { .. }), "{status}");
        }
        let wait = Some(Duration::from_secs(70));
        let limited = said(429, wait);
        let Outcome::TooFast { rest, .. } = limited else { panic!("{limited:?}") };
        assert_eq!(Some(rest), wait);
        for status in [502, 503, 504] {
            let away = said(status, wait);
            let Outcome::Again { wait_min, perhaps_told: false, .. } = away else {
                panic!("{away:?}")
            };
            assert_eq!(wait_min, wait);
        }
    }
}
