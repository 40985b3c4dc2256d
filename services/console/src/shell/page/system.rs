//! Settings of the console itself: accounts, tokens, and what is configured.
//!
//! What opens something is shown once, in the answer to the form that made it.

mod configured;

use askama::Template;
use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};

use super::{
    account::Noted,
    form::{Submitted, done},
    frame::{self, Frame, Section},
    viewer::Viewer,
};
use crate::{
    domain::inventory::token::Role,
    shell::http::{
        Shared,
        accounts::{self, AccountBody, AccountChange, AccountView},
        extract::{Body, Caller, Path, Seen},
        problem::Problem,
        tokens::{self, TokenBody, TokenView},
    },
};

/// Where it is.
const PATH: &str = "/settings";

/// The page.
#[derive(Template)]
#[template(path = "system.html")]
struct System {
    frame: Frame,
    accounts: Vec<AccountView>,
    tokens: Vec<TokenView>,
    configured: Vec<(&'static str, String)>,
    secret: Option<Secret>,
    alarm: Option<String>,
}

/// What is shown once.
struct Secret {
    /// Behind `system-` in its title.
    title: &'static str,
    /// What it opens.
    name: String,
    text: String,
}

/// Shows accounts and tokens to administrators, and what is configured to everybody.
pub(super) async fn show(
    State(api): Shared,
    viewer: Viewer,
    Query(noted): Query<Noted>,
) -> Response {
    page(State(api), &viewer, noted.notice.as_deref(), None, None).await
}

async fn page(
    State(api): Shared,
    viewer: &Viewer,
    notice: Option<&str>,
    secret: Option<Secret>,
    alarm: Option<String>,
) -> Response {
    let frame = Frame::new(&api, viewer, Section::Settings, "");
    let title = frame.words.say("system-title").into_owned();
    let frame = Frame { title, ..frame }.noting(notice);
    let configured = configured::shown(&api);
    let (mut accounts, tokens) = if frame.may_administrate() {
        let Json(accounts) = accounts::list(State(api.clone())).await;
        let Json(tokens) = tokens::list(State(api)).await;
        (accounts, tokens)
    } else {
        (vec![], vec![])
    };
    accounts.sort_by(|one, other| one.name.cmp(&other.name));
    frame::answer(&System { frame, accounts, tokens, configured, secret, alarm })
}

/// What may be done with an account, by the last part of the path and behind `system-`.
fn deeds(account: &AccountView) -> [&'static str; 4] {
    let standing = if account.disabled { "enable" } else { "disable" };
    ["link", "sessions", standing, "remove"]
}

/// Adds an account, and shows the link for its owner.
pub(super) async fn add_account(State(api): Shared, form: Submitted) -> Result<Response, Problem> {
    let caller = administrator(&form.viewer)?;
    let (name, role) = (form.fields.text("name").to_owned(), form.fields.text("role").to_owned());
    let body = Body(AccountBody { name, role, language: None });
    match accounts::add(State(api.clone()), caller, body).await {
        Ok((_, Json(added))) => {
            let (name, text) = (added.account.name, added.link.url);
            let secret = Secret { title: "link-made", name, text };
            Ok(page(State(api), &form.viewer, None, Some(secret), None).await)
        }
        Err(problem) => Ok(again(State(api), &form.viewer, problem).await),
    }
}

/// Does something with an account.
pub(super) async fn change_account(
    State(api): Shared,
    Path((account, deed)): Path<(String, String)>,
    form: Submitted,
) -> Result<Response, Problem> {
    let caller = administrator(&form.viewer)?;
    let key = Path(account.clone());
    let change = match deed.as_str() {
        "link" => {
            let (_, Json(link)) = accounts::link(State(api.clone()), caller, key).await?;
            let (_, Json(shown)) = accounts::show(State(api.clone()), Path(account)).await?;
            let secret = Secret { title: "link-made", name: shown.name, text: link.url };
            return Ok(page(State(api), &form.viewer, None, Some(secret), None).await);
        }
        "sessions" => {
            accounts::end_sessions(State(api), caller, key).await?;
            return Ok(done(PATH, "sessions-ended"));
        }
        "remove" => {
            return match accounts::remove(State(api.clone()), caller, key).await {
                Ok(_) => Ok(done(PATH, "account-removed")),
                Err(problem) => Ok(again(State(api), &form.viewer, problem).await),
            };
        }
        "disable" => AccountChange { disabled: Some(true), role: None },
        "enable" => AccountChange { disabled: Some(false), role: None },
        "role" => AccountChange { role: form.fields.given("role"), disabled: None },
        _ => return Err(Problem::nothing_here()),
    };
    match accounts::change(State(api.clone()), caller, Seen(None), key, Body(change)).await {
        Ok(_) => Ok(done(PATH, "account-changed")),
        Err(problem) => Ok(again(State(api), &form.viewer, problem).await),
    }
}

/// Issues a token, and shows it.
pub(super) async fn issue_token(State(api): Shared, form: Submitted) -> Result<Response, Problem> {
    let caller = administrator(&form.viewer)?;
    let (name, role) = (form.fields.text("name").to_owned(), form.fields.text("role").to_owned());
    match tokens::issue(State(api.clone()), caller, Body(TokenBody { name, role })).await {
        Ok((_, Json(issued))) => {
            let name = issued.token.name;
            let secret = Secret { title: "token-issued", name, text: issued.secret };
            Ok(page(State(api), &form.viewer, None, Some(secret), None).await)
        }
        Err(problem) => Ok(again(State(api), &form.viewer, problem).await),
    }
}

/// Revokes a token.
pub(super) async fn revoke_token(
    State(api): Shared,
    key: Path<String>,
    form: Submitted,
) -> Result<Response, Problem> {
    let caller = administrator(&form.viewer)?;
    match tokens::revoke(State(api.clone()), caller, key).await {
        Ok(_) => Ok(done(PATH, "token-revoked")),
        Err(problem) => Ok(again(State(api), &form.viewer, problem).await),
    }
}

/// The page again, with what was wrong.
async fn again(api: Shared, viewer: &Viewer, problem: Problem) -> Response {
    let status = problem.status();
    let alarm = Some(problem.into_detail());
    (status, page(api, viewer, None, None, alarm).await).into_response()
}

fn administrator(viewer: &Viewer) -> Result<Caller, Problem> {
    let caller = viewer.caller;
    if caller.role < Role::Admin {
        Err(Problem::forbidden(Role::Admin))
    } else {
        Ok(Caller(caller))
    }
}
