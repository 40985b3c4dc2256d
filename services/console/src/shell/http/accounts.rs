//! `/accounts`: who may sign in. For administrators only.

pub mod link;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use proto::{
    id::{AccountId, LinkId},
    subject::Entity,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::link::{LinkView, invitation};
use super::{
    Api, Shared,
    document::{AccountPath, IdempotencyKey, IfMatch},
    events::PageParams,
    extract::{Body, Caller, Creation, Params, Path, Seen, etag},
    paging::{self, Page},
    problem::Problem,
    sparing,
};
use crate::{
    domain::{
        board::{Board, Versioned},
        inventory::{
            Actor, Invalid,
            account::{ACCOUNTS_MAX, Account, Change, Command, Profile, profile},
            gathered,
            token::Role,
        },
        language::Language,
        refusal::{Full, Refusal, Slow, Thing},
        repeat::Identity,
    },
    shell::store::Order,
};

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
    /// Whether a password was set: until then its owner has only the link, or the provider.
    pub has_password: bool,
    /// Who its owner is to the `OpenID` provider: issuer and subject, with a space between.
    /// Absent: the first sign-in with a verified mail address that is the name will say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When somebody last signed in with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_in_at: Option<Timestamp>,
    /// Grows with each change, and each time somebody signs in or out.
    pub version: u64,
}

/// An account with its version in the header.
pub(in crate::shell) type Shown = ([(HeaderName, String); 1], Json<AccountView>);

impl AccountView {
    /// Shows an account, unless it was removed.
    pub fn of(id: AccountId, kept: &Versioned<Account>) -> Option<Self> {
        let account = &kept.entity;
        let profile = account.profile()?;
        Some(Self {
            id: id.to_string(),
            name: profile.name.clone(),
            role: profile.role.token(),
            language: profile.language.map(Language::tag),
            disabled: profile.disabled,
            has_password: account.sealed_hash().is_some(),
            subject: profile.subject.clone(),
            signed_in_at: account.signed_in_at(),
            version: kept.version,
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
    /// Who its owner is to the `OpenID` provider: issuer and subject, with a space between.
    /// Empty: nobody, until a sign-in with a verified mail address that is the name says so.
    pub subject: Option<String>,
}

/// A new account, and the link that sets its password.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedAccount {
    /// The account.
    #[serde(flatten)]
    pub account: AccountView,
    /// The link for its owner. Absent in the answer to a repeat, once it opens nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkView>,
}

/// The accounts, by their ids.
#[utoipa::path(
    get, path = "/accounts", tag = "accounts",
    params(PageParams),
    responses((status = 200, body = Page<AccountView>))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<AccountView>>, Problem> {
    let limit = paging::limit(params.limit)?;
    let after = paging::read(params.cursor.as_deref())?.unwrap_or_default();
    Ok(Json(api.look(|board| {
        let accounts = board.accounts().skip_while(|(id, _)| id.as_bytes().as_slice() <= &*after);
        let shown = accounts.filter_map(|(id, kept)| Some((id, AccountView::of(id, kept)?)));
        paging::page(shown, limit, |(id, _)| id.as_bytes().to_vec(), |(_, view)| view)
    })))
}

/// Adds an account, and makes a one-time link with which its owner sets the password.
///
/// A repeat under the same `Idempotency-Key` answers the account as it is by now, and the same
/// link: it may read otherwise, and whichever is followed, both are used up. Once the link was used
/// or has ended, the repeat lacks it.
#[utoipa::path(
    post, path = "/accounts", tag = "accounts",
    params(IdempotencyKey),
    request_body = AccountBody,
    responses(
        (status = 201, body = AddedAccount, headers(("ETag", description = "Its version"))),
        (
            status = 409,
            description = "The name is taken, or the account was added under this key and is removed since.",
            body = Problem
        ),
        (status = 429, description = "There are too many already.", body = Problem)
    )
)]
pub async fn add(
    State(api): Shared,
    Caller(caller): Caller,
    creation: Creation<AccountBody>,
) -> Result<Response, Problem> {
    let identity = api.look(|board| {
        let there = board.links_made().map(|id| *id.as_bytes());
        creation.identity(caller.actor(), "accounts", there, &api.context.dice)
    })?;
    let added = add_as(&api, identity, caller.actor(), &creation.body).await?;
    Ok((StatusCode::CREATED, etag(added.account.version), Json(added)).into_response())
}

/// Adds an account with a link of an id.
///
/// # Errors
///
/// When it is not allowed, or cannot be stored.
pub(in crate::shell) async fn add_as(
    api: &Api,
    identity: Identity,
    actor: Actor,
    body: &AccountBody,
) -> Result<AddedAccount, Problem> {
    let link = match identity {
        Identity::New(_) if api.look(|board| board.accounts().count()) >= ACCOUNTS_MAX => {
            return Err(Problem::full(Full::Accounts(ACCOUNTS_MAX)));
        }
        Identity::New(link) | Identity::Known(link) => LinkId::from_bytes(link),
    };
    let profile = Profile::read(&body.name, &body.role, body.language.as_deref());
    let profile = profile.map_err(Problem::invalid)?;
    let id = profile.id();
    api.entry.add(profile, link, actor).await.map_err(Problem::of)?;
    let (_, Json(account)) = shown(api, id)?;
    Ok(AddedAccount { account, link: invitation(api, id, link)? })
}

/// An account.
#[utoipa::path(
    get, path = "/accounts/{account}", tag = "accounts",
    params(AccountPath),
    responses((status = 200, body = AccountView, headers(("ETag", description = "Its version"))))
)]
pub async fn show(State(api): Shared, Path(key): Path<String>) -> Result<Shown, Problem> {
    shown(&api, named(&api, &key)?)
}

/// Changes role and standing of an account. The last of role `admin` that may be used stays so.
#[utoipa::path(
    patch, path = "/accounts/{account}", tag = "accounts",
    params(AccountPath, IfMatch),
    request_body = AccountChange,
    responses(
        (status = 200, body = AccountView, headers(("ETag", description = "Its version"))),
        (status = 409, description = "It does not fit to what is.", body = Problem)
    )
)]
pub async fn change(
    State(api): Shared,
    Caller(caller): Caller,
    Seen(seen): Seen,
    Path(key): Path<String>,
    Body(body): Body<AccountChange>,
) -> Result<Shown, Problem> {
    let id = named(&api, &key)?;
    let changes = body.changes().map_err(Problem::invalid)?;
    api.look(|board| {
        for change in &changes {
            match change {
                Change::Subject(Some(subject)) => unclaimed(subject, id, board)?,
                Change::Role(_)
                | Change::Disabled(_)
                | Change::Subject(None)
                | Change::Language(_) => {}
            }
        }
        Ok::<_, Problem>(())
    })?;
    sparing::change(&api, caller.actor(), id, seen, changes).await?;
    shown(&api, id)
}

/// Removes an account: nobody may sign in with it, and its sessions end. The last of role `admin`
/// that may be used is kept.
#[utoipa::path(
    delete, path = "/accounts/{account}", tag = "accounts",
    params(AccountPath, IfMatch),
    responses(
        (status = 204),
        (status = 409, description = "It does not fit to what is.", body = Problem)
    )
)]
pub async fn remove(
    State(api): Shared,
    Caller(caller): Caller,
    Seen(seen): Seen,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = named(&api, &key)?;
    sparing::remove(&api, caller.actor(), id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all sessions and links of an account.
#[utoipa::path(
    delete, path = "/accounts/{account}/sessions", tag = "accounts",
    params(AccountPath, IfMatch),
    responses((status = 204))
)]
pub async fn end_sessions(
    State(api): Shared,
    Caller(caller): Caller,
    Seen(seen): Seen,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = named(&api, &key)?;
    order(&api, caller.actor(), id, seen, Command::EndSessions).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl AccountChange {
    /// What is to be another.
    fn changes(&self) -> Result<Vec<Change>, Vec<Invalid>> {
        let mut mistakes = Vec::new();
        let role = self.role.as_deref().map(Role::read);
        let role = role.and_then(|role| gathered(role, &mut mistakes));
        let subject = self.subject.as_deref().map(profile::subject);
        let subject = subject.and_then(|subject| gathered(subject, &mut mistakes));
        let changes = [
            role.map(Change::Role),
            self.disabled.map(Change::Disabled),
            subject.map(Change::Subject),
        ];
        if mistakes.is_empty() {
            Ok(changes.into_iter().flatten().collect())
        } else {
            Err(mistakes)
        }
    }
}

/// The account of an id or a name.
fn named(api: &Api, key: &str) -> Result<AccountId, Problem> {
    let of_name = || profile::name(key).ok().map(|name| profile::id(&name));
    let ids = [key.parse().ok(), of_name()].into_iter().flatten();
    let there = |id: &AccountId| {
        api.look(|board| board.account(id).is_some_and(|kept| kept.entity.profile().is_some()))
    };
    ids.into_iter().find(there).ok_or_else(|| Problem::absent(Thing::Account, key))
}

/// Whether nobody else is this to the provider.
fn unclaimed(subject: &str, id: AccountId, board: &Board) -> Result<(), Problem> {
    let is_theirs = |kept: &Versioned<Account>| {
        kept.entity.profile().is_some_and(|profile| profile.subject.as_deref() == Some(subject))
    };
    if board.accounts().any(|(other, kept)| other != id && is_theirs(kept)) {
        return Err(Problem::conflict(Refusal::SubjectTaken));
    }
    Ok(())
}

/// An account as it is shown.
pub(in crate::shell) fn shown(api: &Api, id: AccountId) -> Result<Shown, Problem> {
    let view = api.look(|board| AccountView::of(id, board.account(&id)?));
    let view = view.ok_or_else(|| Problem::slow(Slow::Showing))?;
    Ok((etag(view.version), Json(view)))
}

/// Orders something of an account, and waits until it is shown.
pub(super) async fn order(
    api: &Api,
    actor: Actor,
    id: AccountId,
    seen: Option<u64>,
    command: Command,
) -> Result<(), Problem> {
    let known = api.look(|board| board.account(&id).cloned()).unwrap_or_default();
    let order = Order::<Account> { entity: Entity::Account(id), known, seen, actor, command };
    api.store.carry_out(order).await.map(drop).map_err(Problem::of)
}
