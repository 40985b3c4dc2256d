//! `/contacts`: who may be told.

pub(in crate::shell) mod ordering;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chassis::seal::Seal;
use proto::id::ContactId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api, Shared,
    addresses::{AddressView, ContactBody},
    document::{ContactPath, IdempotencyKey, IfMatch},
    events::PageParams,
    extract::{Body, Caller, Creation, Params, Path, Seen, etag},
    paging::{self, Page},
    problem::Problem,
};
use crate::domain::{
    board::{Board, Versioned},
    inventory::contact::{Contact, Refusal},
    refusal::Thing,
    repeat::Identity,
};

/// A contact, and how it is reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// `en` or `zh-CN`.
    pub language: String,
    /// IANA name.
    pub time_zone: String,
    /// Where it is reached, each method once.
    pub addresses: Vec<AddressView>,
    /// The methods that reach it: those whose address is verified.
    pub methods: Vec<String>,
    /// Whether the default setting tells it.
    pub in_default_setting: bool,
    /// Entries of its inbox that it has not read.
    pub unread: usize,
    /// Grows with each change.
    pub version: u64,
}

impl ContactView {
    /// Shows a contact, unless it was removed.
    pub fn of(
        id: ContactId,
        kept: &Versioned<Contact>,
        board: &Board,
        seal: &Seal,
    ) -> Option<Self> {
        let card = kept.entity.card()?;
        let default = board.default_setting().entity.setting();
        Some(Self {
            id: id.to_string(),
            name: card.name().to_owned(),
            email: card.email().map(str::to_owned),
            language: card.language().to_owned(),
            time_zone: card.time_zone().to_owned(),
            addresses: card.addresses().iter().map(|a| AddressView::of(a, seal)).collect(),
            methods: card.channels().map(str::to_owned).collect(),
            in_default_setting: default.is_some_and(|s| s.contacts().any(|have| have == id)),
            unread: board.deliveries().unread_count(Some(&id)),
            version: kept.version,
        })
    }
}

/// A new contact, and whether it is told of anything yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedContact {
    /// The contact.
    #[serde(flatten)]
    pub contact: ContactView,
    /// What became of the default setting, in one sentence.
    pub note: String,
}

/// The contacts.
#[utoipa::path(
    get, path = "/contacts", tag = "contacts",
    params(PageParams),
    responses((status = 200, body = Page<ContactView>))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<ContactView>>, Problem> {
    let limit = paging::limit(params.limit)?;
    let after = paging::read(params.cursor.as_deref())?.unwrap_or_default();
    Ok(Json(api.look(|board| {
        let contacts = board.contacts().skip_while(|(id, _)| id.as_bytes().as_slice() <= &*after);
        let shown = contacts
            .filter_map(|(id, kept)| Some((id, ContactView::of(id, kept, board, &api.seal)?)));
        paging::page(shown, limit, |(id, _)| id.as_bytes().to_vec(), |(_, view)| view)
    })))
}

/// Adds a contact.
///
/// The first contact that a person adds is told of every domain that has no setting of its own; the
/// answer says so. Later ones are told once a setting names them. A mailbox is sent a link, and
/// told nothing until somebody has followed it.
#[utoipa::path(
    post, path = "/contacts", tag = "contacts",
    params(IdempotencyKey),
    request_body = ContactBody,
    responses(
        (status = 201, body = AddedContact, headers(("ETag", description = "Its version"))),
        (
            status = 409,
            description = "It does not fit to what is, or it was added under this key and is removed since.",
            body = Problem
        ),
        (status = 429, description = "There are too many already.", body = Problem)
    )
)]
pub async fn add(
    State(api): Shared,
    Caller(caller): Caller,
    creation: Creation<ContactBody>,
) -> Result<Response, Problem> {
    let identity = api.look(|board| {
        let there = board.contact_ids().map(|id| *id.as_bytes());
        creation.identity(caller.actor(), "contacts", there, &api.context.dice)
    })?;
    let id = match identity {
        Identity::New(id) => ContactId::from_bytes(id),
        Identity::Known(id) => {
            let id = ContactId::from_bytes(id);
            let view = |board: &Board| ContactView::of(id, board.contact(&id)?, board, &api.seal);
            let contact = api.look(view).ok_or(Refusal::Removed)?;
            return Ok(made(contact, "It was added before, under the same key.".to_owned()));
        }
    };
    let AddedContact { contact, note } = ordering::add(&api, caller, id, creation.body).await?;
    Ok(made(contact, note))
}

fn made(contact: ContactView, note: String) -> Response {
    let version = etag(contact.version);
    (StatusCode::CREATED, version, Json(AddedContact { contact, note })).into_response()
}

/// One contact.
#[utoipa::path(
    get, path = "/contacts/{contact}", tag = "contacts",
    params(ContactPath),
    responses((status = 200, body = ContactView, headers(("ETag", description = "Its version"))))
)]
pub async fn show(State(api): Shared, Path(key): Path<String>) -> Result<Response, Problem> {
    let (id, _) = known(&api, &key)?;
    let contact = shown(&api, &id)?;
    Ok((etag(contact.version), Json(contact)).into_response())
}

/// Replaces a contact.
///
/// A robot that is left out is removed; one that is sent as `{"keep": true}` stays as it is. A
/// mailbox that is verified stays so unless it changes; a new one is sent a link.
#[utoipa::path(
    put, path = "/contacts/{contact}", tag = "contacts",
    request_body = ContactBody,
    params(ContactPath, IfMatch),
    responses(
        (status = 200, body = ContactView, headers(("ETag", description = "Its version"))),
        (status = 409, description = "It does not fit to what is.", body = Problem)
    )
)]
pub async fn replace(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
    Body(body): Body<ContactBody>,
) -> Result<Response, Problem> {
    ordering::replace(&api, caller, &key, seen, body).await?;
    show(State(api), Path(key)).await
}

/// Forgets a contact. Refused while a setting names it.
#[utoipa::path(
    delete, path = "/contacts/{contact}", tag = "contacts",
    params(ContactPath, IfMatch),
    responses(
        (status = 204),
        (status = 409, description = "It does not fit to what is.", body = Problem)
    )
)]
pub async fn remove(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
) -> Result<StatusCode, Problem> {
    ordering::remove(&api, caller, &key, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A contact that is there.
pub(in crate::shell) fn known(
    api: &Api,
    key: &str,
) -> Result<(ContactId, Versioned<Contact>), Problem> {
    let absent = || Problem::absent(Thing::Contact, key);
    let id: ContactId = key.parse().map_err(|_| absent())?;
    let kept = api.look(|board| board.contact(&id).cloned());
    let kept = kept.filter(|kept| kept.entity.card().is_some()).ok_or_else(absent)?;
    Ok((id, kept))
}

/// A contact as it is shown.
pub(in crate::shell) fn shown(api: &Api, id: &ContactId) -> Result<ContactView, Problem> {
    let view = |board: &Board| ContactView::of(*id, board.contact(id)?, board, &api.seal);
    api.look(view).ok_or_else(|| Problem::absent(Thing::Contact, &id.to_string()))
}
