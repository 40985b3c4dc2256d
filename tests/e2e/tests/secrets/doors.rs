//! The doors that people come in by: one-time links, passwords, sessions, tokens.

use std::collections::BTreeMap;

use harness::eventually::eventually;
use harness::fleet::Fleet;
use reqwest::StatusCode;
use serde_json::json;

use super::relay::Relay;
use crate::person::{Person, client};

/// What Ada signs in with, and what she does not.
const PASSWORDS: [&str; 2] = ["4da5-p455w0rd-5ecret", "4da5-m15take-5ecret"];

/// What came of it.
pub(super) struct Entered {
    /// Somebody who is signed in and may see everything.
    pub(super) ada: Person,
    /// What was shown to whoever came, but for the forms that links lead to.
    pub(super) shown: Vec<String>,
    /// What opens each door, by what it is.
    pub(super) secrets: BTreeMap<String, String>,
}

/// Ada comes by a link and then by a password, Bea's mailbox is verified, a script gets a token.
pub(super) async fn enter(fleet: &Fleet, relay: &Relay) -> Entered {
    let (api, [password, mistake]) = (&fleet.api, PASSWORDS);
    let account = json!({ "name": "ada", "role": "admin" });
    let added = api.post("/accounts", &account).await.unwrap();
    let welcome = token_of(added["link"]["url"].as_str().unwrap());
    let mut ada = Person::default();
    ada.open(api, &format!("/welcome?token={welcome}")).await;
    let form = format!("token={welcome}&name=&password={password}&again={password}");
    assert_eq!(ada.post(api, "/welcome", &form).await, "/");
    ada.until_admitted(api).await;
    let first = ada.cookie.clone();

    let mut shown = Vec::new();
    shown.push(sent(fleet, "/welcome", &form, StatusCode::GONE).await);
    let wrong = format!("name=ada&password={mistake}");
    shown.push(sent(fleet, "/sign-in", &wrong, StatusCode::UNAUTHORIZED).await);
    let right = format!("name=ada&password={password}");
    assert_eq!(ada.post(api, "/sign-in", &right).await, "/");
    ada.until_admitted(api).await;

    let verify = verification(fleet, relay).await;
    let (status, form) = ada.open(api, &format!("/verify?token={verify}")).await;
    assert!(status.is_success() && form.contains(&verify), "{form}");
    shown.push(sent(fleet, "/verify", &format!("token={verify}"), StatusCode::OK).await);

    let issued = json!({ "name": "script", "role": "viewer" });
    let issued = api.post("/tokens", &issued).await.unwrap();
    let value = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
    let secrets = [
        ("the link that let Ada in", welcome),
        ("Ada's password", password.to_owned()),
        ("what Ada took for her password", mistake.to_owned()),
        ("the cookie of Ada's first session", value(&first)),
        ("the cookie of Ada's session", value(&ada.cookie)),
        ("the link that verified a mailbox", verify),
        ("a token that was issued", issued["secret"].as_str().unwrap().to_owned()),
    ];
    let secrets = secrets.map(|(name, secret)| (name.to_owned(), secret)).into();
    Entered { ada, shown, secrets }
}

/// The token of the link by which a new mailbox is verified.
async fn verification(fleet: &Fleet, relay: &Relay) -> String {
    let bea = json!({ "name": "Bea", "email": "bea@lab.test" });
    fleet.api.post("/contacts", &bea).await.unwrap();
    eventually("the link is sent", async || {
        let texts = relay.texts();
        let link = texts.iter().find(|text| text.contains("/verify?token="));
        link.map(|text| token_of(text)).ok_or_else(|| texts.join("\n"))
    })
    .await
}

/// The token of the first link in a text.
fn token_of(text: &str) -> String {
    let (_, rest) = text.split_once("token=").unwrap();
    rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next().unwrap().into()
}

/// What a stranger is shown who sends a form.
async fn sent(fleet: &Fleet, path: &str, form: &str, wanted: StatusCode) -> String {
    let request = client().post(format!("{}{path}", fleet.api.base()));
    let request = request.header("sec-fetch-site", "same-origin");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form.to_owned()).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, wanted, "{path}: {text}");
    text
}
