//! How a page says no: what the API says as JSON, as a page.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderName, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    frame::{self, Frame, Section},
    viewer::{Viewer, wanted},
    words::Words,
};
use crate::{
    domain::language::Language,
    shell::http::{Shared, problem::Problem},
};

/// Headers of a problem that fit a page as well.
const KEPT: [HeaderName; 1] = [header::RETRY_AFTER];

/// For somebody who is signed in.
#[derive(Template)]
#[template(path = "oops.html")]
struct Framed<'p> {
    frame: Frame,
    problem: &'p Problem,
    headline: String,
}

/// For a stranger.
#[derive(Template)]
#[template(path = "oops_bare.html")]
struct Bare<'p> {
    words: Words,
    title: String,
    problem: &'p Problem,
}

/// Shows problems as pages.
pub(super) async fn as_page(State(api): Shared, request: Request, next: Next) -> Response {
    let viewer = Viewer::of(request.headers(), &api);
    let language = wanted(request.headers());
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Arc<Problem>>().cloned() else {
        return response;
    };
    let mut page = match viewer {
        Ok(viewer) => {
            let headline = headline(problem.status(), viewer.language);
            let frame = Frame::new(&api, &viewer, Section::Overview, headline.clone());
            frame::answer(&Framed { frame, problem: &problem, headline })
        }
        Err(_) => bare(&problem, language),
    };
    *page.status_mut() = problem.status();
    for name in KEPT {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    page
}

/// A problem as a page for a stranger.
pub fn bare(problem: &Problem, language: Language) -> Response {
    let title = headline(problem.status(), language);
    let page = frame::answer(&Bare { words: Words(language), title, problem });
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
