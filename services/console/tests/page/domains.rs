//! The list of domains: searched, sorted, paged; and what is done to many at once.

use proto::v1::{Kind, Severity, State};
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    domain::opened,
    guest::{Guest, SCRIPT, between, shows, shows_as_text},
    stage::{Stage, id_of},
};

#[tokio::test]
async fn the_list_shows_what_is_wrong_and_finds_what_is_asked_for() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    shows(&guest.get("/domains").await, &["Name the domains that are to be watched"]);
    let tagged = json!([{ "name": "a.example", "options": { "tags": ["shop", SCRIPT] } }]);
    stage.post("domains", &tagged).await.ok();
    stage.post("domains", &json!(["bücher.example", "c.example:8443"])).await.ok();
    let event = opened(Kind::Unreachable, Severity::Critical);
    stage.log(id_of("a.example"), State::Abnormal, vec![event]).await;
    stage.until("anomalies", |list| list["total"] == 1).await;

    let page = guest.get("/domains").await;
    shows(&page, &["3 domains", "xn--bcher-kva.example", "bücher.example", "c.example:8443"]);
    shows(&page, &[">Abnormal</span>", ">Unreachable</span>", "aria-sort=\"ascending\""]);
    shows_as_text(&page);
    let chinese = guest.get("/domains?sort=-name").await;
    shows(&chinese, &["aria-sort=\"descending\""]);
    let found = guest.get("/domains?text=B%C3%BCcher&state=&kind=").await;
    shows(&found, &["1 domain of 3", "xn--bcher-kva.example"]);
    shows(&guest.get("/domains?kind=unreachable").await, &["1 domain of 3", "a.example:443"]);
    shows(&guest.get("/domains?tag=shop").await, &["/api/v1/domains.csv?tag=shop"]);
    let none = guest.get("/domains?issuer=Nobody&text=%22%3E%3Cscript%3E").await;
    shows(&none, &["No domain fits the filter.", "value=\"&#34;&#62;&#60;script&#62;\""]);
    assert_eq!(guest.ask("/domains?state=ajar").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let never = guest.ask("/domains?expires_from=soon").await;
    assert_eq!(never.status, StatusCode::UNPROCESSABLE_ENTITY);
    shows(&never.text, &["a time such as"]);
}

#[tokio::test]
async fn what_is_shown_is_exported() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    let until = "expires_before=2027-01-01T00%3A00%3A00Z";
    for query in ["sort=-name".to_owned(), "sort=expires".to_owned(), format!("{until}&sort=added")]
    {
        let page = guest.get(&format!("/domains?{query}")).await;
        let link = between(&page, "href=\"/api/v1/domains.csv?", "\"").replace("&#38;", "&");
        assert_eq!(link, query);
        let exported = guest.ask(&format!("/api/v1/domains.csv?{link}")).await;
        assert_eq!(exported.status, StatusCode::OK, "{exported:?}");
    }
}

#[tokio::test]
async fn a_long_list_is_shown_page_by_page() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await.reading("zh-CN");
    let names: Vec<_> = (0..150).map(|n| format!("d{n:03}.example")).collect();
    stage.post("domains", &json!(names)).await.ok();
    let first = guest.get("/domains?sort=-name").await;
    shows(&first, &["150 个域名", "d149.example", "d050.example", "下一页"]);
    assert!(!first.contains("d049.example"), "a page has 100 rows");
    let next = between(&first, "rel=\"next\" href=\"", "\"").replace("&#38;", "&");
    let second = guest.get(&next).await;
    shows(&second, &["d049.example", "d000.example", "第一页"]);
    assert!(!second.contains("d050.example"));
}

#[tokio::test]
async fn what_is_ticked_is_changed_at_once() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    let ids = ["a.example", "b.example"].map(|name| id_of(name).to_string());
    let both = [("domain", ids[0].as_str()), ("domain", &ids[1])];
    let act = async |action: &str, tag: &str| {
        let mut fields = both.to_vec();
        fields.extend([("action", action), ("tag", tag), ("back", "sort=-added&evil=1")]);
        guest.done("/domains/actions", &fields).await
    };
    let tagged = act("tag", "shop").await;
    shows(&tagged, &["Done for all that were ticked.", ">shop</a>", "value=\"-added\""]);
    shows(&act("scan", "").await, &["The scan is on its way"]);
    shows(&act("disable", "").await, &[">Disabled</span>"]);
    let asleep = [("domain", ids[0].as_str()), ("action", "scan")];
    let refused = guest.send("/domains/actions", &asleep).await;
    shows(&refused.text, &["<b>a.example:443</b>", "is disabled: enable it first"]);
    shows(&act("remove", "").await, &["Name the domains"]);

    let gone = [("domain", ids[0].as_str()), ("action", "enable")];
    let refused = guest.send("/domains/actions", &gone).await;
    shows(&refused.text, &["It could not be done for 1 domain", &ids[0]]);
    let none = guest.send("/domains/actions", &[("action", "enable")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    let idle = guest.send("/domains/actions", &[("action", "dance")]).await;
    assert_eq!(idle.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_mistake_keeps_what_was_ticked_and_typed() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let id = id_of("a.example").to_string();
    let fields = [("domain", id.as_str()), ("action", "tag"), ("tag", "a;b")];
    let refused = guest.send("/domains/actions", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    shows(&refused.text, &["id=\"tags-wrong\"", "value=\"a;b\"", "checked"]);
    let viewer = Guest::enter(&stage, "viewer").await;
    assert_eq!(viewer.send("/domains/actions", &fields).await.status, StatusCode::FORBIDDEN);
    assert!(!viewer.get("/domains").await.contains("name=\"action\""), "a viewer has no buttons");
    let forged = guest.with_csrf("");
    assert_eq!(forged.send("/domains/actions", &fields).await.status, StatusCode::FORBIDDEN);
}
