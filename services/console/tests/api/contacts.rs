//! Contacts: added, changed, removed, told a test.

use serde_json::json;

use crate::stage::{Stage, each};

#[tokio::test]
async fn a_contact_is_added_changed_and_removed() {
    let stage = Stage::open().await;
    let spare = stage.post("contacts", &json!({ "name": "First" })).await.ok();
    assert_eq!(spare["in_default_setting"], true);
    let body = json!({ "name": "Ada", "email": "ada@Example.com", "language": "zh-CN", "time_zone": "Asia/Shanghai", "verified": true });
    let ada = stage.post("contacts", &body).await;
    assert_eq!(ada.status, 201);
    let ada = ada.ok();
    assert_eq!(ada["email"], "ada@example.com");
    assert_eq!(ada["methods"], json!(["email", "internal"]));
    let path = format!("contacts/{}", ada["id"].as_str().unwrap());
    let changed = stage.put(&path, &json!({ "name": "Ada L." })).await.ok();
    assert_eq!((&changed["name"], &changed["methods"]), (&json!("Ada L."), &json!(["internal"])));
    assert_eq!(stage.delete(&path).await.status, 204);
    stage.get(&path).await.refused(404);
    stage.put(&path, &json!({ "name": "Ada" })).await.refused(404);
}

#[tokio::test]
async fn a_contact_that_is_named_by_a_setting_stays() {
    let stage = Stage::open().await;
    let ada = stage.post("contacts", &json!({ "name": "Ada" })).await.ok();
    let path = format!("contacts/{}", ada["id"].as_str().unwrap());
    let problem = stage.delete(&path).await.refused(409);
    assert!(problem["detail"].as_str().unwrap().starts_with("the default setting names"));
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let stage = Stage::open().await;
    let bad = json!({ "name": "", "email": "ada", "language": "de", "time_zone": "Mars" });
    let problem = stage.post("contacts", &bad).await.refused(422);
    let mut fields = each(&problem["errors"], "field");
    fields.sort_unstable();
    assert_eq!(fields, ["email", "language", "name", "time_zone"]);
    assert_eq!(stage.get("contacts").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_test_needs_a_method_that_reaches_the_contact() {
    let stage = Stage::open().await;
    let ada = stage.post("contacts", &json!({ "name": "Ada" })).await.ok();
    let path = format!("contacts/{}/test", ada["id"].as_str().unwrap());
    let problem = stage.post(&path, &json!({ "method": "email" })).await.refused(422);
    assert_eq!(problem["errors"][0]["field"], "method");
    let asked = stage.post(&path, &json!({ "method": "internal" })).await;
    assert_eq!(asked.status, 202);
    assert!(asked.ok()["asked_at"].is_string());
}
