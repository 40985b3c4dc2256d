//! `/tokens`: who may use the API. For administrators only.

use axum::{Json, extract::State, http::StatusCode};
use proto::{id::TokenId, subject::Entity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Shared,
    document::TokenPath,
    extract::{Body, Caller, Path},
    problem::Problem,
};
use crate::{
    domain::{
        board::Versioned,
        inventory::token::{Command, Issued, Role, Token},
    },
    shell::{session, store::Order},
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
    /// kept.
    pub secret: String,
}

/// The tokens that open something.
#[utoipa::path(
    get, path = "/tokens", tag = "tokens",
    responses((status = 200, body = Vec<TokenView>))
)]
pub async fn list(State(api): Shared) -> Json<Vec<TokenView>> {
    Json(api.look(|board| {
        let tokens = board.tokens();
        tokens.filter_map(|(id, kept)| Some(TokenView::of(id, kept.entity.issued()?))).collect()
    }))
}

/// Issues a token.
#[utoipa::path(
    post, path = "/tokens", tag = "tokens",
    request_body = TokenBody,
    responses(
        (status = 201, body = IssuedToken),
        (status = 429, description = "There are too many already.", body = Problem)
    )
)]
pub async fn issue(
    State(api): Shared,
    Caller(caller): Caller,
    Body(body): Body<TokenBody>,
) -> Result<(StatusCode, Json<IssuedToken>), Problem> {
    if api.look(|board| board.tokens().count()) >= TOKENS_MAX {
        return Err(Problem::full(format!("there are {TOKENS_MAX} tokens already: revoke one")));
    }
    let secret = session::bearer::new_secret(&api.context.dice);
    let issued = Role::read(&body.role).and_then(|role| Issued::new(&body.name, role, &secret));
    let issued = issued.map_err(|invalid| Problem::invalid(vec![invalid]))?;
    let id = TokenId::from_bytes(api.context.dice.bytes());
    let token = TokenView::of(id, &issued);
    let order = Order::<Token> {
        entity: Entity::Token(id),
        known: Versioned::default(),
        seen: None,
        actor: caller.actor(),
        command: Command::Issue(issued),
    };
    api.store.carry_out(order).await.map_err(Problem::of)?;
    Ok((StatusCode::CREATED, Json(IssuedToken { token, secret })))
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
    let absent = || Problem::absent("token", &key);
    let id: TokenId = key.parse().map_err(|_| absent())?;
    let (known, other_admin) = api.look(|board| {
        let admin = |kept: &Versioned<Token>| {
            kept.entity.issued().is_some_and(|issued| issued.role == Role::Admin)
        };
        let other_admin = board.tokens().any(|(other, kept)| other != id && admin(kept));
        (board.token(&id).filter(|kept| kept.entity.issued().is_some()).cloned(), other_admin)
    });
    let known = known.ok_or_else(absent)?;
    if !other_admin {
        return Err(Problem::conflict("it is the last token of role `admin`: issue another first"));
    }
    let actor = caller.actor();
    let command = Command::Revoke;
    let order = Order::<Token> { entity: Entity::Token(id), known, seen: None, actor, command };
    api.store.carry_out(order).await.map_err(Problem::of)?;
    Ok(StatusCode::NO_CONTENT)
}
