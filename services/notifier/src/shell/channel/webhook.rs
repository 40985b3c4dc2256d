//! Webhooks of anybody: one event a request, as CloudEvents 1.0 in structured JSON, signed as
//! Standard Webhooks 1.0 ask for (<https://www.standardwebhooks.com>).
//!
//! `webhook-id` is the id of the event and of the delivery, the same with every attempt: by it a
//! receiver tells a repeat. `data` is
//!
//! - `kind`, `phase`, `severity`, `domain` (host and port as people write them), `host`, `port`,
//!   `domain_id`, `anomaly_id`, `occurred_at`, `since`: as in events of the API;
//! - `recovered`: what is over, each with `anomaly_id`, `kind`, `since`, `until`;
//! - `certificate`: `sha256`, `subject`, `issuer`, `serial`, `not_before`, `not_after`, `names` of
//!   the leaf that it is about, if it is about one;
//! - `title`, `text`, `url`: the same in words, in the language of the contact.

use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use kernel::backoff::Backoff;
use proto::{
    address::{SecretAddress, webhook_key},
    time,
    v1::{CertificateSummary, event::Phase},
};
use reqwest::header::HeaderName;
use serde_json::{Value, json};

use super::{
    Channel, Pace, Parcel,
    web::{Post, Reply, Web},
};
use crate::domain::{news::News, thread::outcome::Outcome, wording::Letter};

/// Shortest wait after an answer that asks for patience.
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
        let body = cloud_event(&id, &parcel.letter.unattached(), &parcel.news[..]).to_string();
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

fn cloud_event(id: &str, letter: &Letter, news: &[std::sync::Arc<News>]) -> Value {
    let Some(news) = news.first() else { return Value::Null };
    let wire = news.wire();
    let at = |at: Timestamp| at.to_string();
    let kind = news.kind().token();
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
    let leaf = news.evidence().and_then(|evidence| evidence.leaf.as_ref());
    let kind = if kind.is_empty() { "test" } else { kind };
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "/certherald/notifier",
        "type": format!("certherald.{kind}"),
        "time": at(news.occurred_at()),
        "subject": letter.name,
        "datacontenttype": "application/json",
        "data": {
            "kind": kind,
            "phase": phase(news.phase()),
            "severity": news.severity().token(),
            "domain": letter.name,
            "host": wire.host,
            "port": wire.port,
            "domain_id": wire.domain_id,
            "anomaly_id": wire.anomaly_id,
            "occurred_at": at(news.occurred_at()),
            "since": at(news.since()),
            "recovered": recovered,
            "certificate": leaf.map(certificate),
            "title": letter.title,
            "text": letter.text(),
            "url": letter.link.url,
        },
    })
}

fn certificate(leaf: &CertificateSummary) -> Value {
    let at = |at: &Option<prost_types::Timestamp>| {
        at.as_ref().and_then(time::read).map(|at| at.to_string())
    };
    let sha256 = HEXLOWER.encode(&leaf.sha256);
    json!({
        "sha256": sha256,
        "subject": leaf.subject,
        "issuer": leaf.issuer,
        "serial": leaf.serial,
        "not_before": at(&leaf.not_before),
        "not_after": at(&leaf.not_after),
        "names": leaf.names,
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
        429 | 502 | 503 | 504 => {
            Outcome::TooFast { reply: words, rest: reply.retry_after.unwrap_or(PATIENCE) }
        }
        // Followed nowhere: who answers so is asked again, until somebody corrects the URL.
        _ => Outcome::Again { reply: words, wait_min: reply.retry_after, perhaps_told: false },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::wording::specimen::{every_kind, letter};

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
        for news in every_kind() {
            let letter = letter(&news, "en");
            let news = Arc::new(news);
            let event = cloud_event("0123", &letter.unattached(), &[Arc::clone(&news)]);
            let name = event["data"]["kind"].as_str().unwrap().to_owned();
            insta::assert_snapshot!(name, serde_json::to_string_pretty(&event).unwrap());
        }
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
        for status in [301, 400, 404, 500] {
            assert!(matches!(said(status, None), Outcome::Again { .. }), "{status}");
        }
        let wait = Some(Duration::from_secs(70));
        for status in [429, 502, 503, 504] {
            let outcome = said(status, wait);
            let Outcome::TooFast { rest, .. } = outcome else { panic!("{outcome:?}") };
            assert_eq!(Some(rest), wait);
        }
    }
}
