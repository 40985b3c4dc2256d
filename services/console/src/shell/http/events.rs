//! `/events`: what happened lately.

use axum::{Json, extract::State};
use jiff::Timestamp;
use proto::{
    time,
    v1::{Event, event::Phase},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Shared,
    evidence::{EvidenceView, sentence},
    extract::Params,
    paging::{self, Page},
    problem::Problem,
};
use crate::domain::language::Language;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Items of the page, 1 to 1000. Default 100.
    pub limit: Option<usize>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

/// Something that happened to a domain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "sequence": 42, "id": "4rrewm3tr6pwn4kxotpjwlbjue-17-0", "domain_id": "4rrewm3tr6pwn4kxotpjwlbjue",
    "host": "example.com", "port": 443, "protocol": "tls", "kind": "expired", "severity": "critical",
    "phase": "opened", "occurred_at": "2026-11-22T21:05:00Z", "detected_at": "2026-11-22T21:05:09Z",
    "since": "2026-11-22T21:05:00Z",
    "summary": "The certificate expired at 2026-11-22 21:05 UTC.",
    "anomaly_id": "4rrewm3tr6pwn4kxotpjwlbjue-expired-1", "recovered": [], "supersedes": [], "state": "abnormal"
}))]
pub struct EventView {
    /// Its place in the stream of events; send it as `Last-Event-ID` to go on behind it.
    pub sequence: u64,
    /// Unique for ever.
    pub id: String,
    /// Id of the domain.
    pub domain_id: String,
    /// Host as A-labels, or an IP address; the prober's name for `prober_blind`.
    pub host: String,
    /// The port; 0 for `prober_blind`.
    pub port: u32,
    /// `tls`, or the protocol that begins in the clear.
    pub protocol: &'static str,
    /// `expired`, `expiring`, `recovered`, …
    pub kind: &'static str,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// `opened`, `worsened`, `recovered`, `noted` or `abandoned`.
    pub phase: &'static str,
    /// When it happened: for `expired` the end of the validity.
    pub occurred_at: Timestamp,
    /// When it was noticed.
    pub detected_at: Timestamp,
    /// What happened, in one sentence.
    pub summary: String,
    /// The anomaly it speaks of.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub anomaly_id: String,
    /// When the anomaly began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceView>,
    /// What is over, for `recovered`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recovered: Vec<RecoveredView>,
    /// Anomalies that this one replaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<String>,
    /// State of the domain after it.
    pub state: &'static str,
}

/// Something that is over.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveredView {
    /// Which anomaly.
    pub anomaly_id: String,
    /// Its kind.
    pub kind: &'static str,
    /// The severity it had last.
    pub severity: &'static str,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl EventView {
    /// Shows an event.
    pub fn of(sequence: u64, event: &Event) -> Self {
        Self::in_language(sequence, event, Language::English)
    }

    /// Shows an event in a language.
    pub fn in_language(sequence: u64, event: &Event, language: Language) -> Self {
        Self {
            sequence,
            id: event.id.clone(),
            domain_id: event.domain_id.clone(),
            host: event.host.clone(),
            port: event.port,
            protocol: event.protocol().token(),
            kind: event.kind().token(),
            severity: event.severity().token(),
            phase: phase(event.phase()),
            occurred_at: event.occurred_at.as_ref().and_then(time::read).unwrap_or_default(),
            detected_at: time::detected(event).unwrap_or_default(),
            summary: sentence(event, language),
            anomaly_id: event.anomaly_id.clone(),
            since: event.since.as_ref().and_then(time::read),
            evidence: event.evidence.as_ref().map(EvidenceView::of),
            recovered: event
                .recovered
                .iter()
                .map(|over| RecoveredView {
                    anomaly_id: over.anomaly_id.clone(),
                    kind: over.kind().token(),
                    severity: over.severity().token(),
                    since: over.since.as_ref().and_then(time::read),
                    until: over.until.as_ref().and_then(time::read),
                })
                .collect(),
            supersedes: event.supersedes.clone(),
            state: event.state().token(),
        }
    }
}

impl EventView {
    /// The colour in which a page shows it: what is over is good news.
    pub fn tone(&self) -> &'static str {
        if self.phase == "recovered" { "good" } else { self.severity }
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Unspecified => "unspecified",
        Phase::Opened => "opened",
        Phase::Worsened => "worsened",
        Phase::Recovered => "recovered",
        Phase::Noted => "noted",
        Phase::Abandoned => "abandoned",
    }
}

/// What happened lately to all domains, latest first; the last 2,000 events.
#[utoipa::path(
    get, path = "/events", tag = "events",
    params(PageParams),
    responses((status = 200, body = Page<EventView>))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<EventView>>, Problem> {
    let limit = paging::limit(params.limit)?;
    let before = paging::numbers::<1>(params.cursor.as_deref())?.map_or(u64::MAX, |[n]| n);
    Ok(Json(api.look(|board| {
        let events = board.events().filter(|(sequence, _)| *sequence < before);
        paging::page(
            events,
            limit,
            |(sequence, _)| sequence.to_be_bytes().to_vec(),
            |(sequence, event)| EventView::of(*sequence, event),
        )
    })))
}
