//! The document describes what is there.

use serde_json::Value;

use crate::stage::Stage;

#[tokio::test]
async fn every_operation_is_described_with_its_refusals() {
    let stage = Stage::open().await;
    let document = stage.get("openapi.json").await.ok();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/v1/"), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let what = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{what} has no summary");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{what}");
            assert!(responses.contains_key("401"), "{what}");
            for (status, response) in responses.iter().filter(|(status, _)| status.starts_with('4'))
            {
                let content = response["content"].as_object().unwrap();
                assert!(
                    content.contains_key("application/problem+json"),
                    "{what} {status}: {content:?}"
                );
            }
        }
    }
    assert!(operations >= 30, "{operations}");
}

#[tokio::test]
async fn the_examples_of_what_is_added_are_taken() {
    let stage = Stage::open().await;
    let document = stage.get("openapi.json").await.ok();
    let body = &document["paths"]["/api/v1/domains"]["post"]["requestBody"]["content"];
    for (media_type, content) in body.as_object().unwrap() {
        let example = &content["example"];
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        let added = stage.post_text("domains", media_type, &text).await.ok();
        assert_eq!(added["rejected"], serde_json::json!([]), "{media_type}: {added}");
    }
}

/// What is changed without saying upon which version, and why.
const WITHOUT_A_VERSION: [(&str, &str, &str); 2] = [
    ("put", "/api/v1/account/password", "the present password is sent along"),
    ("delete", "/api/v1/tokens/{token}", "a token never changes"),
];

#[tokio::test]
async fn what_is_promised_of_all_holds_for_each() {
    let stage = Stage::open().await;
    let document = stage.get("openapi.json").await.ok();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            let takes = |name: &str| {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                parameters.clone().any(|parameter| parameter["name"] == name)
            };
            let answered = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            let shown = schema(&document, answered);
            assert!(shown["type"] != "array", "{what} answers a list without pages");
            if shown["properties"]["items"].is_object() {
                assert!(takes("cursor") && takes("limit"), "{what} comes in pages");
                assert!(shown["properties"]["next"].is_object(), "{what} has a next page");
            }
            let makes = operation["responses"]["201"].is_object();
            assert!(!makes || takes("Idempotency-Key"), "{what} makes something");
            let changes = matches!(method.as_str(), "put" | "patch" | "delete");
            let excused =
                WITHOUT_A_VERSION.iter().any(|(by, at, _)| (*by, *at) == (method, path.as_str()));
            assert!(!changes || excused != takes("If-Match"), "{what} changes something");
            if takes("If-Match") && item["get"].is_object() {
                let seen = &item["get"]["responses"]["200"]["headers"]["ETag"];
                assert!(seen.is_object(), "get {path} says which version it shows");
            }
        }
    }
}

/// What a reference leads to; anything else is itself.
fn schema<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let reference = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let stage = Stage::open().await;
    let document = stage.get("openapi.json").await.ok();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            references.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
