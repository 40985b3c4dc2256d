//! Whatever is wrong with a request is named, with what is allowed.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::stage::{Stage, answer};

#[tokio::test]
async fn an_unknown_field_is_refused_and_named_wherever_it_stands() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let contact = stage.get("contacts").await.ok()["items"][0]["id"].clone();
    let contact = contact.as_str().unwrap();
    for (method, path) in [
        (Method::POST, "domains".to_owned()),
        (Method::POST, "domains/actions".to_owned()),
        (Method::PUT, "domains/a.example".to_owned()),
        (Method::PATCH, "domains/a.example".to_owned()),
        (Method::PUT, "domains/a.example/setting".to_owned()),
        (Method::PUT, "settings/default".to_owned()),
        (Method::POST, "contacts".to_owned()),
        (Method::PUT, format!("contacts/{contact}")),
        (Method::POST, format!("contacts/{contact}/test")),
        (Method::POST, "silences".to_owned()),
        (Method::POST, "inbox/read".to_owned()),
    ] {
        let request = stage.request(method.clone(), &path).json(&json!({ "bogus": 1 }));
        let problem = answer(request).await.refused(422);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("unknown field `bogus`"), "{method} {path}: {detail}");
    }
    for path in [
        "domains",
        "anomalies",
        "events",
        "deliveries",
        "inbox",
        "contacts",
        "silences",
        "settings",
        "domains.csv",
        "domains/a.example/events",
        "domains/a.example/log",
        "domains/a.example/explain",
        "events/stream",
        "live",
    ] {
        let problem = stage.get(&format!("{path}?bogus=1")).await.refused(422);
        assert_eq!(problem["errors"][0]["field"], "bogus", "{path}: {problem}");
    }
}

#[tokio::test]
async fn each_value_that_is_not_allowed_is_named_with_what_is() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    for (query, field) in [
        ("domains?state=fine", "state"),
        ("domains?severity=bad", "severity"),
        ("domains?kind=broken", "kind"),
        ("domains?sort=size", "sort"),
        ("domains?limit=0", "limit"),
        ("domains?limit=many", "limit"),
        ("domains?cursor=!", "cursor"),
        ("anomalies?state=ajar", "state"),
        ("anomalies?domain=nowhere.example", "domain"),
        ("deliveries?method=pigeon", "method"),
        ("deliveries?contact=x", "contact"),
        ("deliveries?cause=whim", "cause"),
        ("deliveries?domain=nowhere.example", "domain"),
        ("inbox?contact=x", "contact"),
        ("inbox?unread=perhaps", "unread"),
        ("overview/expiries?by=decade", "by"),
        ("overview/expiries?count=0", "count"),
    ] {
        let problem = stage.get(query).await.refused(422);
        let error = &problem["errors"][0];
        assert_eq!(error["field"], field, "{query}: {problem}");
        assert!(!error["want"].as_str().unwrap().is_empty(), "{query}: {problem}");
    }
    let body = json!({ "interval_seconds": 5, "rungs": ["soon"], "sni": "*" });
    let problem = stage.put("domains/a.example", &body).await.refused(422);
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(field).collect();
    assert_eq!(fields.len(), 3, "every mistake at once: {problem}");
}

fn field(error: &Value) -> &str {
    error["field"].as_str().unwrap()
}

#[tokio::test]
async fn a_list_is_no_object() {
    let stage = Stage::open().await;
    stage
        .post("domains", &json!([{ "name": "a.example", "options": [null, null] }]))
        .await
        .refused(422);
    stage.post("silences", &json!(["a.example", null, "2026-12-24T18:00:00Z"])).await.refused(422);
    stage.post("contacts", &json!({ "name": "Ada", "wecom": [null] })).await.refused(422);
    let window =
        json!({ "contacts": [], "methods": [], "anomaly_time": ["08:00", "09:00", "UTC"] });
    let problem = stage.put("settings/default", &window).await.refused(422);
    assert_eq!(problem["errors"][0]["field"], "anomaly_time");
}

#[tokio::test]
async fn a_request_that_fits_no_path_or_method_or_type_is_a_problem() {
    let stage = Stage::open().await;
    stage.get("nothing").await.refused(404);
    let wrong = answer(stage.request(Method::DELETE, "domains")).await;
    assert!(wrong.headers["allow"].to_str().unwrap().contains("GET"), "{wrong:?}");
    wrong.refused(405);
    let xml = stage.request(Method::POST, "contacts").header(CONTENT_TYPE, "application/xml");
    answer(xml.body("<contact/>")).await.refused(415);
    let large = stage.request(Method::POST, "domains").header(CONTENT_TYPE, "text/plain");
    answer(large.body(vec![b','; 17 * 1024 * 1024])).await.refused(413);
    stage.post_text("contacts", "application/json", "{").await.refused(400);
}
