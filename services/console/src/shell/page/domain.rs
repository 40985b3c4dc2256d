//! `/domains/{id}`: one domain in full, and what can be done to it.

pub mod acts;
pub mod drawing;
pub mod evidence;
pub mod options;

use std::sync::Arc;

use askama::Template;
use axum::{Json, Router, extract::State, response::Response, routing::get};
use serde::Deserialize;

use self::{drawing::Drawn, evidence::Fact};
use super::{
    frame::{self, Frame, Section},
    sent::form,
    silencing::Draft,
    viewer::Viewer,
};
use crate::{
    domain::{board::domains::Row, language::Language},
    shell::http::{
        Api, Shared,
        anomalies::{self, AnomalyParams},
        chain,
        domain::{self, DomainDetail},
        events::PageParams,
        evidence::CaseView,
        explain::{self, ExplainParams, ExplanationView},
        extract::{Params, Path},
        history::{self, MomentView},
        paging::Page,
        problem::Problem,
        view::{self, AnomalyOfDomain, AnomalyView},
    },
};

/// Moments of the log on one page.
const LOG_SHOWN: usize = 30;
/// Events that are explained on one page.
const TOLD_SHOWN: usize = 10;
/// Anomalies that are over on the page; the others are on that of the anomalies.
const CLOSED_SHOWN: usize = 10;

/// Where in the lists of the page somebody looks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    log: Option<String>,
    told: Option<String>,
    notice: Option<String>,
}

/// The page.
#[derive(Template)]
#[template(path = "domain.html")]
struct Domain {
    frame: Frame,
    seen: DomainDetail,
    wrong: Vec<Wrong>,
    chains: Vec<Drawn>,
    closed: Vec<AnomalyOfDomain>,
    log: Page<MomentView>,
    told: ExplanationView,
    silence: Draft,
    acknowledging: acts::Acknowledging,
}

/// Something that is wrong, and why it is.
struct Wrong {
    anomaly: AnomalyView,
    facts: Vec<Fact>,
    /// Whether what is missing can be downloaded.
    is_missing: bool,
}

/// Where a domain is.
const PATH: &str = "/domains/{id}";

/// One domain, and what can be done to it.
pub(super) fn router() -> Router<Arc<Api>> {
    Router::new()
        .route(PATH, get(show))
        .merge(form("/domains/{id}/acknowledge", PATH, acts::acknowledge))
        .merge(form("/domains/{id}/disable", PATH, acts::disable))
        .merge(form("/domains/{id}/enable", PATH, acts::enable))
        .route("/domains/{id}/missing.pem", get(missing))
        .route("/domains/{id}/options", get(options::show).post(options::save))
        .merge(form("/domains/{id}/remove", PATH, acts::remove))
        .merge(form("/domains/{id}/scan", PATH, acts::scan))
}

async fn show(
    State(api): Shared,
    viewer: Viewer,
    Path(key): Path<String>,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    shown(&api, &viewer, &key, wanted, Tried::default()).await
}

/// What somebody tried on the page, and what is wrong with it.
#[derive(Default)]
pub(super) struct Tried {
    pub(super) silence: Draft,
    pub(super) acknowledging: acts::Acknowledging,
}

/// Shows a domain.
pub(super) async fn shown(
    api: &Arc<Api>,
    viewer: &Viewer,
    key: &str,
    wanted: Wanted,
    tried: Tried,
) -> Result<Response, Problem> {
    let row = api.look(|board| view::named(board, key).cloned())?;
    let (detail, log, told, closed) = tokio::try_join!(
        domain::detail(api, &row),
        log(api, &row, wanted.log.clone(), viewer.language),
        told(api, &row, wanted.told.clone(), viewer.language),
        closed(api, &row),
    )?;
    let mut seen = domain::shown(api, &row, &detail);
    let title = seen.domain.name.clone();
    let frame = Frame::new(api, viewer, Section::Domains, title);
    let frame = frame.noting(wanted.notice.as_deref());
    let chains = drawing::all(&seen, &frame);
    let wrong = wrong(&mut seen, &frame);
    let Tried { silence, acknowledging } = tried;
    let page = Domain { frame, seen, wrong, chains, closed, log, told, silence, acknowledging };
    Ok(frame::answer(&page))
}

fn wrong(seen: &mut DomainDetail, frame: &Frame) -> Vec<Wrong> {
    let anomalies = std::mem::take(&mut seen.domain.anomalies).into_iter();
    anomalies
        .map(|anomaly| {
            let evidence = seen.evidence.iter().find(|one| one.kind == anomaly.kind);
            let case = evidence.and_then(|one| one.evidence.case.as_ref());
            Wrong {
                is_missing: matches!(case, Some(CaseView::MissingIssuer { .. })),
                facts: evidence
                    .map(|one| evidence::facts(&one.evidence, frame))
                    .unwrap_or_default(),
                anomaly,
            }
        })
        .collect()
}

async fn log(
    api: &Api,
    row: &Row,
    cursor: Option<String>,
    language: Language,
) -> Result<Page<MomentView>, Problem> {
    let params = PageParams { limit: Some(LOG_SHOWN), cursor };
    history::log_in(api, &row.id.to_string(), &params, language).await
}

async fn told(
    api: &Api,
    row: &Row,
    cursor: Option<String>,
    language: Language,
) -> Result<ExplanationView, Problem> {
    let params = ExplainParams { limit: Some(TOLD_SHOWN), cursor, ..ExplainParams::default() };
    explain::explain_in(api, &row.id.to_string(), &params, language).await
}

async fn closed(api: &Arc<Api>, row: &Row) -> Result<Vec<AnomalyOfDomain>, Problem> {
    let params = AnomalyParams {
        state: Some("closed".to_owned()),
        domain: Some(row.id.to_string()),
        limit: Some(CLOSED_SHOWN),
        ..AnomalyParams::default()
    };
    let closed = anomalies::list(State(Arc::clone(api)), Params(params)).await;
    closed.map(|Json(page)| page.items)
}

/// The certificates that the server lacks, ready to be deployed.
async fn missing(
    State(api): Shared,
    _viewer: Viewer,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    chain::missing(State(api), Path(key)).await
}

/// The colour of what a rule does to news.
fn effect(effect: &str) -> &'static str {
    match effect {
        "tells" => "good",
        "holds" => "warning",
        _ => "critical",
    }
}

/// The colour of what became of a message.
fn fate(fate: &str) -> &'static str {
    match fate {
        "told" => "good",
        "waits" => "warning",
        _ => "",
    }
}
