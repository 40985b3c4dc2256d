//! Speaks to a running console.

pub(crate) mod address;
pub(crate) mod sse;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use chassis::config::Source;
use futures::Stream;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde::Deserialize;
use serde_json::Value;

use crate::cli::api::Access;

/// How long an answer may take: as long as the console works at one request.
const ANSWERED_WITHIN: Duration = Duration::from_secs(150);
/// How long connecting may take.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
/// Items asked for at once: as many as the console gives.
const PAGE: &str = "1000";

/// A console, and a token for it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    base: String,
    token: String,
    http: reqwest::Client,
}

/// Why the console did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("there is no token at {}: start the console, or name the file with --token-file", path.display())]
    Token { path: PathBuf, source: io::Error },
    #[error("the console at {base} does not answer")]
    Unreachable { base: String, source: reqwest::Error },
    #[error("{0}")]
    Refused(Refusal),
    #[error("the console's answer is not understood")]
    Answer(#[source] reqwest::Error),
    #[error("the console's answer is not understood")]
    Malformed(#[source] serde_json::Error),
    #[error("{0}")]
    Usage(String),
}

/// How the console says no (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    title: String,
    status: u16,
    detail: String,
    rejected: Vec<Rejected>,
}

/// A line of a list that cannot be used.
#[derive(Debug, Deserialize)]
pub(crate) struct Rejected {
    line: u64,
    text: String,
    reason: String,
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.text, self.reason)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { title, status, detail, rejected } = self;
        match (title.is_empty(), detail.is_empty()) {
            (true, _) => write!(f, "the console answers with status {status}")?,
            (false, true) => write!(f, "{title}")?,
            (false, false) => write!(f, "{title}: {detail}")?,
        }
        // A single line is what the detail says.
        if rejected.len() > 1 {
            for line in rejected {
                write!(f, "\n  {line}")?;
            }
        }
        Ok(())
    }
}

impl Client {
    /// The console that the command line names, or that of the data directory.
    pub(crate) fn of(access: &Access) -> Result<Self, ClientError> {
        let data = access.data.clone().unwrap_or_else(|| PathBuf::from("certherald-data"));
        let path = access.token_file.clone().unwrap_or_else(|| data.join("admin-token"));
        let token =
            std::fs::read_to_string(&path).map_err(|source| ClientError::Token { path, source })?;
        let base = match &access.url {
            Some(url) => url.to_string(),
            None => console_of(&data),
        };
        Self::new(&base, token.trim())
    }

    /// The console at an address.
    pub(crate) fn new(base: &str, token: &str) -> Result<Self, ClientError> {
        let base = base.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECTED_WITHIN)
            .no_proxy()
            .user_agent(concat!("certherald/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| ClientError::Unreachable { base: base.clone(), source })?;
        Ok(Self { base, token: token.to_owned(), http })
    }

    /// What is there.
    pub(crate) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Value, ClientError> {
        self.json(self.request(Method::GET, path).query(query)).await
    }

    /// Every item of a list, a page at a time.
    pub(crate) async fn all(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<Value>, ClientError> {
        let mut items = Vec::new();
        let mut query = query.to_vec();
        query.push(("limit", PAGE.to_owned()));
        let asked = query.len();
        loop {
            let mut page = self.get(path, &query).await?;
            if let Value::Array(more) = page["items"].take() {
                items.extend(more);
            }
            let Some(next) = page["next"].as_str() else { return Ok(items) };
            query.truncate(asked);
            query.push(("cursor", next.to_owned()));
        }
    }

    /// Text that is there.
    pub(crate) async fn text(&self, path: &str) -> Result<String, ClientError> {
        let response = self.send(self.request(Method::GET, path)).await?;
        response.text().await.map_err(ClientError::Answer)
    }

    /// Asks with JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.json(self.request(Method::POST, path).json(body)).await
    }

    /// Replaces what is there.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.json(self.request(Method::PUT, path).json(body)).await
    }

    /// Asks with a text of another media type.
    pub(crate) async fn post_text(
        &self,
        path: &str,
        query: &[(&str, String)],
        media_type: &str,
        text: String,
    ) -> Result<Value, ClientError> {
        let request = self.request(Method::POST, path).query(query);
        self.json(request.header(CONTENT_TYPE, media_type).body(text)).await
    }

    /// Events as they happen.
    pub(crate) async fn follow(
        &self,
        query: &[(&str, String)],
    ) -> Result<impl Stream<Item = Result<sse::Event, ClientError>> + Unpin + use<>, ClientError>
    {
        let url = format!("{}/api/v1/events/stream", self.base);
        let request = self.http.get(url).bearer_auth(&self.token).query(query);
        let response = self.send(request.header(ACCEPT, "text/event-stream")).await?;
        Ok(sse::events(response))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1/{path}", self.base);
        self.http.request(method, url).bearer_auth(&self.token).timeout(ANSWERED_WITHIN)
    }

    async fn json(&self, request: RequestBuilder) -> Result<Value, ClientError> {
        let response = self.send(request).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        let bytes = response.bytes().await.map_err(ClientError::Answer)?;
        serde_json::from_slice(&bytes).map_err(ClientError::Malformed)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let unreachable = |source| ClientError::Unreachable { base: self.base.clone(), source };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.unwrap_or_default();
        let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
        Err(ClientError::Refused(Refusal { status: status.as_u16(), ..refusal }))
    }
}

/// Where the console of a data directory answers.
pub(crate) fn console_of(data: &Path) -> String {
    let here = Source::environment();
    address::read(data).unwrap_or_else(|| address::told(|key| here.get(key)))
}

/// A text as one part of a path: what is not plain is escaped.
pub(crate) fn part(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    let one = |byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_path() {
        assert_eq!(part("a.example:8443"), "a.example:8443");
        assert_eq!(part("[::1]:443"), "%5B::1%5D:443");
        assert_eq!(part("https://a/?b"), "https:%2F%2Fa%2F%3Fb");
    }

    #[test]
    fn a_refusal_says_what_the_console_said() {
        let refusal: Refusal = serde_json::from_str(
            r#"{"title":"No line can be used","status":422,"detail":"none of 2 lines can be used",
                "rejected":[{"line":1,"text":"*","reason":"no"},{"line":2,"text":"?","reason":"no"}]}"#,
        )
        .unwrap();
        let want =
            "No line can be used: none of 2 lines can be used\n  line 1: *: no\n  line 2: ?: no";
        assert_eq!(refusal.to_string(), want);
        let silent = Refusal { status: 502, ..Refusal::default() };
        assert_eq!(silent.to_string(), "the console answers with status 502");
    }
}
