//! Two consoles on one broker show the same: what is changed through one is seen through the other,
//! and one that has lost its board answers as the other does.

use futures::future::join;
use harness::api::{Api, Body};
use harness::eventually::eventually;
use harness::fleet::{Fleet, Plan, Role, Shape};
use reqwest::header::IF_MATCH;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::person::{Person, client};

const PASSWORD: &str = "correct-horse";

/// Lists of what is measured by each console for itself, or never ends.
const OWN: [&str; 3] = ["/system", "/live", "/events/stream"];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_through_one_console_is_seen_through_the_other() {
    let (_fleet, one, other) = two().await;
    one.post("/domains", &json!(["a.test", "b.test"])).await.unwrap();
    let seen = |api: &Api, path: &str| {
        let (api, path) = (api.clone(), path.to_owned());
        async move { eventually(&format!("{path} is seen"), async || api.get(&path).await).await }
    };
    seen(&other, "/domains/b.test").await;
    other.order(Method::DELETE, "/domains/b.test").await.unwrap();
    until(&one, "/domains", |list| list["total"] == 1).await;

    let ada = other.post("/contacts", &json!({ "name": "Ada" })).await.unwrap();
    let path = format!("/contacts/{}", ada["id"].as_str().unwrap());
    assert_eq!(seen(&one, &path).await["name"], "Ada");

    let setting = json!({ "enabled": true, "contacts": [ada["id"]], "methods": ["internal"], "repeat_days": 3 });
    one.put("/domains/a.test/setting", &setting).await.unwrap();
    until(&other, "/domains/a.test/setting", |shown| shown["setting"]["repeat_days"] == 3).await;
    same(&one, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_through_one_console_is_read_through_the_other() {
    let (_fleet, one, other) = two().await;
    let contacts = one.all("/contacts").await.unwrap();
    let ops = contacts.iter().find(|contact| contact["name"] == "Ops").unwrap();
    let path = format!("/contacts/{}/test", ops["id"].as_str().unwrap());
    for _ in 0..2 {
        one.post(&path, &json!({ "method": "internal" })).await.unwrap();
    }
    let unread = |count: usize| move |inbox: &Value| inbox["unread"] == count;
    until(&one, "/inbox", unread(2)).await;
    let inbox = until(&other, "/inbox", unread(2)).await;
    let first = json!({ "entries": [inbox["items"][0]["id"]] });
    other.post("/inbox/read", &first).await.unwrap();
    until(&one, "/inbox", unread(1)).await;
    one.post("/inbox/read", &json!({ "all": true })).await.unwrap();
    until(&other, "/inbox", unread(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_at_one_console_is_signed_in_at_the_other() {
    let (_fleet, one, other) = two().await;
    let added = one.post("/accounts", &json!({ "name": "ada", "role": "editor" })).await.unwrap();
    let link = added["link"]["url"].as_str().unwrap();
    let (_, token) = link.split_once("token=").unwrap();
    until(&other, "/accounts/ada", |account| account["name"] == "ada").await;
    let mut ada = Person::default();
    let welcome = format!("token={token}&name=&password={PASSWORD}&again={PASSWORD}");
    assert_eq!(ada.post(&other, "/welcome", &welcome).await, "/", "followed where it was not made");
    ada.until_admitted(&one).await;

    let sign_in = format!("name=ada&password={PASSWORD}");
    let mut elsewhere = Person::default();
    assert_eq!(elsewhere.post(&one, "/sign-in", &sign_in).await, "/");
    elsewhere.until_admitted(&other).await;

    let csrf = ada.csrf(&one).await;
    let signed_out = ada.clone();
    assert_eq!(ada.post(&one, "/sign-out", &format!("csrf={csrf}")).await, "/sign-in");
    signed_out.until_refused(&other).await;
    elsewhere.until_admitted(&other).await;
    one.order(Method::DELETE, "/accounts/ada/sessions").await.unwrap();
    elsewhere.until_refused(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consoles_make_one_thing_of_one_key_and_keep_one_of_two_changes() {
    let (_fleet, one, other) = two().await;
    for number in 0..5 {
        let key = format!("k-{number}");
        for (path, body) in [
            ("/contacts", json!({ "name": format!("Ada {number}") })),
            ("/tokens", json!({ "name": format!("t{number}"), "role": "viewer" })),
        ] {
            let (made, again) =
                join(keyed(&one, path, &key, &body), keyed(&other, path, &key, &body)).await;
            assert_eq!(made["id"], again["id"], "{made} and {again}");
            let secrets =
                [&made, &again].iter().filter(|answer| answer["secret"].is_string()).count();
            assert_eq!(secrets, usize::from(path == "/tokens"), "{made} and {again}");
        }
    }
    until(&one, "/contacts?limit=1000", |list| list["items"].as_array().unwrap().len() == 7).await;
    same(&one, &other).await;

    let contacts = one.all("/contacts").await.unwrap();
    let ada = contacts.iter().find(|contact| contact["name"] == "Ada 0").unwrap();
    let path = format!("/contacts/{}", ada["id"].as_str().unwrap());
    let version = format!("\"{}\"", ada["version"]);
    let change = async |api: &Api, name: &str| {
        let body = json!({ "name": name });
        raw(api, Method::PUT, &path, &[(IF_MATCH.as_str(), &version)], &body).await.0
    };
    let (left, right) = join(change(&one, "Left"), change(&other, "Right")).await;
    let mut statuses = [left, right];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::PRECONDITION_FAILED]);
    let kept = if left.is_success() { "Left" } else { "Right" };
    for api in [&one, &other] {
        until(api, &path, |contact| contact["name"] == kept).await;
        assert_eq!(change(api, "Late").await, StatusCode::PRECONDITION_FAILED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_without_its_board_answers_every_list_as_the_other() {
    let (mut fleet, one, other) = two().await;
    let names: Vec<_> = (0..50).map(|number| json!(format!("d{number}.test"))).collect();
    one.post("/domains", &json!(names)).await.unwrap();
    other.post("/domains/d1.test/disable", &Value::Null).await.unwrap();
    other.order(Method::DELETE, "/domains/d2.test").await.unwrap();
    let ada = one.post("/contacts", &json!({ "name": "Ada" })).await.unwrap();
    let test = format!("/contacts/{}/test", ada["id"].as_str().unwrap());
    one.post(&test, &json!({ "method": "internal" })).await.unwrap();
    until(&one, "/inbox", |inbox| inbox["unread"] == 1).await;
    one.post("/inbox/read", &json!({ "all": true })).await.unwrap();
    one.post("/accounts", &json!({ "name": "ada", "role": "viewer" })).await.unwrap();
    let silence = json!({ "tag": "shop", "until": "2027-06-01T00:00:00Z" });
    other.post("/silences", &silence).await.unwrap();
    same(&one, &other).await;

    fleet.kill(Role::Console, 2).await;
    std::fs::remove_dir_all(fleet.directory().join("console-2")).unwrap();
    fleet.revive(Role::Console, 2).await;
    let anew = fleet.console(2).await;
    same(&one, &anew).await;
}

/// A fleet with two consoles, and both.
async fn two() -> (Fleet, Api, Api) {
    let mut fleet = Plan::new(Shape::Nats).start().await;
    fleet.hire(Role::Console).await;
    let one = fleet.console(1).await;
    let other = fleet.console(2).await;
    (fleet, one, other)
}

/// Waits until a console shows something so.
async fn until(api: &Api, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    eventually(&format!("{path} is so"), async || {
        let shown = api.get(path).await?;
        if is_so(&shown) { Ok(shown) } else { Err(shown.to_string()) }
    })
    .await
}

/// Waits until both answer each list in the same words.
async fn same(one: &Api, other: &Api) {
    let lists = lists(one).await;
    assert!(lists.len() > 10, "{lists:?}");
    for path in lists {
        eventually(&format!("both answer {path} alike"), async || {
            let (one, other) = join(plain(one, &path), plain(other, &path)).await;
            if one == other { Ok(()) } else { Err(format!("{one}\n{other}")) }
        })
        .await;
    }
}

/// Every path that needs no word of what is asked for.
async fn lists(api: &Api) -> Vec<String> {
    let document = api.get("/openapi.json").await.unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let paths = paths.filter(|(_, verbs)| verbs.get("get").is_some());
    let paths = paths.map(|(path, _)| path.trim_start_matches("/api/v1").to_owned());
    paths.filter(|path| !path.contains('{') && !OWN.contains(&path.as_str())).collect()
}

async fn plain(api: &Api, path: &str) -> String {
    api.ask(Method::GET, path, Body::Empty).await.unwrap().text
}

async fn keyed(api: &Api, path: &str, key: &str, body: &Value) -> Value {
    let (status, answer) = raw(api, Method::POST, path, &[("idempotency-key", key)], body).await;
    assert!(status.is_success(), "{status}: {answer}");
    answer
}

async fn raw(
    api: &Api,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> (StatusCode, Value) {
    let url = format!("{}/api/v1{path}", api.base());
    let mut request = client().request(method, url).bearer_auth(api.token()).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}
