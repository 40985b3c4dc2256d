//! Events as they happen.

use std::time::Duration;

use proto::v1::Kind;
use reqwest::{Method, Response};
use serde_json::json;

use crate::{showing::happen, stage::Stage};

/// Reads until a number of events have come, and answers their ids and kinds.
async fn events(response: &mut Response, count: usize) -> Vec<(u64, String)> {
    let mut text = String::new();
    let reading = async {
        while text.matches("\n\n").count() < count {
            let chunk = response.chunk().await.unwrap().expect("the stream goes on");
            text.push_str(str::from_utf8(&chunk).unwrap());
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
    assert!(read.is_ok(), "only this came: {text}");
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {block}")).trim().to_owned()
    };
    let blocks = text.split("\n\n").filter(|block| !block.is_empty());
    blocks.map(|block| (field(block, "id:").parse().unwrap(), field(block, "event:"))).collect()
}

async fn follow(stage: &Stage, query: &str, last: Option<u64>) -> Response {
    let mut request = stage.request(Method::GET, &format!("events/stream{query}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{response:?}");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

#[tokio::test]
async fn whoever_comes_back_gets_what_was_missed_and_then_what_happens() {
    let stage = Stage::open().await;
    let first = happen(&stage, 1, "a.example", Kind::Expired).await;
    let second = happen(&stage, 2, "b.example", Kind::Weak).await;
    let mut stream = follow(&stage, "", Some(first)).await;
    assert_eq!(events(&mut stream, 1).await, [(second, "weak".to_owned())]);
    let third = happen(&stage, 3, "a.example", Kind::Recovered).await;
    assert_eq!(events(&mut stream, 1).await, [(third, "recovered".to_owned())]);
}

#[tokio::test]
async fn a_kind_or_a_domain_can_be_chosen() {
    let stage = Stage::open().await;
    let expired = happen(&stage, 1, "a.example", Kind::Expired).await;
    let weak = happen(&stage, 2, "b.example", Kind::Weak).await;
    let mut by_kind = follow(&stage, "?after=0&kind=weak", None).await;
    assert_eq!(events(&mut by_kind, 1).await, [(weak, "weak".to_owned())]);
    let mut by_domain = follow(&stage, "?after=0&domain=a.example", None).await;
    assert_eq!(events(&mut by_domain, 1).await, [(expired, "expired".to_owned())]);
    for bad in ["kind=x", "domain=*.example", "after=x", "since=1"] {
        stage.get(&format!("events/stream?{bad}")).await.refused(422);
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_follows_no_more() {
    let mut stage = Stage::open().await;
    let issued = stage.post("tokens", &json!({ "name": "x", "role": "viewer" })).await.ok();
    let admin = std::mem::replace(&mut stage.token, issued["secret"].as_str().unwrap().to_owned());
    let mut stream = follow(&stage, "", None).await;
    stage.token = admin;
    stage.delete(&format!("tokens/{}", issued["id"].as_str().unwrap())).await;
    happen(&stage, 1, "a.example", Kind::Expired).await;
    let mut said = String::new();
    let ended = async {
        while let Ok(Some(chunk)) = stream.chunk().await {
            said.push_str(str::from_utf8(&chunk).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_mins(1), ended).await.unwrap();
    assert!(!said.contains("expired"), "{said}");
}

#[tokio::test]
async fn an_open_stream_does_not_keep_the_console_from_stopping() {
    let stage = Stage::open().await;
    let mut stream = follow(&stage, "", None).await;
    stage.tasks.stop();
    let ended = tokio::time::timeout(Duration::from_secs(10), stage.tasks.ended()).await;
    assert_eq!(ended, Ok(None));
    while let Ok(Some(_)) = stream.chunk().await {}
}
