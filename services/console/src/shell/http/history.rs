//! `/domains/{domain}/events` and `/domains/{domain}/log`: what happened to one domain.

use std::{cmp::Reverse, time::Duration};

use axum::{Json, extract::State};
use futures::future::try_join_all;
use jiff::Timestamp;
use proto::{
    stream,
    subject::{self, About},
    v1::{Event, Kind, LogRecord},
};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{
    Api, Shared,
    document::DomainPath,
    events::{EventView, PageParams},
    extract::{Params, Path},
    paging::{self, Page},
    problem::Problem,
    view,
};
use crate::{
    domain::{
        inventory::domain::Place,
        language::Language,
        refusal::Slow,
        timeline::{self, Moment},
    },
    shell::mirror,
};

/// How long the events of one domain may take to read.
const EVENTS_WITHIN: Duration = Duration::from_secs(10);

/// The events of a domain, latest first: of each kind the last 64.
#[utoipa::path(
    get, path = "/domains/{domain}/events", tag = "domains",
    params(DomainPath, PageParams),
    responses((status = 200, body = Page<EventView>))
)]
pub async fn events(
    State(api): Shared,
    Path(key): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<EventView>>, Problem> {
    let limit = paging::limit(params.limit)?;
    let before = paging::numbers::<1>(params.cursor.as_deref())?.map_or(u64::MAX, |[n]| n);
    let events = of_domain(&api, &key).await?;
    let wanted = events.into_iter().filter(|(sequence, _)| *sequence < before);
    Ok(Json(paging::page(
        wanted,
        limit,
        |(sequence, _)| sequence.to_be_bytes().to_vec(),
        |(sequence, event)| EventView::of(sequence, &event),
    )))
}

/// The events of a domain that the stream keeps, latest first.
pub(super) async fn of_domain(api: &Api, key: &str) -> Result<Vec<(u64, Event)>, Problem> {
    let (id, place) = api.look(|board| {
        view::named(board, key).map(|row| (row.id.to_string(), row.place().clone()))
    })?;
    let mut events = timeout(EVENTS_WITHIN, kept(api, &place))
        .await
        .map_err(|_| Problem::slow(Slow::Events))??;
    events.retain(|(_, event)| event.domain_id == id);
    events.sort_unstable_by_key(|(sequence, _)| Reverse(*sequence));
    Ok(events)
}

/// All events that the stream keeps of a place. Asked for kind by kind: a bus finds a subject at
/// once, and a pattern by reading the whole stream.
async fn kept(api: &Api, place: &Place) -> Result<Vec<(u64, Event)>, Problem> {
    let about = About::Domain(place.host.clone(), place.port);
    let loads = Kind::ALL.iter().map(|kind| {
        let subject = subject::event(*kind, &about);
        async move { api.context.bus.load(&stream::EVENTS, &subject, 0).await }
    });
    let loaded = try_join_all(loads).await.map_err(|error| Problem::bus(&error))?;
    let messages = loaded.iter().flatten();
    Ok(messages.filter_map(|message| Some((message.sequence, mirror::read(message)?))).collect())
}

/// Something in the log of a domain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "sequence": 17, "at": "2026-11-22T21:05:00Z", "what": "anomaly_opened", "kind": "expired",
    "severity": "critical", "text": "The certificate expired at 2026-11-22 21:05 UTC."
}))]
pub struct MomentView {
    /// Its record in the stream of logs; several may share it.
    pub sequence: u64,
    /// When the detector decided it.
    pub at: Timestamp,
    /// `watched`, `unwatched`, `state_changed`, `anomaly_opened`, `anomaly_worsened`,
    /// `anomaly_closed`, `certificate_changed`, `chain_learned`, `endpoint_seen`, `endpoint_gone`
    /// or `round_counted`.
    pub what: &'static str,
    /// Of which kind, if it is of an anomaly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// How bad it is, if it is of an anomaly: `info`, `warning` or `critical`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<&'static str>,
    /// The same for people.
    pub text: String,
}

impl std::convert::From<Moment> for MomentView {
    fn from(moment: Moment) -> Self {
        Self {
            sequence: moment.sequence,
            at: moment.at,
            what: moment.what,
            kind: moment.kind.map(proto::v1::Kind::token),
            severity: moment.severity.map(proto::v1::Severity::token),
            text: moment.text,
        }
    }
}

/// All that was noticed of a domain, latest first: its log, in words.
#[utoipa::path(
    get, path = "/domains/{domain}/log", tag = "domains",
    params(DomainPath, PageParams),
    responses((status = 200, body = Page<MomentView>))
)]
pub async fn log(
    State(api): Shared,
    Path(key): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<MomentView>>, Problem> {
    log_in(&api, &key, &params, Language::English).await.map(Json)
}

/// The log of a domain in a language, latest first.
///
/// # Errors
///
/// When there is no such domain, or its log cannot be read.
pub(in crate::shell) async fn log_in(
    api: &Api,
    key: &str,
    params: &PageParams,
    language: Language,
) -> Result<Page<MomentView>, Problem> {
    let limit = paging::limit(params.limit)?;
    let before = paging::numbers::<2>(params.cursor.as_deref())?.unwrap_or([u64::MAX; 2]);
    let id = api.look(|board| view::named(board, key).map(|row| row.id))?;
    let messages = api.context.bus.load(&stream::LOG, &subject::log(&id), 0).await;
    let messages = messages.map_err(|error| Problem::bus(&error))?;
    let records = messages
        .iter()
        .filter_map(|message| Some((message.sequence, mirror::read::<LogRecord>(message)?)));
    let moments = timeline::of(records, language).into_iter().rev();
    let wanted = moments.filter(|moment| [moment.sequence, moment.place] < before);
    let cursor =
        |moment: &Moment| [moment.sequence.to_be_bytes(), moment.place.to_be_bytes()].concat();
    Ok(paging::page(wanted, limit, cursor, MomentView::from))
}
