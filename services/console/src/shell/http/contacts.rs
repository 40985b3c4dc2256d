//! `/contacts`: who may be told.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chassis::{error::Chain, seal::Seal};
use proto::{id::ContactId, subject::Entity};
use serde::Serialize;
use tracing::warn;
use utoipa::ToSchema;

use super::{
    Api, Shared,
    addresses::{AddressView, ContactBody},
    document::{ContactPath, IdempotencyKey, IfMatch},
    events::PageParams,
    extract::{Body, Caller, Creation, Params, Path, Seen, etag},
    paging::{self, Page},
    problem::Problem,
    settings,
};
use crate::{
    domain::{
        board::{Board, Versioned},
        inventory::{
            Actor,
            contact::{CHANNELS, Card, Command, Contact, Entry, Form},
            setting::{self, CONTACTS_MAX, Setting},
            token::Role,
        },
        repeat::Identity,
    },
    shell::{first_start::default_setting, session, store::Order},
};

/// Contacts there may be: each is shown in every panel that chooses one.
const CONTACTS_IN_ALL_MAX: usize = 1_000;

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
    fn of(id: ContactId, kept: &Versioned<Contact>, board: &Board, seal: &Seal) -> Option<Self> {
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
        (status = 409, description = "It does not fit to what is.", body = Problem),
        (status = 429, description = "There are too many already.", body = Problem)
    )
)]
pub async fn add(
    State(api): Shared,
    Caller(caller): Caller,
    creation: Creation<ContactBody>,
) -> Result<Response, Problem> {
    let identity = api.look(|board| {
        let there = board.contacts().map(|(id, _)| *id.as_bytes());
        creation.identity(caller.actor(), "contacts", there, &api.context.dice)
    })?;
    let id = match identity {
        Identity::New(id) => ContactId::from_bytes(id),
        Identity::Known(id) => {
            let contact = shown(&api, &ContactId::from_bytes(id))?;
            return Ok(made(contact, "It was added before, under the same key.".to_owned()));
        }
    };
    let entry = entry(&api, caller, creation.body)?;
    if api.look(|board| board.contacts().count()) >= CONTACTS_IN_ALL_MAX {
        return Err(Problem::full(format!("there are {CONTACTS_IN_ALL_MAX} contacts already")));
    }
    let order = Order::<Contact> {
        entity: Entity::Contact(id),
        known: Versioned::default(),
        seen: None,
        actor: caller.actor(),
        command: Command::Add(entry),
    };
    api.store.carry_out(order).await.map_err(Problem::of)?;
    let (_, kept) = known(&api, &id.to_string())?;
    let mut note = match kept.entity.card() {
        Some(card) => introduce(&api, caller.actor(), id, card).await?,
        None => String::new(),
    };
    if let Some(line) = send_link(&api, caller.actor(), id, None, &kept).await {
        note = format!("{note} {line}");
    }
    Ok(made(shown(&api, &id)?, note))
}

fn made(contact: ContactView, note: String) -> Response {
    let version = etag(contact.version);
    (StatusCode::CREATED, version, Json(AddedContact { contact, note })).into_response()
}

/// Lets the first contact that a person adds join the default setting that nobody has touched yet.
async fn introduce(
    api: &Arc<Api>,
    actor: Actor,
    id: ContactId,
    card: &Card,
) -> Result<String, Problem> {
    let (kept, untouched) =
        api.look(|board| (board.default_setting().clone(), board.default_is_untouched()));
    let before: Vec<ContactId> = match kept.entity.setting() {
        Some(setting) if untouched => setting.contacts().collect(),
        None if kept.version == 0 => vec![],
        Some(_) | None => {
            return Ok("No setting tells this contact yet: name it in a setting.".to_owned());
        }
    };
    // Also a mailbox that is not verified yet: it is told once it is, and nobody need think of it.
    let methods: Vec<_> =
        CHANNELS.into_iter().filter(|method| card.address(method).is_some()).collect();
    let contacts: Vec<_> = before.into_iter().chain([id]).take(CONTACTS_MAX).collect();
    let draft = default_setting(&contacts, &methods);
    let setting = Setting::read(&draft).map_err(Problem::invalid)?;
    let command = setting::Command::Save(setting);
    settings::order(api, actor, Entity::DefaultSetting, Some(kept.version), command).await?;
    Ok(format!(
        "The default setting now tells `{}` of every domain by {}.",
        card.name(),
        methods.join(" and ")
    ))
}

/// What a contact is to be, with its secrets sealed.
fn entry(api: &Api, caller: session::Caller, body: ContactBody) -> Result<Entry, Problem> {
    if body.verified && caller.role < Role::Admin {
        return Err(Problem::forbidden(Role::Admin));
    }
    let draft = body.draft().map_err(Problem::invalid)?;
    let form = Form::read(&draft, &api.config.robot_hosts).map_err(Problem::invalid)?;
    form.sealed(|plain| api.seal.seal(plain)).map_err(|error| Problem::seal(&error))
}

/// Sends a link to a mailbox that is new and not verified; answers what became of it. That it is
/// not sent does not undo the order: it can be asked for again.
async fn send_link(
    api: &Api,
    actor: Actor,
    id: ContactId,
    before: Option<&Card>,
    now: &Versioned<Contact>,
) -> Option<String> {
    let address = now.entity.card()?.unverified_email()?;
    if before.and_then(Card::email) == Some(address) {
        return None;
    }
    Some(match api.verifier.send(id, address, actor).await {
        Ok(()) => format!("A link was sent to {address}: mail is told once it has been followed."),
        Err(error) => {
            warn!(contact.id = %id, error = %Chain(&error), "No link was sent to `{id}`.");
            format!("No link was sent to {address}: {error}. Ask for one again.")
        }
    })
}

/// One contact.
#[utoipa::path(
    get, path = "/contacts/{contact}", tag = "contacts",
    params(ContactPath),
    responses((status = 200, body = ContactView))
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
        (status = 200, body = ContactView),
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
    let (id, before) = known(&api, &key)?;
    let entry = entry(&api, caller, body)?;
    order(&api, caller, &key, seen, Command::Change(entry)).await?;
    let (_, now) = known(&api, &key)?;
    // What became of it is found among the deliveries, and in the log.
    drop(send_link(&api, caller.actor(), id, before.entity.card(), &now).await);
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
    let (id, _) = known(&api, &key)?;
    if let Some(place) = api.look(|board| named_by(board, &id)) {
        return Err(Problem::conflict(format!("{place} names this contact: change it first")));
    }
    order(&api, caller, &key, seen, Command::Remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A setting that names a contact, in words.
fn named_by(board: &Board, id: &ContactId) -> Option<String> {
    let names = |setting: &Setting| {
        setting.contacts().chain(setting.escalation_contacts()).any(|have| have == *id)
    };
    if board.default_setting().entity.setting().is_some_and(names) {
        return Some("the default setting".to_owned());
    }
    // The settings of domains that were removed tell nobody.
    let mut rows = board
        .settings()
        .filter_map(|(id, kept)| Some((board.domains().row(&id)?, kept.entity.setting()?)));
    let (row, _) = rows.find(|(_, setting)| names(setting))?;
    Some(format!("the setting of `{}`", row.place().host.with_port(row.place().port)))
}

/// A contact that is there.
pub(super) fn known(api: &Api, key: &str) -> Result<(ContactId, Versioned<Contact>), Problem> {
    let absent = || Problem::absent("contact", key);
    let id: ContactId = key.parse().map_err(|_| absent())?;
    let kept = api.look(|board| board.contact(&id).cloned());
    let kept = kept.filter(|kept| kept.entity.card().is_some()).ok_or_else(absent)?;
    Ok((id, kept))
}

fn shown(api: &Api, id: &ContactId) -> Result<ContactView, Problem> {
    let view = |board: &Board| ContactView::of(*id, board.contact(id)?, board, &api.seal);
    api.look(view).ok_or_else(|| Problem::absent("contact", &id.to_string()))
}

async fn order(
    api: &Api,
    caller: session::Caller,
    key: &str,
    seen: Option<u64>,
    command: Command,
) -> Result<(), Problem> {
    let (id, known) = known(api, key)?;
    let actor = caller.actor();
    let order = Order::<Contact> { entity: Entity::Contact(id), known, seen, actor, command };
    api.store.carry_out(order).await.map(|_| ()).map_err(Problem::of)
}
