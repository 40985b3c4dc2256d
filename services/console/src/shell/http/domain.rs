//! `/domains/{domain}`: one domain in full, its options, scan now, its events.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use proto::{
    stream, subject,
    v1::{LogRecord, ScanFact},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Api, Shared,
    acting::order,
    chain::ChainView,
    document::{DomainPath, IfMatch},
    evidence::{EndpointView, EvidenceView},
    extract::{self, Body, Caller, Path, Seen, etag},
    problem::Problem,
    settings::{self, SettingOfDomain},
    view::{self, DomainView, OptionsBody},
};
use crate::{
    domain::{
        board::{detail::Detail, domains::Row},
        inventory::{domain::Command, options::Options},
        refusal::Refusal,
    },
    shell::mirror,
};

/// One domain in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainDetail {
    /// As in the list.
    #[serde(flatten)]
    pub domain: DomainView,
    /// What its owner has set.
    pub options: OptionsBody,
    /// Who hears of it.
    pub setting: SettingOfDomain,
    /// Why each anomaly is one.
    pub evidence: Vec<KindEvidence>,
    /// What each address answered at the last look.
    pub seen: Vec<EndpointView>,
    /// The chains that were presented.
    pub chains: Vec<ChainView>,
    /// Set when the last look failed on our side, and says nothing about the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_failure: Option<String>,
}

/// Why an anomaly is one.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindEvidence {
    /// Of which kind.
    pub kind: &'static str,
    /// Why.
    pub evidence: EvidenceView,
}

/// One domain in full. `{domain}` is its id, or host and port as people write them.
#[utoipa::path(
    get, path = "/domains/{domain}", tag = "domains",
    params(DomainPath),
    responses(
        (
            status = 200,
            body = DomainDetail,
            headers(("ETag", description = "Version of what was ordered"))
        )
    )
)]
pub async fn show(State(api): Shared, Path(key): Path<String>) -> Result<Response, Problem> {
    let row = api.look(|board| view::named(board, &key).cloned())?;
    let detail = detail(&api, &row).await?;
    Ok((etag(row.ordered.version), Json(shown(&api, &row, &detail))).into_response())
}

/// What the log and the last look say of a domain.
///
/// # Errors
///
/// When the streams cannot be read.
pub(in crate::shell) async fn detail(api: &Api, row: &Row) -> Result<Detail, Problem> {
    let (log, fact) = (subject::log(&row.id), subject::fact(&row.id));
    let bus = &api.context.bus;
    let (log, fact) =
        tokio::try_join!(bus.load(&stream::LOG, &log, 0), bus.last(&stream::FACTS, &fact))
            .map_err(|error| Problem::bus(&error))?;
    let records: Vec<LogRecord> = log.iter().filter_map(mirror::read).collect();
    Ok(Detail::folded(&records, fact.as_ref().and_then(mirror::read::<ScanFact>)))
}

/// A domain in full.
pub(in crate::shell) fn shown(api: &Api, row: &Row, detail: &Detail) -> DomainDetail {
    let options = row.ordered.entity.options().map(Options::to_draft).unwrap_or_default();
    let fact = detail.fact.as_ref();
    let now = api.context.clock.now();
    let (domain, setting) =
        api.look(|board| (DomainView::of(row, board, now), settings::of_domain(board, &row.id)));
    DomainDetail {
        domain,
        options: options.into(),
        setting,
        evidence: detail
            .evidence
            .iter()
            .map(|(kind, evidence)| KindEvidence {
                kind: kind.token(),
                evidence: EvidenceView::of(evidence),
            })
            .collect(),
        seen: fact.map(|f| f.endpoints.iter().map(EndpointView::of).collect()).unwrap_or_default(),
        chains: detail.chains.keys().map(|id| ChainView::of(id, detail, now)).collect(),
        own_failure: fact.and_then(|fact| Some(fact.own_failure.as_ref()?.detail.clone())),
    }
}

/// Replaces the options of a domain as a whole.
#[utoipa::path(
    put, path = "/domains/{domain}", tag = "domains",
    params(DomainPath, IfMatch),
    request_body = OptionsBody,
    responses((status = 200, body = DomainView))
)]
pub async fn replace(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
    Body(body): Body<OptionsBody>,
) -> Result<Response, Problem> {
    let row = api.look(|board| view::named(board, &key).cloned())?;
    let options = Options::read(&body.into()).map_err(Problem::invalid)?;
    ordered(&api, caller.actor(), &row, seen, Command::Change(options)).await
}

/// Changes some options of a domain: what is `null` has its default from then on, what is absent
/// stays as it is (RFC 7396).
#[utoipa::path(
    patch, path = "/domains/{domain}", tag = "domains",
    params(DomainPath, IfMatch),
    request_body(
        content = OptionsBody,
        example = json!({ "interval_seconds": 300, "owner_note": null })
    ),
    responses((status = 200, body = DomainView))
)]
pub async fn change(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
    Body(patch): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    let row = api.look(|board| view::named(board, &key).cloned())?;
    let options = Options::read(&patched(&row, patch)?.into()).map_err(Problem::invalid)?;
    // The patch was made upon this version: if another is there by now, it must be made anew.
    let seen = seen.unwrap_or(row.ordered.version);
    ordered(&api, caller.actor(), &row, Some(seen), Command::Change(options)).await
}

/// The options of a domain with a patch upon them.
fn patched(row: &Row, patch: Map<String, Value>) -> Result<OptionsBody, Problem> {
    let draft = row.ordered.entity.options().map(Options::to_draft).unwrap_or_default();
    let mut merged = serde_json::to_value(OptionsBody::from(draft)).unwrap_or_default();
    for (field, value) in patch {
        // No option is an object, so that a patch never goes deeper.
        merged[field.as_str()] = value;
    }
    if let Value::Object(fields) = &mut merged {
        fields.retain(|_, value| !value.is_null());
    }
    extract::json(merged.to_string().as_bytes())
}

/// Forgets a domain. Its log is kept, and goes on if it is added again.
#[utoipa::path(
    delete, path = "/domains/{domain}", tag = "domains",
    params(DomainPath, IfMatch),
    responses((status = 204))
)]
pub async fn remove(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
) -> Result<StatusCode, Problem> {
    let row = api.look(|board| view::named(board, &key).cloned())?;
    let stored =
        order(&api, caller.actor(), &row, seen, Command::Remove).await.map_err(Problem::of)?;
    api.store.shown(stored.version).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Looks at a domain again.
#[utoipa::path(
    post, path = "/domains/{domain}/enable", tag = "domains",
    params(DomainPath, IfMatch),
    responses((status = 200, body = DomainView))
)]
pub async fn enable(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
) -> Result<Response, Problem> {
    let row = api.look(|board| view::named(board, &key).cloned())?;
    ordered(&api, caller.actor(), &row, seen, Command::Enable).await
}

/// Looks at a domain no more, and keeps it.
#[utoipa::path(
    post, path = "/domains/{domain}/disable", tag = "domains",
    params(DomainPath, IfMatch),
    responses((status = 200, body = DomainView))
)]
pub async fn disable(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
) -> Result<Response, Problem> {
    let row = api.look(|board| view::named(board, &key).cloned())?;
    ordered(&api, caller.actor(), &row, seen, Command::Disable).await
}

async fn ordered(
    api: &Arc<Api>,
    actor: crate::domain::inventory::Actor,
    row: &Row,
    seen: Option<u64>,
    command: Command,
) -> Result<Response, Problem> {
    let stored = order(api, actor, row, seen, command).await.map_err(Problem::of)?;
    api.store.shown(stored.version).await;
    let now = api.context.clock.now();
    api.look(|board| {
        let row = view::named(board, &row.id.to_string())?;
        Ok((etag(row.ordered.version), Json(DomainView::of(row, board, now))).into_response())
    })
}

/// Looks at a domain now. The answer comes with `looked_at` of the domain, in seconds.
#[utoipa::path(
    post, path = "/domains/{domain}/scan", tag = "domains",
    params(DomainPath),
    responses(
        (status = 202, body = DomainView),
        (status = 409, description = "It does not fit to what is.", body = Problem)
    )
)]
pub async fn scan(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
) -> Result<(StatusCode, Json<DomainView>), Problem> {
    let now = api.context.clock.now();
    let (id, view) = api.look(|board| {
        view::named(board, &key).map(|row| (row.id, DomainView::of(row, board, now)))
    })?;
    if !view.enabled {
        return Err(Problem::conflict(Refusal::Disabled(view.name)));
    }
    api.mirror.live().ask(id, now);
    let asked = api.requests.scan_now(&id, caller.actor()).await;
    asked.map_err(|error| Problem::append(&error))?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}
