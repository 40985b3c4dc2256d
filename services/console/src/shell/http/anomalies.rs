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
    board::{Board, watch::Closed},
    inventory::Invalid,
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
    let skip = paging::numbers::<1>(params.cursor.as_deref())?.map_or(0, |[n]| n);
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    api.look(|board| {
        let wanted = wanted(&params, board)?;
        match params.state.as_deref() {
            None | Some("open") => Ok(Json(open(board, &wanted, limit, skip))),
            Some("closed") => Ok(Json(closed(board, &wanted, limit, skip))),
            Some(other) => {
                Err(Problem::invalid(vec![Invalid::new("state", other, "one of open, closed")]))
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

fn open(board: &Board, wanted: &Wanted, limit: usize, skip: usize) -> Page<AnomalyOfDomain> {
    let found = || board.domains().open().filter(|(id, kind, bad)| wanted.takes(*id, *kind, *bad));
    let shown = found().enumerate().skip(skip).filter_map(|(at, (id, kind, _))| {
        board.domains().anomaly(&id, kind).map(|anomaly| (at, anomaly))
    });
    let page =
        paging::page(shown, limit, place, |(_, (row, a))| AnomalyOfDomain::open(a, row, board));
    Page { total: Some(found().count()), ..page }
}

fn closed(board: &Board, wanted: &Wanted, limit: usize, skip: usize) -> Page<AnomalyOfDomain> {
    let takes = |closed: &&Closed| {
        wanted.takes(closed.domain, closed.anomaly.kind, closed.anomaly.severity)
    };
    let closed = board.closed().filter(takes);
    let shown = closed.enumerate().skip(skip);
    paging::page(shown, limit, place, |(_, closed)| AnomalyOfDomain::closed(closed, board))
}

/// The place of the next item in the list.
fn place<T>((at, _): &(usize, T)) -> Vec<u8> {
    (*at as u64 + 1).to_be_bytes().to_vec()
}
