//! `/domains/{domain}/anomalies/{anomaly}/acknowledgement`: somebody has it in hand.

use axum::{Json, extract::State};
use proto::subject::Entity;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Shared,
    document::AnomalyPath,
    extract::{Body, Caller, Path},
    problem::Problem,
    view::{self, AnomalyOfDomain},
};
use crate::{
    domain::{
        board::{Board, domains::Row, watch::Anomaly},
        inventory::acknowledgement::{Acknowledged, Acknowledgements},
        refusal::Refusal,
    },
    shell::store::Order,
};

/// That somebody has an anomaly in hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Ordered a new one; it comes at noon." }))]
pub struct AcknowledgementBody {
    /// Why nobody need be reminded. At most 500 characters; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// Says that somebody has an open anomaly in hand.
///
/// Nobody is reminded of it and nobody else is told, until it is over, it is worse, or the
/// certificate changes.
#[utoipa::path(
    post, path = "/domains/{domain}/anomalies/{anomaly}/acknowledgement", tag = "anomalies",
    request_body = AcknowledgementBody,
    params(AnomalyPath),
    responses(
        (status = 200, body = AnomalyOfDomain),
        (status = 409, description = "It is not open.", body = Problem)
    )
)]
pub async fn acknowledge(
    State(api): Shared,
    Caller(caller): Caller,
    Path((key, anomaly)): Path<(String, String)>,
    Body(body): Body<AcknowledgementBody>,
) -> Result<Json<AnomalyOfDomain>, Problem> {
    let (id, severity, known) = api.look(|board| {
        let (row, anomaly) = open(board, &key, &anomaly)?;
        let known = board.acknowledgements(&row.id).cloned().unwrap_or_default();
        Ok::<_, Problem>((row.id, anomaly.severity, known))
    })?;
    let said = Acknowledged::new(&anomaly, severity, &body.reason);
    let order = Order::<Acknowledgements> {
        entity: Entity::Acknowledgement(id),
        known,
        seen: None,
        actor: caller.actor(),
        command: said.map_err(|invalid| Problem::invalid(vec![invalid]))?,
    };
    api.store.carry_out(order).await.map_err(Problem::of)?;
    api.look(|board| {
        let (row, anomaly) = open(board, &key, &anomaly)?;
        Ok(Json(AnomalyOfDomain::open(anomaly, row, board)))
    })
}

/// An open anomaly of a domain.
fn open<'b>(board: &'b Board, key: &str, id: &str) -> Result<(&'b Row, &'b Anomaly), Problem> {
    let row = view::named(board, key)?;
    let anomaly = row.watch.anomalies().iter().find(|anomaly| &*anomaly.id == id);
    let name = || row.place().host.with_port(row.place().port);
    let none = || Problem::conflict(Refusal::NoAnomaly(name()));
    Ok((row, anomaly.ok_or_else(none)?))
}
