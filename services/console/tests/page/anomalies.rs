//! What is wrong, what was, and what nothing is told of.

use proto::v1::{Kind, Severity, State};
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    domain::opened,
    guest::{Guest, SCRIPT, between, shows, shows_as_text},
    stage::{Stage, id_of},
};

#[tokio::test]
async fn what_is_wrong_is_listed_and_acknowledged_from_there() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    shows(&guest.get("/anomalies").await, &["Nothing is wrong."]);
    stage.post("domains", &json!(["a.example"])).await.ok();
    let event = opened(Kind::Unreachable, Severity::Critical);
    stage.log(id_of("a.example"), State::Abnormal, vec![event]).await;
    stage.until("anomalies", |list| list["total"] == 1).await;
    let page = guest.get("/anomalies?severity=critical&kind=unreachable").await;
    shows(&page, &["1 anomaly", "a.example:443", ">Unreachable</span>"]);
    shows_as_text(&page);
    shows(&guest.get("/anomalies?kind=expired").await, &["No anomaly fits the filter."]);
    shows(&guest.get("/anomalies?tab=closed").await, &["No closed anomaly is on record."]);
    assert_eq!(guest.ask("/anomalies?kind=bad").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let path = format!("/domains/{}/acknowledge", id_of("a.example"));
    let back = "/anomalies?tab=open";
    let fields = [("anomaly", "x-unreachable-1"), ("reason", "Ordered"), ("back", back)];
    let page = guest.done(&path, &fields).await;
    shows(&page, &["in hand: editor@example.com", "Ordered", "1 anomaly"]);
    let page = guest.reading("zh-CN").get(back).await;
    shows(&page, &["当前异常", "已有人处理", "无法访问"]);
}

#[tokio::test]
async fn a_tag_is_silenced_and_lifted() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    shows(&guest.get("/anomalies?tab=silences").await, &["Nothing is silenced."]);
    let page =
        guest.done("/silences", &[("tag", SCRIPT), ("span", "1d"), ("reason", "House")]).await;
    shows(&page, &["Nobody is notified until it ends.", "House", "editor@example.com"]);
    shows_as_text(&page);
    for (fields, wrong) in [
        ([("tag", "a,b"), ("span", "1d")], "tag"),
        ([("tag", "shop"), ("span", "soon")], "until"),
        ([("tag", "shop"), ("until", "2020-01-01T00:00")], "until"),
    ] {
        let refused = guest.send("/silences", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        shows(&refused.text, &[&format!("id=\"{wrong}-wrong\""), fields[0].1]);
    }
    let lift = format!("/silences/{}/lift", between(&page, "/silences/", "/lift"));
    let viewer = Guest::enter(&stage, "viewer").await;
    assert_eq!(viewer.send(&lift, &[]).await.status, StatusCode::FORBIDDEN);
    let page = guest.done(&lift, &[("back", "//evil.example")]).await;
    shows(&page, &["The silence is lifted", "Nothing is silenced."]);
    assert_eq!(guest.send(&lift, &[]).await.status, StatusCode::NOT_FOUND);
    let forged = guest.with_csrf("guess");
    let fields = [("tag", "shop"), ("span", "1d")];
    assert_eq!(forged.send("/silences", &fields).await.status, StatusCode::FORBIDDEN);
}
