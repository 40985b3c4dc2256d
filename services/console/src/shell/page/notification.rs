//! *Notification*: who hears of which domain, and the panel that changes it.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use self::{
    panel::{DEFAULT, Panel, Whose},
    row::{InWords, Row},
    typed::Typed,
};
use super::{
    form::{self, Submitted},
    frame::{self, Frame, Section},
    mistakes::Mistakes,
    viewer::Viewer,
};
use crate::{
    domain::{
        board::query::{Direction, Filter, Query, Sort},
        inventory::setting::Command,
        refusal::Refusal,
    },
    shell::http::{
        Api, Shared,
        extract::{Params, Path},
        paging,
        problem::Problem,
        settings::{self, SettingView},
    },
};

mod panel;
mod row;
mod typed;

/// Domains of one page.
const ROWS: usize = 50;
/// Characters of a text that is searched for: no host is longer.
const TEXT_LEN_MAX: usize = 253;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Only domains whose host contains this.
    text: String,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// Whose setting is edited.
    edit: Option<String>,
    /// What the form that led here came to.
    notice: Option<String>,
}

/// The page.
#[derive(Template)]
#[template(path = "notification.html")]
struct Notification {
    frame: Frame,
    asked: Asked,
    seen: Seen,
    panel: Option<Panel>,
}

/// What the board says.
struct Seen {
    default: Option<InWords>,
    rows: Vec<Row>,
    total: usize,
    next: Option<String>,
}

impl Asked {
    /// The list, as it is asked for.
    fn list(&self) -> String {
        self.address("/notification", self.cursor.as_deref(), None)
    }

    /// The list from its beginning.
    fn first(&self) -> String {
        self.address("/notification", None, None)
    }

    /// The next page.
    fn next(&self, cursor: &str) -> String {
        self.address("/notification", Some(cursor), None)
    }

    /// The panel over the list.
    fn edit(&self, whose: &(impl ToString + ?Sized)) -> String {
        self.address("/notification", self.cursor.as_deref(), Some(&whose.to_string()))
    }

    /// Where the form of the panel is sent, so that its answer leads back to the list.
    fn action(&self, panel: &Panel, verb: &str) -> String {
        let path = format!("/notification/{}{verb}", panel.whose.key());
        self.address(&path, self.cursor.as_deref(), None)
    }

    fn address(&self, path: &str, cursor: Option<&str>, edit: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        let text = Some(self.text.as_str()).filter(|text| !text.is_empty());
        for (name, value) in [("text", text), ("cursor", cursor), ("edit", edit)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// Shows the list, with the panel over it if somebody edits.
pub(super) async fn show(
    State(api): Shared,
    viewer: Viewer,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let frame = framed(&api, &viewer).noting(asked.notice.as_deref());
    let edited = asked.edit.as_deref().filter(|_| frame.may_edit());
    let opened = |key| api.look(|board| Panel::opened(key, board, frame.words));
    let panel = edited.map(opened).transpose()?;
    let seen = seen(&api, &frame, &asked)?;
    Ok(frame::answer(&Notification { frame, asked, seen, panel }))
}

fn framed(api: &Api, viewer: &Viewer) -> Frame {
    let frame = Frame::new(api, viewer, Section::Notification, "");
    let title = frame.words.say("section-notification").into_owned();
    Frame { title, ..frame }
}

fn seen(api: &Api, frame: &Frame, asked: &Asked) -> Result<Seen, Problem> {
    let text: String = asked.text.trim().to_lowercase().chars().take(TEXT_LEN_MAX).collect();
    let query = Query {
        filter: Filter { text: Some(text).filter(|text| !text.is_empty()), ..Filter::default() },
        sort: Sort::Name,
        direction: Direction::Ascending,
        after: paging::read(asked.cursor.as_deref())?.map(Into::into),
        limit: ROWS,
    };
    Ok(api.look(|board| {
        let page = board.domains().page(&query);
        let default = SettingView::of(board.default_setting(), board);
        Seen {
            default: default.map(|view| InWords::of(&view, board, frame.words)),
            rows: page.rows.iter().map(|row| Row::of(row, board, frame.words)).collect(),
            total: page.total,
            next: page.next.as_deref().map(paging::written),
        }
    }))
}

/// Saves a setting.
pub(super) async fn save(
    State(api): Shared,
    Path(key): Path<String>,
    Params(asked): Params<Asked>,
    form: Submitted,
) -> Result<Response, Problem> {
    let typed = Typed::read(&form.fields);
    let setting = settings::read(&api, typed.body());
    let ordered = match setting {
        Ok(setting) => order(&api, &key, &form, Command::Save(setting)).await,
        Err(problem) => Err(problem),
    };
    let Err(problem) = ordered else { return Ok(form::done(&asked.list(), "setting-saved")) };
    let frame = framed(&api, &form.viewer);
    let mistakes = Mistakes::of(problem, frame.words)?;
    let opened = api.look(|board| Panel::opened(&key, board, frame.words))?;
    let panel = Panel { typed, mistakes, ..opened };
    again(&api, frame, asked, panel)
}

/// Lets a domain follow the default setting again.
pub(super) async fn clear(
    State(api): Shared,
    Path(key): Path<String>,
    Params(asked): Params<Asked>,
    form: Submitted,
) -> Result<Response, Problem> {
    if key == DEFAULT {
        return Err(Problem::conflict(Refusal::DefaultStays));
    }
    let cleared = order(&api, &key, &form, Command::Clear).await;
    let Err(problem) = cleared else { return Ok(form::done(&asked.list(), "setting-cleared")) };
    let frame = framed(&api, &form.viewer);
    let mistakes = Mistakes::of(problem, frame.words)?;
    let opened = api.look(|board| Panel::opened(&key, board, frame.words))?;
    let panel = Panel { mistakes, ..opened };
    again(&api, frame, asked, panel)
}

async fn order(
    api: &Arc<Api>,
    key: &str,
    form: &Submitted,
    command: Command,
) -> Result<(), Problem> {
    let whose = api.look(|board| Whose::named(board, key))?;
    let seen = form.fields.version()?;
    settings::order(api, form.actor(), whose.entity(), Some(seen), command).await
}

/// The panel once more, with what is wrong.
fn again(api: &Api, frame: Frame, asked: Asked, panel: Panel) -> Result<Response, Problem> {
    let seen = seen(api, &frame, &asked)?;
    let page = Notification { frame, asked, seen, panel: Some(panel) };
    let mistakes = page.panel.as_ref().map(|panel| &panel.mistakes);
    Ok(mistakes.map_or_else(|| frame::answer(&page), |mistakes| mistakes.answer(&page)))
}
