//! One stream of all that a page shows.

use std::time::Duration;

use proto::{
    id::{ContactId, DeliveryId},
    stream,
    stream::Service,
    subject, time,
    v1::{
        DeliveryDelivered, DeliveryDue, InboxEntry, Kind, ScanFact, Severity, State, delivery_event,
    },
};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    showing::{happen, opened, tell},
    stage::{Stage, id_of, now},
};

/// What was sent: name, id, data.
type Sent = (String, String, Value);

/// A stream that is open, and what was read of it and not asked for yet.
struct Watching {
    response: Response,
    text: String,
}

impl Watching {
    async fn open(stage: &Stage, query: &str, last: Option<&str>) -> Self {
        let mut request = stage.request(Method::GET, &format!("live{query}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{response:?}");
        Self { response, text: String::new() }
    }

    async fn next(&mut self) -> Sent {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name| block.lines().find_map(|line| line.strip_prefix(name));
                let text = |name| field(name).unwrap_or_default().trim().to_owned();
                if let Some(data) = field("data:") {
                    return (text("event:"), text("id:"), serde_json::from_str(data).unwrap());
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("only this came: {}", self.text));
            let chunk = chunk.unwrap().expect("the stream goes on");
            self.text.push_str(str::from_utf8(&chunk).unwrap());
        }
    }

    /// Skips until something of this name comes.
    async fn until(&mut self, name: &str) -> Sent {
        loop {
            let sent = self.next().await;
            if sent.0 == name {
                return sent;
            }
        }
    }
}

#[tokio::test]
async fn a_state_that_changes_is_sent_and_whoever_comes_back_gets_what_was_missed() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    let mut watching = Watching::open(&stage, "", None).await;
    let (name, _, hello) = watching.next().await;
    assert_eq!((name.as_str(), &hello["unread"]), ("hello", &json!(0)));
    let id = id_of("a.example");
    stage.log(id, State::Abnormal, vec![opened(Kind::Weak, Severity::Warning)]).await;
    let (_, seen, domain) = watching.until("domain").await;
    assert_eq!((&domain["state"], &domain["severity"]), (&json!("abnormal"), &json!("warning")));
    drop(watching);

    stage.log(id_of("b.example"), State::Secure, vec![]).await;
    // Each stream is read on its own: what comes first is to be seen first.
    stage.until("domains/b.example", |domain| domain["state"] == "secure").await;
    happen(&stage, 7, "a.example", Kind::Weak).await;
    stage.until("events", |events| events["items"][0]["id"] == "7").await;
    stage.delete("domains/a.example").await;
    Watching::open(&stage, &format!("?domain={id}"), None).await.until("hello").await;
    let mut again = Watching::open(&stage, "", Some(&seen)).await;
    let (_, _, missed) = again.until("domain").await;
    assert_eq!((&missed["name"], &missed["state"]), (&json!("b.example:443"), &json!("secure")));
    assert_eq!(again.until("event").await.2["id"], "7");
    assert_eq!(again.until("removed").await.2["id"], id.to_string());
}

#[tokio::test]
async fn an_entry_of_the_inbox_comes_with_the_count_of_those_not_read() {
    let stage = Stage::open().await;
    let mut watching = Watching::open(&stage, "", None).await;
    let id = DeliveryId::from_bytes([1; 16]);
    let due = DeliveryDue::default();
    tell(&stage, "internal", id, delivery_event::Event::Due(due)).await;
    assert_eq!(watching.until("delivery").await.2["state"], "due");
    let entry = InboxEntry { title: "Expired".to_owned(), ..InboxEntry::default() };
    let inbox_entry = Some(entry);
    let done = DeliveryDelivered { attempt: 1, inbox_entry, ..DeliveryDelivered::default() };
    tell(&stage, "internal", id, delivery_event::Event::Delivered(done)).await;
    let (_, _, news) = watching.until("inbox").await;
    assert_eq!((&news["entry"]["title"], &news["unread"]), (&json!("Expired"), &json!(1)));
    stage.post("inbox/read", &json!({ "entries": [id.to_string()] })).await.ok();
    let (_, _, read) = watching.until("inbox").await;
    assert_eq!((&read["unread"], &read["entry"]), (&json!(0), &json!(null)));
    let operator = ContactId::derive(&["operator"]).to_string();
    assert_eq!(read["contact_id"], operator.as_str());
    Watching::open(&stage, &format!("?contact={operator}"), None).await.until("hello").await;
}

#[tokio::test]
async fn the_answer_of_a_look_comes_to_whoever_asked_and_to_whoever_watches_the_domain() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    let mut of_all = Watching::open(&stage, "", None).await;
    let mut of_one = Watching::open(&stage, "?domain=b.example", None).await;
    assert_eq!(stage.post("domains/a.example/scan", &json!(null)).await.status, 202);
    for host in ["b.example", "a.example"] {
        let id = id_of(host);
        let started_at = Some(time::write(now()));
        let fact =
            ScanFact { domain_id: id.to_string(), look: 1, started_at, ..ScanFact::default() };
        stage.append(Service::Prober, &stream::FACTS, subject::fact(&id), &fact).await;
    }
    assert_eq!(of_all.until("scan").await.2["name"], "a.example:443");
    let (_, _, looked) = of_one.until("scan").await;
    assert!(looked["name"] == "b.example:443" && looked["looked_at"].is_string(), "{looked}");
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_begun_anew() {
    let stage = Stage::open().await;
    let mut foreign = Watching::open(&stage, "", Some("9999.0.0.0.0")).await;
    assert_eq!(foreign.next().await.0, "hello");
    assert_eq!(foreign.next().await.0, "reset");
    stage.post("domains", &json!(["a.example"])).await.ok();
    assert_eq!(foreign.until("domain").await.2["name"], "a.example:443");
}

#[tokio::test]
async fn a_position_means_the_same_after_a_restart() {
    let stage = Stage::open().await;
    let mut watching = Watching::open(&stage, "", None).await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let (_, seen, _) = watching.until("domain").await;
    stage.post("domains", &json!(["b.example"])).await.ok();
    drop(watching);
    let stage = stage.reopen().await;
    stage.until("domains", |list| list["total"] == 2).await;
    let mut again = Watching::open(&stage, "", Some(&seen)).await;
    assert_eq!(again.until("domain").await.2["name"], "b.example:443");
}

#[tokio::test]
async fn a_token_that_is_revoked_watches_no_more() {
    let mut stage = Stage::open().await;
    let issued = stage.post("tokens", &json!({ "name": "x", "role": "viewer" })).await.ok();
    let admin = std::mem::replace(&mut stage.token, issued["secret"].as_str().unwrap().to_owned());
    let mut watching = Watching::open(&stage, "", None).await;
    assert_eq!(watching.next().await.0, "hello");
    stage.token = admin;
    stage.delete(&format!("tokens/{}", issued["id"].as_str().unwrap())).await;
    assert_eq!(watching.until("over").await.2, json!({}), "it is told why nothing comes");
    let ended = async { while let Ok(Some(_)) = watching.response.chunk().await {} };
    tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_watched_is_named() {
    let stage = Stage::open().await;
    for (query, field) in
        [("domain=a.example", "domain"), ("contact=x", "contact"), ("kind=expired", "kind")]
    {
        let problem = stage.get(&format!("live?{query}")).await.refused(422);
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let request = stage.request(Method::GET, "live").header("last-event-id", "x");
    let problem = crate::stage::answer(request).await.refused(422);
    assert_eq!(problem["errors"][0]["field"], "Last-Event-ID");
}
