//! What people order of contacts, through the API and through the pages.

use std::sync::Arc;

use chassis::error::Chain;
use proto::{id::ContactId, subject::Entity};
use tracing::warn;

use super::{AddedContact, known, shown};
use crate::{
    domain::{
        board::{Board, Versioned},
        inventory::{
            Actor,
            contact::{CHANNELS, Card, Command, Contact, Entry, Form},
            setting::{self, CONTACTS_MAX, Setting},
            token::Role,
        },
        refusal::{Full, Refusal},
    },
    shell::{
        first_start::default_setting,
        http::{Api, addresses::ContactBody, problem::Problem, settings},
        session::Caller,
        store::Order,
    },
};

/// Contacts there may be: each is shown in every panel that chooses one.
pub(in crate::shell) const CONTACTS_IN_ALL_MAX: usize = 1_000;

/// Adds a contact; sends its mailbox a link, and lets the first join the default setting.
pub(in crate::shell) async fn add(
    api: &Arc<Api>,
    caller: Caller,
    id: ContactId,
    body: ContactBody,
) -> Result<AddedContact, Problem> {
    let entry = entry(api, caller, body)?;
    if api.look(|board| board.contacts().count()) >= CONTACTS_IN_ALL_MAX {
        return Err(Problem::full(Full::Contacts(CONTACTS_IN_ALL_MAX)));
    }
    let order = Order::<Contact> {
        entity: Entity::Contact(id),
        known: Versioned::default(),
        seen: None,
        actor: caller.actor(),
        command: Command::Add(entry),
    };
    api.store.carry_out(order).await.map_err(Problem::of)?;
    let (_, kept) = known(api, &id.to_string())?;
    let mut note = match kept.entity.card() {
        Some(card) => introduce(api, caller.actor(), id, card).await?,
        None => String::new(),
    };
    if let Some(line) = send_link(api, caller.actor(), id, None, &kept).await {
        note = format!("{note} {line}");
    }
    let contact = shown(api, &id)?;
    Ok(AddedContact { contact, note })
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
fn entry(api: &Api, caller: Caller, body: ContactBody) -> Result<Entry, Problem> {
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
        Ok(()) => {
            format!("A link is on its way to {address}: mail is told once it has been followed.")
        }
        Err(error) => {
            warn!(contact.id = %id, error = %Chain(&error), "No link was sent to `{id}`.");
            format!("No link was sent to {address}: {error}. Ask for one again.")
        }
    })
}

/// Replaces a contact; sends its mailbox a link if that is new.
pub(in crate::shell) async fn replace(
    api: &Api,
    caller: Caller,
    key: &str,
    seen: Option<u64>,
    body: ContactBody,
) -> Result<(), Problem> {
    let (id, before) = known(api, key)?;
    let entry = entry(api, caller, body)?;
    order(api, caller, key, seen, Command::Change(entry)).await?;
    let (_, now) = known(api, key)?;
    // What became of it is found among the deliveries, and in the log.
    drop(send_link(api, caller.actor(), id, before.entity.card(), &now).await);
    Ok(())
}

/// Forgets a contact, unless a setting names it.
pub(in crate::shell) async fn remove(
    api: &Api,
    caller: Caller,
    key: &str,
    seen: Option<u64>,
) -> Result<(), Problem> {
    let (id, _) = known(api, key)?;
    if let Some(named) = api.look(|board| named_by(board, &id)) {
        return Err(Problem::conflict(named));
    }
    order(api, caller, key, seen, Command::Remove).await?;
    api.eraser.erase(id);
    Ok(())
}

/// That a setting names a contact.
fn named_by(board: &Board, id: &ContactId) -> Option<Refusal> {
    let names = |setting: &Setting| {
        setting.contacts().chain(setting.escalation_contacts()).any(|have| have == *id)
    };
    if board.default_setting().entity.setting().is_some_and(names) {
        return Some(Refusal::Named(None));
    }
    // The settings of domains that were removed tell nobody.
    let mut rows = board
        .settings()
        .filter_map(|(id, kept)| Some((board.domains().row(&id)?, kept.entity.setting()?)));
    let (row, _) = rows.find(|(_, setting)| names(setting))?;
    Some(Refusal::Named(Some(row.place().host.with_port(row.place().port))))
}

async fn order(
    api: &Api,
    caller: Caller,
    key: &str,
    seen: Option<u64>,
    command: Command,
) -> Result<(), Problem> {
    let (id, known) = known(api, key)?;
    let actor = caller.actor();
    let order = Order::<Contact> { entity: Entity::Contact(id), known, seen, actor, command };
    api.store.carry_out(order).await.map(|_| ()).map_err(Problem::of)
}
