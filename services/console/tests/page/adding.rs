//! Domains are added: one, many, a file; each line has its answer.

use reqwest::StatusCode;

use crate::{
    guest::{Guest, SCRIPT, shows, shows_as_text},
    stage::Stage,
};

#[tokio::test]
async fn each_line_of_a_list_has_its_answer() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    shows(&guest.get("/domains/add").await, &["<textarea id=\"names\"", "template.csv"]);
    let names = "a.example, https://b.example/path\n*.example.com\na.example:443";
    let fields = [
        ("names", names),
        ("tags", "shop, web"),
        ("interval_seconds", "120"),
        ("owner_note", "Call Ada."),
    ];
    let answer = guest.upload("/domains/add", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    shows(
        &answer.text,
        &[
            "2 domains were added",
            ">a.example:443</a>",
            "2 lines were rejected",
            "<b>*.example.com</b>",
            "The same domain stands on line 1.",
            "1 line was partly ignored",
        ],
    );
    let added = stage.get("domains/b.example").await.ok();
    assert_eq!(added["options"]["interval_seconds"], 120);
    assert_eq!(added["options"]["owner_note"], "Call Ada.");
    assert_eq!(added["tags"], serde_json::json!(["shop", "web"]));
    let again = guest.upload("/domains/add", &[("names", "a.example")]).await;
    shows(&again.text, &["1 domain was there already"]);
}

#[tokio::test]
async fn a_file_is_added_with_options_of_its_own() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await.reading("zh-CN");
    let file = "name,tags\r\na.example,mail\r\nb.example,\r\nnot a name,\r\n";
    let fields = [("names", ""), ("file", file), ("tags", "web")];
    let answer = guest.upload("/domains/add", &fields).await;
    shows(&answer.text, &["已添加 2 个域名", "1 行被拒绝", "not a name", "不是主机名"]);
    assert!(!answer.text.contains("no host name"), "{}", answer.text);
    let tags = async |name: &str| stage.get(name).await.ok()["tags"][0].clone();
    assert_eq!(tags("domains/a.example").await, "mail");
    assert_eq!(tags("domains/b.example").await, "web");
    let columns = guest.upload("/domains/add", &[("file", "colour\r\nred\r\n")]).await;
    assert_eq!(columns.status, StatusCode::UNPROCESSABLE_ENTITY);
    shows(&columns.text, &["id=\"file-wrong\"", "没有名为 <code>colour</code> 的列"]);
}

#[tokio::test]
async fn each_mistake_stands_beside_its_field_and_nothing_typed_is_lost() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    for (fields, wrong) in [
        ([("names", " "), ("tags", "kept")], "names"),
        ([("names", "a.example"), ("interval_seconds", "5")], "interval_seconds"),
        ([("names", "a.example"), ("tags", "a;b")], "tags"),
    ] {
        let answer = guest.upload("/domains/add", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
        shows(&answer.text, &[&format!("id=\"{wrong}-wrong\""), fields[1].1]);
    }
    let none = guest.upload("/domains/add", &[("names", "*.example"), ("tags", SCRIPT)]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    shows(&none.text, &["1 line was rejected", "*.example</textarea>"]);
    shows_as_text(&none.text);
    let hostile = guest.upload("/domains/add", &[("names", SCRIPT)]).await;
    shows_as_text(&hostile.text);
    assert_eq!(stage.get("domains").await.ok()["total"], 0);
}

#[tokio::test]
async fn a_viewer_adds_nothing_and_no_other_site_does() {
    let stage = Stage::open().await;
    let viewer = Guest::enter(&stage, "viewer").await;
    assert_eq!(viewer.ask("/domains/add").await.status, StatusCode::FORBIDDEN);
    let fields = [("names", "a.example")];
    assert_eq!(viewer.upload("/domains/add", &fields).await.status, StatusCode::FORBIDDEN);
    let forged = Guest::editor(&stage).await.with_csrf("guess");
    assert_eq!(forged.upload("/domains/add", &fields).await.status, StatusCode::FORBIDDEN);
    assert_eq!(stage.get("domains").await.ok()["total"], 0);
}
