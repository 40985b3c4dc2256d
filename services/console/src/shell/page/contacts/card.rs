//! One contact: its form, its methods with a test for each, and what was sent to it to see whether
//! it is reached.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use proto::{id::ContactId, v1::delivery_due::Cause};
use serde::Deserialize;

use super::{Shown, typed::Typed};
use crate::{
    domain::{
        board::{Board, rest::Rests},
        inventory::token::Role,
        refusal::Thing,
    },
    shell::{
        http::{
            Api, Shared,
            contacts::{ContactView, ordering, shown},
            extract::{Params, Path},
            problem::Problem,
        },
        page::{
            deliveries::shown::Told,
            form::{self, Submitted},
            frame::{self, Frame, Section},
            mistakes::Mistakes,
            viewer::Viewer,
            words::Words,
        },
    },
};

/// Tests and links that are listed.
const LISTED: usize = 10;
/// Deliveries that are looked through for them.
const LOOKED_THROUGH: usize = 5_000;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::shell::page) struct Asked {
    /// What the form that led here came to.
    notice: Option<String>,
}

/// The page.
#[derive(Template)]
#[template(path = "contact.html")]
struct Card {
    frame: Frame,
    typed: Typed,
    mistakes: Mistakes,
    /// The contact, unless it is to be added.
    there: Option<There>,
}

/// A contact that is there.
struct There {
    shown: Shown,
    /// What was sent to see whether it is reached, latest first.
    tests: Vec<Told>,
}

impl Card {
    /// Where the form is sent.
    fn action(&self) -> String {
        let key = self.there.as_ref().map_or("add", |there| &there.shown.contact.id);
        format!("/contacts/{key}")
    }

    fn version(&self) -> u64 {
        self.there.as_ref().map_or(0, |there| there.shown.contact.version)
    }
}

/// Shows the form for a new contact.
pub(in crate::shell::page) async fn new(
    State(api): Shared,
    viewer: Viewer,
) -> Result<Response, Problem> {
    if viewer.caller.role < Role::Editor {
        return Err(Problem::forbidden(Role::Editor));
    }
    let typed = Typed::empty(viewer.language.tag());
    let frame = adding(&api, &viewer);
    let mistakes = Mistakes::default();
    Ok(frame::answer(&Card { frame, typed, mistakes, there: None }))
}

/// Adds a contact.
pub(in crate::shell::page) async fn add(
    State(api): Shared,
    form: Submitted,
) -> Result<Response, Problem> {
    let typed = Typed::empty(form.viewer.language.tag()).read(&form.fields);
    let id = ContactId::from_bytes(api.context.dice.bytes());
    match ordering::add(&api, form.viewer.caller, id, typed.body()).await {
        Ok(added) => Ok(form::done(&format!("/contacts/{}", added.contact.id), "contact-added")),
        Err(problem) => {
            let frame = adding(&api, &form.viewer);
            let page =
                Card { mistakes: Mistakes::of(problem, frame.words)?, frame, typed, there: None };
            Ok(page.mistakes.answer(&page))
        }
    }
}

/// Shows a contact.
pub(in crate::shell::page) async fn show(
    State(api): Shared,
    viewer: Viewer,
    Path(key): Path<String>,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let page = card(&api, &viewer, &key, Mistakes::default())?;
    let frame = page.frame.noting(asked.notice.as_deref());
    Ok(frame::answer(&Card { frame, ..page }))
}

/// Replaces a contact.
pub(in crate::shell::page) async fn save(
    State(api): Shared,
    Path(key): Path<String>,
    form: Submitted,
) -> Result<Response, Problem> {
    let (_, contact) = by_key(&api, &key)?;
    let typed = Typed::of(&contact).read(&form.fields);
    let saved = match form.fields.version() {
        Ok(seen) => {
            ordering::replace(&api, form.viewer.caller, &key, Some(seen), typed.body()).await
        }
        Err(problem) => Err(problem),
    };
    let Err(problem) = saved else {
        return Ok(form::done(&format!("/contacts/{key}"), "contact-saved"));
    };
    let mistakes = Mistakes::of(problem, Words(form.viewer.language))?;
    let page = Card { typed, ..card(&api, &form.viewer, &key, mistakes)? };
    Ok(page.mistakes.answer(&page))
}

/// What something that was ordered of a contact came to: its page, which says so.
pub(super) fn done(
    api: &Arc<Api>,
    viewer: &Viewer,
    key: &str,
    done: Result<&'static str, Problem>,
) -> Result<Response, Problem> {
    match done {
        Ok(notice) => Ok(form::done(&format!("/contacts/{key}"), notice)),
        Err(problem) => {
            let mistakes = Mistakes::of(problem, Words(viewer.language))?;
            let page = card(api, viewer, key, mistakes)?;
            Ok(page.mistakes.answer(&page))
        }
    }
}

fn adding(api: &Api, viewer: &Viewer) -> Frame {
    let frame = Frame::new(api, viewer, Section::Contacts, "");
    let title = frame.words.say("contacts-add").into_owned();
    Frame { title, ..frame }
}

fn by_key(api: &Api, key: &str) -> Result<(ContactId, ContactView), Problem> {
    let id = key.parse().map_err(|_| Problem::absent(Thing::Contact, key))?;
    Ok((id, shown(api, &id)?))
}

fn card(api: &Api, viewer: &Viewer, key: &str, mistakes: Mistakes) -> Result<Card, Problem> {
    let (id, contact) = by_key(api, key)?;
    let frame = Frame::new(api, viewer, Section::Contacts, contact.name.clone());
    let typed = Typed::of(&contact);
    let there = api.look(|board| There {
        tests: tests(board, id, frame.words),
        shown: Shown::of(id, contact, &Rests::of(board, frame.now)),
    });
    Ok(Card { frame, typed, mistakes, there: Some(there) })
}

fn tests(board: &Board, contact: ContactId, words: Words) -> Vec<Told> {
    let latest = board.deliveries().latest(None).take(LOOKED_THROUGH);
    let tests = latest.filter(|delivery| {
        let is_test = matches!(delivery.cause, Cause::Test | Cause::Verification);
        is_test && delivery.contact == contact
    });
    tests.take(LISTED).map(|delivery| Told::of(delivery, board, words)).collect()
}
