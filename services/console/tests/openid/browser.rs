//! A browser that keeps its cookies and goes where it is sent, one step at a time.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder, header::SET_COOKIE, redirect::Policy};

use crate::stage::{Answer, answer};

/// A browser on one console.
pub(crate) struct Browser {
    base: String,
    http: reqwest::Client,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) language: &'static str,
}

impl Browser {
    pub(crate) fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { base: base.to_owned(), http, cookies: BTreeMap::new(), language: "en" }
    }

    fn request(&self, method: Method, path: &str, site: &str) -> RequestBuilder {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let url = if path.starts_with('/') { format!("{}{path}", self.base) } else { path.into() };
        self.http
            .request(method, url)
            .header("cookie", cookies.join("; "))
            .header("accept-language", self.language)
            .header("sec-fetch-site", site)
    }

    /// Follows a link of the console's own.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.get_from(path, "same-origin").await
    }

    /// Is sent to the console by another site, or by one of the same domain.
    pub(crate) async fn get_from(&mut self, path: &str, site: &str) -> Answer {
        let answer = answer(self.request(Method::GET, path, site)).await;
        self.take(&answer);
        answer
    }

    /// Sends a form of a page of the console.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path, "same-origin");
        let form = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = answer(form).await;
        self.take(&answer);
        answer
    }

    fn take(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let (cookie, rest) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Clicks on the button, says yes at the provider, and answers where that leads back to.
    pub(crate) async fn agree(&mut self) -> String {
        self.agree_from("/sign-in/openid").await
    }

    /// The same from a link.
    pub(crate) async fn agree_from(&mut self, link: &str) -> String {
        let away = self.get(link).await;
        // The provider has cookies of its own.
        let there = answer(self.http.get(location(&away))).await;
        let back = location(&there);
        assert!(back.starts_with(&self.base), "{back}");
        back
    }

    /// The whole way: back with what the provider says.
    pub(crate) async fn enter(&mut self) -> Answer {
        let back = self.agree().await;
        self.get_from(&back, "cross-site").await
    }

    /// What the forms of the session carry.
    pub(crate) async fn csrf(&mut self) -> String {
        let page = self.get("/").await;
        let (_, rest) = page.text.split_once("data-csrf=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        self.cookies.contains_key("certherald")
    }
}

/// Where an answer leads.
#[track_caller]
pub(crate) fn location(answer: &Answer) -> String {
    assert!(answer.status.is_redirection(), "{answer:?}");
    answer.headers["location"].to_str().unwrap().to_owned()
}
