//! `/anomalies`: what is wrong, and what was.

use axum::{Json, extract::State};
use proto::{
    id::DomainId,
    v1::{Kind, Severity},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Shared,
    domains::token,
    extract::Params,
    paging::{self, Page},
    problem::Problem,
    view::{self, AnomalyOfDomain},
};
use crate::domain::{
    board::{Board, findings::Finding, watch::Closed},
    inventory::Invalid,
    want::Want,
};

/// Which anomalies.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AnomalyParams {
    /// `open` (default): what is wrong now, worst first. `closed`: what was, latest first, the last
    /// 10,000.
    pub state: Option<String>,
    /// Only of this domain: its id or name.
    pub domain: Option<String>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this severity or above.
    pub severity: Option<String>,
    /// Items of the page, 1 to 1000. Default 100.
    pub limit: Option<usize>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

struct Wanted {
    domain: Option<DomainId>,
    kind: Option<Kind>,
    severity: Option<Severity>,
}

impl Wanted {
    fn takes(&self, domain: DomainId, kind: Kind, severity: Severity) -> bool {
        self.domain.is_none_or(|want| want == domain)
            && self.kind.is_none_or(|want| want == kind)
            && self.severity.is_none_or(|least| severity >= least)
    }
}

/// What is wrong, or was.
#[utoipa::path(
    get, path = "/anomalies", tag = "anomalies",
    params(AnomalyParams),
    responses((status = 200, body = Page<AnomalyOfDomain>))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<AnomalyParams>,
) -> Result<Json<Page<AnomalyOfDomain>>, Problem> {
    let limit = paging::limit(params.limit)?;
    let cursor = params.cursor.as_deref();
    api.look(|board| {
        let wanted = wanted(&params, board)?;
        match params.state.as_deref() {
            None | Some("open") => {
                let behind = paging::place(cursor, Finding::read)?;
                Ok(Json(open(board, &wanted, limit, behind)))
            }
            Some("closed") => {
                let before = paging::numbers(cursor)?.map(|[at, place]| (at, place));
                Ok(Json(closed(board, &wanted, limit, before)))
            }
            Some(other) => {
                let want = Want::OneOf(vec!["open", "closed"]);
                Err(Problem::invalid(vec![Invalid::new("state", other, want)]))
            }
        }
    })
}

fn wanted(params: &AnomalyParams, board: &Board) -> Result<Wanted, Problem> {
    let mut mistakes = Vec::new();
    let kind = token("kind", params.kind.as_deref(), Kind::ALL, Kind::token, &mut mistakes);
    let severity = params.severity.as_deref();
    let severity = token("severity", severity, Severity::ALL, Severity::token, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(Problem::invalid(mistakes));
    }
    let domain = params.domain.as_deref().map(|key| view::filtered(board, key)).transpose()?;
    Ok(Wanted { domain: domain.map(|row| row.id), kind, severity })
}

fn open(
    board: &Board,
    wanted: &Wanted,
    limit: usize,
    behind: Option<Finding>,
) -> Page<AnomalyOfDomain> {
    let domains = board.domains();
    let takes = |found: &&Finding| wanted.takes(found.domain, found.kind, found.severity());
    let shown = domains.open_behind(behind).filter(takes).filter_map(|found| {
        domains.anomaly(&found.domain, found.kind).map(|anomaly| (found, anomaly))
    });
    let view = |(_, (row, anomaly))| AnomalyOfDomain::open(anomaly, row, board);
    let page = paging::page(shown, limit, |(found, _)| found.write(), view);
    Page { total: Some(domains.open().filter(takes).count()), ..page }
}

fn closed(
    board: &Board,
    wanted: &Wanted,
    limit: usize,
    before: Option<(u64, u64)>,
) -> Page<AnomalyOfDomain> {
    let takes = |(_, closed): &((u64, u32), &Closed)| {
        wanted.takes(closed.domain, closed.anomaly.kind, closed.anomaly.severity)
    };
    let before = before
        .map_or((u64::MAX, u32::MAX), |(at, place)| (at, u32::try_from(place).unwrap_or(u32::MAX)));
    let shown = board.closed_before(before).filter(takes);
    let place = |((at, place), _): &((u64, u32), &Closed)| {
        [at.to_be_bytes(), u64::from(*place).to_be_bytes()].concat()
    };
    paging::page(shown, limit, place, |(_, closed)| AnomalyOfDomain::closed(closed, board))
}
