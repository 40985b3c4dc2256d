//! `/system/key`: the key that seals secrets. For administrators only.

use axum::{Json, extract::State, http::StatusCode};
use chassis::seal::SealError;
use proto::subject::Entity;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, Shared, extract::Caller, problem::Problem};
use crate::{
    domain::{
        board::Board,
        inventory::{
            Actor,
            key::{Command, Key},
        },
        refusal::Refusal,
    },
    shell::{resealing, store::Order},
};

/// Names of what still needs a key that one refusal carries.
const NAMED_MAX: usize = 20;

/// What was sealed anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "resealed": 3 }))]
pub struct Rotated {
    /// How many accounts and contacts.
    pub resealed: usize,
}

/// Puts a fresh key in front of the key file, and seals with it what older keys sealed: the
/// addresses of robots, and the hashes of passwords. The older keys stay and still open.
///
/// Every process that has the same file follows it. Where other hosts have copies of it, copy it
/// there at once. Can be asked again if it was interrupted: what is sealed with the newest key is
/// left as it is.
#[utoipa::path(
    post, path = "/system/key/rotate", tag = "system",
    responses((status = 200, body = Rotated))
)]
pub async fn rotate(State(api): Shared, Caller(caller): Caller) -> Result<Json<Rotated>, Problem> {
    api.seal.rotate().map_err(|error| Problem::seal(&error))?;
    note(&api, caller.actor(), Command::Rotate).await?;
    let resealed = reseal(&api, caller.actor()).await?;
    Ok(Json(Rotated { resealed }))
}

/// Takes all keys but the newest out of the key file, unless something still needs one: what that
/// is, is named. Sessions and links that an older key sealed end.
#[utoipa::path(
    post, path = "/system/key/retire", tag = "system",
    responses(
        (status = 204),
        (status = 409, description = "Something still needs an older key.", body = Problem)
    )
)]
pub async fn retire(State(api): Shared, Caller(caller): Caller) -> Result<StatusCode, Problem> {
    let needed = || {
        let stale = api.look(|board| resealing::stale(board, &api.seal));
        let names = stale.iter().take(NAMED_MAX).map(resealing::Stale::name).collect();
        (!stale.is_empty()).then_some(Refusal::KeyNeeded { names, count: stale.len() })
    };
    if let Some(needed) = needed() {
        return Err(Problem::conflict(needed));
    }
    let kept = api.look(|board| resealing::sealed(board, &api.seal));
    match api.seal.retire(kept.iter().map(|sealed| &sealed[..])) {
        Ok(()) => {
            note(&api, caller.actor(), Command::Retire).await?;
            Ok(StatusCode::NO_CONTENT)
        }
        // Stored between the two looks.
        Err(SealError::StillNeeded { .. }) => {
            Err(needed().map_or_else(Problem::bug, Problem::conflict))
        }
        Err(error) => Err(Problem::seal(&error)),
    }
}

/// Puts on record what was done to the key.
async fn note(api: &Api, actor: Actor, command: Command) -> Result<(), Problem> {
    let known = api.look(Board::key);
    let order = Order::<Key> { entity: Entity::Key, known, seen: None, actor, command };
    api.store.carry_out(order).await.map(drop).map_err(Problem::of)
}

async fn reseal(api: &Api, actor: Actor) -> Result<usize, Problem> {
    let stale = api.look(|board| resealing::stale(board, &api.seal));
    let count = stale.len();
    for one in stale {
        resealing::reseal(&api.store, &api.seal, actor, one).await?;
    }
    Ok(count)
}
