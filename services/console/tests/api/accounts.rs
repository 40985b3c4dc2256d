//! Accounts as an administrator's program has them, and as their owners do.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, account, token},
    repeating::keyed,
    stage::{Answer, Stage, answer},
};

fn ada() -> Value {
    json!({ "name": "ada", "role": "editor" })
}

/// Whether a link leads somewhere. Looking does not use it up.
async fn leads_on(stage: &Stage, link: &Value) -> bool {
    let welcome = Browser::new(stage).get(&format!("/welcome?token={}", token(link))).await;
    welcome.status == 200
}

#[tokio::test]
async fn whoever_lost_the_answer_gets_the_account_and_the_link_again() {
    let stage = Stage::open().await;
    let first = keyed(&stage, "accounts", "k", &ada()).await;
    let again = keyed(&stage, "accounts", "k", &ada()).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.headers["etag"], again.headers["etag"]);
    let (first, again) = (first.ok(), again.ok());
    assert_eq!(first["id"], again["id"]);
    assert_eq!(first["link"]["expires_at"], again["link"]["expires_at"]);
    assert!(leads_on(&stage, &first["link"]).await, "the first is still good");

    let stage = stage.reopen().await;
    let late = keyed(&stage, "accounts", "k", &ada()).await.ok();
    assert_eq!(Browser::new(&stage).follow(&token(&late["link"])).await.status, 303);
    for used in [first, again, late] {
        assert!(!leads_on(&stage, &used["link"]).await, "they are one");
    }
    let over = keyed(&stage, "accounts", "k", &ada()).await;
    assert_eq!(over.status, 201);
    assert_eq!(over.ok()["link"], Value::Null);
    assert_eq!(stage.get("accounts").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_is_taken_for_every_other_order() {
    let stage = Stage::open().await;
    keyed(&stage, "accounts", "k", &ada()).await.ok();
    keyed(&stage, "accounts", "l", &ada()).await.refused(409);
    stage.post("accounts", &ada()).await.refused(409);
    let viewer = json!({ "name": "ada", "role": "viewer" });
    let problem = keyed(&stage, "accounts", "k", &viewer).await.refused(422);
    assert_eq!(problem["type"], "urn:certherald:problem:reused-key");
}

#[tokio::test]
async fn an_account_that_was_removed_stays_so_until_it_is_added_under_another_key() {
    let stage = Stage::open().await;
    keyed(&stage, "accounts", "k", &ada()).await.ok();
    assert_eq!(stage.delete("accounts/ada").await.status, 204);
    let problem = keyed(&stage, "accounts", "k", &ada()).await.refused(409);
    assert!(problem["detail"].as_str().unwrap().contains("removed"), "{problem}");
    stage.get("accounts/ada").await.refused(404);
    keyed(&stage, "accounts", "l", &ada()).await.ok();
    keyed(&stage, "accounts", "k", &ada()).await.refused(409);
}

#[tokio::test]
async fn a_link_is_made_once_under_one_key() {
    let stage = Stage::open().await;
    stage.post("accounts", &ada()).await.ok();
    let ask = async |key: &str| -> Answer {
        let request = stage.request(Method::POST, "accounts/ada/link");
        answer(request.header("idempotency-key", key)).await
    };
    let (first, again, other) = (ask("k").await.ok(), ask("k").await.ok(), ask("l").await.ok());
    assert_eq!(first["expires_at"], again["expires_at"]);
    let audit = stage.get("audit").await.ok();
    let made = |entry: &&Value| entry["deeds"].to_string().contains("link-made");
    assert_eq!(audit["items"].as_array().unwrap().iter().filter(made).count(), 3, "{audit:#}");
    assert!(leads_on(&stage, &first).await && leads_on(&stage, &other).await);
    assert_eq!(Browser::new(&stage).follow(&token(&again)).await.status, 303);
    assert!(!leads_on(&stage, &first).await);
    let problem = ask("k").await.refused(409);
    assert!(problem["detail"].as_str().unwrap().contains("used"), "{problem}");
    stage.patch("accounts/ada", &json!({ "disabled": true })).await.ok();
    ask("m").await.refused(409);
    ask("").await.refused(422);
}

#[tokio::test]
async fn accounts_come_in_pages() {
    let stage = Stage::open().await;
    for name in ["ada", "bob", "eve"] {
        stage.post("accounts", &json!({ "name": name, "role": "viewer" })).await.ok();
    }
    let all = stage.get("accounts").await.ok();
    let mut one_by_one = Vec::new();
    let mut path = "accounts?limit=1".to_owned();
    loop {
        let page = stage.get(&path).await.ok();
        one_by_one.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("accounts?limit=1&cursor={next}");
    }
    assert_eq!((one_by_one.len(), &one_by_one), (3, all["items"].as_array().unwrap()));
}

#[tokio::test]
async fn an_account_is_changed_at_the_version_that_was_seen() {
    let stage = Stage::open().await;
    stage.post("accounts", &ada()).await.ok();
    let send = async |method: Method, path: &str, version: &str| {
        let request = stage.request(method, path).header("if-match", version.to_owned());
        answer(request.json(&json!({ "role": "viewer" }))).await
    };
    let seen = stage.get("accounts/ada").await.headers["etag"].to_str().unwrap().to_owned();
    let changed = send(Method::PATCH, "accounts/ada", &seen).await;
    let now = changed.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(now, format!("\"{}\"", changed.ok()["version"]));
    for (method, path) in [
        (Method::PATCH, "accounts/ada"),
        (Method::DELETE, "accounts/ada/sessions"),
        (Method::DELETE, "accounts/ada"),
    ] {
        send(method, path, &seen).await.refused(412);
    }
    assert_eq!(send(Method::DELETE, "accounts/ada", &now).await.status, 204);
}

#[tokio::test]
async fn ones_own_account_is_changed_at_the_version_that_was_seen() {
    let stage = Stage::open().await;
    let ada = account(&stage, "ada", "editor").await;
    let seen = answer(ada.json(Method::GET, "account")).await.headers["etag"].clone();
    stage.patch("accounts/ada", &json!({ "role": "viewer" })).await.ok();
    let speak =
        |tongue: &str| ada.json(Method::PATCH, "account").json(&json!({ "language": tongue }));
    answer(speak("zh-CN").header("if-match", &seen)).await.refused(412);
    let changed = answer(speak("zh-CN")).await;
    let now = changed.headers["etag"].clone();
    let changed = changed.ok();
    assert_eq!((&changed["language"], &changed["role"]), (&json!("zh-CN"), &json!("viewer")));
    answer(speak("").header("if-match", &now)).await.ok();
}
