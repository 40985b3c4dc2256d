//! Who is let in, and how far.

use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use serde_json::json;

use crate::{
    browser::account,
    stage::{Stage, answer, each},
};

#[tokio::test]
async fn the_first_start_makes_one_token_for_its_owner() {
    let stage = Stage::open().await;
    let mode = stage.token_file().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let tokens = stage.get("tokens").await.ok();
    let tokens = &tokens["items"];
    assert_eq!(tokens.as_array().unwrap().len(), 1);
    assert_eq!(tokens[0]["role"], "admin");
    assert!(!stage.get("tokens").await.text.contains(&stage.token), "a token is shown once");
}

#[tokio::test]
async fn strangers_are_kept_out() {
    let stage = Stage::open().await;
    for path in ["domains", "system", "tokens", "events/stream"] {
        let url = format!("{}/api/v1/{path}", stage.base);
        let silent = answer(stage.http.get(&url)).await;
        assert_eq!(silent.headers["www-authenticate"], "Bearer");
        silent.refused(401);
        answer(stage.http.get(&url).bearer_auth("cht_guess")).await.refused(401);
        answer(stage.http.get(&url).basic_auth("admin", Some(&stage.token))).await.refused(401);
    }
    let document = answer(stage.http.get(format!("{}/api/v1/openapi.json", stage.base))).await;
    assert!(document.status.is_success(), "the description is for everybody");
}

#[tokio::test]
async fn a_viewer_looks_an_editor_changes_an_admin_does_all() {
    let mut stage = Stage::open().await;
    let issue = async |stage: &Stage, role: &str| {
        let token = stage.post("tokens", &json!({ "name": role, "role": role })).await.ok();
        token["secret"].as_str().unwrap().to_owned()
    };
    let (viewer, editor) = (issue(&stage, "viewer").await, issue(&stage, "editor").await);
    let admin = std::mem::replace(&mut stage.token, viewer);
    stage.get("domains").await.ok();
    stage.post("domains", &json!(["a.example"])).await.refused(403);
    stage.get("tokens").await.refused(403);
    stage.token = editor;
    stage.post("domains", &json!(["a.example"])).await.ok();
    stage.get("tokens").await.refused(403);
    stage.token = admin;
    stage.get("tokens").await.ok();
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_and_the_last_admin_stays() {
    let mut stage = Stage::open().await;
    let first = stage.get("tokens").await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
    stage.delete(&format!("tokens/{first}")).await.refused(409);
    let second = stage.post("tokens", &json!({ "name": "two", "role": "admin" })).await.ok();
    assert_eq!(stage.delete(&format!("tokens/{first}")).await.status, 204);
    stage.get("domains").await.refused(401);
    stage.token = second["secret"].as_str().unwrap().to_owned();
    stage.get("domains").await.ok();
    stage.delete(&format!("tokens/{first}")).await.refused(404);
}

#[tokio::test]
async fn of_two_administrators_that_are_turned_away_at_once_one_stays() {
    let stage = Stage::open().await;
    for name in ["ada", "bob"] {
        stage.post("accounts", &json!({ "name": name, "role": "admin" })).await.ok();
    }
    let orders = [
        (Method::PATCH, json!({ "role": "viewer" })),
        (Method::PATCH, json!({ "disabled": true })),
        (Method::DELETE, json!(null)),
    ];
    for (method, body) in orders {
        let turn_away = async |name: &str| {
            let request = stage.request(method.clone(), &format!("accounts/{name}"));
            answer(request.json(&body)).await.status.as_u16()
        };
        let (ada, bob) = tokio::join!(turn_away("ada"), turn_away("bob"));
        assert!((ada == 409) != (bob == 409), "{method} {body}: {ada}, {bob}");
        let accounts = stage.get("accounts").await.ok();
        let there = accounts["items"].as_array().unwrap().iter();
        let may_all = there.filter(|one| one["role"] == "admin" && one["disabled"] == false);
        let may_all: Vec<_> = may_all.map(|one| &one["name"]).collect();
        assert_eq!(may_all, [if ada == 409 { "ada" } else { "bob" }], "{method} {body}");
        for name in each(&accounts["items"], "name") {
            let again = json!({ "role": "admin", "disabled": false });
            stage.patch(&format!("accounts/{name}"), &again).await.ok();
        }
    }
}

#[tokio::test]
async fn of_two_tokens_that_are_revoked_at_once_one_still_opens() {
    let mut stage = Stage::open().await;
    let ada = account(&stage, "ada", "admin").await;
    let first = stage.get("tokens").await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
    let second = stage.post("tokens", &json!({ "name": "two", "role": "admin" })).await.ok();
    let revoke = async |id: &str| {
        answer(ada.json(Method::DELETE, &format!("tokens/{id}"))).await.status.as_u16()
    };
    let (one, two) = tokio::join!(revoke(&first), revoke(second["id"].as_str().unwrap()));
    assert!(matches!((one, two), (204, 409) | (409, 204)), "{one}, {two}");
    if one == 204 {
        stage.token = second["secret"].as_str().unwrap().to_owned();
    }
    assert_eq!(stage.get("tokens").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_bad_token_order_is_named() {
    let stage = Stage::open().await;
    let problem = stage.post("tokens", &json!({ "name": "x", "role": "root" })).await.refused(422);
    assert_eq!(problem["errors"][0]["field"], "role");
    assert_eq!(problem["errors"][0]["want"], "one of viewer, editor, admin");
    stage.post("tokens", &json!({ "name": " ", "role": "admin" })).await.refused(422);
    stage.post("tokens", &json!({ "name": "x", "rank": "admin" })).await.refused(422);
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let stage = Stage::open().await;
    stage.get("nothing").await.refused(404);
    stage.get("domains/absent.example").await.refused(404);
    stage.get("contacts/x").await.refused(404);
    stage.get("deliveries/x").await.refused(404);
    answer(stage.request(Method::DELETE, "domains")).await.refused(405);
}
