//! What the buttons of a domain's page do.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    super::{
        form::{self, Submitted},
        mistakes::Mistakes,
        viewer,
        words::Words,
    },
    Tried, Wanted,
};
use crate::shell::http::{
    Shared,
    acknowledging::{self, AcknowledgementBody},
    domain,
    extract::{Body, Caller, Path, Seen},
    problem::Problem,
};

/// An acknowledgement that was refused.
#[derive(Debug, Default)]
pub(in super::super) struct Acknowledging {
    /// Id of the anomaly.
    pub(super) anomaly: String,
    /// What was typed.
    pub(super) reason: String,
    /// What is wrong with it.
    pub(super) mistakes: Mistakes,
}

/// Looks at the domain now.
pub(super) async fn scan(
    State(api): Shared,
    Path(key): Path<String>,
    submitted: Submitted,
) -> Result<Response, Problem> {
    let back = page_of(&key);
    let (_, Json(_)) = domain::scan(State(api), Caller(submitted.viewer.caller), Path(key)).await?;
    Ok(form::done(&back, "scan-asked"))
}

/// Looks at it again.
pub(super) async fn enable(
    State(api): Shared,
    Path(key): Path<String>,
    submitted: Submitted,
) -> Result<Response, Problem> {
    let back = page_of(&key);
    domain::enable(State(api), Caller(submitted.viewer.caller), Path(key), Seen(None)).await?;
    Ok(form::done(&back, "domain-enabled"))
}

/// Looks at it no more.
pub(super) async fn disable(
    State(api): Shared,
    Path(key): Path<String>,
    submitted: Submitted,
) -> Result<Response, Problem> {
    let back = page_of(&key);
    domain::disable(State(api), Caller(submitted.viewer.caller), Path(key), Seen(None)).await?;
    Ok(form::done(&back, "domain-disabled"))
}

/// Forgets it.
pub(super) async fn remove(
    State(api): Shared,
    Path(key): Path<String>,
    submitted: Submitted,
) -> Result<Response, Problem> {
    domain::remove(State(api), Caller(submitted.viewer.caller), Path(key), Seen(None)).await?;
    Ok(form::done("/domains", "domain-removed"))
}

/// Says that somebody has an anomaly in hand.
pub(super) async fn acknowledge(
    State(api): Shared,
    Path(key): Path<String>,
    Submitted { viewer, fields }: Submitted,
) -> Result<Response, Problem> {
    let back = viewer::local(fields.text("back")).map_or_else(|| page_of(&key), str::to_owned);
    let (anomaly, reason) = (fields.text("anomaly").to_owned(), fields.text("reason").to_owned());
    let said = acknowledging::acknowledge(
        State(Arc::clone(&api)),
        Caller(viewer.caller),
        Path((key.clone(), anomaly.clone())),
        Body(AcknowledgementBody { reason: reason.clone() }),
    );
    match said.await {
        Ok(_) => Ok(form::done(&back, "acknowledged")),
        Err(problem) if !problem.errors().is_empty() => {
            let mistakes = Mistakes::of_fields(&problem, Words(viewer.language));
            let acknowledging = Acknowledging { anomaly, reason, mistakes };
            let tried = Tried { acknowledging, ..Tried::default() };
            let page = super::shown(&api, &viewer, &key, Wanted::default(), tried).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

/// Where a domain is.
pub(in super::super) fn page_of(key: &str) -> String {
    // Percent-encoded again: it was decoded on its way here.
    let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
    format!("/domains/{key}")
}
