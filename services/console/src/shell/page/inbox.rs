//! *Inbox*: internal messages, and which of them were read.

use askama::Template;
use axum::{extract::State, response::Response};
use proto::id::ContactId;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::{
    deliveries::contacts,
    form::{self, Fields, Submitted},
    frame::{self, Frame, Section},
    viewer::Viewer,
};
use crate::{
    domain::board::delivery::Delivery,
    shell::http::{
        Shared,
        deliveries::{cursor, turn},
        extract::{Params, Path},
        inbox::{self, EntryView, ReadBody},
        paging,
        problem::Problem,
    },
};

/// Entries of one page.
const ROWS: usize = 30;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Only of this contact.
    contact: String,
    /// Only what was not read.
    unread: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// What the form that led here came to.
    notice: Option<String>,
}

/// The page.
#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    frame: Frame,
    asked: Asked,
    /// Who may be chosen: id and name.
    contacts: Vec<(String, String)>,
    list: paging::Page<EntryView>,
    unread: usize,
}

impl Asked {
    /// Whose inbox it is, unless it is that of all.
    fn contact(&self) -> Result<Option<ContactId>, Problem> {
        let given = Some(self.contact.as_str()).filter(|text| !text.is_empty());
        given.map(inbox::contact).transpose()
    }

    /// The page behind a cursor, or the first.
    fn page(&self, cursor: Option<&str>) -> String {
        address(&self.contact, self.unread.is_some(), cursor)
    }
}

fn address(contact: &str, is_unread: bool, cursor: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    let unread = if is_unread { "1" } else { "" };
    let parts = [("contact", contact), ("unread", unread), ("cursor", cursor.unwrap_or_default())];
    for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    format!("/inbox?{}", query.finish())
}

/// Shows the entries.
pub(super) async fn show(
    State(api): Shared,
    viewer: Viewer,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let frame = Frame::new(&api, &viewer, Section::Inbox, "");
    let title = frame.words.say("section-inbox").into_owned();
    let frame = Frame { title, ..frame }.noting(asked.notice.as_deref());
    let contact = asked.contact()?;
    let before = turn(asked.cursor.as_deref())?;
    let (list, unread, contacts) = api.look(|board| {
        let (deliveries, contact) = (board.deliveries(), contact.as_ref());
        let shown = |delivery| Some((delivery, inbox::shown(delivery, board)?));
        let turn = |(delivery, _): &(&Delivery, EntryView)| cursor(delivery);
        let list = if asked.unread.is_some() {
            let unread = deliveries.unread(contact, before).filter_map(shown);
            paging::page(unread, ROWS, turn, |(_, entry)| entry)
        } else {
            let all = deliveries.inbox(contact, before).filter_map(shown);
            paging::page(all, ROWS, turn, |(_, entry)| entry)
        };
        (list, deliveries.unread_count(contact), contacts(board))
    });
    Ok(frame::answer(&Inbox { frame, asked, contacts, list, unread }))
}

/// Marks one entry as read.
pub(super) async fn read(
    State(api): Shared,
    Path(entry): Path<String>,
    form: Submitted,
) -> Result<Response, Problem> {
    inbox::mark(&api, form.actor(), &ReadBody::one(entry)).await?;
    Ok(back(&form.fields, "entry-read"))
}

/// Marks all entries as read: of a contact, or of all.
pub(super) async fn read_all(State(api): Shared, form: Submitted) -> Result<Response, Problem> {
    let body = ReadBody::all(form.fields.given("contact"));
    inbox::mark(&api, form.actor(), &body).await?;
    Ok(back(&form.fields, "all-read"))
}

/// What an entry says below its title, with which its text begins.
fn body(entry: &EntryView) -> &str {
    entry.text.strip_prefix(&entry.title).unwrap_or(&entry.text).trim_start()
}

/// To the list that the form stood in.
fn back(fields: &Fields, notice: &str) -> Response {
    let cursor = fields.given("cursor");
    form::done(&address(fields.text("contact"), fields.has("unread"), cursor.as_deref()), notice)
}
