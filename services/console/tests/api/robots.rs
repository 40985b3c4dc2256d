//! Robots: entered, kept, removed, and never shown again.

use chassis::seal::Seal;
use prost::Message;
use proto::{
    address::SecretAddress,
    stream::{self, Service},
    subject::{self, Entity},
    v1::{ContactSaved, InventoryRecord, inventory_event::Event},
};
use serde_json::{Value, json};

use crate::stage::{Stage, each};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "SEC-hunter22-hunter22";

fn with_robots() -> Value {
    json!({
        "name": "Team",
        "dingtalk": { "webhook": TOKEN, "secret": SECRET, "mentions": ["13800000000"] },
        "lark": { "webhook": format!("https://open.larksuite.com/open-apis/bot/v2/hook/{TOKEN}") },
        "webhook": {
            "url": format!("https://hooks.example.com/in?key={TOKEN}"),
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        },
    })
}

async fn stored(stage: &Stage, id: &str) -> ContactSaved {
    let subject = subject::inventory(&Entity::Contact(id.parse().unwrap()));
    let last = stage.bus(Service::Console).last(&stream::INVENTORY, &subject).await.unwrap();
    let record = InventoryRecord::decode(last.unwrap().payload).unwrap();
    match record.events[0].event.clone() {
        Some(Event::ContactSaved(saved)) => saved,
        other => panic!("no contact was saved: {other:?}"),
    }
}

#[tokio::test]
async fn a_robot_is_stored_sealed_and_shown_by_its_hint() {
    let stage = Stage::open().await;
    let added = stage.post("contacts", &with_robots()).await;
    assert_eq!(added.status, 201, "{added:?}");
    for secret in [TOKEN, SECRET, "whsec_", "13800000000"] {
        assert!(!added.text.contains(secret), "{}", added.text);
    }
    let added = added.ok();
    let channels = ["internal", "dingtalk", "lark", "webhook"];
    assert_eq!(each(&added["addresses"], "channel"), channels);
    assert_eq!(added["methods"], json!(channels));
    assert_eq!(added["addresses"][1]["hint"], "oapi.dingtalk.com …cdef");
    let signed = |at: usize| &added["addresses"][at]["has_secret"];
    assert_eq!([signed(0), signed(1), signed(2)], [&json!(null), &json!(true), &json!(false)]);
    let saved = stored(&stage, added["id"].as_str().unwrap()).await;
    let robot = saved.addresses.iter().find(|address| address.channel == "dingtalk").unwrap();
    assert!(!robot.sealed.windows(8).any(|window| window == &SECRET.as_bytes()[..8]));
    let seal = Seal::open_or_create(&stage.place.join("console/key")).unwrap();
    let opened: SecretAddress = serde_json::from_slice(&seal.open(&robot.sealed).unwrap()).unwrap();
    assert_eq!((&*opened.secret, &*opened.mentions[0]), (SECRET, "13800000000"));
    assert!(opened.url.as_str().ends_with(TOKEN));
}

#[tokio::test]
async fn a_robot_that_is_left_out_goes_and_one_that_is_kept_stays() {
    let stage = Stage::open().await;
    let added = stage.post("contacts", &with_robots()).await.ok();
    let id = added["id"].as_str().unwrap();
    let path = format!("contacts/{id}");
    let before = stored(&stage, id).await;
    let body = json!({ "name": "Crew", "dingtalk": { "keep": true }, "lark": null });
    let changed = stage.put(&path, &body).await.ok();
    assert_eq!(each(&changed["addresses"], "channel"), ["internal", "dingtalk"]);
    let after = stored(&stage, id).await;
    assert_eq!(after.addresses[1], before.addresses[1]);
    let nothing = json!({ "name": "Crew", "slack": { "keep": true } });
    let problem = stage.put(&path, &nothing).await.refused(409);
    assert_eq!(problem["detail"], "there is no slack robot to keep: send its address");
}

#[tokio::test]
async fn a_mistake_names_the_field_and_never_shows_the_secret() {
    let stage = Stage::open().await;
    let url = format!("https://evil.example/robot/send?access_token={TOKEN}");
    for (robot, field) in [
        (json!({ "dingtalk": { "webhook": url } }), "dingtalk.webhook"),
        (json!({ "dingtalk": url }), "dingtalk"),
        (json!({ "wecom": { "webhook": TOKEN, "secret": TOKEN } }), "wecom.secret"),
        (json!({ "webhook": { "url": "http://x.example/", "secret": TOKEN } }), "webhook.url"),
        (json!({ "webhook": { "url": "https://x.example/", "secret": TOKEN } }), "webhook.secret"),
        (json!({ "slack": {} }), "slack.webhook"),
        (json!({ "lark": { "webhook": TOKEN, "mentions": ["<at>"] } }), "lark.mentions"),
    ] {
        let mut body = json!({ "name": "Team" });
        body.as_object_mut().unwrap().extend(robot.as_object().unwrap().clone());
        let answer = stage.post("contacts", &body).await;
        assert!(!answer.text.contains(TOKEN), "{}", answer.text);
        let problem = answer.refused(422);
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        assert_ne!(problem["errors"][0]["want"], "");
    }
}

#[tokio::test]
async fn the_audit_says_that_a_secret_or_a_mailbox_is_another_and_not_which() {
    let stage = Stage::open().await;
    let added = stage.post("contacts", &with_robots()).await.ok();
    let path = format!("contacts/{}", added["id"].as_str().unwrap());
    let change = async |body: Value| {
        stage.put(&path, &body).await.ok();
        let audit = stage.get("audit").await;
        for secret in [TOKEN, SECRET, "hunter23", "13800000000", "13900000000"] {
            assert!(!audit.text.contains(secret), "{}", audit.text);
        }
        audit.ok()["items"][0]["changes"].clone()
    };
    let kept = json!({ "keep": true });
    let team = |robot: Value| json!({ "name": "Team", "dingtalk": robot, "lark": kept });
    let gone = change(team(kept.clone())).await;
    assert_eq!(each(&gone, "field"), ["robots", "secrets"], "{gone}");
    let robot = |secret: &str, mention: &str| json!({ "webhook": TOKEN, "secret": secret, "mentions": [mention] });
    for another in [robot("SEC-hunter23-hunter23", "13800000000"), robot(SECRET, "13900000000")] {
        let changes = change(team(another)).await;
        assert_eq!(each(&changes, "field"), ["secrets"], "{changes}");
    }
    let mailbox = |verified: bool| {
        let body = team(kept.clone());
        let more = json!({ "email": "ada@example.com", "verified": verified });
        let parts = [body, more].map(|part| part.as_object().unwrap().clone());
        parts.into_iter().flatten().collect::<Value>()
    };
    change(mailbox(false)).await;
    let vouched = change(mailbox(true)).await;
    assert_eq!(vouched, json!([{ "field": "verified", "before": "false", "after": "true" }]));
}
