//! `/domains`: the list, and the same as CSV.

use std::convert::Infallible;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use proto::v1::{Kind, Severity, State as DomainState};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api, Shared,
    extract::Params,
    paging::{self, Page},
    problem::Problem,
    view::DomainView,
};
use crate::domain::{
    board::query::{Direction, Filter, Query, Sort},
    export,
    inventory::{Invalid, domain::Domain},
    want::{Asked, Want},
};

/// Bytes of a text that is searched for: no host is longer.
const TEXT_LEN_MAX: usize = 253;
/// Domains that are exported with one look at the board.
const EXPORTED_AT_ONCE: usize = 500;
/// Bytes of an issuer that is searched for: a long name, every part of it written out.
const ISSUER_LEN_MAX: usize = 1_000;

/// Which domains, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Only in this state: `enabling`, `secure`, `abnormal`, `enable_failed`, `unknown`,
    /// `disabled`.
    pub state: Option<String>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only whose host contains this text.
    pub text: Option<String>,
    /// Only whose certificate was issued by a name that contains this text, such as
    /// `Let's Encrypt`.
    pub issuer: Option<String>,
    /// Only with an open anomaly of this kind, such as `expired`.
    pub kind: Option<String>,
    /// Only with an open anomaly of this severity or above: `info`, `warning`, `critical`.
    pub severity: Option<String>,
    /// Only whose certificate that expires first does so at this instant or later.
    pub expires_from: Option<Timestamp>,
    /// Only whose certificate that expires first does so before this instant.
    pub expires_before: Option<Timestamp>,
    /// `name` (default), `expires`, `state` (what needs a look first) or `added`; with `-` before
    /// it from the other end.
    pub sort: Option<String>,
    /// Items of the page, 1 to 1000. Default 100.
    pub limit: Option<usize>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

/// The domains, a page at a time.
#[utoipa::path(
    get, path = "/domains", tag = "domains",
    params(ListParams),
    responses((status = 200, body = Page<DomainView>))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<DomainView>>, Problem> {
    let query = query(&params)?;
    let now = api.context.clock.now();
    Ok(Json(api.look(|board| {
        let page = board.domains().page(&query);
        Page {
            items: page.rows.iter().map(|row| DomainView::of(row, board, now)).collect(),
            next: page.next.as_deref().map(paging::written),
            total: Some(page.total),
        }
    })))
}

fn query(params: &ListParams) -> Result<Query, Problem> {
    let (sort, direction) = match params.sort.as_deref() {
        None => (Sort::Name, Direction::Ascending),
        Some(text) => sort(text).map_err(|invalid| Problem::invalid(vec![invalid]))?,
    };
    Ok(Query {
        filter: filter(params).map_err(Problem::invalid)?,
        sort,
        direction,
        after: paging::read(params.cursor.as_deref())?.map(Into::into),
        limit: paging::limit(params.limit)?,
    })
}

fn sort(text: &str) -> Result<(Sort, Direction), Invalid> {
    let (name, direction) = match text.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (text, Direction::Ascending),
    };
    let found = Sort::ALL.into_iter().find(|sort| sort.token() == name);
    let want = Asked::SortBy(Sort::ALL.map(Sort::token).to_vec());
    found.map(|sort| (sort, direction)).ok_or_else(|| Invalid::new("sort", text, want))
}

fn filter(params: &ListParams) -> Result<Filter, Vec<Invalid>> {
    let mut mistakes = Vec::new();
    let filter = Filter {
        state: token(
            "state",
            params.state.as_deref(),
            DomainState::ALL,
            DomainState::token,
            &mut mistakes,
        ),
        kind: token("kind", params.kind.as_deref(), Kind::ALL, Kind::token, &mut mistakes),
        severity: token(
            "severity",
            params.severity.as_deref(),
            Severity::ALL,
            Severity::token,
            &mut mistakes,
        ),
        tag: params.tag.clone(),
        text: searched(params.text.as_deref()),
        issuer: searched(params.issuer.as_deref()),
        expires: match (params.expires_from, params.expires_before) {
            (None, None) => None,
            (from, before) => {
                Some(from.unwrap_or(Timestamp::MIN)..before.unwrap_or(Timestamp::MAX))
            }
        },
    };
    for (field, text, max) in
        [("text", &filter.text, TEXT_LEN_MAX), ("issuer", &filter.issuer, ISSUER_LEN_MAX)]
    {
        if let Some(text) = text.as_ref().filter(|text| text.len() > max) {
            mistakes.push(Invalid::new(field, text, Want::Bytes(max)));
        }
    }
    if mistakes.is_empty() { Ok(filter) } else { Err(mistakes) }
}

/// A text that is searched for; an empty one is none.
fn searched(text: Option<&str>) -> Option<String> {
    text.map(str::to_lowercase).filter(|text| !text.is_empty())
}

/// The value whose token stands in a field, among all there are.
pub(super) fn token<T: Copy>(
    field: &str,
    text: Option<&str>,
    all: &[T],
    spelled: impl Fn(T) -> &'static str,
    mistakes: &mut Vec<Invalid>,
) -> Option<T> {
    let text = text?;
    let found = all.iter().copied().find(|value| spelled(*value) == text);
    if found.is_none() {
        let tokens = all.iter().map(|value| spelled(*value)).collect();
        mistakes.push(Invalid::new(field, text, Want::OneOf(tokens)));
    }
    found
}

const CSV: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/csv; charset=utf-8");

/// Which domains, all of them, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// Only in this state.
    state: Option<String>,
    /// Only with this tag.
    tag: Option<String>,
    /// Only whose host contains this text.
    text: Option<String>,
    /// Only whose certificate was issued by a name that contains this text.
    issuer: Option<String>,
    /// Only with an open anomaly of this kind.
    kind: Option<String>,
    /// Only with an open anomaly of this severity or above.
    severity: Option<String>,
    /// Only whose certificate that expires first does so at this instant or later.
    expires_from: Option<Timestamp>,
    /// Only whose certificate that expires first does so before this instant.
    expires_before: Option<Timestamp>,
    /// As in the list.
    sort: Option<String>,
}

impl From<ExportParams> for ListParams {
    fn from(params: ExportParams) -> Self {
        let ExportParams {
            state,
            tag,
            text,
            issuer,
            kind,
            severity,
            expires_from,
            expires_before,
            sort,
        } = params;
        Self {
            state,
            tag,
            text,
            issuer,
            kind,
            severity,
            expires_from,
            expires_before,
            sort,
            limit: None,
            cursor: None,
        }
    }
}

/// Every domain that the filter takes, in the order of the list, as CSV that can be imported again.
#[utoipa::path(
    get, path = "/domains.csv", tag = "domains",
    params(ExportParams),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
pub async fn export(
    State(api): Shared,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let begun = Query { limit: EXPORTED_AT_ONCE, ..query(&params.into())? };
    let head = stream::iter([Ok::<_, Infallible>(export::head())]);
    let lines = stream::unfold((api, Some(begun)), async |(api, query)| {
        let (lines, next) = part(&api, query?);
        // Whoever asks meanwhile need not wait for the last line.
        tokio::task::yield_now().await;
        Some((Ok(lines), (api, next)))
    });
    let attachment = (header::CONTENT_DISPOSITION, "attachment; filename=\"domains.csv\"");
    let body = Body::from_stream(head.chain(lines));
    Ok((StatusCode::OK, [CSV, attachment], body).into_response())
}

/// Lines of some domains, and what to ask for next. Only copied under the board's lock, and a few
/// at a time: the first line leaves at once, and nobody waits for the last.
fn part(api: &Api, query: Query) -> (String, Option<Query>) {
    let (domains, next) = api.look(|board| {
        let page = board.domains().page(&query);
        let domains: Vec<Domain> = page.rows.iter().map(|row| row.ordered.entity.clone()).collect();
        (domains, page.next)
    });
    let next = next.map(|after| Query { after: Some(after), ..query });
    (export::lines(&domains), next)
}

/// What a CSV file for import looks like.
#[utoipa::path(
    get, path = "/domains/template.csv", tag = "domains",
    responses((status = 200, body = String, content_type = "text/csv"))
)]
pub async fn template() -> Response {
    let attachment = (header::CONTENT_DISPOSITION, "attachment; filename=\"template.csv\"");
    (StatusCode::OK, [CSV, attachment], export::template()).into_response()
}
