//! What was ordered is there after a restart; the first start happens once.

use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let stage = Stage::open().await;
    let token = stage.token.clone();
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    stage.patch("domains/a.example", &json!({ "tags": ["shop"] })).await.ok();
    stage.post("domains/b.example/disable", &json!(null)).await.ok();
    stage.post("contacts", &json!({ "name": "Ada", "email": "ada@example.com" })).await.ok();
    let before = (
        stage.get("domains").await.ok(),
        stage.get("contacts").await.ok(),
        stage.get("settings/default").await.ok(),
        stage.get("tokens").await.ok(),
    );
    let stage = stage.reopen().await;
    assert_eq!(stage.token, token, "a second start makes no second token");
    let after = (
        stage.get("domains").await.ok(),
        stage.get("contacts").await.ok(),
        stage.get("settings/default").await.ok(),
        stage.get("tokens").await.ok(),
    );
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_removed_operator_does_not_come_back() {
    let stage = Stage::open().await;
    let ada = stage.post("contacts", &json!({ "name": "Ada" })).await.ok();
    let setting = json!({ "contacts": [ada["id"]], "methods": ["internal"] });
    stage.put("settings/default", &setting).await.ok();
    let contacts = stage.get("contacts").await.ok();
    let contacts = contacts["items"].as_array().unwrap();
    let operator = contacts.iter().find(|c| c["name"] == "Operator").unwrap();
    let path = format!("contacts/{}", operator["id"].as_str().unwrap());
    assert_eq!(stage.delete(&path).await.status, 204);
    let stage = stage.reopen().await;
    assert_eq!(stage.get("contacts").await.ok()["items"].as_array().unwrap().len(), 1);
}
