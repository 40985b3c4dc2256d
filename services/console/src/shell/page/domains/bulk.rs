//! The same done to all domains that are ticked.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    super::{
        form::{self, Submitted},
        frame::{self, Frame, Section},
        mistakes::Mistakes,
    },
    PATH, Wanted,
};
use crate::shell::http::{
    Api, Shared,
    acting::{self, Action, Done, Verb},
    extract::{Body, Caller},
    problem::{Line, Problem},
    view,
};

/// Domains that are named of those it could not be done to.
const LISTED_MAX: usize = 500;

/// What somebody tried, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) mistakes: Mistakes,
    pub(super) ticked: Vec<String>,
    pub(super) tag: String,
}

/// The page that says to which it could not be done.
#[derive(Template)]
#[template(path = "domains_done.html")]
struct Answer {
    frame: Frame,
    back: String,
    done: Done,
    /// How many are not listed.
    more: usize,
}

/// Does it.
pub(super) async fn act(State(api): Shared, submitted: Submitted) -> Result<Response, Problem> {
    let fields = &submitted.fields;
    let wanted = Wanted::read(fields.text("back"));
    let ticked: Vec<_> = fields.all("domain").map(str::to_owned).collect();
    let verb = verb(fields.text("action"));
    let tag = fields.text("tag").to_owned();
    let words = super::super::words::Words(submitted.viewer.language);
    let mistakes = match verb {
        None => Mistakes::one("action", words.say("domains-no-action")),
        Some(_) if ticked.is_empty() => Mistakes::one("action", words.say("domains-none-ticked")),
        Some(verb) => {
            let names = names(&api, &ticked);
            let action = Action { verb, domains: ticked.clone(), tag: Some(tag.clone()) };
            let caller = Caller(submitted.viewer.caller);
            match acting::act(State(Arc::clone(&api)), caller, Body(action)).await {
                Ok(Json(done)) => return Ok(answer(&api, &submitted, &wanted, verb, done, &names)),
                Err(problem) if !problem.errors().is_empty() => {
                    Mistakes::of_fields(&problem, words)
                }
                Err(problem) => return Err(problem),
            }
        }
    };
    let tried = Tried { mistakes, ticked, tag };
    let page = super::shown(State(api), &submitted.viewer, wanted, tried).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn verb(text: &str) -> Option<Verb> {
    Some(match text {
        "enable" => Verb::Enable,
        "disable" => Verb::Disable,
        "remove" => Verb::Remove,
        "scan" => Verb::Scan,
        "tag" => Verb::Tag,
        "untag" => Verb::Untag,
        _ => return None,
    })
}

/// What those are called that are ticked, before some of them are gone.
fn names(api: &Api, ids: &[String]) -> BTreeMap<String, String> {
    api.look(|board| {
        let named = |id: &String| Some((id.clone(), view::name(view::named(board, id).ok()?)?));
        ids.iter().filter_map(named).collect()
    })
}

fn answer(
    api: &Api,
    submitted: &Submitted,
    wanted: &Wanted,
    verb: Verb,
    done: Done,
    names: &BTreeMap<String, String>,
) -> Response {
    let back = format!("{PATH}?{}", wanted.query());
    if done.rejected.is_empty() {
        let notice = if verb == Verb::Scan { "scan-asked" } else { "domains-changed" };
        return form::done(&back, notice);
    }
    let frame = Frame::new(api, &submitted.viewer, Section::Domains, "");
    let title = frame.words.say("domains-done-title").into_owned();
    let more = done.rejected.len().saturating_sub(LISTED_MAX);
    let told =
        |line: Line| Line { text: names.get(&line.text).cloned().unwrap_or(line.text), ..line };
    let rejected = done.rejected.into_iter().take(LISTED_MAX).map(told).collect();
    let done = Done { rejected, ..done };
    frame::answer(&Answer { frame: Frame { title, ..frame }, back, done, more })
}
