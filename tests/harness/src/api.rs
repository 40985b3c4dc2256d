//! The REST API of a running console, as scripts use it.

use std::fmt;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

/// How long an answer may take. A service that was just killed answers nothing at all.
const WAIT: Duration = Duration::from_mins(2);

/// Items asked for at once: the most that the API gives.
const PAGE: usize = 1_000;

/// A caller with a token.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    token: String,
    client: Client,
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its media type; empty if it has none.
    pub media_type: String,
    /// Its body.
    pub text: String,
}

/// What is sent.
#[derive(Debug)]
pub enum Body<'a> {
    /// Nothing.
    Empty,
    /// JSON.
    Json(&'a Value),
    /// Text of a media type.
    Text(&'a str, String),
}

impl Api {
    /// A caller of the API at `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str, token: &str) -> Self {
        Self { base: base.to_owned(), token: token.to_owned(), client: client() }
    }

    /// The same API with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The token that it calls with.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Where it is, as the command line takes it.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// One request, below `/api/v1`.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Body<'_>,
    ) -> Result<Answer, reqwest::Error> {
        let url = format!("{}/api/v1{path}", self.base);
        let request = self.client.request(method, url).bearer_auth(&self.token);
        let request = match body {
            Body::Empty => request,
            Body::Json(json) => request.json(json),
            Body::Text(media_type, text) => request.header("content-type", media_type).body(text),
        };
        let response = request.send().await?;
        let media_type = response.headers().get("content-type");
        let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().to_owned();
        Ok(Answer { status: response.status(), media_type, text: response.text().await? })
    }

    /// What is at `path`.
    ///
    /// # Errors
    /// When nobody answers, or with a refusal.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        self.done(Method::GET, path, Body::Empty).await
    }

    /// All items of a list, page by page.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub async fn all(&self, path: &str) -> Result<Vec<Value>, String> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{sign}limit={PAGE}");
        let (mut items, mut next) = (Vec::new(), Some(first.clone()));
        while let Some(path) = next {
            let page = self.get(&path).await?;
            items.extend(page["items"].as_array().ok_or("a page has no items")?.iter().cloned());
            next = page["next"].as_str().map(|cursor| format!("{first}&cursor={cursor}"));
        }
        Ok(items)
    }

    /// Makes something.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.done(Method::POST, path, Body::Json(body)).await
    }

    /// Replaces something.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.done(Method::PUT, path, Body::Json(body)).await
    }

    /// Asks for a deed that needs no words.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub async fn order(&self, method: Method, path: &str) -> Result<Value, String> {
        self.done(method, path, Body::Empty).await
    }

    async fn done(&self, method: Method, path: &str, body: Body<'_>) -> Result<Value, String> {
        let asked = format!("{method} {path}");
        let answer = self.ask(method, path, body).await;
        let answer = answer.map_err(|error| format!("{asked}: {error:?}"))?;
        if answer.status.is_success() {
            Ok(answer.json())
        } else {
            Err(format!("{asked}: {answer}"))
        }
    }
}

/// A client for what answers on loopback.
pub(crate) fn client() -> Client {
    // Another test of this process may have installed it already: it is the same one.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    Client::builder().timeout(WAIT).no_proxy().build().unwrap()
}

impl Answer {
    /// The body as JSON; null if it is empty.
    pub fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.media_type, self.text)
    }
}
