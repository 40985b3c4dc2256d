//! What is said where nothing is, or nothing fits.

use reqwest::{StatusCode, header};

use crate::{
    guest::{Guest, shows},
    stage::{Stage, answer},
};

#[tokio::test]
async fn where_nothing_is_people_get_a_page_and_programs_a_problem() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    let page = guest.ask("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "{page:?}");
    shows(&page.text, &["<h1>Not found</h1>", "There is no such page.", "Overview"]);
    let program = answer(stage.http.get(format!("{}/nowhere", stage.base))).await;
    assert_eq!(program.status, StatusCode::NOT_FOUND);
    assert_eq!(program.headers[header::CONTENT_TYPE], "application/problem+json");
    let chinese = guest.reading("zh-CN").ask("/nowhere").await;
    shows(&chinese.text, &["<h1>找不到</h1>", "没有这个页面"]);
}

#[tokio::test]
async fn what_is_wrong_is_said_in_whole_sentences() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    let absent = guest.ask("/domains/nosuch.example").await;
    shows(&absent.text, &["<p>There is no domain <code>nosuch.example</code>.</p>"]);
    let page = guest.ask("/domains?cursor=x").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    shows(&page.text, &["<code>cursor</code>: <code>x</code>: want the <code>next</code>"]);
    let admin = Guest::enter(&stage, "admin").await;
    let tokens = stage.get("tokens").await.ok();
    let revoke = format!("/settings/tokens/{}/revoke", tokens["items"][0]["id"].as_str().unwrap());
    let last = admin.send(&revoke, &[]).await;
    assert_eq!(last.status, StatusCode::CONFLICT);
    shows(&last.text, &[">It is the last token of role <code>admin</code>: issue another first.<"]);
}
