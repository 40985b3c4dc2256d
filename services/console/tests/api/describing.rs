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
