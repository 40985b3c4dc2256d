//! *Contacts*: who may be told, and how each is reached.

use askama::Template;
use axum::{extract::State, response::Response};
use jiff::Timestamp;
use proto::id::{ContactId, RequestId};
use serde::Deserialize;

use super::{
    form,
    frame::{self, Frame, Section},
    viewer::Viewer,
};
use crate::{
    domain::board::rest::Rests,
    shell::http::{
        Shared,
        addresses::AddressView,
        contacts::{ContactView, ordering},
        extract::{Params, Path},
        paging,
        problem::Problem,
        trial, verification,
    },
};

pub(super) mod card;
mod typed;

/// Contacts of one page.
const ROWS: usize = 100;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The `next` of the page before.
    cursor: Option<String>,
    /// What the form that led here came to.
    notice: Option<String>,
}

/// The page.
#[derive(Template)]
#[template(path = "contacts.html")]
struct Contacts {
    frame: Frame,
    list: paging::Page<Shown>,
    is_first: bool,
}

/// A contact, and which of its addresses are left alone.
#[derive(Debug)]
struct Shown {
    contact: ContactView,
    /// For each address the end of that.
    rests: Vec<Option<Timestamp>>,
}

impl Shown {
    fn of(id: ContactId, contact: ContactView, rests: &Rests) -> Self {
        let channels = contact.addresses.iter().map(|address| &address.channel);
        let rests = channels.map(|channel| rests.until(id, channel)).collect();
        Self { contact, rests }
    }

    /// Its addresses, with until when each is left alone.
    fn addresses(&self) -> impl Iterator<Item = (&AddressView, &Option<Timestamp>)> {
        self.contact.addresses.iter().zip(&self.rests)
    }
}

/// Shows the list.
pub(super) async fn show(
    State(api): Shared,
    viewer: Viewer,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let frame = Frame::new(&api, &viewer, Section::Contacts, "");
    let frame = frame.noting(asked.notice.as_deref());
    let title = frame.words.say("section-contacts").into_owned();
    let after = paging::read(asked.cursor.as_deref())?.unwrap_or_default();
    let list = api.look(|board| {
        let contacts = board.contacts().skip_while(|(id, _)| id.as_bytes().as_slice() <= &*after);
        let rests = Rests::of(board, frame.now);
        let shown = contacts.filter_map(|(id, kept)| {
            let contact = ContactView::of(id, kept, board, &api.seal)?;
            Some((id, Shown::of(id, contact, &rests)))
        });
        paging::page(shown, ROWS, |(id, _)| id.as_bytes().to_vec(), |(_, shown)| shown)
    });
    let frame = Frame { title, ..frame };
    Ok(frame::answer(&Contacts { frame, list, is_first: asked.cursor.is_none() }))
}

/// Asks that a contact be told a test.
pub(super) async fn test(
    State(api): Shared,
    Path(key): Path<String>,
    form: form::Submitted,
) -> Result<Response, Problem> {
    let method = form.fields.text("method").to_owned();
    let request = RequestId::from_bytes(api.context.dice.bytes());
    let asked = trial::ask(&api, form.actor(), &key, request, method).await;
    card::done(&api, &form.viewer, &key, asked.map(|_| "test-sent"))
}

/// Sends the link that verifies a mailbox once more.
pub(super) async fn verify(
    State(api): Shared,
    Path(key): Path<String>,
    form: form::Submitted,
) -> Result<Response, Problem> {
    let asked = verification::ask(&api, form.actor(), &key).await;
    card::done(&api, &form.viewer, &key, asked.map(|_| "link-sent"))
}

/// Forgets a contact.
pub(super) async fn remove(
    State(api): Shared,
    Path(key): Path<String>,
    form: form::Submitted,
) -> Result<Response, Problem> {
    let seen = form.fields.version()?;
    match ordering::remove(&api, form.viewer.caller, &key, Some(seen)).await {
        Ok(()) => Ok(form::done("/contacts", "contact-removed")),
        Err(problem) => card::done(&api, &form.viewer, &key, Err(problem)),
    }
}
