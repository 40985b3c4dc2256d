//! *Inbox*: internal messages, and which of them were read.

use proto::{id::DeliveryId, v1::delivery_due::Cause};

use crate::{
    page::{Person, delivered, due, operator, tell},
    stage::Stage,
};

async fn with_entries(count: u8) -> Stage {
    let stage = Stage::open().await;
    for byte in 1..=count {
        let id = DeliveryId::from_bytes([byte; 16]);
        tell(&stage, "internal", id, due(Cause::Event)).await;
        let entry = delivered(&format!("Expired <b>{byte}"), "Renew it.\n<script>alert(1)");
        tell(&stage, "internal", id, entry).await;
    }
    stage.until("inbox?unread=true", |inbox| inbox["unread"] == count).await;
    stage
}

#[tokio::test]
async fn an_empty_inbox_says_so() {
    let stage = Stage::open().await;
    let person = Person::admin(&stage);
    assert!(person.sees(&stage, "/inbox").await.contains("Nothing has come in yet"));
    assert!(person.sees(&stage, "/inbox?unread=1").await.contains("Everything is read."));
    assert!(person.in_chinese().sees(&stage, "/inbox").await.contains("还没有消息"));
}

#[tokio::test]
async fn entries_are_shown_as_text_and_marked_one_by_one_or_all() {
    let stage = with_entries(3).await;
    let person = Person::admin(&stage);
    let page = person.sees(&stage, "/inbox").await;
    assert!(page.contains("3 unread messages") && page.contains("Operator"));
    assert!(page.contains("Expired &#60;b&#62;1") && page.contains("&#60;script&#62;alert(1)"));
    assert!(!page.contains("<script>alert"), "what was told is shown as text");
    let id = DeliveryId::from_bytes([1; 16]);
    assert!(page.contains(&format!("action=\"/inbox/{id}/read\"")));
    let operator = operator();
    let form = [("contact", operator.as_str()), ("unread", "1")];
    let done = person.does(&stage, &format!("/inbox/{id}/read"), &form).await;
    assert_eq!(done, format!("/inbox?contact={operator}&unread=1&notice=entry-read"));
    let page = person.sees(&stage, &done).await;
    assert!(page.contains("2 unread messages") && !page.contains("&#62;1<"));
    person.does(&stage, "/inbox/read", &form).await;
    let page = person.sees(&stage, "/inbox").await;
    assert!(page.contains("Nothing unread") && page.contains("Expired"));
    let chinese = person.in_chinese().sees(&stage, "/inbox").await;
    assert!(chinese.contains("没有未读消息") && chinese.contains("查看域名"));
}

#[tokio::test]
async fn entries_are_marked_by_editors_and_from_pages_of_theirs() {
    let stage = with_entries(1).await;
    let viewer = Person::viewer(&stage).await;
    let id = DeliveryId::from_bytes([1; 16]);
    let page = viewer.sees(&stage, "/inbox").await;
    assert!(page.contains("Expired") && !page.contains("action=\"/inbox/"));
    for place in ["/inbox/read".to_owned(), format!("/inbox/{id}/read")] {
        assert_eq!(viewer.send(&stage, &place, &[]).await.status, 403);
        let foreign = Person::admin(&stage).send(&stage, &place, &[("csrf", "guess")]).await;
        assert_eq!(foreign.status, 403);
    }
    assert_eq!(stage.get("inbox").await.ok()["unread"], 1);
    let absent = Person::admin(&stage).send(&stage, "/inbox/x/read", &[]).await;
    assert_eq!(absent.status, 422);
    assert_eq!(Person::admin(&stage).look(&stage, "/inbox?contact=x").await.status, 422);
}
