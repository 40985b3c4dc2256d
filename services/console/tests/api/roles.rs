//! Who may do what, operation by operation: nobody does what the document keeps from their role.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stage::{Stage, answer};

/// Where only administrators look or change.
const ADMINISTRATION: [&str; 3] = ["/api/v1/accounts", "/api/v1/tokens", "/api/v1/system/key"];
/// Where everybody changes what is their own. A token owns none of it.
const OWN: [&str; 2] = ["/api/v1/account", "/api/v1/account/password"];

#[tokio::test]
async fn each_operation_is_refused_to_whom_the_document_says() {
    let stage = Stage::open().await;
    let document = stage.get("openapi.json").await.ok();
    stage.post("domains", &json!(["example.com"])).await.ok();
    for role in ["viewer", "editor"] {
        let token = stage.post("tokens", &json!({ "name": role, "role": role })).await.ok();
        let token = token["secret"].as_str().unwrap();
        let mut refused = 0;
        for (method, path, operation) in operations(&document) {
            let url = format!("{}{}", stage.base, filled(path));
            let request = stage.http.request(method.clone(), url).bearer_auth(token);
            // A stream has been answered once it begins.
            let status = request.json(&json!({})).send().await.unwrap().status();
            let changes = method != Method::GET;
            let is_kept =
                is_for_admins(path) || changes && role == "viewer" && !OWN.contains(&path);
            let what = format!("{method} {path} by the {role}");
            assert_eq!(status == StatusCode::FORBIDDEN, is_kept, "{what}: {status}");
            let is_told = operation["responses"]["403"].is_object();
            assert_eq!(is_told, changes || is_for_admins(path), "{what}");
            refused += usize::from(is_kept);
        }
        assert!(refused >= 10, "{role}: {refused}");
    }
}

#[tokio::test]
async fn what_lets_somebody_in_is_described() {
    let stage = Stage::open().await;
    let document = stage.get("openapi.json").await.ok();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    for (method, path, operation) in operations(&document) {
        let session = match method {
            Method::GET => json!({ "session": [] }),
            _ => json!({ "session": [], "csrf": [] }),
        };
        assert_eq!(operation["security"], json!([{ "bearer": [] }, session]), "{method} {path}");
        let named = operation["security"].as_array().unwrap().iter();
        let mut named = named.flat_map(|one| one.as_object().unwrap().keys());
        assert!(named.all(|name| schemes.contains_key(name)), "{method} {path}");
        let stranger =
            stage.http.request(method.clone(), format!("{}{}", stage.base, filled(path)));
        answer(stranger).await.refused(401);
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (Method, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(|(method, operation)| {
            (method.to_uppercase().parse().unwrap(), path.as_str(), operation)
        })
    })
}

fn is_for_admins(path: &str) -> bool {
    ADMINISTRATION.iter().any(|place| {
        path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The path, leading to something that may not be there.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
