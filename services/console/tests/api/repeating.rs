//! Orders that are sent again, and answers that are not taken.

use jiff::SignedDuration;
use proto::id::{ContactId, DeliveryId};
use reqwest::{Method, header::ACCEPT};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, answer, now};

async fn keyed(stage: &Stage, path: &str, key: &str, body: &Value) -> Answer {
    answer(stage.request(Method::POST, path).header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn the_same_key_makes_nothing_twice_also_after_a_restart() {
    let stage = Stage::open().await;
    let ada = json!({ "name": "Ada" });
    let first = keyed(&stage, "contacts", "k-1", &ada).await;
    assert_eq!(first.status, 201);
    let version = first.headers["etag"].clone();
    let id = first.ok()["id"].clone();
    let again = keyed(&stage, "contacts", "k-1", &ada).await;
    assert_eq!((again.status.as_u16(), &again.headers["etag"]), (201, &version));
    assert_eq!(again.ok()["id"], id);
    let problem = keyed(&stage, "contacts", "k-1", &json!({ "name": "Bob" })).await.refused(422);
    assert_eq!(problem["type"], "urn:certherald:problem:reused-key");
    let other = keyed(&stage, "contacts", "k-2", &ada).await.ok();
    assert_ne!(other["id"], id);

    let stage = stage.reopen().await;
    assert_eq!(keyed(&stage, "contacts", "k-1", &ada).await.ok()["id"], id);
    assert_eq!(stage.get("contacts").await.ok()["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_silence_is_begun_once_and_lifted_at_the_version_that_was_seen() {
    let stage = Stage::open().await;
    let until = (now() + SignedDuration::from_hours(1)).to_string();
    let body = json!({ "tag": "shop", "until": until });
    let first = keyed(&stage, "silences", "k", &body).await.ok();
    let again = keyed(&stage, "silences", "k", &body).await.ok();
    assert_eq!(first, again);
    let path = format!("silences/{}", first["id"].as_str().unwrap());
    let lift = |version: &str| {
        answer(stage.request(Method::DELETE, &path).header("if-match", version.to_owned()))
    };
    lift("\"1\"").await.refused(412);
    assert_eq!(lift(&format!("\"{}\"", first["version"])).await.status, 204);
}

#[tokio::test]
async fn a_test_is_asked_for_once_and_its_delivery_is_known_beforehand() {
    let stage = Stage::open().await;
    let operator = ContactId::derive(&["operator"]);
    let path = format!("contacts/{operator}/test");
    let body = json!({ "method": "internal" });
    let first = keyed(&stage, &path, "k", &body).await.ok();
    let again = keyed(&stage, &path, "k", &body).await.ok();
    assert_eq!(first["delivery_id"], again["delivery_id"]);
    assert!(first["delivery_id"].as_str().unwrap().parse::<DeliveryId>().is_ok());
    let other = stage.post(&path, &body).await.ok();
    assert_ne!(first["delivery_id"], other["delivery_id"]);
}

#[tokio::test]
async fn a_key_that_is_none_is_named() {
    let stage = Stage::open().await;
    for key in ["a b", &"x".repeat(129)] {
        let problem = keyed(&stage, "contacts", key, &json!({ "name": "A" })).await.refused(422);
        assert_eq!(problem["errors"][0]["field"], "Idempotency-Key");
    }
}

#[tokio::test]
async fn who_takes_no_answer_is_refused_before_anything_is_done() {
    let stage = Stage::open().await;
    let request = stage.request(Method::POST, "domains").header(ACCEPT, "text/html");
    answer(request.json(&json!(["a.example"]))).await.refused(406);
    assert_eq!(stage.get("domains").await.ok()["total"], 0);
    for (path, accept) in [("domains.csv", "application/json"), ("live", "application/json")] {
        answer(stage.request(Method::GET, path).header(ACCEPT, accept)).await.refused(406);
    }
    let csv = answer(stage.request(Method::GET, "domains.csv").header(ACCEPT, "text/*")).await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
}
