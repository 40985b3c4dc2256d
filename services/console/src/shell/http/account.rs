//! `/account`: one's own account. For anybody who is signed in.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use proto::id::AccountId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Shared,
    accounts::{self, AccountView, Shown},
    document::IfMatch,
    extract::{Body, Caller, Seen},
    peer::Peer,
    problem::Problem,
};
use crate::{
    domain::{
        inventory::account::{
            Change, Command,
            profile::{self, Password},
        },
        refusal::Thing,
    },
    shell::session::{self, Who},
};

/// What is to be changed of one's own account. What is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({ "language": "zh-CN" }))]
pub struct OwnChange {
    /// `en` or `zh-CN`; empty: what the browser asks for.
    pub language: Option<String>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "present": "correct horse", "new": "battery staple" }))]
pub struct PasswordBody {
    /// The password until now.
    pub present: String,
    /// 10 characters at least.
    pub new: String,
}

/// One's own account. Whoever sends a token has none.
#[utoipa::path(
    get, path = "/account", tag = "accounts",
    responses(
        (status = 200, body = AccountView, headers(("ETag", description = "Its version"))),
        (status = 404, description = "Whoever asks has no account.", body = Problem)
    )
)]
pub async fn show(State(api): Shared, Caller(caller): Caller) -> Result<Shown, Problem> {
    accounts::shown(&api, own(caller)?)
}

/// Changes one's own account.
#[utoipa::path(
    patch, path = "/account", tag = "accounts",
    params(IfMatch),
    request_body = OwnChange,
    responses(
        (status = 200, body = AccountView, headers(("ETag", description = "Its version"))),
        (status = 404, description = "Whoever asks has no account.", body = Problem)
    )
)]
pub async fn change(
    State(api): Shared,
    Caller(caller): Caller,
    Seen(seen): Seen,
    Body(body): Body<OwnChange>,
) -> Result<Shown, Problem> {
    let id = own(caller)?;
    let language = body.language.map(|language| profile::language(Some(&language))).transpose();
    let language = language.map_err(|invalid| Problem::invalid(vec![invalid]))?;
    let changes = language.map(Change::Language).into_iter().collect();
    accounts::order(&api, caller.actor(), id, seen, Command::Change(changes)).await?;
    accounts::shown(&api, id)
}

/// Sets one's own password. All other sessions of the account end; the answer sets a new cookie.
#[utoipa::path(
    put, path = "/account/password", tag = "accounts",
    request_body = PasswordBody,
    responses(
        (status = 204),
        (status = 404, description = "Whoever asks has no account.", body = Problem),
        (status = 409, description = "The present password is another.", body = Problem),
        (status = 429, description = "It was tried too often.", body = Problem)
    )
)]
pub async fn set_password(
    State(api): Shared,
    Caller(caller): Caller,
    peer: Peer,
    Body(body): Body<PasswordBody>,
) -> Result<Response, Problem> {
    let id = own(caller)?;
    let (_, Json(account)) = accounts::shown(&api, id)?;
    let new = Password::read("new", &body.new, &account.name);
    let new = new.map_err(|invalid| Problem::invalid(vec![invalid]))?;
    let changed = api.entry.change_password(id, &body.present, new, peer.address).await;
    let cookie = changed.map_err(|denied| Problem::kept_password(&denied))?;
    Ok((StatusCode::NO_CONTENT, [(axum::http::header::SET_COOKIE, cookie)]).into_response())
}

/// The account of whoever asks.
fn own(caller: session::Caller) -> Result<AccountId, Problem> {
    match caller.who {
        Who::Account(id) => Ok(id),
        Who::Token(_) => Err(none()),
    }
}

fn none() -> Problem {
    Problem::absent(Thing::Account, "of a token")
}
