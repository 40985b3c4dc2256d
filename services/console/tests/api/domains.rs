//! One domain: its options, on and off, scan now; many at once; lists in pages.

use chassis::bus::Consumer;
use prost::Message;
use proto::{
    stream::{self, Service},
    subject,
    v1::{Request, request::Wish},
};
use reqwest::Method;
use serde_json::json;

use crate::stage::{Stage, answer, each, id_of};

#[tokio::test]
async fn options_are_replaced_or_changed() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let options = json!({ "tags": ["x"], "interval_seconds": 120, "rungs": ["10d", "50%"] });
    stage.put("domains/a.example", &options).await.ok();
    stage
        .patch("domains/a.example", &json!({ "interval_seconds": null, "tags": ["y"] }))
        .await
        .ok();
    let shown = stage.get("domains/a.example").await.ok();
    assert_eq!(shown["options"], json!({ "rungs": ["10d", "50%"], "tags": ["y"] }));
    stage.put("domains/a.example", &json!({})).await.ok();
    assert_eq!(
        stage.get("domains/a.example").await.ok()["options"],
        json!({ "rungs": [], "tags": [] })
    );
}

#[tokio::test]
async fn every_bad_option_is_named() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let bad =
        json!({ "sni": "192.0.2.1", "interval_seconds": 5, "rungs": ["soon"], "tags": ["a,b"] });
    let problem = stage.put("domains/a.example", &bad).await.refused(422);
    assert_eq!(each(&problem["errors"], "field"), ["sni", "rungs[0]", "interval_seconds", "tags"]);
    assert!(problem["errors"][2]["want"].as_str().unwrap().contains("7 days"));
    let problem = stage.put("domains/a.example", &json!({ "intervall": 5 })).await.refused(422);
    assert!(problem["detail"].as_str().unwrap().contains("unknown field `intervall`"));
}

#[tokio::test]
async fn a_change_upon_an_old_version_is_refused() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let seen = stage.get("domains/a.example").await;
    let etag = seen.headers["etag"].to_str().unwrap().to_owned();
    let put = |tag: &str, etag: &str| {
        let request =
            stage.request(Method::PUT, "domains/a.example").json(&json!({ "tags": [tag] }));
        answer(request.header("if-match", etag))
    };
    put("one", &etag).await.ok();
    let problem = put("two", &etag).await.refused(412);
    assert!(problem["detail"].as_str().unwrap().contains("look again"));
    put("two", "forty-two").await.refused(422);
    put("two", "*").await.ok();
    let remove = stage.request(Method::DELETE, "domains/a.example").header("if-match", &etag);
    answer(remove).await.refused(412);
}

#[tokio::test]
async fn a_domain_is_switched_off_and_on() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let off = stage.post("domains/a.example/disable", &json!(null)).await.ok();
    assert_eq!((&off["enabled"], &off["state"]), (&json!(false), &json!("disabled")));
    stage.post("domains/a.example/disable", &json!(null)).await.ok();
    stage.post("domains/a.example/scan", &json!(null)).await.refused(409);
    let on = stage.post("domains/a.example/enable", &json!(null)).await.ok();
    assert_eq!((&on["enabled"], &on["state"]), (&json!(true), &json!("enabling")));
}

#[tokio::test]
async fn scan_now_reaches_the_detector_once() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    for _ in 0..3 {
        assert_eq!(stage.post("domains/a.example/scan", &json!(null)).await.status, 202);
    }
    let consumer = Consumer {
        stream: &stream::REQUESTS,
        name: "test".to_owned(),
        pattern: subject::requests_to(Service::Detector),
        ack_wait: std::time::Duration::from_secs(30),
        held_max: 10,
    };
    let mut wishes = stage.bus(Service::Detector).consume(consumer).await.unwrap();
    let wish = wishes.next().await.unwrap();
    let request = Request::decode(wish.message.payload.clone()).unwrap();
    let Some(Wish::ScanNow(scan)) = request.wish else { panic!("another wish: {request:?}") };
    assert_eq!(scan.domain_id, id_of("a.example").to_string());
    assert!(request.actor.starts_with("token:"));
    let second = tokio::time::timeout(std::time::Duration::from_millis(300), wishes.next()).await;
    assert!(second.is_err(), "asking thrice is asking once");
}

#[tokio::test]
async fn many_are_changed_at_once_and_the_unknown_are_named() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example", "b.example", "c.example"])).await.ok();
    let domains = json!(["a.example", id_of("b.example").to_string(), "absent.example"]);
    let act = |action: &str| json!({ "action": action, "tag": "shop", "domains": domains.clone() });
    let done = stage.post("domains/actions", &act("tag")).await.ok();
    assert_eq!((&done["done"], &done["rejected"][0]["line"]), (&json!(2), &json!(3)));
    assert_eq!(each(&done["results"], "outcome"), ["done", "done", "rejected"]);
    assert_eq!(done["results"][0]["domain_id"], id_of("a.example").to_string());
    assert!(done["results"][2]["reason"].as_str().unwrap().contains("there is no domain"));
    assert_eq!(stage.get("domains?tag=shop").await.ok()["total"], 2);
    assert_eq!(stage.post("domains/actions", &act("tag")).await.ok()["unchanged"], 2);
    stage.post("domains/actions", &act("disable")).await.ok();
    assert_eq!(stage.get("domains?state=disabled").await.ok()["total"], 2);
    stage.post("domains/actions", &act("remove")).await.ok();
    assert_eq!(each(&stage.get("domains").await.ok()["items"], "host"), ["c.example"]);
    stage.post("domains/actions", &json!({ "action": "tag", "domains": [] })).await.refused(422);
    stage.post("domains/actions", &json!({ "action": "burn", "domains": [] })).await.refused(422);
}

#[tokio::test]
async fn an_order_upon_a_version_that_is_gone_is_refused() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let seen = stage.get("domains/a.example").await.headers["etag"].clone();
    let order = |verb: &str, version: &reqwest::header::HeaderValue| {
        let request = stage.request(Method::POST, &format!("domains/a.example/{verb}"));
        answer(request.header("if-match", version))
    };
    let disabled = order("disable", &seen).await;
    assert_ne!(disabled.headers["etag"], seen);
    order("enable", &seen).await.refused(412);
    assert_eq!(order("enable", &disabled.headers["etag"]).await.ok()["enabled"], true);
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["c.example", "a.example", "b.example"])).await.ok();
    let first = stage.get("domains?limit=2").await.ok();
    assert_eq!(each(&first["items"], "host"), ["a.example", "b.example"]);
    assert_eq!(first["total"], 3);
    let next = first["next"].as_str().unwrap();
    let second = stage.get(&format!("domains?limit=2&cursor={next}")).await.ok();
    assert_eq!(each(&second["items"], "host"), ["c.example"]);
    assert_eq!(second.get("next"), None);
    let last = stage.get("domains?limit=1&sort=-name").await.ok();
    assert_eq!(each(&last["items"], "host"), ["c.example"]);
    for bad in
        ["limit=0", "limit=1001", "limit=x", "cursor=!", "sort=size", "state=fine", "colour=x"]
    {
        stage.get(&format!("domains?{bad}")).await.refused(422);
    }
}

#[tokio::test]
async fn a_domain_is_found_however_it_is_written() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["A.Example.", "[2001:db8::1]:8443"])).await.ok();
    for key in ["a.example", "A.EXAMPLE:443", "https:%2F%2Fa.example", "%5B2001:db8::1%5D:8443"] {
        stage.get(&format!("domains/{key}")).await.ok();
    }
    stage.get("domains/a.example:8443").await.refused(404);
}
