//! `/contacts/{contact}/test`: tells a contact a test.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use proto::{
    id::{ContactId, DeliveryId, RequestId},
    v1::SendTest,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Shared,
    contacts::known,
    document::{ContactPath, IdempotencyKey},
    extract::{Caller, Creation, Path},
    problem::Problem,
};
use crate::domain::{
    inventory::{Actor, Invalid, contact::CHANNELS},
    want::Want,
};

/// Asks that a contact be told a test.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "method": "email" }))]
pub struct TestBody {
    /// `email`, `internal`, `dingtalk`, `wecom`, `feishu`, `lark`, `slack` or `webhook`.
    method: String,
}

/// A test that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestAsked {
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Id of its delivery, which is there once the notifier has heard of it.
    pub delivery_id: String,
}

/// Tells a contact a test, on the path of a real message. What the channel says is found in its
/// delivery.
#[utoipa::path(
    post, path = "/contacts/{contact}/test", tag = "contacts",
    request_body = TestBody,
    params(ContactPath, IdempotencyKey),
    responses((status = 202, body = TestAsked))
)]
pub async fn test(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    creation: Creation<TestBody>,
) -> Result<(StatusCode, Json<TestAsked>), Problem> {
    let (id, _) = known(&api, &key)?;
    let place = format!("contacts/{id}/test");
    let Creation { body: TestBody { method }, repeatable } = creation;
    let repeated = repeatable.map(|repeatable| repeatable.id_of_key(caller.actor(), &place));
    let request = RequestId::from_bytes(repeated.unwrap_or_else(|| api.context.dice.bytes()));
    let others = CHANNELS.into_iter().filter(|other| *other != method);
    let mut others = others.map(|other| delivery(request, id, other));
    if api.look(|board| others.any(|other| board.deliveries().get(&other).is_some())) {
        return Err(Problem::reused_key());
    }
    let asked = ask(&api, caller.actor(), &key, request, method).await?;
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

/// Asks that a contact be told a test.
pub(in crate::shell) async fn ask(
    api: &Api,
    actor: Actor,
    key: &str,
    request: RequestId,
    method: String,
) -> Result<TestAsked, Problem> {
    let (id, kept) = known(api, key)?;
    let reached = kept.entity.card().is_some_and(|card| card.is_reached_by(&method));
    if !reached {
        let invalid = Invalid::new("method", &method, Want::ReachingMethod);
        return Err(Problem::invalid(vec![invalid]));
    }
    let asked_at = api.context.clock.now();
    let delivery_id = delivery(request, id, &method).to_string();
    let test = SendTest { contact_id: id.to_string(), channel: method };
    let waiting = api.requests.send_test(request, test.clone(), actor).await;
    let waiting = waiting.map_err(|error| Problem::append(&error))?;
    if waiting.is_some_and(|waiting| waiting != test) {
        return Err(Problem::reused_key());
    }
    Ok(TestAsked { asked_at, delivery_id })
}

/// What the notifier calls the delivery of a test.
fn delivery(request: RequestId, contact: ContactId, method: &str) -> DeliveryId {
    DeliveryId::of(&request.to_string(), &contact, method, 0)
}
