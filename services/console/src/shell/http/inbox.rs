//! `/inbox`: internal messages.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use jiff::Timestamp;
use proto::{
    id::{ContactId, DeliveryId},
    subject::Entity,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Shared,
    deliveries::turn,
    extract::{Body, Caller, Params},
    paging::{self, Page},
    problem::Problem,
};
use crate::{
    domain::{
        board::{Board, delivery::Delivery},
        inventory::{
            Actor, Invalid,
            inbox::{MarkRead, Marks},
        },
        want::{Asked, Want},
    },
    shell::store::Order,
};

/// Entries marked by one request.
const MARKED_MAX: usize = 10_000;

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct InboxParams {
    /// Only of this contact. Default: of all.
    contact: Option<String>,
    /// Only those that were not read.
    unread: bool,
    /// Items of the page, 1 to 1000. Default 100.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// An internal message.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// Id of its delivery.
    pub id: String,
    /// Id of the contact whose inbox it is in.
    pub contact_id: String,
    /// Name of the contact. Absent if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Id of the domain, if it speaks of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<String>,
    /// When it came.
    pub at: Timestamp,
    /// Its title.
    pub title: String,
    /// Plain text.
    pub text: String,
    /// Kind of the event.
    pub kind: &'static str,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// Whether it was read.
    pub read: bool,
}

/// A page of an inbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboxPage {
    /// The page.
    #[serde(flatten)]
    pub page: Page<EntryView>,
    /// How many entries were not read, in all.
    pub unread: usize,
}

/// Shows a delivery as the entry that it is of an inbox, if it is one.
pub(in crate::shell) fn shown(delivery: &Delivery, board: &Board) -> Option<EntryView> {
    let entry = delivery.entry.as_ref()?;
    let card = board.contact(&delivery.contact).and_then(|contact| contact.entity.card());
    Some(EntryView {
        id: delivery.id.to_string(),
        contact_id: delivery.contact.to_string(),
        contact: card.map(|card| card.name().to_owned()),
        domain_id: delivery.domain.map(|id| id.to_string()),
        at: delivery.steps.last().map_or(delivery.due_at, |step| step.at),
        title: entry.title.clone(),
        text: entry.text.clone(),
        kind: entry.kind().token(),
        severity: entry.severity().token(),
        read: board.is_read(&delivery.contact, &delivery.id),
    })
}

/// The inbox of a contact or of all, latest first.
#[utoipa::path(
    get, path = "/inbox", tag = "inbox",
    params(InboxParams),
    responses((status = 200, body = InboxPage))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<InboxParams>,
) -> Result<Json<InboxPage>, Problem> {
    let limit = paging::limit(params.limit)?;
    let before = turn(params.cursor.as_deref())?;
    let contact = params.contact.as_deref().map(contact).transpose()?;
    Ok(Json(api.look(|board| {
        let shown = |delivery| Some((delivery, shown(delivery, board)?));
        let cursor = |(delivery, _): &(&Delivery, EntryView)| super::deliveries::cursor(delivery);
        let (deliveries, contact) = (board.deliveries(), contact.as_ref());
        InboxPage {
            page: if params.unread {
                let unread = deliveries.unread(contact, before).filter_map(shown);
                paging::page(unread, limit, cursor, |(_, entry)| entry)
            } else {
                let all = deliveries.inbox(contact, before).filter_map(shown);
                paging::page(all, limit, cursor, |(_, entry)| entry)
            },
            unread: deliveries.unread_count(contact),
        }
    })))
}

/// How many entries were not read: of a contact, or of all.
pub(super) fn unread(board: &Board, contact: Option<ContactId>) -> usize {
    board.deliveries().unread_count(contact.as_ref())
}

/// The contact that a parameter names.
pub(in crate::shell) fn contact(text: &str) -> Result<ContactId, Problem> {
    let invalid = || Problem::invalid(vec![Invalid::new("contact", text, Want::ContactId)]);
    text.parse().map_err(|_| invalid())
}

/// Marks entries as read: those that are named, or all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "entries": ["aaaaaaaaaaaaaaaaaaaaaaaaaa"] }))]
pub struct ReadBody {
    /// Ids of the entries, at most 10,000. Either these or `all`.
    #[serde(default)]
    entries: Vec<String>,
    /// True: all that there are by now. Either this or `entries`.
    #[serde(default)]
    all: bool,
    /// With `all`: only those of this contact.
    #[serde(default)]
    contact: Option<String>,
}

impl ReadBody {
    /// One entry.
    pub fn one(entry: String) -> Self {
        Self { entries: vec![entry], all: false, contact: None }
    }

    /// All entries, of a contact if one is named.
    pub fn all(contact: Option<String>) -> Self {
        Self { entries: vec![], all: true, contact }
    }
}

/// How many entries are marked now that were not.
#[derive(Debug, Serialize, ToSchema)]
pub struct Marked {
    /// How many.
    pub marked: usize,
}

/// Marks entries as read.
#[utoipa::path(
    post, path = "/inbox/read", tag = "inbox",
    request_body = ReadBody,
    responses((status = 200, body = Marked))
)]
pub async fn mark_read(
    State(api): Shared,
    Caller(caller): Caller,
    Body(body): Body<ReadBody>,
) -> Result<Json<Marked>, Problem> {
    let marked = mark(&api, caller.actor(), &body).await?;
    Ok(Json(Marked { marked }))
}

/// Marks entries as read; answers how many are marked now that were not.
pub(in crate::shell) async fn mark(
    api: &Api,
    actor: Actor,
    body: &ReadBody,
) -> Result<usize, Problem> {
    if body.entries.len() > MARKED_MAX {
        let count = format!("{} entries", body.entries.len());
        let want = Want::AtMost(MARKED_MAX);
        return Err(Problem::invalid(vec![Invalid::new("entries", &count, want)]));
    }
    let by_contact = api.look(|board| wanted(board, body))?;
    let mut marked = 0;
    for (contact, entries) in by_contact {
        for command in MarkRead::all(entries) {
            let known = api.look(|board| board.marks(&contact).cloned().unwrap_or_default());
            marked += command.0.iter().filter(|entry| !known.entity.is_read(entry)).count();
            let entity = Entity::Inbox(contact);
            let order = Order::<Marks> { entity, known, seen: None, actor, command };
            api.store.carry_out(order).await.map_err(Problem::of)?;
        }
    }
    Ok(marked)
}

type ByContact = BTreeMap<ContactId, BTreeSet<DeliveryId>>;

fn wanted(board: &Board, body: &ReadBody) -> Result<ByContact, Problem> {
    match (body.all, body.entries.is_empty(), &body.contact) {
        (true, true, whose) => {
            let whose = whose.as_deref().map(contact).transpose()?;
            let mut by_contact = ByContact::new();
            for entry in board.deliveries().unread(whose.as_ref(), None) {
                by_contact.entry(entry.contact).or_default().insert(entry.id);
            }
            Ok(by_contact)
        }
        (false, _, None) => sorted(board, &body.entries),
        (true, false, _) => Err(Problem::invalid(vec![Invalid::new("all", "true", Asked::NotAll)])),
        (false, _, Some(contact)) => {
            Err(Problem::invalid(vec![Invalid::new("contact", contact, Asked::NoContact)]))
        }
    }
}

/// The entries by the contact whose inbox they are in.
fn sorted(board: &Board, entries: &[String]) -> Result<ByContact, Problem> {
    let mut by_contact = ByContact::new();
    let mut mistakes = Vec::new();
    for (at, text) in entries.iter().enumerate() {
        let delivery = text.parse().ok().and_then(|id| board.deliveries().get(&id));
        match delivery.filter(|delivery| delivery.entry.is_some()) {
            Some(delivery) => {
                by_contact.entry(delivery.contact).or_default().insert(delivery.id);
            }
            None => {
                mistakes.push(Invalid::new(format!("entries[{at}]"), text, Want::EntryThere));
            }
        }
    }
    if mistakes.is_empty() { Ok(by_contact) } else { Err(Problem::invalid(mistakes)) }
}
