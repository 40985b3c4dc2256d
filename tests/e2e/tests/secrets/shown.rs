//! All that the API and the pages show.

use std::collections::BTreeSet;

use harness::api::{Api, Body};
use harness::eventually::eventually;
use harness::fleet::Fleet;
use reqwest::Method;
use serde_json::Value;

use crate::person::Person;

/// What never ends: it shows what the lists show.
const ENDLESS: [&str; 2] = ["/live", "/events/stream"];
/// The certificate that a chain lacks. None does here.
const MISSING: &str = "/domains/{domain}/missing.pem";

/// What every path of the document answers somebody, and two that are not in it.
pub(super) async fn by_the_api(
    fleet: &Fleet,
    somebody: &Person,
    ops: &str,
    domain: &str,
) -> Vec<String> {
    let api = &fleet.api;
    let contact =
        eventually("the contact is shown", async || api.get(&format!("/contacts/{ops}")).await)
            .await;
    let hints = contact["addresses"].as_array().unwrap();
    assert_eq!(hints.len(), 8, "{contact:#}");
    let deliveries: Value = api.get("/deliveries?cause=test&limit=1000").await.unwrap();
    let words = deliveries["items"].to_string();
    assert!(words.contains("no *** with"), "replies that repeat secrets are among them: {words}");

    let delivery = deliveries["items"][0]["id"].as_str().unwrap();
    let names = [("domain", domain), ("contact", ops), ("delivery", delivery), ("account", "ada")];
    let mut said = vec![words];
    let paths = paths(api, &names).await;
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths.iter().map(String::as_str).chain(["/openapi.json"]) {
        let (status, answer) = somebody.open(api, &format!("/api/v1{path}")).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        said.push(answer);
    }
    let nowhere = api.ask(Method::GET, "/nowhere", Body::Empty).await.unwrap();
    said.push(nowhere.text);
    said
}

/// Every path of the document that shows something, as long a list as there is, with these names in
/// place of what it says in braces.
async fn paths(api: &Api, names: &[(&str, &str)]) -> Vec<String> {
    let document = api.get("/openapi.json").await.unwrap();
    let mut paths = Vec::new();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        let path = path.trim_start_matches("/api/v1");
        let Some(parameters) = verbs.get("get").map(|get| get["parameters"].as_array()) else {
            continue;
        };
        if ENDLESS.contains(&path) || path == MISSING {
            continue;
        }
        let is_list = parameters.into_iter().flatten().any(|one| one["name"] == "limit");
        let filled = names.iter().fold(path.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        });
        assert!(!filled.contains('{'), "{filled} names something that is not here");
        paths.push(if is_list { format!("{filled}?limit=1000") } else { filled });
    }
    paths
}

/// Every page to which links lead from the first, one of each kind.
pub(super) async fn on_pages(
    fleet: &Fleet,
    somebody: &Person,
    ops: &str,
    domain: &str,
) -> Vec<String> {
    let (mut known, mut waiting) = (BTreeSet::new(), vec!["/".to_owned()]);
    let mut shown = Vec::new();
    while let Some(path) = waiting.pop() {
        let (status, page) = somebody.open(&fleet.api, &path).await;
        // The sign-in leads whoever is signed in to where they may look.
        assert!(status.is_success() || path == "/sign-in", "{path}: {status} {page}");
        waiting.extend(links(&page).filter(|link| known.insert(kind(link))));
        shown.push(page);
    }
    for path in [
        "/account",
        "/anomalies",
        "/audit",
        "/contacts",
        "/contacts/add",
        &format!("/contacts/{ops}"),
        "/deliveries",
        "/domains",
        "/domains/add",
        &format!("/domains/{domain}"),
        &format!("/domains/{domain}/options"),
        "/inbox",
        "/notification",
        "/notification edit",
        "/settings",
    ] {
        assert!(known.contains(path), "no link leads to {path}: {known:#?}");
    }
    shown
}

/// Where a page leads, on this console.
fn links(page: &str) -> impl Iterator<Item = String> {
    let places = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let places = places.filter(|place| place.starts_with('/'));
    let whole = places.filter_map(|place| place.split('#').next().map(ToOwned::to_owned));
    whole.map(|place| place.replace("&amp;", "&").replace("&#38;", "&"))
}

/// What is one page to us: a path, and what is asked of it, whatever the answers.
fn kind(link: &str) -> String {
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    let asked: BTreeSet<_> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let mut kind = path.to_owned();
    for name in asked.into_iter().filter(|name| !name.is_empty()) {
        kind.push(' ');
        kind.push_str(name);
    }
    kind
}
