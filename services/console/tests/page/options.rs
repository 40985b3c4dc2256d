//! The options of a domain are edited.

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    guest::{Guest, between, shows},
    stage::{Stage, id_of},
};

#[tokio::test]
async fn options_are_edited_by_hand() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    // Added, found in the list, edited, removed, all by forms.
    guest.upload("/domains/add", &[("names", "a.example")]).await;
    let list = guest.get("/domains").await;
    let id = id_of("a.example").to_string();
    shows(&list, &[&format!("/domains/{id}")]);
    let path = format!("/domains/{id}/options");
    let form = guest.get(&path).await;
    let version = between(&form, "name=\"version\" value=\"", "\"");
    let fields = [
        ("version", version),
        ("tags", "shop, web"),
        ("rungs", "7d, 30d, 10%"),
        ("interval_seconds", "120"),
        ("owner_note", "Call Ada.\r\nRenew."),
        ("sni", "b.example"),
        ("fixed_address", "192.0.2.9"),
    ];
    let page = guest.done(&path, &fields).await;
    shows(&page, &["The options are saved.", "Call Ada.\nRenew.", "30d, 7d, 10%", "192.0.2.9"]);
    let saved = stage.get("domains/a.example").await.ok();
    assert_eq!(saved["options"]["owner_note"], "Call Ada.\nRenew.");
    assert_eq!(saved["options"]["rungs"], json!(["30d", "7d", "10%"]));
    guest.done(&format!("/domains/{id}/remove"), &[]).await;
    assert_eq!(stage.get("domains").await.ok()["total"], 0);
}

#[tokio::test]
async fn each_mistake_stands_beside_its_field() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let path = "/domains/a.example/options";
    let form = guest.get(path).await;
    let version = between(&form, "name=\"version\" value=\"", "\"").to_owned();
    let note = "x".repeat(501);
    for (name, value) in [
        ("tags", "a;b"),
        ("rungs", "soon"),
        ("interval_seconds", "5"),
        ("interval_seconds", "often"),
        ("owner_note", &note),
        ("sni", "192.0.2.1"),
        ("fixed_address", "here"),
        ("private_ca_pem", "no PEM"),
    ] {
        let refused = guest.send(path, &[("version", &version), (name, value)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        let wrong = format!("aria-invalid=\"true\" aria-describedby=\"{name}-wrong\"");
        shows(&refused.text, &[&wrong, &format!("id=\"{name}-wrong\""), value]);
    }
    let viewer = Guest::enter(&stage, "viewer").await;
    assert_eq!(viewer.ask(path).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_comes_second_is_told_so_and_loses_nothing() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await.reading("zh-CN");
    stage.post("domains", &json!(["a.example"])).await.ok();
    let path = "/domains/a.example/options";
    let form = guest.get(path).await;
    let version = between(&form, "name=\"version\" value=\"", "\"").to_owned();
    stage.patch("domains/a.example", &json!({ "owner_note": "First." })).await.ok();
    let second = guest.send(path, &[("version", &version), ("owner_note", "Second.")]).await;
    assert_eq!(second.status, StatusCode::PRECONDITION_FAILED);
    shows(&second.text, &["您的修改没有保存", "Second.</textarea>"]);
    let kept = stage.get("domains/a.example").await.ok();
    assert_eq!(kept["options"]["owner_note"], "First.");
}
