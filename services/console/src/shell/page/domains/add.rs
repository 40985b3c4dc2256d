//! `/domains/add`: one domain, many, or a file of them; and what became of each line.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::super::{
    form::{Fields, Submitted, Uploaded},
    frame::{self, Frame, Section},
    mistakes::Mistakes,
    viewer::Viewer,
};
use crate::{
    domain::{
        intake::{self, Draft, Intake, SPOKEN, divided},
        inventory::{
            options::{Options, OptionsDraft},
            token::Role,
        },
        refusal::Refusal,
    },
    shell::http::{
        Shared,
        adding::{self, Added, AddedDomain, Existing},
        problem::{Line, Problem},
    },
};

/// Lines of each kind that the answer lists; the others are counted.
const LISTED_MAX: usize = 500;

/// The page.
#[derive(Template)]
#[template(path = "domains_add.html")]
struct Add {
    frame: Frame,
    typed: Typed,
    mistakes: Mistakes,
    answer: Option<Answer>,
}

/// What was typed.
#[derive(Debug, Default)]
struct Typed {
    names: String,
    tags: String,
    interval_seconds: String,
    protocol: String,
    owner_note: String,
    update: bool,
}

/// What became of each line, cut to what can be shown.
struct Answer {
    added: Listed<AddedDomain>,
    existing: Listed<AddedDomain>,
    updated: Listed<AddedDomain>,
    rejected: Listed<Line>,
    remarks: Listed<Line>,
}

/// The beginning of a list, and how long it is.
struct Listed<T> {
    first: Vec<T>,
    total: usize,
}

/// Shows the form.
pub(super) async fn show(State(api): Shared, viewer: Viewer) -> Result<Response, Problem> {
    if viewer.caller.role < Role::Editor {
        return Err(Problem::forbidden(Role::Editor));
    }
    let frame = framed(&api, &viewer);
    let (typed, mistakes) = (Typed::default(), Mistakes::default());
    Ok(frame::answer(&Add { frame, typed, mistakes, answer: None }))
}

/// Adds what can be added.
pub(super) async fn add(
    State(api): Shared,
    Uploaded(Submitted { viewer, fields }): Uploaded,
) -> Result<Response, Problem> {
    let frame = framed(&api, &viewer);
    let typed = Typed::read(&fields);
    let intake = match intake(&fields, &typed, &frame) {
        Ok(intake) => intake,
        Err(mistakes) => {
            let page = frame::answer(&Add { frame, typed, mistakes, answer: None });
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let existing = if typed.update { Existing::Update } else { Existing::Keep };
    let added = adding::add_all(&api, viewer.caller.actor(), intake, existing).await;
    let (status, added) = match added {
        Ok(added) => (StatusCode::OK, added),
        Err(problem) if !problem.rejected().is_empty() => {
            let rejected = problem.rejected().to_vec();
            (problem.status(), Added { rejected, ..Added::default() })
        }
        Err(problem) => return Err(problem),
    };
    // What was refused stands there to be mended.
    let names: Vec<_> = added.rejected.iter().take(LISTED_MAX).map(|line| &*line.text).collect();
    let typed = Typed { names: names.join("\n"), ..typed };
    let answer = Some(Answer::of(added));
    let page = Add { frame, typed, mistakes: Mistakes::default(), answer };
    Ok((status, frame::answer(&page)).into_response())
}

fn framed(api: &crate::shell::http::Api, viewer: &Viewer) -> Frame {
    let frame = Frame::new(api, viewer, Section::Domains, "");
    let title = frame.words.say("add-title").into_owned();
    Frame { title, ..frame }
}

/// Reads the list and the file, each line with the options of the form.
fn intake(fields: &Fields, typed: &Typed, frame: &Frame) -> Result<Intake, Mistakes> {
    let options = OptionsDraft {
        tags: divided(&typed.tags, ','),
        interval_seconds: fields
            .given("interval_seconds")
            // A text that is no number is as wrong as a number that is too small.
            .map(|text| text.parse().unwrap_or_default()),
        owner_note: fields.given("owner_note").map(|note| note.replace("\r\n", "\n")),
        ..OptionsDraft::default()
    };
    Options::read(&options)
        .map_err(|mistakes| Mistakes::of_fields(&Problem::invalid(mistakes), frame.words))?;
    let like = Draft { name: String::new(), protocol: fields.given("protocol"), options };
    let file = fields.text("file");
    if typed.names.is_empty() && file.is_empty() {
        return Err(Mistakes::one("names", frame.words.say("add-nothing")));
    }
    let unread = |field: &'static str| {
        move |error: intake::Unreadable| {
            let language = frame.words.language();
            let unreadable = Refusal::Unreadable(error).in_language(language);
            Mistakes::one(field, language.sentence(&unreadable))
        }
    };
    let mut read = intake::list_like(&typed.names, &like).map_err(unread("names"))?;
    if !file.is_empty() {
        let more = intake::csv_like(file, &like).map_err(unread("file"))?;
        read.good.extend(more.good);
        read.refused.extend(more.refused);
        read.remarks.extend(more.remarks);
    }
    Ok(read)
}

impl Typed {
    fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        Self {
            names: text("names"),
            tags: text("tags"),
            interval_seconds: text("interval_seconds"),
            protocol: text("protocol"),
            owner_note: text("owner_note"),
            update: fields.has("update"),
        }
    }
}

impl Answer {
    fn of(added: Added) -> Self {
        Self {
            added: Listed::of(added.added),
            existing: Listed::of(added.existing),
            updated: Listed::of(added.updated),
            rejected: Listed::of(added.rejected),
            remarks: Listed::of(added.remarks),
        }
    }
}

impl<T> Listed<T> {
    fn of(mut all: Vec<T>) -> Self {
        let total = all.len();
        all.truncate(LISTED_MAX);
        Self { first: all, total }
    }

    /// How many are not listed.
    fn more(&self) -> usize {
        self.total - self.first.len()
    }
}
