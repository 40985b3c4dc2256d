//! `/accounts/{account}/link`: lets somebody in who has no password.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use proto::id::{AccountId, LinkId};
use serde::Serialize;
use utoipa::ToSchema;

use super::named;
use crate::{
    domain::refusal::{Refusal, Slow},
    shell::{
        entry::link::Invitation,
        http::{
            Api, Shared,
            document::{AccountPath, IdempotencyKey},
            extract::{Caller, Key, Path},
            problem::Problem,
        },
    },
};

/// A one-time link. It is shown to whoever asked for it, and to nobody else.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkView {
    /// Where its owner sets the password. Whoever has it may.
    pub url: String,
    /// When it opens nothing any more.
    pub expires_at: Timestamp,
}

/// Makes a one-time link with which the owner of an account sets its password. Earlier links end
/// when it is used.
///
/// A repeat under the same `Idempotency-Key` answers the same link: it may read otherwise, and
/// whichever is followed, both are used up.
#[utoipa::path(
    post, path = "/accounts/{account}/link", tag = "accounts",
    params(AccountPath, IdempotencyKey),
    responses(
        (status = 201, body = LinkView),
        (
            status = 409,
            description = "The account is disabled, or the link was made before under this key and opens nothing any more.",
            body = Problem
        )
    )
)]
pub async fn make(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Key(repeatable): Key,
) -> Result<(StatusCode, Json<LinkView>), Problem> {
    let (id, actor) = (named(&api, &key)?, caller.actor());
    let place = format!("accounts/{id}/link");
    let repeated = repeatable.map(|repeatable| repeatable.id(actor, &place));
    let link = LinkId::from_bytes(repeated.unwrap_or_else(|| api.context.dice.bytes()));
    api.entry.invite(id, link, actor).await.map_err(Problem::of)?;
    let made = invitation(&api, id, link)?;
    let made = made.ok_or_else(|| Problem::conflict(Refusal::LinkOver))?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A link that was made for an account, unless it opens nothing any more.
pub(super) fn invitation(
    api: &Api,
    id: AccountId,
    link: LinkId,
) -> Result<Option<LinkView>, Problem> {
    let made = api.entry.invitation(id, link).map_err(|error| Problem::seal(&error))?;
    match made {
        Invitation::Holds(url, expires_at) => Ok(Some(LinkView { url: url.into(), expires_at })),
        Invitation::Over => Ok(None),
        Invitation::NotShown => Err(Problem::slow(Slow::Showing)),
    }
}
