//! *Contacts*: added, changed, tested, removed; secrets that never come back.

use proto::{
    id::DeliveryId,
    time,
    v1::{DeliveryParked, delivery_due::Cause, delivery_event::Event},
};
use serde_json::{Value, json};

use crate::{
    page::{Person, due, operator, tell, version},
    stage::{Stage, now, until},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "SEC-hunter22-hunter22";

#[tokio::test]
async fn contacts_are_listed_with_how_they_are_reached() {
    let stage = Stage::open().await;
    let person = Person::admin(&stage);
    let ada = json!({ "name": "<b>Ada</b>", "email": "ada@example.com", "language": "zh-CN" });
    stage.post("contacts", &ada).await.ok();
    let page = person.sees(&stage, "/contacts").await;
    for shown in ["Operator", "ada@example.com", "Email · not verified", "in the default setting"]
    {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(!page.contains("<b>Ada"), "a name is shown as text");
    let chinese = person.in_chinese().sees(&stage, "/contacts").await;
    assert!(chinese.contains("邮件 · 未验证") && chinese.contains("添加联系人"));
}

#[tokio::test]
async fn a_contact_is_added_changed_and_removed() {
    let stage = Stage::open().await;
    let person = Person::admin(&stage);
    person.sees(&stage, "/contacts/add").await;
    let hook = format!("https://open.larksuite.com/open-apis/bot/v2/hook/{TOKEN}");
    let form = [
        ("name", "Team"),
        ("language", "zh-CN"),
        ("time_zone", "Asia/Shanghai"),
        ("dingtalk.webhook", TOKEN),
        ("dingtalk.secret", SECRET),
        ("dingtalk.mentions", "13800000000"),
        ("lark.webhook", &hook),
    ];
    // The first that a person adds is told by default: another goes before it, so that it can go.
    stage.post("contacts", &json!({ "name": "First" })).await.ok();
    let path = person.does(&stage, "/contacts/add", &form).await;
    let page = person.sees(&stage, &path).await;
    for shown in ["The contact is added.", "oapi.dingtalk.com …cdef", "signed", "Leave as it is"]
    {
        assert!(page.contains(shown), "{shown}");
    }
    for secret in [TOKEN, SECRET, "13800000000"] {
        assert!(!page.contains(secret), "{secret}");
    }
    let (path, _) = path.split_once('?').unwrap();
    let version = version(&page);
    let form = [
        ("version", version.as_str()),
        ("name", "Team A"),
        ("language", "en"),
        ("time_zone", "UTC"),
        ("dingtalk", "keep"),
        ("lark", "remove"),
    ];
    person.does(&stage, path, &form).await;
    let contact = stage.get(path.trim_start_matches('/')).await.ok();
    assert_eq!(contact["name"], "Team A");
    assert_eq!(contact["methods"], json!(["internal", "dingtalk"]));
    assert_eq!(person.send(&stage, path, &form).await.status, 412, "it has changed since");

    let page = person.sees(&stage, path).await;
    let version = crate::page::version(&page);
    let done = person.does(&stage, &format!("{path}/remove"), &[("version", &version)]).await;
    assert_eq!(done, "/contacts?notice=contact-removed");
    assert_eq!(person.look(&stage, path).await.status, 404);
}

#[tokio::test]
async fn each_mistake_stands_beside_its_field_and_no_secret_comes_back() {
    let stage = Stage::open().await;
    let person = Person::admin(&stage);
    let form = [
        ("name", " "),
        ("email", "\"><script>"),
        ("language", "de"),
        ("time_zone", "Mars"),
        ("dingtalk.webhook", "https://evil.example/hunter22"),
        ("webhook.url", "https://ok.example/"),
        ("webhook.secret", "hunter23"),
    ];
    let again = person.errs(&stage, "/contacts/add", &form).await;
    for field in ["name", "email", "language", "time_zone", "dingtalk-webhook", "webhook-secret"] {
        assert!(again.contains(&format!("id=\"{field}-wrong\"")), "{field}");
    }
    assert!(!again.contains("<script>") && again.contains("&#62;&#60;script&#62;"));
    assert!(!again.contains("hunter2"), "what was typed of a robot is not shown again");
    assert!(again.contains("oapi.dingtalk.com"), "what is allowed is said");
    let again = person.in_chinese().errs(&stage, "/contacts/add", &form).await;
    assert!(again.contains("请填写邮箱地址"));
}

#[tokio::test]
async fn a_contact_that_a_setting_names_stays_and_its_page_says_why() {
    let stage = Stage::open().await;
    let person = Person::admin(&stage);
    let path = format!("/contacts/{}", operator());
    let version = version(&person.sees(&stage, &path).await);
    let refused = person.send(&stage, &format!("{path}/remove"), &[("version", &version)]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("The default setting names this contact: change it first."));
}

#[tokio::test]
async fn a_test_is_sent_and_what_the_channel_says_appears() {
    let stage = Stage::open().await;
    let person = Person::admin(&stage);
    let path = format!("/contacts/{}", operator());
    let done = person.does(&stage, &format!("{path}/test"), &[("method", "internal")]).await;
    assert_eq!(done, format!("{path}?notice=test-sent"));
    let refused = person.send(&stage, &format!("{path}/test"), &[("method", "email")]).await;
    assert_eq!(refused.status, 422);
    let id = DeliveryId::from_bytes([7; 16]);
    tell(&stage, "internal", id, due(Cause::Test)).await;
    let parked = DeliveryParked {
        attempt: 1,
        reason: "310000 <script>sign not match".to_owned(),
        rests_until: Some(time::write(now() + jiff::SignedDuration::from_hours(1))),
    };
    tell(&stage, "internal", id, Event::Parked(parked)).await;
    let page = until("the answer of the channel", async || {
        let page = person.sees(&stage, &path).await;
        page.contains("310000").then_some(page)
    })
    .await;
    assert!(page.contains("310000 &#60;script&#62;sign not match") && page.contains("Parked"));
    assert!(page.contains("Internal message · paused"), "it is left alone for an hour");
}

#[tokio::test]
async fn a_link_is_sent_again_to_a_mailbox_that_is_not_verified() {
    let stage = Stage::open().await;
    let person = Person::admin(&stage);
    let bob = stage.post("contacts", &json!({ "name": "Bob" })).await.ok();
    let path = format!("/contacts/{}", bob["id"].as_str().unwrap());
    let refused = person.send(&stage, &format!("{path}/verification"), &[]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("It has no mailbox."));
}

#[tokio::test]
async fn contacts_are_changed_by_editors_and_from_pages_of_theirs() {
    let stage = Stage::open().await;
    let admin = Person::admin(&stage);
    let viewer = Person::viewer(&stage).await;
    let path = format!("/contacts/{}", operator());
    let page = viewer.sees(&stage, &path).await;
    assert!(page.contains("Operator") && !page.contains("name=\"version\""));
    assert_eq!(viewer.look(&stage, "/contacts/add").await.status, 403);
    for place in ["/contacts/add", &path, &format!("{path}/test"), &format!("{path}/remove")] {
        assert_eq!(viewer.send(&stage, place, &[("name", "x")]).await.status, 403, "{place}");
        let foreign = [("csrf", "guess"), ("name", "x")];
        assert_eq!(admin.send(&stage, place, &foreign).await.status, 403, "{place}");
    }
    let contacts = stage.get("contacts").await.ok();
    assert_eq!(contacts["items"].as_array().map(Vec::len), Some(1), "{contacts}");
    assert_eq!(contacts["items"][0]["name"], Value::from("Operator"));
}
