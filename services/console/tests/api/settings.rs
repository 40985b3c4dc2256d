//! Who hears of what: the default setting, and those of single domains.

use serde_json::{Value, json};

use crate::stage::{Stage, each};

async fn contact(stage: &Stage, body: Value) -> String {
    stage.post("contacts", &body).await.ok()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_fresh_system_tells_its_operator_in_the_inbox() {
    let stage = Stage::open().await;
    let contacts = stage.get("contacts").await.ok();
    assert_eq!(contacts["items"][0]["name"], "Operator");
    assert_eq!(contacts["items"][0]["in_default_setting"], true);
    let default = stage.get("settings/default").await.ok();
    assert_eq!(default["methods"], json!(["internal"]));
    assert_eq!(default["contacts"], json!([contacts["items"][0]["id"]]));
    assert_eq!((&default["enabled"], &default["repeat_days"]), (&json!(true), &json!(1)));
}

#[tokio::test]
async fn the_first_contact_is_told_of_everything_and_the_second_is_not() {
    let stage = Stage::open().await;
    let ada = stage
        .post("contacts", &json!({ "name": "Ada", "email": "ada@example.com", "verified": true }))
        .await
        .ok();
    let note = "The default setting now tells `Ada` of every domain by email and internal.";
    assert_eq!((&ada["note"], &ada["in_default_setting"]), (&json!(note), &json!(true)));
    let default = stage.get("settings/default").await.ok();
    assert_eq!(default["methods"], json!(["email", "internal"]));
    assert_eq!(default["contacts"].as_array().unwrap().len(), 2);
    assert_eq!(default["warnings"], json!(["contact `Operator` has no address for email"]));
    assert_eq!(each(&default["gaps"], "method"), ["email"]);
    assert_eq!(each(&default["gaps"], "why"), ["no_address"]);
    let bob =
        stage.post("contacts", &json!({ "name": "Bob", "email": "bob@example.com" })).await.ok();
    assert_eq!(bob["in_default_setting"], false);
    assert!(bob["note"].as_str().unwrap().starts_with("No setting tells this contact yet"));
}

#[tokio::test]
async fn a_default_that_a_person_has_set_is_not_touched() {
    let stage = Stage::open().await;
    let mut default = stage.get("settings/default").await.ok();
    let operator = default["contacts"].take();
    let own = json!({ "contacts": operator, "methods": ["internal"], "repeat_days": 7 });
    stage.put("settings/default", &own).await.ok();
    let ada =
        stage.post("contacts", &json!({ "name": "Ada", "email": "ada@example.com" })).await.ok();
    assert_eq!(ada["in_default_setting"], false);
    assert_eq!(stage.get("settings/default").await.ok()["repeat_days"], 7);
}

#[tokio::test]
async fn a_domain_has_its_own_setting_or_the_default() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    assert_eq!(stage.get("domains/a.example/setting").await.ok()["own"], false);
    let ada = contact(&stage, json!({ "name": "Ada" })).await;
    let own = json!({
        "contacts": [ada], "methods": ["email", "internal"], "repeat_days": 0, "kinds": ["expired"],
        "anomaly_time": { "from": "08:00", "to": "20:00", "time_zone": "Europe/Berlin" },
    });
    let saved = stage.put("domains/a.example/setting", &own).await.ok();
    assert_eq!(saved["own"], true);
    let setting = &saved["setting"];
    assert_eq!(setting["warnings"], json!(["contact `Ada` has no address for email"]));
    assert_eq!(setting["anomaly_time"]["from"], "08:00");
    assert_eq!(stage.get("settings").await.ok()["items"][0]["domain"], "a.example:443");
    assert_eq!(stage.get("domains").await.ok()["items"][0]["own_setting"], true);
    let cleared = stage.delete("domains/a.example/setting").await.ok();
    assert_eq!(cleared["own"], false);
    assert_eq!(stage.get("settings").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_bad_setting_is_named() {
    let stage = Stage::open().await;
    let absent = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    let unknown = json!({ "contacts": [absent], "methods": ["internal"] });
    let problem = stage.put("settings/default", &unknown).await.refused(422);
    assert_eq!(problem["errors"][0]["value"], absent);
    let bad = json!({ "contacts": [], "methods": ["pigeon"], "repeat_days": 1000 });
    let problem = stage.put("settings/default", &bad).await.refused(422);
    let fields: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["contacts", "methods[0]", "repeat_days"]);
}

#[tokio::test]
async fn an_escalation_names_contacts_that_are_there_and_shows_how_they_are_reached() {
    let stage = Stage::open().await;
    let ada = contact(&stage, json!({ "name": "Ada" })).await;
    let bob = contact(&stage, json!({ "name": "Bob", "email": "bob@example.com" })).await;
    let setting = |minutes: u32, second: &str| {
        let escalation = json!({ "minutes": minutes, "contacts": [second] });
        json!({ "contacts": [ada], "methods": ["email", "internal"], "escalation": escalation })
    };
    let saved = stage.put("settings/default", &setting(30, &bob)).await.ok();
    assert_eq!(saved["escalation"], json!({ "minutes": 30, "contacts": [bob] }));
    let gap = |contact: &str, why| json!({ "contact": contact, "method": "email", "why": why });
    let gaps = saved["gaps"].as_array().unwrap();
    assert!(gaps.len() == 2 && gaps.contains(&gap(&ada, "no_address")), "{saved}");
    assert!(gaps.contains(&gap(&bob, "not_verified")), "{saved}");
    let warnings = saved["warnings"].to_string();
    assert!(warnings.contains("contact `Bob` has no verified address for email"), "{warnings}");
    stage.delete(&format!("contacts/{bob}")).await.refused(409);

    for (minutes, second, field) in [
        (0, bob.as_str(), "escalation.minutes"),
        (10_081, bob.as_str(), "escalation.minutes"),
        (30, "bob", "escalation.contacts[0]"),
        (30, "aaaaaaaaaaaaaaaaaaaaaaaaaa", "escalation.contacts"),
    ] {
        let refused = stage.put("settings/default", &setting(minutes, second)).await.refused(422);
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
}
