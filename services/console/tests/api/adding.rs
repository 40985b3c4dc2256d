//! Domains are added one by one, by the list, by CSV; a bad line costs no other.

use proto::v1::State;
use serde_json::{Value, json};

use crate::stage::{Stage, each, id_of};

#[tokio::test]
async fn a_name_is_added_and_shown_at_once() {
    let stage = Stage::open().await;
    let answer = stage.post("domains", &json!(["bücher.example"])).await.ok();
    let name = "xn--bcher-kva.example:443";
    assert_eq!(each(&answer["added"], "name"), [name]);
    let list = stage.get("domains").await.ok();
    assert_eq!(list["total"], 1);
    assert_eq!(list["items"][0]["unicode"], "bücher.example");
    assert_eq!(list["items"][0]["state"], "enabling");
    assert_eq!(list["items"][0]["id"], id_of(name).to_string());
}

#[tokio::test]
async fn one_object_is_as_good_as_a_list() {
    let stage = Stage::open().await;
    let one = json!({ "name": "mail.example:465", "options": { "tags": ["mail"] } });
    stage.post("domains", &one).await.ok();
    let domain = stage.get("domains/mail.example:465").await.ok();
    assert_eq!((&domain["protocol"], &domain["tags"]), (&json!("tls"), &json!(["mail"])));
}

#[tokio::test]
async fn each_refused_line_has_its_reason_and_the_good_ones_are_added() {
    let stage = Stage::open().await;
    let text =
        "a.example, *.b.example\nc.example:0\n\nd.example:8443\nhttps://e.example/login\na.example";
    let answer = stage.post_text("domains", "text/plain", text).await.ok();
    assert_eq!(
        each(&answer["added"], "name"),
        ["a.example:443", "d.example:8443", "e.example:443"]
    );
    let refused = answer["rejected"].as_array().unwrap();
    let lines: Vec<_> = refused.iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 2, 6]);
    assert!(refused[0]["reason"].as_str().unwrap().contains("wildcard"));
    assert!(refused[1]["reason"].as_str().unwrap().contains("ports are 1 to 65535"));
    assert_eq!(refused[2]["reason"], "the same domain stands on line 1");
    assert_eq!(each(&answer["remarks"], "text"), ["https://e.example/login"]);
}

#[tokio::test]
async fn a_list_without_a_good_line_is_a_problem_that_names_each() {
    let stage = Stage::open().await;
    let problem = stage.post("domains", &json!(["*.a.example", "b..example"])).await.refused(422);
    assert_eq!(each(&problem["rejected"], "text"), ["*.a.example", "b..example"]);
    let problem = stage.post("domains", &json!(["*.a.example"])).await.refused(422);
    assert!(problem["detail"].as_str().unwrap().contains("wildcard"), "{problem}");
    stage.post("domains", &json!([])).await.ok();
}

#[tokio::test]
async fn adding_twice_is_adding_once_and_update_replaces_options() {
    let stage = Stage::open().await;
    let with_tag = |tag: &str| json!([{ "name": "a.example", "options": { "tags": [tag] } }]);
    stage.post("domains", &with_tag("one")).await.ok();
    let again = stage.post("domains", &with_tag("two")).await.ok();
    assert_eq!(each(&again["existing"], "name"), ["a.example:443"]);
    assert_eq!(stage.get("domains/a.example").await.ok()["tags"], json!(["one"]));
    let updated = stage.post("domains?existing=update", &with_tag("two")).await.ok();
    assert_eq!(each(&updated["updated"], "name"), ["a.example:443"]);
    assert_eq!(stage.get("domains/a.example").await.ok()["tags"], json!(["two"]));
    stage.post("domains?existing=maybe", &with_tag("two")).await.refused(422);
}

#[tokio::test]
async fn csv_goes_in_and_out() {
    let stage = Stage::open().await;
    let template = stage.get("domains/template.csv").await;
    assert_eq!(template.headers["content-type"], "text/csv; charset=utf-8");
    let answer = stage.post_text("domains", "text/csv", &template.text).await.ok();
    assert_eq!(each(&answer["added"], "name"), ["shop.example.com:443"]);
    let text = "name,tags,interval_seconds\r\nb.example,x;y,60\r\nc.example,,5\r\n";
    let answer = stage.post_text("domains", "text/csv; charset=utf-8", text).await.ok();
    assert_eq!(answer["rejected"][0]["line"], 3);
    assert!(answer["rejected"][0]["reason"].as_str().unwrap().starts_with("interval_seconds: `5`"));
    let exported = stage.get("domains.csv").await.text;
    assert!(exported.contains("b.example,,60,,x;y,"), "{exported}");
    let again = stage.post_text("domains", "text/csv", &exported).await.ok();
    assert_eq!(again["existing"].as_array().unwrap().len(), 2);
    let some = stage.get("domains.csv?tag=x").await.text;
    assert_eq!(some.lines().count(), 2, "{some}");
}

#[tokio::test]
async fn only_what_is_new_needs_room() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::open_with(directory.path(), |mut config| {
        config.domains_max = 3;
        config
    })
    .await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    let more = json!(["a.example", "b.example", "c.example", "d.example"]);
    let problem = stage.post("domains", &more).await.refused(429);
    assert!(problem["detail"].as_str().unwrap().contains('2'), "{problem}");
    let own = stage.get("domains.csv").await.text;
    let again = stage.post_text("domains", "text/csv", &own).await.ok();
    assert_eq!(again["existing"].as_array().unwrap().len(), 2);
    let last = stage.post("domains", &json!(["a.example", "b.example", "c.example"])).await.ok();
    assert_eq!(each(&last["added"], "name"), ["c.example:443"]);
}

#[tokio::test]
async fn an_export_is_narrowed_and_ordered_as_the_list_is() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example", "b.example", "c.example"])).await.ok();
    let exported = async |query: &str| {
        let answer = stage.get(&format!("domains.csv?{query}")).await;
        assert!(answer.status.is_success(), "{query}: {answer:?}");
        let names = answer.text.lines().skip(1).filter_map(|line| line.split(',').next());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(exported("sort=-name&text=example").await, ["c.example", "b.example", "a.example"]);
    let none = "expires_from=2026-01-01T00:00:00Z&expires_before=2027-01-01T00:00:00Z";
    assert_eq!(exported(none).await, Vec::<String>::new(), "no certificate was seen");
    let problem = stage.get("domains.csv?sort=colour").await.refused(422);
    assert_eq!(problem["errors"][0]["field"], "sort");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_as_a_whole() {
    let stage = Stage::open().await;
    stage.post_text("domains", "text/csv", "host,colour\n").await.refused(400);
    stage.post_text("domains", "application/json", "[\"a.example\"").await.refused(400);
    stage.post_text("domains", "application/xml", "<a/>").await.refused(415);
    let problem = stage.post("domains", &json!([{ "nam": "a.example" }])).await.refused(422);
    assert_eq!(problem["errors"][0]["field"], "[0].nam", "{problem}");
    let problem = stage.post("domains", &json!([3])).await.refused(422);
    assert_eq!(problem["errors"][0]["field"], "[0]", "{problem}");
    let long = "x".repeat(console::shell::http::BODY_BYTES_MAX + 1);
    stage.post_text("domains", "text/plain", &long).await.refused(413);
}

#[tokio::test]
async fn a_thousand_domains_are_added_by_one_request() {
    let stage = Stage::open().await;
    let names: Vec<_> = (0..1_000).map(|n| format!("host-{n}.example")).collect();
    let answer = stage.post_text("domains", "text/plain", &names.join("\n")).await.ok();
    assert_eq!(answer["added"].as_array().unwrap().len(), 1_000);
    assert_eq!(stage.get("domains?limit=1").await.ok()["total"], 1_000);
}

#[tokio::test]
async fn a_removed_domain_comes_back_with_its_history() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    stage.log(id_of("a.example"), State::Secure, vec![]).await;
    let secure = |domain: &Value| domain["state"] == "secure";
    stage.until("domains/a.example", secure).await;
    assert_eq!(stage.delete("domains/a.example").await.status, 204);
    stage.get("domains/a.example").await.refused(404);
    assert_eq!(stage.get("domains").await.ok()["total"], 0);
    stage.post("domains", &json!(["a.example"])).await.ok();
    assert_eq!(stage.get("domains/a.example").await.ok()["state"], "secure");
}
