//! What a provider answers, under each of its addresses.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use super::{Book, CLIENT_ID, CLIENT_SECRET, Desk, Fault, Grant, keys};
use crate::surroundings;

/// What somebody comes with.
#[derive(Deserialize)]
struct Asked {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: String,
    nonce: Option<String>,
    code_challenge: String,
    code_challenge_method: String,
}

/// What somebody comes with who signs out.
#[derive(Deserialize)]
struct Leaving {
    client_id: String,
    post_logout_redirect_uri: String,
}

/// What a client fetches a token with.
#[derive(Deserialize)]
struct Fetched {
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
}

pub(super) fn router(desk: Arc<Desk>) -> Router {
    let below = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(jwks))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/userinfo", get(user_info))
        .route("/logout", get(end_session));
    Router::new().nest("/realms/test", below).with_state(desk)
}

async fn discovery(State(desk): State<Arc<Desk>>) -> Json<Value> {
    let issuer = &desk.issuer;
    let mut metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize?tenant=a"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // It would let a careless client take any of them.
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        "code_challenge_methods_supported": ["S256"],
    });
    if desk.book().ends_sessions {
        metadata["end_session_endpoint"] = format!("{issuer}/logout?tenant=a").into();
    }
    Json(metadata)
}

async fn jwks(State(desk): State<Arc<Desk>>) -> Json<Value> {
    Json(desk.book().keys.public())
}

async fn authorize(State(desk): State<Arc<Desk>>, Query(asked): Query<Asked>) -> Response {
    let mut book = desk.book();
    let is_known = asked.client_id == CLIENT_ID && book.redirects.contains(&asked.redirect_uri);
    if !is_known {
        return (StatusCode::BAD_REQUEST, "no such client, or no place of it").into_response();
    }
    let is_whole = asked.response_type == "code"
        && asked.scope.split(' ').any(|scope| scope == "openid")
        && asked.code_challenge_method == "S256"
        && asked.code_challenge.len() == 43
        && asked.state.len() >= 22
        && asked.nonce.as_deref().is_some_and(|nonce| nonce.len() >= 22);
    let mut back = Url::parse(&asked.redirect_uri).unwrap();
    let mut answer = back.query_pairs_mut();
    answer.append_pair("state", &asked.state);
    if !is_whole {
        answer.append_pair("error", "invalid_request");
    } else if book.fault == Some(Fault::Declines) {
        answer.append_pair("error", "access_denied");
        answer.append_pair("error_description", "<b>no</b>");
    } else {
        let code = book.number("code");
        answer.append_pair("code", &code);
        let (redirect, challenge) = (asked.redirect_uri, asked.code_challenge);
        book.grants.insert(code, Grant { redirect, challenge, nonce: asked.nonce });
    }
    drop(answer);
    (StatusCode::FOUND, [(LOCATION, back.to_string())]).into_response()
}

/// `OpenID` Connect RP-Initiated Logout 1.0, sections 2 and 3: without a hint, whoever leaves would
/// be asked whether they mean it. They say yes at once.
async fn end_session(State(desk): State<Arc<Desk>>, Query(leaving): Query<Leaving>) -> Response {
    let mut book = desk.book();
    let back = leaving.post_logout_redirect_uri;
    if leaving.client_id != CLIENT_ID || !book.farewells.contains(&back) {
        return (StatusCode::BAD_REQUEST, "no such client, or no place of it").into_response();
    }
    book.ended += 1;
    (StatusCode::FOUND, [(LOCATION, back)]).into_response()
}

async fn token(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Form(fetched): Form<Fetched>,
) -> Response {
    let mut book = desk.book();
    // Some repeat what they were sent.
    let echo = format!("no {CLIENT_SECRET}");
    let refused = |status, error| {
        let said = json!({ "error": error, "error_description": echo });
        (status, Json(said)).into_response()
    };
    if book.fault == Some(Fault::Trouble) {
        return (StatusCode::BAD_GATEWAY, "<html>").into_response();
    }
    if book.fault == Some(Fault::Client) || !is_client(&headers) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    // RFC 6749, section 4.1.2: a code is used once.
    let grant = if book.fault == Some(Fault::Forgetful) {
        book.grants.get(&fetched.code).cloned()
    } else {
        book.grants.remove(&fetched.code)
    };
    let grant = grant.filter(|grant| {
        let challenge = keys::text(Sha256::digest(&fetched.code_verifier));
        fetched.grant_type == "authorization_code"
            && grant.redirect == fetched.redirect_uri
            && grant.challenge == challenge
    });
    let Some(grant) = grant else { return refused(StatusCode::BAD_REQUEST, "invalid_grant") };
    let access_token = book.number("access");
    let id_token = book.id_token(&desk.issuer, grant.nonce);
    let mut told = book.user_info.clone();
    told["sub"] = book.claims["sub"].clone();
    book.opened.insert(access_token.clone(), told);
    let mut tokens = json!({ "access_token": access_token, "token_type": "Bearer" });
    if book.fault != Some(Fault::NoToken) {
        tokens["id_token"] = id_token.into();
    }
    Json(tokens).into_response()
}

async fn user_info(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    match desk.book().opened.get(token) {
        Some(claims) => Json(claims.clone()).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// RFC 6749, section 2.3.1: both parts are written as in a form.
fn is_client(headers: &HeaderMap) -> bool {
    let written = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let proof = BASE64_STANDARD.encode([written(CLIENT_ID), written(CLIENT_SECRET)].join(":"));
    headers.get(AUTHORIZATION).is_some_and(|value| *value == format!("Basic {proof}"))
}

impl Book {
    fn number(&mut self, what: &str) -> String {
        self.issued += 1;
        format!("{what}-{}", self.issued)
    }

    fn id_token(&self, issuer: &str, nonce: Option<String>) -> String {
        let now = surroundings::now().as_second();
        let mut claims = self.claims.clone();
        claims["iss"] = issuer.into();
        claims["aud"] = CLIENT_ID.into();
        claims["iat"] = now.into();
        claims["exp"] = (now + 60).into();
        claims["nonce"] = nonce.into();
        // Some write times so; no client is to stumble over it.
        claims["updated_at"] = "2026-01-02T03:04:05.678Z".into();
        match self.fault {
            Some(Fault::Issuer) => claims["iss"] = "https://evil.example".into(),
            Some(Fault::Audience) => claims["aud"] = "another".into(),
            Some(Fault::Party) => {
                claims["aud"] = json!([CLIENT_ID, "another"]);
                claims["azp"] = "another".into();
            }
            Some(Fault::Nonce) => claims["nonce"] = "another".into(),
            Some(Fault::NoNonce) => claims["nonce"] = Value::Null,
            Some(Fault::Expired) => {
                claims["iat"] = (now - 3_600).into();
                claims["exp"] = (now - 3_540).into();
            }
            Some(Fault::Forged) => return self.keys.forged().signed(&claims),
            Some(Fault::Unsigned) => return keys::unsigned(&claims),
            Some(Fault::Symmetric) => return keys::symmetric(&claims, CLIENT_SECRET),
            Some(
                Fault::Declines
                | Fault::NoToken
                | Fault::Client
                | Fault::Trouble
                | Fault::Forgetful,
            )
            | None => {}
        }
        self.keys.signed(&claims)
    }
}
