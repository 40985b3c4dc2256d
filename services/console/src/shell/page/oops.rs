//! How a page says no: what the API says as JSON, as a page.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    frame::{self, Frame, Section},
    prose::Prose,
    viewer::{Viewer, wanted},
    words::Words,
};
use crate::{
    domain::{
        language::Language,
        refusal::{Manner, Refusal},
    },
    shell::http::{
        Api, Shared,
        problem::{FieldError, Problem},
    },
};

/// Headers of a problem that fit a page as well.
const KEPT: [HeaderName; 1] = [header::RETRY_AFTER];

/// For somebody who is signed in.
#[derive(Template)]
#[template(path = "oops.html")]
struct Framed {
    frame: Frame,
    said: Said,
}

/// For a stranger.
#[derive(Template)]
#[template(path = "oops_bare.html")]
struct Bare {
    words: Words,
    title: String,
    said: Said,
}

/// What is wrong, as sentences.
struct Said {
    whole: Prose,
    /// What of the query is not allowed, with what is wrong with it.
    fields: Vec<(String, Prose)>,
}

impl Said {
    fn of(problem: &Problem, language: Language) -> Self {
        let sentence = |clause: String| Prose::new(language.sentence(&clause));
        // What the API says of paths is for who writes programs.
        let is_path = *problem.detail() == Refusal::Manner(Manner::NothingHere);
        let whole = if is_path {
            Prose::new(Words(language).say("oops-no-page"))
        } else {
            Prose::refusal(problem.detail(), language)
        };
        let fields = problem.errors().iter().map(|FieldError { field, value, want }| {
            (field.clone(), sentence(want.against(value, language)))
        });
        Self { whole, fields: fields.collect() }
    }
}

/// Shows problems as pages.
pub(super) async fn as_page(State(api): Shared, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Arc<Problem>>().cloned() else {
        return response;
    };
    let mut page = page(&api, &headers, &problem);
    for name in KEPT {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    page
}

/// Says that nothing answers on a path: as a page to whoever asks for one, and as the API does to
/// everybody else.
pub fn nothing_here(api: &Api, headers: &HeaderMap) -> Response {
    let problem = Problem::nothing_here();
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let is_browser = accept.is_some_and(|types| types.contains("text/html"));
    if is_browser { page(api, headers, &problem) } else { problem.into_response() }
}

/// A problem as a page, in the frame for whoever is signed in.
fn page(api: &Api, headers: &HeaderMap, problem: &Problem) -> Response {
    let Ok(viewer) = Viewer::of(headers, api) else {
        return bare(problem, wanted(headers));
    };
    let headline = headline(problem.status(), viewer.language);
    let frame = Frame::new(api, &viewer, Section::Overview, headline);
    let said = Said::of(problem, viewer.language);
    (problem.status(), frame::answer(&Framed { frame, said })).into_response()
}

/// A problem as a page for a stranger.
pub fn bare(problem: &Problem, language: Language) -> Response {
    let title = headline(problem.status(), language);
    let said = Said::of(problem, language);
    let page = frame::answer(&Bare { words: Words(language), title, said });
    (problem.status(), page).into_response()
}

fn headline(status: StatusCode, language: Language) -> String {
    let words = Words(language);
    let headline = match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => words.say("oops-absent"),
        StatusCode::UNAUTHORIZED => words.say("oops-stranger"),
        StatusCode::FORBIDDEN => words.say("oops-forbidden"),
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => words.say("oops-conflict"),
        StatusCode::TOO_MANY_REQUESTS => words.say("oops-too-many"),
        status if status.is_server_error() => words.say("oops-ours"),
        _ => words.say("oops-invalid"),
    };
    headline.into_owned()
}
