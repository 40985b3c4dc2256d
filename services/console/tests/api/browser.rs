//! A browser, and whoever signs in with it.

use reqwest::{Method, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, answer};

/// What everybody signs in with.
pub(crate) const PASSWORD: &str = "correct horse";

/// A browser: it keeps its cookie, says where its requests come from, and knows the token of its
/// session.
pub(crate) struct Browser {
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Browser {
    pub(crate) fn new(stage: &Stage) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { base: stage.base.clone(), http, cookie: String::new(), csrf: String::new() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header("cookie", &self.cookie).header("sec-fetch-site", "same-origin")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// Sends a form, and keeps the cookie that comes back.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path);
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields.iter().chain([&("csrf", self.csrf.as_str())]))
            .finish();
        let form = "application/x-www-form-urlencoded";
        let answer = answer(request.header("content-type", form).body(body)).await;
        self.take(&answer);
        answer
    }

    pub(crate) fn take(&mut self, answer: &Answer) {
        if let Some(cookie) = answer.headers.get("set-cookie") {
            let (cookie, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            cookie.clone_into(&mut self.cookie);
        }
    }

    /// Reads the token of the session from a page.
    pub(crate) async fn look(&mut self) {
        let page = self.get("/").await;
        assert_eq!(page.status, 200, "{page:?}");
        let (_, rest) = page.text.split_once("data-csrf=\"").unwrap();
        rest.split_once('"').unwrap().0.clone_into(&mut self.csrf);
    }

    pub(crate) async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        self.post("/sign-in", &[("name", name), ("password", password)]).await
    }

    /// Follows a one-time link.
    pub(crate) async fn follow(&mut self, token: &str) -> Answer {
        let fields = [("token", token), ("name", ""), ("password", PASSWORD), ("again", PASSWORD)];
        self.post("/welcome", &fields).await
    }

    pub(crate) fn json(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/api/v1/{path}")).header("x-csrf-token", &self.csrf)
    }
}

/// Adds an account, and sets its password with the link.
pub(crate) async fn account(stage: &Stage, name: &str, role: &str) -> Browser {
    let added = stage.post("accounts", &json!({ "name": name, "role": role })).await.ok();
    let token = token(&added["link"]);
    let mut browser = Browser::new(stage);
    let welcome = browser.get(&format!("/welcome?token={token}")).await;
    assert!(welcome.text.contains(name), "{welcome:?}");
    let entered = browser.follow(&token).await;
    assert_eq!(entered.status, 303, "{entered:?}");
    browser.look().await;
    browser
}

/// What a one-time link carries.
pub(crate) fn token(link: &Value) -> String {
    let url = url::Url::parse(link["url"].as_str().unwrap()).unwrap();
    url.query_pairs().next().unwrap().1.into_owned()
}
