//! Why somebody was told, or was not; and the log of a domain in words.

use jiff::SignedDuration;
use proto::{
    id::{ContactId, DeliveryId},
    v1::{DeliveryDelivered, DeliveryDue, Event, Kind, Severity, State, delivery_event},
};
use serde_json::json;

use crate::{
    showing::{happen, opened, tell},
    stage::{Stage, each, id_of, now},
};

#[tokio::test]
async fn each_event_says_to_whom_it_was_told_and_why_not() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    happen(&stage, 1, "a.example", Kind::Expired).await;
    happen(&stage, 2, "a.example", Kind::CertificateChanged).await;
    let operator = ContactId::derive(&["operator"]);
    let id = DeliveryId::of("1", &operator, "internal", 0);
    let event = Event { id: "1".to_owned(), ..Event::default() };
    let due = DeliveryDue { event: Some(event), ..DeliveryDue::default() };
    tell(&stage, "internal", id, delivery_event::Event::Due(due)).await;
    let done = DeliveryDelivered { attempt: 1, ..DeliveryDelivered::default() };
    tell(&stage, "internal", id, delivery_event::Event::Delivered(done)).await;
    stage.until(&format!("deliveries/{id}"), |delivery| delivery["state"] == "delivered").await;

    let path = "domains/a.example/explain";
    let explained = stage.get(path).await.ok();
    assert_eq!(explained["domain"], "a.example:443");
    assert_eq!(explained["summary"], "What happens now is told to one contact by one method.");
    assert!(each(&explained["rules"], "rule").contains(&"switch"), "{explained}");
    assert_eq!(each(&explained["items"][0]["messages"], "why"), ["kind_not_wanted"]);
    let told = &explained["items"][1]["messages"][0];
    assert_eq!(
        (&told["fate"], &told["contact"], &told["delivery_id"]),
        (&json!("told"), &json!("Operator"), &json!(id.to_string()))
    );

    let first = stage.get(&format!("{path}?limit=1")).await.ok();
    let next = first["next"].as_str().unwrap();
    let second = stage.get(&format!("{path}?limit=1&cursor={next}")).await.ok();
    assert_eq!(second["items"][0]["event"]["id"], "1");
    assert_eq!(second["next"], json!(null));
    let one = stage.get(&format!("{path}?event=2")).await.ok();
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(stage.get(&format!("{path}?anomaly=x")).await.ok()["items"], json!([]));
    stage.get(&format!("{path}?event=9")).await.refused(404);
    stage.get("domains/absent.example/explain").await.refused(404);
}

#[tokio::test]
async fn a_silence_and_an_open_anomaly_are_explained() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let event = opened(Kind::Unreachable, Severity::Critical);
    stage.log(id_of("a.example"), State::Abnormal, vec![event]).await;
    stage.until("anomalies", |list| list["total"] == 1).await;
    let until = (now() + SignedDuration::from_hours(1)).to_string();
    stage.post("silences", &json!({ "domain": "a.example", "until": until })).await.ok();
    let explained = stage.get("domains/a.example/explain").await.ok();
    let rules = explained["rules"].as_array().unwrap();
    let silence = rules.iter().find(|rule| rule["rule"] == "silence").unwrap();
    assert_eq!((&silence["effect"], &silence["until"]), (&json!("holds"), &json!(until)));
    assert_eq!(explained["anomalies"][0]["kind"], "unreachable");
}

#[tokio::test]
async fn the_log_of_a_domain_is_told_latest_first() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let id = id_of("a.example");
    for kind in [Kind::Unreachable, Kind::Weak, Kind::Untrusted] {
        stage.log(id, State::Abnormal, vec![opened(kind, Severity::Critical)]).await;
    }
    let path = "domains/a.example/log?limit=2";
    let first = stage.until(path, |log| log["items"].as_array().unwrap().len() == 2).await;
    assert_eq!(each(&first["items"], "kind"), ["untrusted", "weak"]);
    let next = first["next"].as_str().unwrap();
    let second = stage.get(&format!("{path}&cursor={next}")).await.ok();
    assert_eq!(each(&second["items"], "what"), ["anomaly_opened"]);
    assert_eq!(second["items"][0]["text"], "No certificate: the port is closed (refused).");
    assert_eq!(second["next"], json!(null));
}
