//! Who looks at a page.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, Method, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use url::{Position, Url, form_urlencoded};

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
/// What the parameter is called that says that a form was sent in vain.
const UNDONE: &str = "undone";
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

/// To the sign-in, and from there back to where somebody wanted to look, or to the page whose form
/// they sent.
fn to_sign_in(parts: &Parts) -> Redirect {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    let is_form = parts.method != Method::GET;
    let wanted = if is_form {
        page_of(&parts.headers)
    } else {
        uri.path_and_query().map(|wanted| wanted.as_str().to_owned())
    };
    let next = wanted.as_deref().filter(|path| *path != "/").and_then(local);
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(next) = next {
        query.append_pair(NEXT, next);
    }
    if is_form {
        query.append_pair(UNDONE, "1");
    }
    let query = query.finish();
    let place = if query.is_empty() { SIGN_IN.to_owned() } else { format!("{SIGN_IN}?{query}") };
    Redirect::to(&place)
}

/// The page of ours on which a form stood.
fn page_of(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let page = Url::parse(text(header::REFERER)?).ok()?;
    let is_ours = page[Position::BeforeHost..Position::AfterPort] == *text(header::HOST)?;
    is_ours.then(|| page[Position::BeforePath..Position::AfterQuery].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_sends_a_form_in_vain_comes_back_to_its_page() {
        let led = |referer: &str| {
            let request = axum::http::Request::post("/inbox/read").header("host", "a.example:8080");
            let (parts, ()) = request.header("referer", referer).body(()).unwrap().into_parts();
            to_sign_in(&parts).into_response().headers()["location"].to_str().unwrap().to_owned()
        };
        let back = led("http://a.example:8080/inbox?unread=1#x");
        assert_eq!(back, "/sign-in?next=%2Finbox%3Funread%3D1&undone=1");
        let elsewhere = ["", "http://a.example/inbox", "http://evil.example:8080/", "data:,x"];
        for page in elsewhere {
            assert_eq!(led(page), "/sign-in?undone=1", "{page}");
        }
    }

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
