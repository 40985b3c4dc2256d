//! Mailboxes are verified by a link: it is sent, followed, and used once.

use chassis::{
    bus::{Followed, From},
    seal::Seal,
};
use prost::Message;
use proto::{
    id::DeliveryId,
    stream::{self, Service},
    subject, time,
    v1::{
        DeliveryDue, DeliveryEvent, DeliveryParked, DeliveryRecord, Request, SendVerification,
        delivery_due::Cause, delivery_event::Event, request::Wish,
    },
};
use reqwest::{Method, header::RETRY_AFTER};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, answer, now};

/// The links that were asked for, oldest first.
pub(crate) async fn asked(stage: &Stage) -> Vec<SendVerification> {
    let bus = stage.bus(Service::Console);
    let all = stream::REQUESTS.subjects;
    let mut following = bus.follow(&stream::REQUESTS, all, From::Sequence(1)).await.unwrap();
    let mut asked = Vec::new();
    while let Followed::Message(message) = following.next().await.unwrap() {
        if let Some(Wish::SendVerification(wish)) = Request::decode(message.payload).unwrap().wish {
            asked.push(wish);
        }
    }
    asked
}

pub(crate) fn link(stage: &Stage, asked: &SendVerification) -> String {
    let seal = Seal::open_or_create(&stage.place.join("console/key")).unwrap();
    let link = String::from_utf8(seal.open(&asked.sealed_link).unwrap()).unwrap();
    assert!(link.starts_with(&format!("{}/verify?token=", stage.base)), "{link}");
    link
}

async fn add(stage: &Stage, body: &Value) -> (Value, String) {
    let added = stage.post("contacts", body).await.ok();
    let path = format!("contacts/{}", added["id"].as_str().unwrap());
    (added, path)
}

pub(crate) async fn press(stage: &Stage, link: &str) -> Answer {
    let (url, token) = link.split_once("?token=").unwrap();
    let form = stage.http.post(url).header("content-type", "application/x-www-form-urlencoded");
    answer(form.body(format!("token={token}"))).await
}

#[tokio::test]
async fn a_new_mailbox_is_told_nothing_until_somebody_pressed_the_button() {
    let stage = Stage::open().await;
    let ada = json!({ "name": "Ada <b>", "email": "ada@example.com" });
    let (added, path) = add(&stage, &ada).await;
    assert_eq!(added["methods"], json!(["internal"]));
    assert!(added["note"].as_str().unwrap().contains("A link is on its way to ada@example.com"));
    let asked = asked(&stage).await;
    assert_eq!(
        (asked.len(), &*asked[0].channel, &*asked[0].address),
        (1, "email", "ada@example.com")
    );
    let link = link(&stage, &asked[0]);

    let page = answer(stage.http.get(&link)).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Ada &#60;b&#62;") && page.text.contains("<button"), "{page:?}");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    let looked_at = stage.get(&path).await.ok();
    assert_eq!(looked_at["addresses"][0]["verified"], false, "looking changes nothing");

    let done = press(&stage, &link).await;
    assert!(done.status == 200 && done.text.contains("is verified"), "{done:?}");
    let verified = stage.get(&path).await.ok();
    assert_eq!(verified["methods"], json!(["email", "internal"]));
    let again = press(&stage, &link).await;
    assert!(again.text.contains("verified already"), "{again:?}");
    assert_eq!(stage.get(&path).await.ok()["version"], verified["version"]);
}

#[tokio::test]
async fn a_verified_mailbox_stays_so_until_it_changes() {
    let stage = Stage::open().await;
    let ada = json!({ "name": "Ada", "email": "ada@example.com", "verified": true });
    let (added, path) = add(&stage, &ada).await;
    assert_eq!(added["methods"], json!(["email", "internal"]));
    let renamed = json!({ "name": "Ada L.", "email": "Ada@example.com".to_lowercase() });
    let renamed = stage.put(&path, &renamed).await.ok();
    assert_eq!(renamed["addresses"][0]["verified"], true);
    assert_eq!(asked(&stage).await, []);
    let moved = json!({ "name": "Ada L.", "email": "ada@example.org" });
    let moved = stage.put(&path, &moved).await.ok();
    assert_eq!(moved["methods"], json!(["internal"]));
    let asked = asked(&stage).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].address, "ada@example.org");
    stage.put(&path, &json!({ "name": "Ada", "email": "ada@example.com" })).await.ok();
    let late = press(&stage, &link(&stage, &asked[0])).await;
    assert!(late.status == 410 && late.text.contains("not valid any more"), "{late:?}");
}

#[tokio::test]
async fn a_link_is_sent_again_but_not_at_once() {
    let stage = Stage::open().await;
    let (_, path) = add(&stage, &json!({ "name": "Ada", "email": "ada@example.com" })).await;
    let again = format!("{path}/addresses/email/verification");
    let answered = stage.post(&again, &json!(null)).await;
    let seconds: u64 = answered.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    answered.refused(429);
    let (_, bare) = add(&stage, &json!({ "name": "Bob" })).await;
    let again = format!("{bare}/addresses/email/verification");
    stage.post(&again, &json!(null)).await.refused(409);
    let eve = json!({ "name": "Eve", "email": "eve@example.com", "verified": true });
    let (_, eve) = add(&stage, &eve).await;
    let again = format!("{eve}/addresses/email/verification");
    stage.post(&again, &json!(null)).await.refused(409);
    stage.put(&eve, &json!({ "name": "Eve", "email": "eve@example.org" })).await.ok();
    stage.put(&eve, &json!({ "name": "Eve" })).await.ok();
    stage.put(&eve, &json!({ "name": "Eve", "email": "eve@example.org" })).await.ok();
    let to: Vec<_> = asked(&stage).await.into_iter().map(|wish| wish.address).collect();
    assert_eq!(to, ["ada@example.com", "eve@example.org"], "a mailbox gets one link a minute");
}

/// A link was not delivered. Answers where it is shown.
async fn parked(stage: &Stage, contact: &str) -> String {
    let id = DeliveryId::from_bytes([1; 16]);
    let due = DeliveryDue {
        cause: Cause::Verification as i32,
        sealed_link: b"old"[..].into(),
        ..DeliveryDue::default()
    };
    let parked = DeliveryParked { reason: "5.1.1 who?".to_owned(), ..DeliveryParked::default() };
    let event = |event| DeliveryEvent { delivery_id: id.to_string(), event: Some(event) };
    let record = DeliveryRecord {
        recorded_at: Some(time::write(now())),
        events: [Event::Due(due), Event::Parked(parked)].map(event).into(),
    };
    let subject = subject::delivery(&"email".parse().unwrap(), &contact.parse().unwrap(), None);
    stage.append(Service::Notifier, &stream::DELIVERIES, subject, &record).await;
    stage.until("deliveries?state=parked", |list| list["items"][0].is_object()).await;
    format!("deliveries/{id}")
}

#[tokio::test]
async fn instead_of_a_link_that_was_parked_another_is_sent() {
    let stage = Stage::open().await;
    let (ada, path) = add(&stage, &json!({ "name": "Ada", "email": "ada@example.com" })).await;
    let again = format!("{}/again", parked(&stage, ada["id"].as_str().unwrap()).await);
    stage.post(&again, &json!(null)).await.refused(429);
    // It starts without a memory of what it sent.
    let stage = stage.reopen().await;
    stage.put(&path, &json!({ "name": "Ada", "email": "ada@example.org" })).await.ok();
    let stage = stage.reopen().await;
    assert_eq!(stage.post(&again, &json!(null)).await.status, 202);
    let asked = asked(&stage).await;
    let to: Vec<_> = asked.iter().map(|wish| wish.address.as_str()).collect();
    assert_eq!(to, ["ada@example.com", "ada@example.org", "ada@example.org"]);
    let done = press(&stage, &link(&stage, &asked[2])).await;
    assert!(done.text.contains("is verified"), "{done:?}");
    stage.post(&again, &json!(null)).await.refused(409);
}

#[tokio::test]
async fn what_is_no_link_of_ours_opens_nothing() {
    let stage = Stage::open().await;
    let (_, path) = add(&stage, &json!({ "name": "Ada", "email": "ada@example.com" })).await;
    let good = link(&stage, &asked(&stage).await[0]);
    let cut: String = good.chars().take(good.len() - 3).collect();
    let long = format!("{}/verify?token={}", stage.base, "A".repeat(4_000));
    for bad in [cut, format!("{}/verify?token=", stage.base), long] {
        let page = answer(stage.http.get(&bad)).await;
        assert!(page.status == 404 && !page.text.contains("<button>"), "{bad}");
        assert_eq!(press(&stage, &bad).await.status, 404);
    }
    let chinese = answer(
        stage
            .http
            .get(format!("{}/verify", stage.base))
            .header("accept-language", "zh-CN,zh;q=0.9"),
    )
    .await;
    assert!(chinese.status == 404 && chinese.text.contains("链接无效"), "{chinese:?}");
    assert_eq!(stage.get(&path).await.ok()["methods"], json!(["internal"]));
}

#[tokio::test]
async fn the_page_speaks_the_language_of_the_contact() {
    let stage = Stage::open().await;
    let ada = json!({ "name": "张伟", "email": "ada@example.com", "language": "zh-CN" });
    add(&stage, &ada).await;
    let link = link(&stage, &asked(&stage).await[0]);
    let page = answer(stage.http.get(&link)).await;
    assert!(page.text.contains("<html lang=\"zh-CN\">") && page.text.contains("确认验证"));
    assert!(press(&stage, &link).await.text.contains("邮箱验证成功"));
}

#[tokio::test]
async fn only_an_admin_vouches_for_a_mailbox() {
    let stage = Stage::open().await;
    let token = json!({ "name": "editor", "role": "editor" });
    let issued = stage.post("tokens", &token).await.ok();
    let url = format!("{}/api/v1/contacts", stage.base);
    let vouched = json!({ "name": "Ada", "email": "ada@example.com", "verified": true });
    let request = stage.http.request(Method::POST, url).json(&vouched);
    answer(request.bearer_auth(issued["secret"].as_str().unwrap())).await.refused(403);
}
