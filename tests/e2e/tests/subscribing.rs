//! Anyone with a NATS client may subscribe to exactly the events they care for.

use std::collections::BTreeMap;

use async_nats::Message;
use futures::StreamExt;
use harness::eventually::{SOON, eventually};
use harness::fleet::{Fleet, Shape};
use harness::scene::DAY;
use lab::site::{Behaviour, Site};
use prost::Message as _;
use proto::v1::Event;

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_client_gets_what_it_subscribed_to_and_nothing_else() {
    let fleet = Fleet::start(Shape::Nats).await;
    let observer = fleet.nats.as_ref().unwrap().observer().await;
    let mut expiries = observer.subscribe("certherald.events.expired.>").await.unwrap();
    let mut example = observer.subscribe("certherald.events.*.com.example.>").await.unwrap();
    observer.flush().await.unwrap();

    let mut sites = Vec::new();
    for (host, served) in [
        ("expired.example.com", "expired"),
        ("deep.shop.example.com", "mismatch"),
        ("expired.test", "expired"),
        ("mismatch.test", "mismatch"),
        ("notexample.com", "mismatch"),
    ] {
        let identity = match served {
            "expired" => fleet.scene.with_left(host, -DAY),
            _ => fleet.scene.good("somebody.else.test"),
        };
        let site = Site::open(Behaviour::Serve(identity)).await.unwrap();
        let domain = fleet.watch(host, &site).await;
        sites.push((site, domain));
    }
    for (_, domain) in &sites {
        eventually("each has an event", async || {
            let events = fleet.events(domain).await?;
            if events.is_empty() { Err("none yet".to_owned()) } else { Ok(()) }
        })
        .await;
    }

    let expired = heard(&mut expiries, 2).await;
    assert_eq!(kinds(&expired), [("expired.example.com", "expired"), ("expired.test", "expired")]);
    let under = heard(&mut example, 2).await;
    let wanted = [("deep.shop.example.com", "name_mismatch"), ("expired.example.com", "expired")];
    assert_eq!(kinds(&under), wanted);
}

/// The first `count` messages of a subscription by host, and nothing after them.
async fn heard(subscriber: &mut async_nats::Subscriber, count: usize) -> BTreeMap<String, Event> {
    let mut events = BTreeMap::new();
    for _ in 0..count {
        let message = tokio::time::timeout(SOON, subscriber.next()).await.unwrap().unwrap();
        let event = Event::decode(message.payload.as_ref()).unwrap();
        announced(&message, &event);
        events.insert(event.host.clone(), event);
    }
    subscriber.unsubscribe().await.unwrap();
    let more = tokio::time::timeout(SOON, subscriber.next()).await.unwrap();
    assert!(more.is_none(), "{more:?}");
    events
}

fn kinds(events: &BTreeMap<String, Event>) -> Vec<(&str, &str)> {
    events.iter().map(|(host, event)| (host.as_str(), event.kind().token())).collect()
}

/// The headers of `CloudEvents` in binary mode say of the event what it says of itself.
fn announced(message: &Message, event: &Event) {
    let headers = message.headers.as_ref().unwrap();
    let header = |name| headers.get(name).map(async_nats::HeaderValue::as_str).unwrap_or_default();
    assert_eq!(header("ce-specversion"), "1.0");
    assert_eq!((header("ce-id"), header("Nats-Msg-Id")), (event.id.as_str(), event.id.as_str()));
    assert_eq!(header("ce-datacontenttype"), "application/protobuf");
    for name in ["ce-type", "ce-source", "ce-subject", "ce-time", "ce-dataschema"] {
        assert!(!header(name).is_empty(), "{name} is missing: {headers:?}");
    }
}
