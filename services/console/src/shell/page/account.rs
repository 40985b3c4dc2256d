//! One's own account: language and password.

use askama::Template;
use axum::{
    Json,
    extract::{Query, State},
    http::{StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    form::{Own, Submitted, done},
    frame::{self, Frame, Section},
    prose::Prose,
    viewer::Viewer,
};
use crate::shell::http::{
    Shared,
    account::{self, OwnChange, PasswordBody},
    accounts::AccountView,
    extract::{Body, Caller, Seen},
    peer::Peer,
    problem::Problem,
};

/// What the address of a page carries once a form is done with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Noted {
    pub(super) notice: Option<String>,
}

/// The page.
#[derive(Template)]
#[template(path = "account.html")]
struct OwnPage {
    frame: Frame,
    account: Option<AccountView>,
    alarm: Option<Prose>,
    /// Whether a password opens the door.
    password: bool,
}

/// Shows one's own account.
pub(super) async fn show(
    State(api): Shared,
    viewer: Viewer,
    Query(noted): Query<Noted>,
) -> Response {
    page(State(api), &viewer, noted.notice.as_deref(), None).await
}

async fn page(
    State(api): Shared,
    viewer: &Viewer,
    notice: Option<&str>,
    alarm: Option<Prose>,
) -> Response {
    let frame = Frame::new(&api, viewer, Section::Account, "");
    let title = frame.words.say("account-title").into_owned();
    let frame = Frame { title, ..frame }.noting(notice);
    let password = api.entry.ways.password;
    let account = account::show(State(api), Caller(viewer.caller)).await;
    let account = account.ok().map(|(_, Json(account))| account);
    frame::answer(&OwnPage { frame, account, alarm, password })
}

/// Sets the language that one reads.
pub(super) async fn set_language(
    State(api): Shared,
    Own(Submitted { viewer, fields }): Own,
) -> Result<Response, Problem> {
    let change = OwnChange { language: Some(fields.text("language").to_owned()) };
    account::change(State(api), Caller(viewer.caller), Seen(None), Body(change)).await.map(drop)?;
    Ok(done("/account", "language-saved"))
}

/// Sets one's own password.
pub(super) async fn set_password(
    State(api): Shared,
    peer: Peer,
    Own(Submitted { viewer, fields }): Own,
) -> Response {
    let words = super::words::Words(viewer.language);
    if fields.exact("new") != fields.exact("again") {
        let alarm = Prose::new(words.say("door-differ"));
        return refused(State(api), &viewer, StatusCode::UNPROCESSABLE_ENTITY, alarm).await;
    }
    let body = PasswordBody {
        present: fields.exact("present").to_owned(),
        new: fields.exact("new").to_owned(),
    };
    let caller = Caller(viewer.caller);
    match account::set_password(State(api.clone()), caller, peer, Body(body)).await {
        Ok(set) => {
            let mut response = done("/account", "password-set");
            let cookies = set.headers().get_all(SET_COOKIE).iter().cloned();
            response.headers_mut().extend(cookies.map(|cookie| (SET_COOKIE, cookie)));
            response
        }
        Err(problem) => {
            let status = problem.status();
            let alarm = match status {
                StatusCode::CONFLICT => Prose::new(words.say("account-wrong")),
                StatusCode::UNPROCESSABLE_ENTITY => Prose::new(words.say("door-password-hint")),
                _ => Prose::refusal(problem.detail(), viewer.language),
            };
            refused(State(api), &viewer, status, alarm).await
        }
    }
}

async fn refused(api: Shared, viewer: &Viewer, status: StatusCode, alarm: Prose) -> Response {
    (status, page(api, viewer, None, Some(alarm)).await).into_response()
}
