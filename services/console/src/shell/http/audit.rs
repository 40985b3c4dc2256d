//! `/audit`: who changed what.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use jiff::Timestamp;
use proto::subject::Entity;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Shared,
    events::PageParams,
    extract::{Caller, Params},
    paging::{self, Page},
    problem::Problem,
    view,
};
use crate::domain::{
    board::{
        Board,
        audit::{Entry, deed::Deed, facts::Change},
    },
    inventory::token::Role,
};

/// One decision on one thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "sequence": 42, "at": "2026-11-22T21:05:00Z", "by": "ada", "by_id": "account:4rrewm3tr6pwn4kxotpjwlbjue",
    "about": "domain", "about_id": "4rrewm3tr6pwn4kxotpjwlbjue", "name": "example.com:443",
    "deeds": [{ "kind": "domain-changed", "values": {} }],
    "changes": [{ "field": "tags", "before": null, "after": "shop" }],
    "more": 0
}))]
pub struct AuditView {
    /// Its place among all that was ordered.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who: name of the account or the token, or `system`.
    pub by: String,
    /// Who: `account:` or `token:` and an id, or `system`.
    pub by_id: String,
    /// What kind of thing: `domain`, `contact`, `setting`, `token`, `inbox`, `silence`,
    /// `acknowledgement`, `account`, `link` or `key`.
    pub about: &'static str,
    /// Its id. Absent for the default setting, for the key, and for what was tried under names that
    /// no account has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about_id: Option<String>,
    /// What it was called then. May be empty.
    pub name: String,
    /// What was done.
    pub deeds: Vec<DeedView>,
    /// What is different since.
    pub changes: Vec<ChangeView>,
    /// How many more domains the same order did the same or the like to: other values, in the same
    /// fields. They are not listed.
    pub more: usize,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeedView {
    /// `domain-added`, `signed-in`, …
    pub kind: &'static str,
    /// More of it: `count`, `address`, `with`, `anomaly`, `reason`.
    pub values: BTreeMap<&'static str, String>,
}

/// A field that is different. Secrets are never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// The field, as it is spelled where it is set. `secrets` is what is secret of a contact's
    /// robots: a mark for each, which is another once any of it was replaced, or sealed anew.
    pub field: &'static str,
    /// What stood there; null for the default.
    pub before: Option<String>,
    /// What stands there.
    pub after: Option<String>,
}

impl AuditView {
    fn of(entry: &Entry, board: &Board) -> Self {
        let (about, about_id) = about(&entry.entity);
        let deed = |deed: &Deed| DeedView {
            kind: deed.kind,
            values: deed.values.iter().cloned().collect(),
        };
        let change = |Change { field, before, after }: &Change| ChangeView {
            field,
            before: before.as_ref().map(|value| value.shown(board)),
            after: after.as_ref().map(|value| value.shown(board)),
        };
        Self {
            sequence: entry.sequence,
            at: entry.signature.at,
            by: view::signer(&entry.signature, board),
            by_id: entry.signature.by.to_string(),
            about,
            about_id,
            name: entry.name.to_string(),
            deeds: entry.deeds.iter().map(deed).collect(),
            changes: entry.changes.iter().map(change).collect(),
            more: entry.more,
        }
    }
}

/// What kind of thing an entity is, and which.
fn about(entity: &Entity) -> (&'static str, Option<String>) {
    match entity {
        Entity::Domain(id) => ("domain", Some(id.to_string())),
        Entity::Contact(id) => ("contact", Some(id.to_string())),
        Entity::DefaultSetting => ("setting", None),
        Entity::Setting(id) => ("setting", Some(id.to_string())),
        Entity::Token(id) => ("token", Some(id.to_string())),
        Entity::Inbox(id) => ("inbox", Some(id.to_string())),
        Entity::Silence(id) => ("silence", Some(id.to_string())),
        Entity::Acknowledgement(id) => ("acknowledgement", Some(id.to_string())),
        Entity::Account(id) => ("account", Some(id.to_string())),
        Entity::Strangers => ("account", None),
        Entity::Link(id) => ("link", Some(id.to_string())),
        Entity::Key => ("key", None),
    }
}

/// Whether only administrators see what is done to an entity: who may come in, and from where.
fn is_of_the_door(entity: &Entity) -> bool {
    match entity {
        Entity::Token(_)
        | Entity::Account(_)
        | Entity::Strangers
        | Entity::Link(_)
        | Entity::Key => true,
        Entity::Domain(_)
        | Entity::Contact(_)
        | Entity::DefaultSetting
        | Entity::Setting(_)
        | Entity::Inbox(_)
        | Entity::Silence(_)
        | Entity::Acknowledgement(_) => false,
    }
}

/// A page of what somebody of a role may see, latest first.
///
/// # Errors
///
/// When the page is none.
pub fn paged(params: &PageParams, role: Role, board: &Board) -> Result<Page<AuditView>, Problem> {
    let limit = paging::limit(params.limit)?;
    let cursor = paging::read(params.cursor.as_deref())?;
    let before = cursor.and_then(|cursor| Some(u64::from_be_bytes(cursor.try_into().ok()?)));
    let before = before.unwrap_or(u64::MAX);
    let seen = |entry: &&Entry| role >= Role::Admin || !is_of_the_door(&entry.entity);
    let shown = board.audit().entries().skip_while(|entry| entry.sequence >= before).filter(seen);
    let cursor = |entry: &&Entry| entry.sequence.to_be_bytes().to_vec();
    Ok(paging::page(shown, limit, cursor, |entry| AuditView::of(entry, board)))
}

/// Who changed what, latest first, as far as it is remembered: the last 10,000 decisions, and
/// beside them the last 1,000 sign-ins that were refused.
///
/// Of one order about many domains, such as a list that was added, the first 100 are listed, and
/// the last of these counts the others. What concerns accounts, tokens and the key is shown to
/// administrators only.
#[utoipa::path(
    get, path = "/audit", tag = "audit",
    params(PageParams),
    responses((status = 200, body = Page<AuditView>))
)]
pub async fn list(
    State(api): Shared,
    Caller(caller): Caller,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<AuditView>>, Problem> {
    api.look(|board| paged(&params, caller.role, board)).map(Json)
}
