//! What keeps a session from ending, and what does not.

use std::time::Duration;

use reqwest::Method;

use crate::{
    browser::account,
    stage::{Stage, until},
};

#[tokio::test]
async fn what_a_page_asks_by_itself_keeps_no_session_from_ending() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::open_with(directory.path(), |mut config| {
        // Long enough for a busy machine; a twentieth of it is waited for.
        config.access.session_idle = Duration::from_mins(1);
        config
    })
    .await;
    let ada = account(&stage, "ada", "viewer").await;
    // The cookie that was set at first is sent with each, so that all are of the same age.
    let renewed = async |path: &str, header: Option<&str>| {
        let request = ada.http.get(format!("{}{path}", ada.base)).header("cookie", &ada.cookie);
        let request = header.into_iter().fold(request, |request, name| request.header(name, "1"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.headers().contains_key("set-cookie")
    };
    until("a request renews the session", async || renewed("/", None).await.then_some(())).await;
    assert!(!renewed("/", Some("x-unattended")).await);
    assert!(!renewed("/account", Some("x-unattended")).await);
    assert!(!renewed("/api/v1/live", None).await, "browsers open streams anew by themselves");
    assert!(renewed("/account", None).await);
    let change = ada.json(Method::PUT, "domains/a.example").header("x-unattended", "1");
    let refused = change.json(&serde_json::json!({})).send().await.unwrap();
    assert_eq!(refused.status(), 403, "it gives no right");
}
