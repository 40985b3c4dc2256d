//! `/contacts/{contact}/addresses/email/verification`: sends the link that verifies a mailbox.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api, Shared,
    contacts::known,
    document::ContactPath,
    extract::{Caller, Path},
    problem::Problem,
};
use crate::domain::{inventory::Actor, refusal::Refusal};

/// A link that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationAsked {
    /// When it was asked for. Its delivery, with cause `verification`, becomes due after it.
    pub asked_at: Timestamp,
    /// The mailbox that it goes to.
    pub address: String,
}

/// Sends a link to the mailbox of a contact: it is told nothing until somebody has followed the
/// link, within an hour.
///
/// A new mailbox is sent one by itself. What became of it is found in
/// `/deliveries?contact=…&cause=verification`.
#[utoipa::path(
    post, path = "/contacts/{contact}/addresses/email/verification", tag = "contacts",
    params(ContactPath),
    responses(
        (status = 202, body = VerificationAsked),
        (
            status = 409,
            description = "It has no mailbox, or one that is verified.",
            body = Problem
        ),
        (
            status = 429,
            description = "One was sent to this mailbox less than a minute ago.",
            body = Problem,
            headers(("Retry-After", description = "Seconds to wait"))
        )
    )
)]
pub async fn send(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
) -> Result<(StatusCode, Json<VerificationAsked>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(ask(&api, caller.actor(), &key).await?)))
}

/// Sends a link to the mailbox of a contact.
pub(in crate::shell) async fn ask(
    api: &Api,
    actor: Actor,
    key: &str,
) -> Result<VerificationAsked, Problem> {
    let (id, kept) = known(api, key)?;
    let card = kept.entity.card();
    let Some(address) = card.and_then(|card| card.unverified_email()) else {
        let has_mailbox = card.is_some_and(|card| card.email().is_some());
        let why = if has_mailbox { Refusal::VerifiedAlready } else { Refusal::NoMailbox };
        return Err(Problem::conflict(why));
    };
    let asked_at = api.context.clock.now();
    api.verifier.send(id, address, actor).await.map_err(Problem::of_link)?;
    let address = address.to_owned();
    Ok(VerificationAsked { asked_at, address })
}
