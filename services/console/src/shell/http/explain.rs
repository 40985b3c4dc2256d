//! `/domains/{domain}/explain`: why somebody was told, or was not.

use axum::{Json, extract::State};
use jiff::Timestamp;
use proto::v1::Event;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Shared,
    document::DomainPath,
    events::EventView,
    extract::{Params, Path},
    history,
    paging::{self, Page},
    problem::Problem,
    view,
};
use crate::domain::{
    board::rest::Rests,
    explain::{self, Case, Happening, Message, OpenAnomaly, Rule},
    language::Language,
    refusal::Thing,
};

/// Which events are explained.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ExplainParams {
    /// Only this event: its id.
    pub event: Option<String>,
    /// Only what speaks of this anomaly: its id.
    pub anomaly: Option<String>,
    /// Items of the page, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<usize>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

/// Why somebody is told of a domain, or is not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "domain_id": "4rrewm3tr6pwn4kxotpjwlbjue", "domain": "example.com:443",
    "at": "2026-11-22T21:20:00Z", "summary": "What happens now is told in 2 ways.",
    "rules": [
        { "rule": "switch", "effect": "tells", "text": "The switch of the default setting is on." },
        {
            "rule": "silence", "effect": "holds", "until": "2026-11-23T06:00:00Z",
            "text": "A silence of tag `shop` (Moving house) holds until 2026-11-23 06:00 UTC; what is still wrong then is told then."
        }
    ],
    "anomalies": [], "items": []
}))]
pub struct ExplanationView {
    /// Id of the domain.
    pub domain_id: String,
    /// Host and port.
    pub domain: String,
    /// The instant for which it is explained.
    pub at: Timestamp,
    /// What would become of something critical now, in one sentence.
    pub summary: String,
    /// What holds for the domain now.
    pub rules: Vec<RuleView>,
    /// What is wrong, worst first, and what is said of it next.
    pub anomalies: Vec<OpenView>,
    /// What happened, latest first, and what was said of it to whom.
    #[serde(flatten)]
    pub page: Page<HappeningView>,
}

/// One thing that decides whether somebody is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleView {
    /// `domain`, `setting`, `switch`, `kinds`, `address`, `anomaly_time`, `silence`, `repeat`,
    /// `escalation` or `acknowledgement`.
    pub rule: &'static str,
    /// `tells`, `holds` or `stops`.
    pub effect: &'static str,
    /// When it ends by itself, for `holds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The same for people.
    pub text: String,
}

/// An open anomaly, and what is said of it from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenView {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: &'static str,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// Since when it is so.
    pub since: Timestamp,
    /// What decides what is said of it.
    pub rules: Vec<RuleView>,
}

/// Something that happened, and what was said of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HappeningView {
    /// What happened.
    pub event: EventView,
    /// What was said of it, or was not, for each contact and method.
    pub messages: Vec<MessageView>,
}

/// What was said to one contact by one method, or was not.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageView {
    /// Id of the contact.
    pub contact_id: String,
    /// Its name. Absent if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The notification method.
    pub method: String,
    /// `told`, `waits` or `not_told`.
    pub fate: &'static str,
    /// The reason as one word, such as `silence` or `kind_not_wanted`.
    pub why: &'static str,
    /// The same for people.
    pub text: String,
    /// When it came to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// When it changes by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Id of the delivery. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
}

impl RuleView {
    fn of(Rule { name, effect, reason }: &Rule, language: Language) -> Self {
        let text = reason.in_language(language);
        Self { rule: name, effect: effect.token(), until: effect.until(), text }
    }
}

impl OpenView {
    fn of(anomaly: OpenAnomaly, language: Language) -> Self {
        let OpenAnomaly { id, kind, severity, since, rules } = anomaly;
        let rules = rules.iter().map(|rule| RuleView::of(rule, language)).collect();
        Self { id, kind: kind.token(), severity: severity.token(), since, rules }
    }
}

impl HappeningView {
    fn of(Happening { sequence, event, messages }: Happening, language: Language) -> Self {
        let message = |message| MessageView::of(message, language);
        let messages = messages.into_iter().map(message).collect();
        Self { event: EventView::in_language(sequence, &event, language), messages }
    }
}

impl MessageView {
    fn of(message: Message, language: Language) -> Self {
        Self {
            contact_id: message.contact.to_string(),
            contact: message.name,
            method: message.method,
            fate: message.fate.token(),
            why: message.why,
            text: message.reason.in_language(language),
            at: message.at,
            until: message.until,
            delivery_id: message.delivery.map(|id| id.to_string()),
        }
    }
}

/// Why somebody was told of a domain, or was not.
///
/// Says which setting, switch, kinds, anomaly time, silences, acknowledgements and addresses hold
/// now, and of each event to whom it was told by what, is still to be told, or was not told and
/// why.
#[utoipa::path(
    get, path = "/domains/{domain}/explain", tag = "domains",
    params(DomainPath, ExplainParams),
    responses((status = 200, body = ExplanationView))
)]
pub async fn explain(
    State(api): Shared,
    Path(key): Path<String>,
    Params(params): Params<ExplainParams>,
) -> Result<Json<ExplanationView>, Problem> {
    explain_in(&api, &key, &params, Language::English).await.map(Json)
}

/// Why somebody was told of a domain, or was not, in a language.
///
/// # Errors
///
/// When there is no such domain or event, or the events cannot be read.
pub(in crate::shell) async fn explain_in(
    api: &Api,
    key: &str,
    params: &ExplainParams,
    language: Language,
) -> Result<ExplanationView, Problem> {
    let limit = paging::limit(params.limit)?;
    let before = paging::numbers::<1>(params.cursor.as_deref())?.map_or(u64::MAX, |[n]| n);
    let events = history::of_domain(api, key).await?;
    let wanted = events.into_iter().filter(|(at, event)| *at < before && takes(params, event));
    let page = paging::page(wanted, limit, |(at, _)| at.to_be_bytes().to_vec(), |event| event);
    if let Some(id) = params.event.as_deref().filter(|_| page.items.is_empty()) {
        return Err(Problem::absent(Thing::Event, id));
    }
    let now = api.context.clock.now();
    api.look(|board| {
        let row = view::named(board, key)?;
        let rule = |rule| RuleView::of(rule, language);
        let open = |anomaly| OpenView::of(anomaly, language);
        let happening = |event| HappeningView::of(event, language);
        let rests = Rests::of(board, now);
        let explained = explain::of(Case { board, row, rests: &rests, now }, page.items);
        Ok(ExplanationView {
            domain_id: row.id.to_string(),
            domain: view::name(row).unwrap_or_default(),
            at: now,
            summary: explained.summary.in_language(language),
            rules: explained.rules.iter().map(rule).collect(),
            anomalies: explained.anomalies.into_iter().map(open).collect(),
            page: Page {
                items: explained.events.into_iter().map(happening).collect(),
                next: page.next,
                total: None,
            },
        })
    })
}

fn takes(params: &ExplainParams, event: &Event) -> bool {
    let is_it = params.event.as_ref().is_none_or(|id| *id == event.id);
    let speaks_of = |id: &String| {
        event.anomaly_id == *id
            || event.recovered.iter().any(|over| over.anomaly_id == *id)
            || event.supersedes.contains(id)
    };
    is_it && params.anomaly.as_ref().is_none_or(speaks_of)
}
