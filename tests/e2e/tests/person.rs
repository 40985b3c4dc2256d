//! Somebody at a browser: opens pages, sends forms, holds the cookie of a session.

use harness::api::Api;
use harness::eventually::eventually;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

/// Somebody at a browser.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    /// The cookie of the session, its name and value; empty if there is none.
    pub(crate) cookie: String,
}

impl Person {
    /// Sends a form; answers where that leads.
    pub(crate) async fn post(&mut self, api: &Api, path: &str, form: &str) -> String {
        let request = client().post(format!("{}{path}", api.base()));
        let request = request.header(COOKIE, &self.cookie).header("sec-fetch-site", "same-origin");
        let form_type = "application/x-www-form-urlencoded";
        let request = request.header("content-type", form_type).body(form.to_owned());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{:?}", answer.text().await);
        let header = |headers: &HeaderMap, name| headers[name].to_str().unwrap().to_owned();
        let cookie = header(answer.headers(), SET_COOKIE);
        cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
        header(answer.headers(), LOCATION)
    }

    /// Opens a page.
    pub(crate) async fn open(&self, api: &Api, path: &str) -> (StatusCode, String) {
        let request = client().get(format!("{}{path}", api.base())).header(COOKIE, &self.cookie);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// Waits until a console lets them in.
    pub(crate) async fn until_admitted(&self, api: &Api) {
        self.until(api, StatusCode::OK).await;
    }

    /// Waits until a console sends them to its sign-in.
    pub(crate) async fn until_refused(&self, api: &Api) {
        self.until(api, StatusCode::SEE_OTHER).await;
    }

    async fn until(&self, api: &Api, wanted: StatusCode) {
        eventually(&format!("the front page answers {wanted}"), async || {
            let (status, _) = self.open(api, "/").await;
            if status == wanted { Ok(()) } else { Err(status) }
        })
        .await;
    }

    /// What the pages of the session carry.
    pub(crate) async fn csrf(&self, api: &Api) -> String {
        let (_, page) = self.open(api, "/").await;
        let (_, rest) = page.split_once("data-csrf=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }
}

/// A client that follows nothing.
pub(crate) fn client() -> Client {
    Client::builder().no_proxy().redirect(Policy::none()).build().unwrap()
}
