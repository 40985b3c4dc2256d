//! Orders that are sent again, and answers that are not taken.

use jiff::SignedDuration;
use proto::{
    id::{ContactId, DeliveryId},
    v1::{DeliveryDue, delivery_event},
};
use reqwest::{Method, header::ACCEPT};
use serde_json::{Value, json};

use crate::{
    showing::tell,
    stage::{Answer, Stage, answer, now},
};

pub(crate) async fn keyed(stage: &Stage, path: &str, key: &str, body: &Value) -> Answer {
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
async fn a_contact_that_was_removed_stays_so_until_it_is_added_under_another_key() {
    let stage = Stage::open().await;
    let ada = json!({ "name": "Ada" });
    let first = keyed(&stage, "contacts", "k", &ada).await.ok();
    let path = format!("contacts/{}", first["id"].as_str().unwrap());
    assert_eq!(stage.put("settings/default", &setting_of_the_operator()).await.status, 200);
    assert_eq!(stage.delete(&path).await.status, 204);
    let problem = keyed(&stage, "contacts", "k", &ada).await.refused(409);
    assert!(problem["detail"].as_str().unwrap().contains("removed"), "{problem}");

    let stage = stage.reopen().await;
    keyed(&stage, "contacts", "k", &ada).await.refused(409);
    stage.get(&path).await.refused(404);
    assert_ne!(keyed(&stage, "contacts", "l", &ada).await.ok()["id"], first["id"]);
}

/// The default setting as it is before anybody adds a contact.
fn setting_of_the_operator() -> Value {
    let operator = ContactId::derive(&["operator"]).to_string();
    json!({ "contacts": [operator], "methods": ["internal"] })
}

#[tokio::test]
async fn a_silence_that_was_lifted_stays_so_until_it_is_begun_under_another_key() {
    let stage = Stage::open().await;
    let until = (now() + SignedDuration::from_hours(1)).to_string();
    let body = json!({ "tag": "shop", "until": until });
    let first = keyed(&stage, "silences", "k", &body).await.ok();
    let path = format!("silences/{}", first["id"].as_str().unwrap());
    assert_eq!(stage.delete(&path).await.status, 204);
    let problem = keyed(&stage, "silences", "k", &body).await.refused(409);
    assert!(problem["detail"].as_str().unwrap().contains("lifted"), "{problem}");

    let stage = stage.reopen().await;
    keyed(&stage, "silences", "k", &body).await.refused(409);
    assert_eq!(stage.get("silences").await.ok()["items"], json!([]));
    assert_ne!(keyed(&stage, "silences", "l", &body).await.ok()["id"], first["id"]);
}

#[tokio::test]
async fn a_silence_that_has_ended_by_itself_is_answered_as_before() {
    let stage = Stage::open().await;
    let until = (now() + SignedDuration::from_secs(5)).to_string();
    let body = json!({ "tag": "shop", "until": until });
    let first = keyed(&stage, "silences", "k", &body).await.ok();
    stage.until("silences", |silences| silences["items"] == json!([])).await;
    assert_eq!(keyed(&stage, "silences", "k", &body).await.ok(), first);
    keyed(&stage, "silences", "l", &body).await.refused(422);
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
async fn another_test_has_another_key() {
    let stage = Stage::open().await;
    let operator = ContactId::derive(&["operator"]);
    let path = format!("contacts/{operator}");
    let body = json!({ "name": "Operator", "email": "ada@a.example", "verified": true });
    stage.put(&path, &body).await.ok();
    let path = format!("{path}/test");
    let (internal, email) = (json!({ "method": "internal" }), json!({ "method": "email" }));
    let first = keyed(&stage, &path, "k", &internal).await.ok();
    let id = first["delivery_id"].as_str().unwrap().parse().unwrap();
    let problem = keyed(&stage, &path, "k", &email).await.refused(422);
    assert_eq!(problem["type"], "urn:certherald:problem:reused-key", "also while it waits");
    tell(&stage, "internal", id, delivery_event::Event::Due(DeliveryDue::default())).await;
    stage.until("deliveries", |deliveries| deliveries["items"][0]["id"] == id.to_string()).await;
    let problem = keyed(&stage, &path, "k", &email).await.refused(422);
    assert_eq!(problem["type"], "urn:certherald:problem:reused-key");
    assert_eq!(keyed(&stage, &path, "k", &internal).await.ok()["delivery_id"], id.to_string());
    keyed(&stage, &path, "l", &email).await.ok();
}

#[tokio::test]
async fn a_token_is_issued_once_and_its_secret_is_shown_to_whoever_asked_first() {
    let mut stage = Stage::open().await;
    let body = json!({ "name": "ci", "role": "admin" });
    let first = keyed(&stage, "tokens", "k", &body).await;
    assert_eq!(first.status, 201);
    let first = first.ok();
    let again = keyed(&stage, "tokens", "k", &body).await;
    assert_eq!(again.status, 200);
    assert!(!again.text.contains("secret"), "{}", again.text);
    assert_eq!(again.ok()["id"], first["id"]);
    let other = json!({ "name": "ci", "role": "viewer" });
    keyed(&stage, "tokens", "k", &other).await.refused(422);

    let asked_first = stage.token.clone();
    first["secret"].as_str().unwrap().clone_into(&mut stage.token);
    let theirs = keyed(&stage, "tokens", "k", &body).await;
    assert_eq!(theirs.status, 201, "a key is of whoever sends it");
    assert_ne!(theirs.ok()["id"], first["id"]);

    stage.token = asked_first;
    let path = format!("tokens/{}", first["id"].as_str().unwrap());
    assert_eq!(stage.delete(&path).await.status, 204);
    keyed(&stage, "tokens", "k", &body).await.refused(409);
    let stage = stage.reopen().await;
    let problem = keyed(&stage, "tokens", "k", &body).await.refused(409);
    assert!(problem["detail"].as_str().unwrap().contains("revoked"), "{problem}");
}

#[tokio::test]
async fn tokens_come_in_pages() {
    let stage = Stage::open().await;
    for name in ["a", "b"] {
        stage.post("tokens", &json!({ "name": name, "role": "viewer" })).await.ok();
    }
    let all = stage.get("tokens").await.ok();
    let mut one_by_one = Vec::new();
    let mut path = "tokens?limit=1".to_owned();
    loop {
        let page = stage.get(&path).await.ok();
        one_by_one.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("tokens?limit=1&cursor={next}");
    }
    assert_eq!((one_by_one.len(), &one_by_one), (3, all["items"].as_array().unwrap()));
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
