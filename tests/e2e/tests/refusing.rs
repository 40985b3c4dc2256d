//! Bad input gets an answer that names it and what is allowed, and nothing valid beside it is lost.

use harness::api::{Api, Body};
use harness::binary;
use harness::eventually::eventually;
use harness::fleet::{Fleet, Shape};
use harness::scene::DAY;
use lab::site::{Behaviour, Site};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_line_of_a_list_is_named_and_the_good_ones_are_added() {
    let fleet = Fleet::start(Shape::Embedded).await;
    let list = "one.test, *.wild.test\ntwo..test\n# a remark\nthree.test:99999\n\
                https://four.test/path\n[::1\nfive.test:8443,one.test";
    let answer = send(&fleet.api, "/domains", Body::Text("text/plain", list.to_owned())).await;
    assert_eq!(answer.0, StatusCode::OK, "{:#}", answer.1);
    let added = names(&answer.1["added"], "name");
    assert_eq!(added, ["one.test:443", "four.test:443", "five.test:8443"]);
    let rejected = names(&answer.1["rejected"], "text");
    assert_eq!(rejected, ["*.wild.test", "two..test", "three.test:99999", "[::1", "one.test"]);
    for line in answer.1["rejected"].as_array().unwrap() {
        assert!(!line["reason"].as_str().unwrap().is_empty(), "{line}");
    }

    let csv =
        "name,interval_seconds,tags\nsix.test,300,shop;web\nseven.test,5,\n,60,\neight.test,,\n";
    let answer = send(&fleet.api, "/domains", Body::Text("text/csv", csv.to_owned())).await;
    assert_eq!(names(&answer.1["added"], "name"), ["six.test:443", "eight.test:443"]);
    let reasons = names(&answer.1["rejected"], "reason");
    assert!(reasons[0].contains("interval_seconds") && reasons[0].contains('5'), "{reasons:?}");
    assert_eq!(reasons.len(), 2, "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_value_is_named_with_what_is_allowed() {
    let fleet = Fleet::start(Shape::Embedded).await;
    let with = |options: Value| json!([{ "name": "a.test", "options": options }]);
    let contact = |field: &str, value: &str| {
        let mut contact = json!({ "name": "A", "email": "a@a.test" });
        contact[field] = json!(value);
        contact
    };
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = with(json!({ "private_ca_pem": broken }));
    for (path, body, named, allowed) in [
        ("/domains", json!(["a.test:0"]), "a.test:0", "ports are 1 to 65535"),
        ("/domains", with(json!({ "fixed_address": "nowhere" })), "fixed_address", "want"),
        ("/domains", broken, "private_ca_pem", "and not with 0x30"),
        ("/domains", with(json!({ "rungs": ["30 days"] })), "rungs", "want"),
        ("/domains", with(json!({ "interval_seconds": 1 })), "interval_seconds", "want"),
        ("/contacts", contact("email", "a@@a"), "email", "want"),
        ("/contacts", contact("language", "tlh"), "language", "want"),
        ("/contacts", contact("time_zone", "Mars/Olympus"), "time_zone", "want"),
    ] {
        let (status, problem) = send(&fleet.api, path, Body::Json(&body)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {problem:#}");
        assert!(problem.to_string().contains(named), "must name `{named}`: {problem:#}");
        assert!(problem.to_string().contains(allowed), "must say what is allowed: {problem:#}");
    }
    let (status, _) =
        send(&fleet.api, "/domains", Body::Text("application/json", "[".into())).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = send(&fleet.api, "/domains", Body::Text("image/png", "x".into())).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(fleet.api.all("/domains").await.unwrap().len(), 0, "nothing was added");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_that_fits_nothing_is_told() {
    let fleet = Fleet::start(Shape::Embedded).await;
    for token in ["", "cht_wrong", &"x".repeat(1_000)] {
        let answer = fleet.api.with_token(token).ask(Method::GET, "/domains", Body::Empty).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer}");
        assert_eq!(answer.media_type, "application/problem+json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_none_is_parked_and_stops_nobody() {
    let fleet = Fleet::start(Shape::Nats).await;
    let expired = fleet.scene.with_left("a.test", -DAY);
    let site = Site::open(Behaviour::Serve(expired)).await.unwrap();
    let domain = fleet.watch("a.test", &site).await;
    fleet.until_open(&domain, &["expired"]).await;

    let nats = fleet.nats.as_ref().unwrap();
    let stream = async_nats::jetstream::new(nats.client().await);
    let facts = nats.messages("FACTS").await;
    let forged = facts.first().unwrap().subject.clone();
    let before = nats.count("PARKED").await.unwrap();
    for subject in [forged.as_str(), "certherald.jobs.default.nonsense"] {
        stream.publish(subject.to_owned(), "no message".into()).await.unwrap().await.unwrap();
    }
    eventually("what cannot be read is parked, with the reason", async || {
        let parked = nats.count("PARKED").await?;
        if parked >= before + 2 { Ok(()) } else { Err(format!("{parked} parked")) }
    })
    .await;
    site.serve(&fleet.scene.good("a.test")).unwrap();
    fleet.scan(&domain).await;
    fleet.until_told(&domain, "recovered", 0).await;
}

#[tokio::test]
async fn all_bad_settings_are_named_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary::path());
    command.arg("up").env_clear().env("CERTHERALD_DATA", directory.path());
    let bad = [
        ("CERTHERALD_ADMIN", "nowhere"),
        ("CONSOLE_LISTEN", "8080"),
        ("DETECTOR_INTERVAL", "5s"),
        ("NOTIFIER_SMTP_URL", "ftp://mail.test"),
        ("PROBER_ALLOW", "10.0.0.0/33"),
    ];
    let output = command.envs(bad).kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{said}");
    for (key, value) in bad {
        let line = said.lines().find(|line| line.starts_with(key));
        let line = line.unwrap_or_else(|| panic!("must name {key}: {said}"));
        // Where a password may stand, what is allowed is shown, and the value is not.
        let shown = if key == "NOTIFIER_SMTP_URL" { "want smtp://" } else { value };
        assert!(line.contains(shown), "must show `{shown}`: {line}");
    }
}

async fn send(api: &Api, path: &str, body: Body<'_>) -> (StatusCode, Value) {
    let answer = api.ask(Method::POST, path, body).await.unwrap();
    if !answer.status.is_success() {
        assert_eq!(answer.media_type, "application/problem+json", "{answer}");
    }
    (answer.status, answer.json())
}

fn names(list: &Value, field: &str) -> Vec<String> {
    let items = list.as_array().unwrap();
    items.iter().map(|item| item[field].as_str().unwrap_or("?").to_owned()).collect()
}
