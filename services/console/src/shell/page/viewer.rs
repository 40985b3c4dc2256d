//! Who looks at a page.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, Method, header, request::Parts, uri::PathAndQuery},
    response::{IntoResponse, Redirect, Response},
};
use url::form_urlencoded;

use crate::{
    domain::language::Language,
    shell::{
        http::Api,
        session::{Caller, Stranger, Who},
    },
};

/// Where strangers are sent.
pub const SIGN_IN: &str = "/sign-in";
/// What the parameter is called that says where somebody wanted to go.
pub const NEXT: &str = "next";
/// Characters of where somebody wanted to go.
const NEXT_LEN_MAX: usize = 1_024;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// What they may do, and how their orders are signed.
    pub caller: Caller,
    /// What they are called.
    pub name: String,
    /// The language they read.
    pub language: Language,
    /// What a form of theirs must carry, so that no other site can send it for them. Empty for
    /// whoever sends a token with each request: no other site can do that for them.
    pub csrf: String,
}

impl Viewer {
    /// Who sends these headers.
    ///
    /// # Errors
    ///
    /// When it is a stranger.
    pub fn of(headers: &HeaderMap, api: &Api) -> Result<Self, Stranger> {
        let entrance = api.enter(headers)?;
        let (name, language) = api.look(|board| match entrance.caller.who {
            Who::Token(id) => {
                let issued = board.token(&id).and_then(|kept| kept.entity.issued());
                (issued.map(|issued| issued.name.clone()), None)
            }
            Who::Account(id) => {
                let profile = board.account(&id).and_then(|kept| kept.entity.profile());
                (profile.map(|p| p.name.clone()), profile.and_then(|profile| profile.language))
            }
        });
        let csrf = entrance.session.map(|session| session.csrf().to_owned());
        Ok(Self {
            caller: entrance.caller,
            name: name.unwrap_or_default(),
            language: language.unwrap_or_else(|| wanted(headers)),
            csrf: csrf.unwrap_or_default(),
        })
    }
}

/// The language that a browser asks for.
pub fn wanted(headers: &HeaderMap) -> Language {
    let accept = headers.get(header::ACCEPT_LANGUAGE);
    Language::wanted(accept.and_then(|value| value.to_str().ok()))
}

/// A place of this console, as it stood in an address: a path with its query, or nothing. Nobody is
/// to be led elsewhere by a link to the sign-in.
pub fn local(next: &str) -> Option<&str> {
    let is_path = next.starts_with('/') && next.len() <= NEXT_LEN_MAX;
    // A second slash, also a backslash in browsers' eyes, would begin a host.
    let is_host = next.strip_prefix("//").is_some() || next.contains('\\');
    let is_clean = next.chars().all(|c| c.is_ascii_graphic());
    (is_path && !is_host && is_clean).then_some(next)
}

impl FromRequestParts<Arc<Api>> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Response> {
        Self::of(&parts.headers, api).map_err(|_| to_sign_in(parts).into_response())
    }
}

/// To the sign-in, and from there back to where somebody wanted to look.
fn to_sign_in(parts: &Parts) -> Redirect {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    let wanted = uri.path_and_query().map(PathAndQuery::as_str).filter(|path| *path != "/");
    match wanted.and_then(local).filter(|_| parts.method == Method::GET) {
        None => Redirect::to(SIGN_IN),
        Some(next) => {
            let query =
                form_urlencoded::Serializer::new(String::new()).append_pair(NEXT, next).finish();
            Redirect::to(&format!("{SIGN_IN}?{query}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for place in ["/", "/domains?state=abnormal&q=a%20b", "/domains/x#log"] {
            assert_eq!(local(place), Some(place));
        }
        let long = format!("/{}", "x".repeat(NEXT_LEN_MAX));
        for elsewhere in [
            "",
            "domains",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/a b",
            &long,
        ] {
            assert_eq!(local(elsewhere), None, "{elsewhere}");
        }
    }
}
