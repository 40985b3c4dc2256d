//! What a receiver of webhooks asks for: Standard Webhooks 1.0 around a `CloudEvents` 1.0 event in
//! JSON.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::post::Call;
use super::{Answer, Message, Setup, markup, sign};

/// Bytes of a body, as Standard Webhooks advise.
const BODY_MAX: usize = 20_000;

/// How far a stamp may be off: what the libraries of Standard Webhooks allow.
const STAMP_MAX: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn token(call: &Call) -> String {
    call.path.trim_start_matches('/').to_owned()
}

/// The answer where there is no receiver.
pub(super) fn unknown() -> Answer {
    Answer::text(404, "there is nothing here")
}

pub(super) fn judge(setup: &Setup, call: &Call) -> Result<Message, Answer> {
    if call.method != "POST" {
        return Err(Answer::text(405, "want POST"));
    }
    if call.body.len() > BODY_MAX {
        return Err(Answer::text(413, "too large"));
    }
    is_signed(&setup.secret, call).map_err(|why| Answer::text(401, why))?;
    let media_type = call.header("content-type").split(';').next();
    if media_type != Some("application/cloudevents+json") {
        return Err(Answer::text(415, "want application/cloudevents+json"));
    }
    let event = call.object().ok_or_else(|| Answer::text(400, "no JSON object"))?;
    is_event(&event, call.header("webhook-id")).map_err(|why| Answer::text(400, &why))?;
    let data = &event["data"];
    let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    let (title, text) = (text("title"), text("text"));
    let links = markup::links(data["url"].as_str().unwrap_or_default());
    Ok(Message { title, text, mentions: Vec::new(), links })
}

fn is_signed(secret: &str, call: &Call) -> Result<(), &'static str> {
    let key = secret.strip_prefix("whsec_").and_then(sign::decoded).ok_or("no secret")?;
    let (id, stamp) = (call.header("webhook-id"), call.header("webhook-timestamp"));
    if id.is_empty() || id.contains('.') {
        return Err("webhook-id");
    }
    let stamped: i64 = stamp.parse().map_err(|_| "webhook-timestamp")?;
    let stamped = Timestamp::from_second(stamped).map_err(|_| "webhook-timestamp")?;
    if call.at.duration_since(stamped).abs() > STAMP_MAX {
        return Err("webhook-timestamp is stale");
    }
    let signed = [format!("{id}.{stamp}.").as_bytes(), &call.body].concat();
    let want = format!("v1,{}", sign::tag(&key, &signed));
    let mut given = call.header("webhook-signature").split(' ');
    if given.any(|one| one == want) { Ok(()) } else { Err("webhook-signature") }
}

/// What every event must say (CloudEvents 1.0, "Required attributes").
fn is_event(event: &Value, id: &str) -> Result<(), String> {
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    if text("specversion") != "1.0" {
        return Err("specversion".to_owned());
    }
    if text("id") != id {
        return Err("id is not webhook-id".to_owned());
    }
    if let Some(key) = ["source", "type"].into_iter().find(|key| text(key).is_empty()) {
        return Err(key.to_owned());
    }
    text("time").parse::<Timestamp>().map_err(|error| format!("time: {error}"))?;
    let names = event.as_object().into_iter().flat_map(|fields| fields.keys());
    let is_name =
        |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    match names.into_iter().find(|name| !is_name(name)) {
        Some(name) => Err(format!("attribute {name}")),
        None if !event["data"].is_object() => Err("data".to_owned()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Vendor;
    use super::*;

    /// Of the bytes 0 to 31.
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    /// Made with Python's `hmac`.
    const SIGNED: &str = "v1,ZrlPo/jiT9N2btAG0jXiZPpJi4tRkX0/iJE3AzZUC88=";

    fn call(signature: &str, body: &str) -> Call {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Call {
            at: Timestamp::from_second(1_767_225_700).unwrap(),
            method: "POST".to_owned(),
            path: "/shop".to_owned(),
            query: String::new(),
            headers: vec![
                header("content-type", "application/cloudevents+json; charset=utf-8"),
                header("webhook-id", "msg_1"),
                header("webhook-timestamp", "1767225600"),
                header("webhook-signature", signature),
            ],
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_signature_is_of_these_bytes_and_of_now() {
        let is_signed = |call: &Call| is_signed(SECRET, call);
        let good = call(SIGNED, r#"{"a":1}"#);
        assert_eq!(is_signed(&good), Ok(()));
        assert_eq!(is_signed(&call(&format!("v1,old {SIGNED}"), r#"{"a":1}"#)), Ok(()));
        assert_eq!(is_signed(&call(SIGNED, r#"{"a": 1}"#)), Err("webhook-signature"));
        assert_eq!(is_signed(&call(&SIGNED.replace("v1,", ""), "")), Err("webhook-signature"));
        let late = Call { at: good.at + STAMP_MAX, ..good.clone() };
        assert_eq!(is_signed(&late), Err("webhook-timestamp is stale"));
        let setup = Setup::of(Vendor::Webhook, "shop").signed(SECRET);
        assert_eq!(judge(&setup, &good).unwrap_err(), Answer::text(400, "specversion"));
    }

    #[test]
    fn an_event_says_what_it_must() {
        let event = serde_json::json!({
            "specversion": "1.0", "id": "msg_1", "source": "/a", "type": "a.b",
            "time": "2026-01-01T00:00:00Z", "data": { "a": 1 },
        });
        assert_eq!(is_event(&event, "msg_1"), Ok(()));
        assert_eq!(is_event(&event, "msg_2"), Err("id is not webhook-id".to_owned()));
        for key in ["specversion", "source", "type", "data"] {
            let mut less = event.clone();
            less.as_object_mut().unwrap().remove(key);
            assert_eq!(is_event(&less, "msg_1"), Err(key.to_owned()));
        }
        let mut odd = event;
        odd["webHook"] = "a".into();
        assert_eq!(is_event(&odd, "msg_1"), Err("attribute webHook".to_owned()));
    }
}
