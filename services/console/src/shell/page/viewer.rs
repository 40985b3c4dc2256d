//! Who looks at a page.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use crate::{
    domain::language::Language,
    shell::{
        http::{Api, problem::Problem},
        session::{self, Caller, Stranger},
    },
};

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// What they may do, and how their orders are signed.
    pub caller: Caller,
    /// What they are called.
    pub name: String,
    /// The language they read.
    pub language: Language,
    /// What a form of theirs must carry, so that no other site can send it for them.
    pub csrf: String,
}

impl Viewer {
    /// Who sends these headers.
    ///
    /// # Errors
    ///
    /// When it is a stranger.
    pub fn of(headers: &HeaderMap, api: &Api) -> Result<Self, Stranger> {
        let caller = api.look(|board| session::caller(headers, board))?;
        let language = wanted(headers);
        Ok(Self { caller, name: String::new(), language, csrf: String::new() })
    }
}

/// The language that a browser asks for.
pub fn wanted(headers: &HeaderMap) -> Language {
    let accept = headers.get(header::ACCEPT_LANGUAGE);
    Language::wanted(accept.and_then(|value| value.to_str().ok()))
}

impl FromRequestParts<Arc<Api>> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        Self::of(&parts.headers, api).map_err(Problem::stranger)
    }
}
