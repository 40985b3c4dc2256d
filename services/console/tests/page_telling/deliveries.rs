//! *Deliveries*: who was told what, and the channel's own words.

use jiff::SignedDuration;
use proto::{
    id::DeliveryId,
    time,
    v1::{
        DeliveryDropped, DeliveryFailed, DeliveryParked, delivery_dropped::Why,
        delivery_due::Cause, delivery_event::Event,
    },
};
use serde_json::json;

use crate::{
    page::{Person, due, operator, tell},
    stage::{Stage, now},
};

const HOSTILE: &str = "550 <img src=x onerror=alert(1)>";

fn id(byte: u8) -> DeliveryId {
    DeliveryId::from_bytes([byte; 16])
}

/// One that was parked after an attempt that failed, and one that was dropped.
async fn stage() -> Stage {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    tell(&stage, "email", id(1), due(Cause::Event)).await;
    let failed = DeliveryFailed {
        attempt: 1,
        reply: "451 come back later".to_owned(),
        retry_at: Some(time::write(now() + SignedDuration::from_hours(2))),
        ..DeliveryFailed::default()
    };
    tell(&stage, "email", id(1), Event::Failed(failed)).await;
    let reason = HOSTILE.to_owned();
    let parked = DeliveryParked { attempt: 2, reason, rests_until: None };
    tell(&stage, "email", id(1), Event::Parked(parked)).await;
    tell(&stage, "internal", id(2), due(Cause::Reminder)).await;
    let dropped = DeliveryDropped { why: Why::Acknowledged as i32 };
    tell(&stage, "internal", id(2), Event::Dropped(dropped)).await;
    stage.until("deliveries?state=dropped", |list| list["items"][0].is_object()).await;
    stage
}

#[tokio::test]
async fn nothing_told_is_said_in_both_languages() {
    let stage = Stage::open().await;
    let person = Person::admin(&stage);
    assert!(person.sees(&stage, "/deliveries").await.contains("Nothing was told yet"));
    assert!(person.in_chinese().sees(&stage, "/deliveries").await.contains("还没有发送任何通知"));
}

#[tokio::test]
async fn deliveries_are_found_by_contact_method_state_cause_and_domain() {
    let stage = stage().await;
    let person = Person::admin(&stage);
    let links = |page: &str| {
        [1, 2].map(|byte| page.contains(&format!("href=\"/deliveries/{}\"", id(byte))))
    };
    let operator = operator();
    for (query, found) in [
        (String::new(), [true, true]),
        (format!("contact={operator}&method=&domain=&state=&cause="), [true, true]),
        ("method=email".to_owned(), [true, false]),
        ("state=dropped".to_owned(), [false, true]),
        ("cause=reminder&domain=a.example".to_owned(), [false, true]),
        ("method=lark".to_owned(), [false, false]),
    ] {
        let page = person.sees(&stage, &format!("/deliveries?{query}")).await;
        assert_eq!(links(&page), found, "{query}");
        assert!(!page.contains("<img src=x"), "the channel's words are shown as text");
    }
    let unknown = person.look(&stage, "/deliveries?domain=absent.example").await;
    assert_eq!(unknown.status, 422);
    assert!(unknown.text.contains("id=\"domain-wrong\""));
    assert!(unknown.text.contains("value=\"absent.example\""), "what was typed stays");
    assert_eq!(person.look(&stage, "/deliveries?method=pigeon").await.status, 422);
}

#[tokio::test]
async fn a_delivery_shows_every_attempt_and_is_sent_again() {
    let stage = stage().await;
    let person = Person::admin(&stage);
    let path = format!("/deliveries/{}", id(1));
    let page = person.sees(&stage, &path).await;
    for shown in
        ["451 come back later", "550 &#60;img src=x", "Next attempt:", "in 1 hour", "Attempt 2"]
    {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(!page.contains("<img src=x"), "the channel's words are shown as text");
    assert!(page.contains("mend what the channel names"));
    let done = person.does(&stage, &format!("{path}/again"), &[]).await;
    assert_eq!(done, format!("{path}?notice=sent-again"));
    let dropped = format!("/deliveries/{}", id(2));
    assert_eq!(person.send(&stage, &format!("{dropped}/again"), &[]).await.status, 409);
    assert!(person.sees(&stage, &dropped).await.contains("Somebody acknowledged the anomaly."));
    let viewer = Person::viewer(&stage).await;
    assert!(!viewer.sees(&stage, &path).await.contains("/again\""));
    assert_eq!(viewer.send(&stage, &format!("{path}/again"), &[]).await.status, 403);
    let foreign = person.send(&stage, &format!("{path}/again"), &[("csrf", "guess")]).await;
    assert_eq!(foreign.status, 403);
    let chinese = person.in_chinese();
    assert!(chinese.sees(&stage, &dropped).await.contains("已有人确认该异常。"));
    assert_eq!(chinese.look(&stage, "/deliveries/x").await.status, 404);
}
