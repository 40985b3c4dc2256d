//! Silences: the form that begins one, on a domain's page and on that of the anomalies, and the
//! button that lifts it.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use proto::id::SilenceId;

use super::{
    anomalies,
    domain::{self, Tried, Wanted},
    form::{self, Fields, Submitted},
    mistakes::Mistakes,
    sent, viewer,
    words::Words,
};
use crate::shell::http::{
    Api, Shared,
    extract::{Caller, Path, Seen},
    problem::Problem,
    silences::{self, SilenceBody},
};

/// Where silences are listed.
const LIST: &str = "/anomalies?tab=silences";

/// How long a silence may be made with one choice: its name among the messages `span-of-…`, and its
/// hours.
const SPANS: [(&str, i64); 5] =
    [("1h", 1), ("8h", 8), ("1d", 24), ("7d", 7 * 24), ("30d", 30 * 24)];

/// A silence as it stands in the form.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Of which tag, if it is of one.
    pub(super) tag: String,
    /// One of the choices.
    pub(super) span: String,
    /// When it ends, in UTC; goes before the choice.
    pub(super) until: String,
    /// Why.
    pub(super) reason: String,
    /// What is wrong with it.
    pub(super) mistakes: Mistakes,
}

/// Beginning silences, and ending them.
pub(super) fn router() -> Router<Arc<Api>> {
    sent::form("/silences", LIST, begin).merge(sent::form("/silences/{id}/lift", LIST, lift))
}

impl Draft {
    fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        Self {
            tag: text("tag"),
            span: text("span"),
            until: text("until"),
            reason: text("reason"),
            mistakes: Mistakes::default(),
        }
    }

    /// The choices there are.
    pub(super) fn spans() -> impl Iterator<Item = &'static str> {
        SPANS.into_iter().map(|(name, _)| name)
    }

    /// When it ends, as the API reads it.
    fn end(&self, now: Timestamp) -> String {
        let chosen = SPANS.into_iter().find(|(name, _)| *name == self.span);
        match (self.until.as_str(), chosen) {
            ("", Some((_, hours))) => (now + SignedDuration::from_hours(hours)).to_string(),
            // A browser sends a date and a time, without seconds and without a zone.
            (until, _) if until.len() == "2026-11-22T21:05".len() => format!("{until}:00Z"),
            (until, _) => until.to_owned(),
        }
    }
}

/// Begins one.
async fn begin(
    State(api): Shared,
    Submitted { viewer, fields }: Submitted,
) -> Result<Response, Problem> {
    let draft = Draft::read(&fields);
    let domain = fields.given("domain");
    let body = SilenceBody {
        domain: domain.clone(),
        tag: domain.is_none().then(|| draft.tag.clone()),
        until: draft.end(api.context.clock.now()),
        reason: draft.reason.clone(),
    };
    let id = SilenceId::from_bytes(api.context.dice.bytes());
    let begun = silences::begin_as(&api, id, viewer.caller, body).await;
    let page = match (begun, domain) {
        (Ok(()), Some(key)) => return Ok(form::done(&domain::acts::page_of(&key), "silenced")),
        (Ok(()), None) => return Ok(form::done(LIST, "silenced")),
        (Err(problem), _) if problem.errors().is_empty() => return Err(problem),
        (Err(problem), Some(key)) => {
            let silence =
                Draft { mistakes: Mistakes::of_fields(&problem, Words(viewer.language)), ..draft };
            let tried = Tried { silence, ..Tried::default() };
            domain::shown(&api, &viewer, &key, Wanted::default(), tried).await?
        }
        (Err(problem), None) => {
            let draft =
                Draft { mistakes: Mistakes::of_fields(&problem, Words(viewer.language)), ..draft };
            anomalies::silences(api, &viewer, anomalies::Wanted::default(), draft).await?
        }
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Ends one.
async fn lift(
    State(api): Shared,
    Path(id): Path<String>,
    Submitted { viewer, fields }: Submitted,
) -> Result<Response, Problem> {
    let back = viewer::local(fields.text("back")).unwrap_or(LIST);
    silences::lift(State(api), Caller(viewer.caller), Path(id), Seen(None)).await?;
    Ok(form::done(back, "lifted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_ends_when_it_is_said_to() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let end = |span: &str, until: &str| {
            let draft =
                Draft { span: span.to_owned(), until: until.to_owned(), ..Draft::default() };
            draft.end(now)
        };
        assert_eq!(end("8h", ""), "2026-09-21T22:13:20Z");
        assert_eq!(end("8h", "2026-11-22T21:05"), "2026-11-22T21:05:00Z");
        assert_eq!(end("", "2026-11-22T21:05:00+08:00"), "2026-11-22T21:05:00+08:00");
        assert_eq!(end("tomorrow", ""), "");
    }
}
