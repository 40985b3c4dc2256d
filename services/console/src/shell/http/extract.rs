//! What a request carries, read with errors that name the place.

use axum::{
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use chassis::dice::Dice;
use serde::de::DeserializeOwned;

use super::{BODY_BYTES_MAX, problem::Problem};
use crate::{
    domain::{
        inventory::{Actor, Invalid},
        repeat::{Identity, Repeatable},
        want::{Asked, Flaw},
    },
    shell::session,
};

/// A JSON body.
pub struct Body<T>(pub T);

/// A JSON body that makes something, and the key under which it may be sent again.
pub struct Creation<T> {
    /// What is to be made.
    pub body: T,
    /// The key, if there is one.
    pub repeatable: Option<Repeatable>,
}

/// The key under which an order without a body may be sent again, if there is one.
pub struct Key(pub Option<Repeatable>);

/// The query of the address.
pub struct Params<T>(pub T);

/// The variable parts of the path.
pub struct Path<T>(pub T);

/// Who asks.
pub struct Caller(pub session::Caller);

/// The version that the person who asks has seen (`If-Match`), if any.
pub struct Seen(pub Option<u64>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is(request.headers(), "application/json") {
            return Err(Problem::media_type("application/json"));
        }
        let bytes = bytes(request, state).await?;
        object(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Creation<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        if !is(&headers, "application/json") {
            return Err(Problem::media_type("application/json"));
        }
        let bytes = bytes(request, state).await?;
        let repeatable = repeatable(&headers, &bytes)?;
        Ok(Self { body: object(&bytes)?, repeatable })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        repeatable(&parts.headers, b"").map(Self)
    }
}

/// The order of a body, under the key that headers give it.
fn repeatable(headers: &HeaderMap, body: &[u8]) -> Result<Option<Repeatable>, Problem> {
    let key = headers.get("idempotency-key");
    let key = key.map(|key| Repeatable::new(key.to_str().unwrap_or_default(), body));
    key.transpose().map_err(|invalid| Problem::invalid(vec![invalid]))
}

impl<T> Creation<T> {
    /// An order that is not repeated.
    pub fn once(body: T) -> Self {
        Self { body, repeatable: None }
    }

    /// The id of what is made: a new one, or what the same order made before.
    ///
    /// # Errors
    ///
    /// When something else was asked under the key.
    pub fn identity(
        &self,
        actor: Actor,
        place: &str,
        there: impl Iterator<Item = [u8; 16]>,
        dice: &Dice,
    ) -> Result<Identity, Problem> {
        let Some(repeatable) = &self.repeatable else { return Ok(Identity::New(dice.bytes())) };
        repeatable.identity(actor, place, there).map_err(|_| Problem::reused_key())
    }
}

/// Whether the body is said to be of a media type. Without a word, JSON is assumed.
pub fn is(headers: &HeaderMap, media_type: &str) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let said = said.unwrap_or("application/json");
    let essence = said.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(media_type)
}

/// The whole body.
///
/// # Errors
///
/// When it is too long, or does not come.
pub async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    bytes_within(BODY_BYTES_MAX, request, state).await
}

/// The whole body, of so many bytes at most.
///
/// # Errors
///
/// When it is too long, or does not come.
pub async fn bytes_within<S: Send + Sync>(
    max: usize,
    mut request: Request,
    state: &S,
) -> Result<Bytes, Problem> {
    DefaultBodyLimit::max(max).apply(&mut request);
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::too_large(max)
        } else {
            Problem::malformed(rejection.body_text())
        }
    })
}

/// Reads a JSON object.
fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::invalid(vec![Invalid::new("body", "[…", Asked::Object)]));
    }
    json(bytes)
}

/// Reads JSON.
///
/// # Errors
///
/// Names the place in the body.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            Problem::invalid(vec![Invalid::new(path, "", Flaw::Said(inner.to_string()))])
        } else {
            Problem::malformed(format!("the body is no JSON: {inner}"))
        }
    })?;
    reader.end().map_err(|error| Problem::malformed(format!("behind the JSON: {error}")))?;
    Ok(value)
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::invalid(vec![misread(&rejection.body_text())])),
        }
    }
}

/// The parameter that a query was not understood for, by the words of the reader: `limit: invalid
/// digit`, or "unknown field `x`".
fn misread(words: &str) -> Invalid {
    let words = words.strip_prefix("Failed to deserialize query string: ").unwrap_or(words);
    let (place, rest) = words.split_once(": ").unwrap_or(("", words));
    let unknown = rest.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let unknown = unknown
        .or_else(|| words.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')));
    match unknown {
        Some((field, others)) => {
            let others = others.trim_end_matches('.').to_owned();
            Invalid::new(field, "", Flaw::Parameter(others))
        }
        None if place.is_empty() => Invalid::new("query", "", Flaw::Said(rest.to_owned())),
        None => Invalid::new(place, "", Flaw::Said(rest.to_owned())),
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                let want = Flaw::Said(error.kind().to_string());
                Err(Problem::invalid(vec![Invalid::new("path", parts.uri.path(), want)]))
            }
            Err(rejection) => Err(Problem::malformed(rejection.body_text())),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<session::Caller>().copied();
        // Every route that asks for the caller stands behind the layer that admits it.
        caller.map(Self).ok_or_else(Problem::bug)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        match version.and_then(|text| text.parse().ok()) {
            Some(version) => Ok(Self(Some(version))),
            None => Err(Problem::invalid(vec![Invalid::new("If-Match", text, Asked::Etag)])),
        }
    }
}

/// The header that names a version.
pub fn etag(version: u64) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, format!("\"{version}\""))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[serde(rename = "n")]
        _n: u8,
    }

    fn problem(text: &str) -> String {
        let problem = json::<Vec<Wanted>>(text.as_bytes()).unwrap_err();
        serde_json::to_string(&problem).unwrap()
    }

    #[test]
    fn a_mistake_in_json_has_its_place() {
        assert!(problem(r#"[{"n":1},{"n":300}]"#).contains(r#""field":"[1].n""#));
        assert!(problem(r#"[{"m":1}]"#).contains("unknown field `m`"));
        assert!(problem("[{").contains("no JSON"));
        assert!(problem(r#"[{"n":1}] x"#).contains("behind the JSON"));
    }
}
