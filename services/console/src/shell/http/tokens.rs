//! `/tokens`: who may use the API. For administrators only.

use axum::{Json, extract::State, http::StatusCode};
use proto::{id::TokenId, subject::Entity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Shared,
    document::{IdempotencyKey, TokenPath},
    events::PageParams,
    extract::{Caller, Creation, Params, Path},
    paging::{self, Page},
    problem::Problem,
    sparing,
};
use crate::{
    domain::{
        board::{Board, Versioned},
        inventory::token::{Command, Issued, Refusal, Role, Token},
        refusal::{Full, Thing},
        repeat::Identity,
    },
    shell::{
        session,
        store::{Order, StoreError},
    },
};

/// Tokens there may be: each request is compared with every one.
const TOKENS_MAX: usize = 100;

/// A token without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// Its id; not the token.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `viewer`, `editor` or `admin`.
    pub role: &'static str,
}

impl TokenView {
    fn of(id: TokenId, issued: &Issued) -> Self {
        Self { id: id.to_string(), name: issued.name.clone(), role: issued.role.token() }
    }
}

/// A new token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "deployment", "role": "editor" }))]
pub struct TokenBody {
    /// What people call it.
    pub name: String,
    /// `viewer`, `editor` or `admin`.
    pub role: String,
}

/// A token, with its secret this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedToken {
    /// The token without its secret.
    #[serde(flatten)]
    pub token: TokenView,
    /// What is sent in the header `Authorization: Bearer …`. Shown this once: only its hash is
    /// kept. Absent in the answer to a repeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// The tokens that open something.
#[utoipa::path(
    get, path = "/tokens", tag = "tokens",
    params(PageParams),
    responses((status = 200, body = Page<TokenView>))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<TokenView>>, Problem> {
    let limit = paging::limit(params.limit)?;
    let after = paging::read(params.cursor.as_deref())?.unwrap_or_default();
    Ok(Json(api.look(|board| {
        let shown = board.tokens().skip_while(|(id, _)| id.as_bytes().as_slice() <= &*after);
        let shown = shown.filter_map(|(id, kept)| Some((id, kept.entity.issued()?)));
        let view = |(id, issued): (TokenId, &Issued)| TokenView::of(id, issued);
        paging::page(shown, limit, |(id, _)| id.as_bytes().to_vec(), view)
    })))
}

/// Issues a token. Its secret is in the first answer alone: a repeat under the same
/// `Idempotency-Key` answers which token it was, without the secret. Whoever lost the first answer
/// revokes the token, and issues another under another key.
#[utoipa::path(
    post, path = "/tokens", tag = "tokens",
    params(IdempotencyKey),
    request_body = TokenBody,
    responses(
        (status = 200, description = "It was issued before. Its secret is not shown again.", body = IssuedToken),
        (status = 201, body = IssuedToken),
        (status = 409, description = "It was issued before, and is revoked.", body = Problem),
        (status = 429, description = "There are too many already.", body = Problem)
    )
)]
pub async fn issue(
    State(api): Shared,
    Caller(caller): Caller,
    creation: Creation<TokenBody>,
) -> Result<(StatusCode, Json<IssuedToken>), Problem> {
    let identity = api.look(|board| {
        let there = board.token_ids().map(|id| *id.as_bytes());
        creation.identity(caller.actor(), "tokens", there, &api.context.dice)
    })?;
    let id = match identity {
        Identity::New(id) => TokenId::from_bytes(id),
        Identity::Known(id) => return issued_before(&api, TokenId::from_bytes(id)),
    };
    if api.look(|board| board.tokens().count()) >= TOKENS_MAX {
        return Err(Problem::full(Full::Tokens(TOKENS_MAX)));
    }
    let body = creation.body;
    let secret = session::bearer::new_secret(&api.context.dice);
    let issued = Role::read(&body.role).and_then(|role| Issued::new(&body.name, role, &secret));
    let issued = issued.map_err(|invalid| Problem::invalid(vec![invalid]))?;
    let token = TokenView::of(id, &issued);
    let order = Order::<Token> {
        entity: Entity::Token(id),
        known: Versioned::default(),
        seen: None,
        actor: caller.actor(),
        command: Command::Issue(issued),
    };
    match api.store.carry_out(order).await {
        Ok(_) => Ok((StatusCode::CREATED, Json(IssuedToken { token, secret: Some(secret) }))),
        // The same order was carried out on another console a moment ago: an id says who asked
        // what under which key, so that name and role are those of this order.
        Err(StoreError::Refused(Refusal::Present)) => {
            Ok((StatusCode::OK, Json(IssuedToken { token, secret: None })))
        }
        Err(error) => Err(Problem::of(error)),
    }
}

/// A token that an earlier order of the same key issued.
fn issued_before(api: &Api, id: TokenId) -> Result<(StatusCode, Json<IssuedToken>), Problem> {
    let view = |board: &Board| Some(TokenView::of(id, board.token(&id)?.entity.issued()?));
    let token = api.look(view).ok_or(Refusal::Revoked)?;
    Ok((StatusCode::OK, Json(IssuedToken { token, secret: None })))
}

/// Revokes a token: it opens nothing from now on. The last one of role `admin` is kept.
#[utoipa::path(
    delete, path = "/tokens/{token}", tag = "tokens",
    params(TokenPath),
    responses(
        (status = 204),
        (status = 409, description = "It does not fit to what is.", body = Problem)
    )
)]
pub async fn revoke(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    let absent = || Problem::absent(Thing::Token, &key);
    let id: TokenId = key.parse().map_err(|_| absent())?;
    let known = api.look(|board| {
        let known = board.token(&id)?;
        Some((known.clone(), known.entity.issued()?.clone()))
    });
    sparing::revoke(&api, caller.actor(), id, known.ok_or_else(absent)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
