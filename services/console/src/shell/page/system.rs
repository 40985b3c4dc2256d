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
    prose::Prose,
    viewer::Viewer,
};
use crate::{
    domain::{inventory::token::Role, repeat::Identity},
    shell::http::{
        Shared,
        accounts::{self, AccountBody, AccountChange, AccountView},
        events::PageParams,
        extract::{Body, Caller, Creation, Key, Params, Path, Seen},
        paging::LIMIT_MAX,
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
    alarm: Option<Prose>,
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
    alarm: Option<Prose>,
) -> Response {
    let frame = Frame::new(&api, viewer, Section::Settings, "");
    let title = frame.words.say("system-title").into_owned();
    let frame = Frame { title, ..frame }.noting(notice);
    let configured = configured::shown(&api);
    let (mut accounts, tokens) = if frame.may_administrate() {
        // There are no more of either than the largest page holds.
        let all = || Params(PageParams { limit: Some(LIMIT_MAX), cursor: None });
        let accounts = accounts::list(State(api.clone()), all()).await;
        let tokens = tokens::list(State(api), all()).await;
        let accounts = accounts.map(|Json(page)| page.items).unwrap_or_default();
        (accounts, tokens.map(|Json(page)| page.items).unwrap_or_default())
    } else {
        (vec![], vec![])
    };
    accounts.sort_by(|one, other| one.name.cmp(&other.name));
    frame::answer(&System { frame, accounts, tokens, configured, secret, alarm })
}

/// What may be done with an account, by the last part of the path and behind `system-`.
fn deeds(account: &AccountView) -> Vec<&'static str> {
    let standing = if account.disabled { "enable" } else { "disable" };
    // A link opens nothing of an account that may not be used.
    let link = (!account.disabled).then_some("link");
    let unlink = account.subject.is_some().then_some("unlink");
    let deeds = [link, Some("sessions"), unlink, Some(standing), Some("remove")];
    deeds.into_iter().flatten().collect()
}

/// Adds an account, and shows the link for its owner.
pub(super) async fn add_account(State(api): Shared, form: Submitted) -> Result<Response, Problem> {
    let caller = administrator(&form.viewer)?;
    let (name, role) = (form.fields.text("name").to_owned(), form.fields.text("role").to_owned());
    let body = AccountBody { name, role, language: None };
    let new = Identity::New(api.context.dice.bytes());
    match accounts::add_as(&api, new, caller.0.actor(), &body).await {
        Ok(added) => {
            let name = added.account.name;
            let text = added.link.map(|link| link.url).unwrap_or_default();
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
            let made = accounts::link::make(State(api.clone()), caller, key, Key(None)).await;
            let (_, Json(link)) = match made {
                Ok(made) => made,
                Err(problem) => return Ok(again(State(api), &form.viewer, problem).await),
            };
            let (_, Json(shown)) = accounts::show(State(api.clone()), Path(account)).await?;
            let secret = Secret { title: "link-made", name: shown.name, text: link.url };
            return Ok(page(State(api), &form.viewer, None, Some(secret), None).await);
        }
        "sessions" => {
            accounts::end_sessions(State(api), caller, Seen(None), key).await?;
            return Ok(done(PATH, "sessions-ended"));
        }
        "remove" => {
            return match accounts::remove(State(api.clone()), caller, Seen(None), key).await {
                Ok(_) => Ok(done(PATH, "account-removed")),
                Err(problem) => Ok(again(State(api), &form.viewer, problem).await),
            };
        }
        "disable" => AccountChange { disabled: Some(true), ..AccountChange::default() },
        "enable" => AccountChange { disabled: Some(false), ..AccountChange::default() },
        "unlink" => AccountChange { subject: Some(String::new()), ..AccountChange::default() },
        "role" => AccountChange { role: form.fields.given("role"), ..AccountChange::default() },
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
    match tokens::issue(State(api.clone()), caller, Creation::once(TokenBody { name, role })).await
    {
        Ok((_, Json(issued))) => {
            let name = issued.token.name;
            let secret =
                Secret { title: "token-issued", name, text: issued.secret.unwrap_or_default() };
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
    let alarm = Some(Prose::refusal(problem.detail(), viewer.language));
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
