//! The way in through the `OpenID` provider.
//!
//! It is a link and no form: browsers hold the pages' policy `form-action 'self'` against where a
//! form is led on to. Following the link changes nothing here, and whoever is led to it by another
//! site is shown the sign-in first, so that only who wants to sign in does.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tracing::warn;

use super::{Asked, SignIn, entered, refused, said};
use crate::{
    domain::openid::Refusal,
    shell::{
        entry::openid::{Astray, Onward, Returned},
        http::{Api, Shared, peer::Peer, problem::Problem},
        openid::Failure,
        page::{
            frame,
            viewer::{SIGN_IN, local, wanted},
            words::Words,
        },
    },
};

/// What a browser knows of where a request comes from (Fetch Metadata Request Headers).
const FETCH_SITE: &str = "sec-fetch-site";

/// What the address carries with which the provider sends somebody back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::shell::page) struct Answer {
    state: String,
    code: String,
    error: String,
    error_description: String,
    iss: Option<String>,
}

/// On to the provider.
pub(in crate::shell::page) async fn begin(
    State(api): Shared,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let site = headers.get(FETCH_SITE).and_then(|site| site.to_str().ok());
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Redirect::to(SIGN_IN).into_response();
    }
    let next = asked.map(|Query(asked)| asked.next).unwrap_or_default();
    let next = local(&next).unwrap_or("/");
    match api.entry.begin(next).await {
        Ok(Onward { to, cookie }) => entered(to.as_str(), cookie),
        Err(astray) => shown(&api, &headers, &astray, next),
    }
}

/// Back from the provider.
pub(in crate::shell::page) async fn end(
    State(api): Shared,
    peer: Peer,
    headers: HeaderMap,
    answer: Result<Query<Answer>, QueryRejection>,
) -> Response {
    let answer = answer.map(|Query(answer)| answer).unwrap_or_default();
    let returned = Returned {
        state: &answer.state,
        code: &answer.code,
        error: &answer.error,
        description: &answer.error_description,
        issuer: answer.iss.as_deref(),
    };
    let mut response = match api.entry.end(returned, &headers, peer.address).await {
        Ok(Onward { to, cookie }) => entered(local(&to).unwrap_or("/"), cookie),
        Err(astray) => shown(&api, &headers, &astray, ""),
    };
    let clear = api.entry.gate.cookies.clear_attempt();
    response.headers_mut().append(header::SET_COOKIE, clear);
    response
}

/// The sign-in again, with what went wrong.
fn shown(api: &Api, headers: &HeaderMap, astray: &Astray, next: &str) -> Response {
    let words = Words(wanted(headers));
    let page = SignIn { next: next.to_owned(), ..SignIn::new(api, words) };
    let with = |alarm: String| frame::answer(&SignIn { alarm: Some(alarm), ..page });
    let provider = api.entry.ways.openid.as_ref();
    let label = provider.map(|provider| provider.settings().label()).unwrap_or_default();
    let (status, key) = match astray {
        Astray::Nowhere => return Problem::nothing_here().into_response(),
        Astray::Denied(denied) => return refused(denied, with(said(denied, words))),
        Astray::Lost => (StatusCode::BAD_REQUEST, "door-openid-lost"),
        Astray::Declined(_) => (StatusCode::FORBIDDEN, "door-openid-declined"),
        Astray::Failed(failure) => match failure {
            Failure::Unreachable(_) => (StatusCode::SERVICE_UNAVAILABLE, "door-openid-unreachable"),
            Failure::Unwilling(_) => (StatusCode::SERVICE_UNAVAILABLE, "door-openid-unwilling"),
            Failure::Spent => (StatusCode::BAD_REQUEST, "door-openid-lost"),
            Failure::Untrusted(_) => (StatusCode::FORBIDDEN, "door-openid-untrusted"),
        },
        Astray::Refused { refusal, .. } => (StatusCode::FORBIDDEN, of(*refusal)),
    };
    warn!(error = %astray, "Somebody did not come in through OpenID: {astray}.");
    (status, with(words.with(key, label).into_owned())).into_response()
}

/// The words of a refusal.
fn of(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unknown => "door-openid-unknown",
        Refusal::NoRole => "door-openid-no-role",
        Refusal::Disabled => "door-openid-disabled",
        Refusal::Unverified => "door-openid-unverified",
        Refusal::Nameless => "door-openid-nameless",
        Refusal::Taken => "door-openid-taken",
        Refusal::Full => "door-openid-full",
    }
}
