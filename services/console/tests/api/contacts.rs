//! Contacts: added, changed, removed, told a test.

use proto::{
    id::ContactId,
    stream::{DELIVERIES, INVENTORY, Service},
    subject::{self, Entity, Token},
    v1::{DeliveryRecord, InboxRead, InventoryEvent, InventoryRecord, inventory_event::Event},
};
use serde_json::json;

use crate::{
    stage::{Stage, each, id_of, until},
    verifying::{asked, link, press},
};

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
async fn of_a_removed_contact_nothing_is_kept_but_that_it_was_removed() {
    let stage = Stage::open().await;
    let first = stage.post("contacts", &json!({ "name": "First" })).await.ok();
    let body = json!({ "name": "Ada", "email": "ada@example.com" });
    let ada = stage.post("contacts", &body).await.ok();
    let ada: ContactId = ada["id"].as_str().unwrap().parse().unwrap();
    press(&stage, &link(&stage, &asked(&stage).await[0])).await;
    for contacts in [json!([first["id"], ada.to_string()]), json!([first["id"]])] {
        let body = json!({ "contacts": contacts, "methods": ["internal"] });
        stage.put("settings/default", &body).await.ok();
    }
    let read = InventoryEvent { event: Some(Event::InboxRead(InboxRead::default())) };
    let read = InventoryRecord { events: vec![read], ..InventoryRecord::default() };
    let inbox = subject::inventory(&Entity::Inbox(ada));
    stage.append(Service::Console, &INVENTORY, inbox, &read).await;
    stage
        .until("audit", |audit| {
            let audit = audit.to_string();
            let names = ["First, Ada", "Ada, First"].iter().any(|names| audit.contains(names));
            names && audit.contains("inbox-read") && audit.contains("address-verified")
        })
        .await;
    let email: Token = "email".parse().unwrap();
    let told = subject::delivery(&email, &ada, Some(&id_of("a.example.com")));
    let record = DeliveryRecord::default();
    stage.append(Service::Notifier, &DELIVERIES, told.clone(), &record).await;
    assert_eq!(stage.delete(&format!("contacts/{ada}")).await.status, 204);
    let bus = stage.bus(Service::Console);
    let orders = subject::inventory(&Entity::Contact(ada));
    let last = until("it is purged", async || {
        let none = bus.load(&DELIVERIES, &told, 0).await.unwrap().is_empty();
        let mut orders = bus.load(&INVENTORY, &orders, 0).await.unwrap();
        let last = orders.pop()?;
        (none && orders.is_empty()).then_some(last)
    })
    .await;
    assert!(!String::from_utf8_lossy(&last.payload).contains("ada@"));
    let audit = stage.get("audit").await.ok().to_string();
    assert!(!audit.contains("Ada") && !audit.contains("ada@"), "{audit}");
    assert!(audit.contains("contact-removed"), "{audit}");
}

#[tokio::test]
async fn what_was_written_of_a_removed_contact_is_purged_at_the_next_start() {
    let stage = Stage::open().await;
    stage.post("contacts", &json!({ "name": "First" })).await.ok();
    let ada = stage.post("contacts", &json!({ "name": "Ada" })).await.ok();
    let ada: ContactId = ada["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(stage.delete(&format!("contacts/{ada}")).await.status, 204);
    let told = subject::delivery(&"email".parse().unwrap(), &ada, None);
    let record = DeliveryRecord::default();
    stage.append(Service::Notifier, &DELIVERIES, told.clone(), &record).await;
    let stage = stage.reopen().await;
    let bus = stage.bus(Service::Console);
    until("it is purged", async || {
        bus.last(&DELIVERIES, &told).await.unwrap().is_none().then_some(())
    })
    .await;
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
