//! `/accounts`: who may sign in. For administrators only.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use proto::{id::AccountId, subject::Entity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Shared,
    document::AccountPath,
    extract::{Body, Caller, Path, Seen, etag},
    problem::Problem,
};
use crate::{
    domain::{
        board::{Board, Versioned},
        inventory::{
            Actor,
            account::{Account, Command, Profile, profile},
            token::Role,
        },
        language::Language,
    },
    shell::{entry::link::Unmade, store::Order},
};

/// Accounts there may be: they are listed in one answer.
const ACCOUNTS_MAX: usize = 1_000;

/// An account, without anything that opens it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    pub id: String,
    /// What its owner signs in with.
    pub name: String,
    /// `viewer`, `editor` or `admin`.
    pub role: &'static str,
    /// `en` or `zh-CN`. Absent: what the browser asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'static str>,
    /// Whether nobody may sign in with it.
    pub disabled: bool,
    /// Whether a password was set: until then its owner has only the link.
    pub has_password: bool,
    /// When somebody last signed in with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_in_at: Option<Timestamp>,
}

impl AccountView {
    /// Shows an account, unless it was removed.
    pub fn of(id: AccountId, account: &Account) -> Option<Self> {
        let profile = account.profile()?;
        Some(Self {
            id: id.to_string(),
            name: profile.name.clone(),
            role: profile.role.token(),
            language: profile.language.map(Language::tag),
            disabled: profile.disabled,
            has_password: account.sealed_hash().is_some(),
            signed_in_at: account.signed_in_at(),
        })
    }
}

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "ada@example.com", "role": "editor" }))]
pub struct AccountBody {
    /// What its owner signs in with: letters, digits, `.`, `-`, `_`, `@`, `+`.
    pub name: String,
    /// `viewer`, `editor` or `admin`.
    pub role: String,
    /// `en` or `zh-CN`. Absent: what the browser asks for.
    #[serde(default)]
    pub language: Option<String>,
}

/// What is to be changed of an account. What is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({ "role": "viewer" }))]
pub struct AccountChange {
    /// `viewer`, `editor` or `admin`.
    pub role: Option<String>,
    /// Whether nobody may sign in with it. Its sessions end.
    pub disabled: Option<bool>,
}

/// A new account, and the link that sets its password.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedAccount {
    /// The account.
    #[serde(flatten)]
    pub account: AccountView,
    /// The link for its owner.
    pub link: LinkView,
}

/// A one-time link, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkView {
    /// Where its owner sets the password. Whoever has it may.
    pub url: String,
    /// When it opens nothing any more.
    pub expires_at: Timestamp,
}

/// The accounts, by their ids.
#[utoipa::path(
    get, path = "/accounts", tag = "accounts",
    responses((status = 200, body = Vec<AccountView>))
)]
pub async fn list(State(api): Shared) -> Json<Vec<AccountView>> {
    let shown = |(id, kept): (AccountId, &Versioned<Account>)| AccountView::of(id, &kept.entity);
    Json(api.look(|board| board.accounts().filter_map(shown).collect()))
}

/// Adds an account, and makes a one-time link with which its owner sets the password.
#[utoipa::path(
    post, path = "/accounts", tag = "accounts",
    request_body = AccountBody,
    responses(
        (status = 201, body = AddedAccount),
        (status = 409, description = "The name is taken.", body = Problem),
        (status = 429, description = "There are too many already.", body = Problem)
    )
)]
pub async fn add(
    State(api): Shared,
    Caller(caller): Caller,
    Body(body): Body<AccountBody>,
) -> Result<(StatusCode, Json<AddedAccount>), Problem> {
    if api.look(|board| board.accounts().count()) >= ACCOUNTS_MAX {
        let detail = format!("there are {ACCOUNTS_MAX} accounts already: remove one");
        return Err(Problem::full(detail));
    }
    let profile = Profile::read(&body.name, &body.role, body.language.as_deref());
    let profile = profile.map_err(Problem::invalid)?;
    let id = profile.id();
    order(&api, caller.actor(), id, None, Command::Add(profile)).await?;
    let link = invited(&api, caller.actor(), id).await?;
    let (account, _) = shown(&api, id)?;
    Ok((StatusCode::CREATED, Json(AddedAccount { account, link })))
}

/// An account.
#[utoipa::path(
    get, path = "/accounts/{account}", tag = "accounts",
    params(AccountPath),
    responses((status = 200, body = AccountView))
)]
pub async fn show(
    State(api): Shared,
    Path(key): Path<String>,
) -> Result<([(axum::http::HeaderName, String); 1], Json<AccountView>), Problem> {
    let (view, version) = shown(&api, named(&api, &key)?)?;
    Ok((etag(version), Json(view)))
}

/// Changes role and standing of an account. The last of role `admin` that may be used stays so.
#[utoipa::path(
    patch, path = "/accounts/{account}", tag = "accounts",
    params(AccountPath, ("If-Match" = Option<String>, Header, description = "The `ETag` that was seen")),
    request_body = AccountChange,
    responses(
        (status = 200, body = AccountView),
        (status = 409, description = "It does not fit to what is.", body = Problem),
        (status = 412, description = "It has changed since it was seen.", body = Problem)
    )
)]
pub async fn change(
    State(api): Shared,
    Caller(caller): Caller,
    Seen(seen): Seen,
    Path(key): Path<String>,
    Body(body): Body<AccountChange>,
) -> Result<Json<AccountView>, Problem> {
    let id = named(&api, &key)?;
    let known = api.look(|board| board.account(&id)?.entity.profile().cloned());
    let known = known.ok_or_else(|| Problem::absent("account", &key))?;
    let role = body.role.as_deref().map(Role::read).transpose();
    let role = role.map_err(|invalid| Problem::invalid(vec![invalid]))?;
    let profile = Profile {
        role: role.unwrap_or(known.role),
        disabled: body.disabled.unwrap_or(known.disabled),
        ..known
    };
    if profile.role < Role::Admin || profile.disabled {
        api.look(|board| spared(id, board))?;
    }
    order(&api, caller.actor(), id, seen, Command::Change(profile)).await?;
    Ok(Json(shown(&api, id)?.0))
}

/// Removes an account: nobody may sign in with it, and its sessions end. The last of role `admin`
/// that may be used is kept.
#[utoipa::path(
    delete, path = "/accounts/{account}", tag = "accounts",
    params(AccountPath),
    responses(
        (status = 204),
        (status = 409, description = "It does not fit to what is.", body = Problem)
    )
)]
pub async fn remove(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = named(&api, &key)?;
    api.look(|board| spared(id, board))?;
    order(&api, caller.actor(), id, None, Command::Remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a one-time link with which the owner of an account sets its password. Earlier links end
/// when it is used.
#[utoipa::path(
    post, path = "/accounts/{account}/link", tag = "accounts",
    params(AccountPath),
    responses((status = 201, body = LinkView))
)]
pub async fn link(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
) -> Result<(StatusCode, Json<LinkView>), Problem> {
    let id = named(&api, &key)?;
    Ok((StatusCode::CREATED, Json(invited(&api, caller.actor(), id).await?)))
}

/// Ends all sessions and links of an account.
#[utoipa::path(
    delete, path = "/accounts/{account}/sessions", tag = "accounts",
    params(AccountPath),
    responses((status = 204))
)]
pub async fn end_sessions(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = named(&api, &key)?;
    order(&api, caller.actor(), id, None, Command::EndSessions).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The account of an id or a name.
fn named(api: &Api, key: &str) -> Result<AccountId, Problem> {
    let of_name = || profile::name(key).ok().map(|name| profile::id(&name));
    let ids = [key.parse().ok(), of_name()].into_iter().flatten();
    let there = |id: &AccountId| {
        api.look(|board| board.account(id).is_some_and(|kept| kept.entity.profile().is_some()))
    };
    ids.into_iter().find(there).ok_or_else(|| Problem::absent("account", key))
}

/// Whether an administrator would be left without this account.
fn spared(id: AccountId, board: &Board) -> Result<(), Problem> {
    let admin = |kept: &Versioned<Account>| {
        kept.entity.active().is_some_and(|profile| profile.role == Role::Admin)
    };
    let is_one = board.account(&id).is_some_and(admin);
    let is_last = !board.accounts().any(|(other, kept)| other != id && admin(kept));
    if is_one && is_last {
        let detail = "it is the last account of role `admin` that may be used: add another first";
        return Err(Problem::conflict(detail));
    }
    Ok(())
}

async fn invited(api: &Api, actor: Actor, id: AccountId) -> Result<LinkView, Problem> {
    match api.entry.invite(id, actor).await {
        Ok((url, expires_at)) => Ok(LinkView { url: url.into(), expires_at }),
        Err(Unmade::Seal(error)) => Err(Problem::seal(&error)),
        Err(Unmade::Store(error)) => Err(Problem::of(error)),
    }
}

fn shown(api: &Api, id: AccountId) -> Result<(AccountView, u64), Problem> {
    let view = api.look(|board| {
        let kept = board.account(&id)?;
        Some((AccountView::of(id, &kept.entity)?, kept.version))
    });
    view.ok_or_else(|| Problem::slow("showing the account"))
}

/// Orders something of an account, and waits until it is shown.
pub(super) async fn order(
    api: &Arc<Api>,
    actor: Actor,
    id: AccountId,
    seen: Option<u64>,
    command: Command,
) -> Result<(), Problem> {
    let known = api.look(|board| board.account(&id).cloned()).unwrap_or_default();
    let order = Order::<Account> { entity: Entity::Account(id), known, seen, actor, command };
    api.store.carry_out(order).await.map(drop).map_err(Problem::of)
}
