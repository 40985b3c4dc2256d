//! `/settings` and `/domains/{domain}/setting`: who hears of what.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use proto::{
    id::{ContactId, DomainId},
    subject::Entity,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Shared,
    document::{DomainPath, IfMatch},
    events::PageParams,
    extract::{Body, Caller, Params, Path, Seen, etag},
    object,
    paging::{self, Page},
    problem::Problem,
    view,
};
use crate::{
    domain::{
        board::{Board, Versioned},
        inventory::{
            Actor, Invalid,
            contact::Card,
            setting::{Command, EscalationDraft, Kept, Setting, SettingDraft, WindowDraft},
        },
        refusal::Thing,
        want::Want,
    },
    shell::store::Order,
};

/// Who hears of a domain, and how.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "enabled": true, "contacts": ["aaaaaaaaaaaaaaaaaaaaaaaaaa"], "methods": ["email", "internal"],
    "anomaly_time": { "from": "08:00", "to": "20:00", "time_zone": "Europe/Berlin", "critical_any_time": true },
    "repeat_days": 1, "kinds": [],
    "escalation": { "minutes": 30, "contacts": ["bbbbbbbbbbbbbbbbbbbbbbbbbb"] }
}))]
pub struct SettingBody {
    /// False: nothing is sent, also nothing already on its way. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Ids of 1 to 10 contacts.
    pub contacts: Vec<String>,
    /// Any of `email`, `internal`, `dingtalk`, `wecom`, `feishu`, `lark`, `slack`, `webhook`.
    pub methods: Vec<String>,
    /// When contacts may be told. Absent or null: all day.
    #[serde(
        default,
        deserialize_with = "object::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub anomaly_time: Option<WindowBody>,
    /// Days between reminders while an anomaly is open; 0: never. Default 1.
    #[serde(default = "daily")]
    pub repeat_days: u32,
    /// Which kinds are told. Empty: all but `certificate_changed`.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Whom else to tell of what nobody acknowledges. Absent or null: nobody.
    #[serde(
        default,
        deserialize_with = "object::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub escalation: Option<EscalationBody>,
}

/// Who is told, by the same methods, of a critical anomaly that nobody acknowledged.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationBody {
    /// Minutes after it was first due to be told, 1 to 10080.
    pub minutes: u32,
    /// Ids of 1 to 10 contacts.
    pub contacts: Vec<String>,
}

fn yes() -> bool {
    true
}

fn daily() -> u32 {
    1
}

/// A window of the day.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowBody {
    /// `HH:MM`.
    pub from: String,
    /// `HH:MM`; before `from` it is of the next day.
    pub to: String,
    /// IANA name.
    pub time_zone: String,
    /// Whether severity critical is told outside the window as well. Default false.
    #[serde(default)]
    pub critical_any_time: bool,
}

impl From<SettingBody> for SettingDraft {
    fn from(body: SettingBody) -> Self {
        let SettingBody { enabled, contacts, methods, repeat_days, kinds, .. } = body;
        let escalation = body
            .escalation
            .map(|EscalationBody { minutes, contacts }| EscalationDraft { minutes, contacts });
        let anomaly_time = body.anomaly_time.map(|window| {
            let WindowBody { from, to, time_zone, critical_any_time } = window;
            WindowDraft { from, to, time_zone, critical_any_time }
        });
        Self { enabled, contacts, methods, anomaly_time, repeat_days, kinds, escalation }
    }
}

impl From<SettingDraft> for SettingBody {
    fn from(draft: SettingDraft) -> Self {
        let SettingDraft { enabled, contacts, methods, repeat_days, kinds, .. } = draft;
        let escalation = draft
            .escalation
            .map(|EscalationDraft { minutes, contacts }| EscalationBody { minutes, contacts });
        let anomaly_time = draft.anomaly_time.map(|window| {
            let WindowDraft { from, to, time_zone, critical_any_time } = window;
            WindowBody { from, to, time_zone, critical_any_time }
        });
        Self { enabled, contacts, methods, anomaly_time, repeat_days, kinds, escalation }
    }
}

/// A setting, and what its owner should know of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingView {
    /// The setting.
    #[serde(flatten)]
    pub setting: SettingBody,
    /// Contacts that a method does not reach, and contacts that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Each contact that is there with each method that does not reach it.
    pub gaps: Vec<Gap>,
    /// Grows with each change.
    pub version: u64,
}

/// A contact that a method does not reach.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gap {
    /// Id of the contact.
    pub contact: String,
    /// The method.
    pub method: String,
    /// `no_address`, or `not_verified`.
    pub why: &'static str,
}

/// The setting that applies to a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingOfDomain {
    /// Whether it is the domain's own; otherwise it is the default.
    pub own: bool,
    /// The setting. Absent if there is none at all: nobody is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<SettingView>,
}

/// The own setting of a domain, in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnSetting {
    /// Id of the domain.
    pub domain_id: String,
    /// Host and port. Absent if the domain was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Its setting.
    pub setting: SettingView,
}

impl SettingView {
    /// Shows a setting, if there is one.
    pub fn of(kept: &Versioned<Kept>, board: &Board) -> Option<Self> {
        let setting = kept.entity.setting()?;
        Some(Self {
            setting: setting.to_draft().into(),
            warnings: warnings(setting, board),
            gaps: gaps(setting, board).map(|(_, gap)| gap).collect(),
            version: kept.version,
        })
    }
}

fn warnings(setting: &Setting, board: &Board) -> Vec<String> {
    let gone = told(setting, board).filter(|(_, card)| card.is_none());
    let gone = gone.map(|(id, _)| format!("contact `{id}` was removed"));
    let gaps = gaps(setting, board).map(|(card, gap)| {
        let what = if gap.why == NOT_VERIFIED { "verified address" } else { "address" };
        format!("contact `{}` has no {what} for {}", card.name(), gap.method)
    });
    gone.chain(gaps).collect()
}

/// Everybody whom a setting names, once.
fn told<'b>(
    setting: &Setting,
    board: &'b Board,
) -> impl Iterator<Item = (ContactId, Option<&'b Card>)> {
    let ids: BTreeSet<_> = setting.contacts().chain(setting.escalation_contacts()).collect();
    ids.into_iter().map(|id| (id, board.contact(&id).and_then(|contact| contact.entity.card())))
}

/// Who is not reached, and by what.
fn gaps<'b>(setting: &Setting, board: &'b Board) -> impl Iterator<Item = (&'b Card, Gap)> {
    let there = told(setting, board).filter_map(|(id, card)| Some((id, card?)));
    there.flat_map(|(id, card)| {
        let missing = setting.methods().filter(|method| !card.is_reached_by(method));
        missing.map(move |method| {
            let why = if card.address(method).is_some() { NOT_VERIFIED } else { "no_address" };
            (card, Gap { contact: id.to_string(), method: method.to_owned(), why })
        })
    })
}

/// Why an address that is there is not used.
const NOT_VERIFIED: &str = "not_verified";

/// The setting that applies to a domain.
pub(super) fn of_domain(board: &Board, id: &DomainId) -> SettingOfDomain {
    let own = board.setting(id).and_then(|kept| SettingView::of(kept, board));
    match own {
        Some(setting) => SettingOfDomain { own: true, setting: Some(setting) },
        None => {
            SettingOfDomain { own: false, setting: SettingView::of(board.default_setting(), board) }
        }
    }
}

/// The settings that domains have of their own.
#[utoipa::path(
    get, path = "/settings", tag = "settings",
    params(PageParams),
    responses((status = 200, body = Page<OwnSetting>))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<OwnSetting>>, Problem> {
    let limit = paging::limit(params.limit)?;
    let after = paging::read(params.cursor.as_deref())?.unwrap_or_default();
    Ok(Json(api.look(|board| {
        let own = board.settings().skip_while(|(id, _)| id.as_bytes().as_slice() <= &*after);
        let shown = own.filter_map(|(id, kept)| {
            let row = board.domains().row(&id);
            let name = row.map(|row| row.place().host.with_port(row.place().port));
            Some((id, name, SettingView::of(kept, board)?))
        });
        paging::page(
            shown,
            limit,
            |(id, _, _)| id.as_bytes().to_vec(),
            |(id, domain, setting)| OwnSetting { domain_id: id.to_string(), domain, setting },
        )
    })))
}

/// The setting for domains that have none of their own.
#[utoipa::path(
    get, path = "/settings/default", tag = "settings",
    responses(
        (status = 200, body = SettingView, headers(("ETag", description = "Its version"))),
        (
            status = 404,
            description = "There is none: nobody is told of these domains.",
            body = Problem
        )
    )
)]
pub async fn show_default(State(api): Shared) -> Result<Response, Problem> {
    let setting = api.look(|board| SettingView::of(board.default_setting(), board));
    let setting = setting.ok_or_else(|| Problem::absent(Thing::Setting, "default"))?;
    Ok((etag(setting.version), Json(setting)).into_response())
}

/// Replaces the setting for domains that have none of their own.
#[utoipa::path(
    put, path = "/settings/default", tag = "settings",
    request_body = SettingBody,
    params(IfMatch),
    responses((status = 200, body = SettingView, headers(("ETag", description = "Its version"))))
)]
pub async fn save_default(
    State(api): Shared,
    Caller(caller): Caller,
    Seen(seen): Seen,
    Body(body): Body<SettingBody>,
) -> Result<Response, Problem> {
    let setting = read(&api, body)?;
    let command = Command::Save(setting);
    order(&api, caller.actor(), Entity::DefaultSetting, seen, command).await?;
    show_default(State(api)).await
}

/// The setting that applies to a domain: its own, or the default.
#[utoipa::path(
    get, path = "/domains/{domain}/setting", tag = "settings",
    params(DomainPath),
    responses((status = 200, body = SettingOfDomain, headers(("ETag", description = "Version of its own; 0: it has none"))))
)]
pub async fn show(State(api): Shared, Path(key): Path<String>) -> Result<Response, Problem> {
    let of_domain =
        api.look(|board| view::named(board, &key).map(|row| of_domain(board, &row.id)))?;
    let version = of_domain.setting.as_ref().filter(|_| of_domain.own).map_or(0, |s| s.version);
    Ok((etag(version), Json(of_domain)).into_response())
}

/// Gives a domain a setting of its own, or replaces it.
#[utoipa::path(
    put, path = "/domains/{domain}/setting", tag = "settings",
    request_body = SettingBody,
    params(DomainPath, IfMatch),
    responses((status = 200, body = SettingOfDomain, headers(("ETag", description = "Version of its own; 0: it has none"))))
)]
pub async fn save(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
    Body(body): Body<SettingBody>,
) -> Result<Response, Problem> {
    let id = api.look(|board| view::named(board, &key).map(|row| row.id))?;
    let command = Command::Save(read(&api, body)?);
    order(&api, caller.actor(), Entity::Setting(id), seen, command).await?;
    show(State(api), Path(key)).await
}

/// Lets a domain follow the default setting again.
#[utoipa::path(
    delete, path = "/domains/{domain}/setting", tag = "settings",
    params(DomainPath, IfMatch),
    responses((status = 200, body = SettingOfDomain, headers(("ETag", description = "Version of its own; 0: it has none"))))
)]
pub async fn clear(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
) -> Result<Response, Problem> {
    let id = api.look(|board| view::named(board, &key).map(|row| row.id))?;
    order(&api, caller.actor(), Entity::Setting(id), seen, Command::Clear).await?;
    show(State(api), Path(key)).await
}

/// Reads a setting whose contacts are there.
pub(in crate::shell) fn read(api: &Api, body: SettingBody) -> Result<Setting, Problem> {
    let setting = Setting::read(&body.into()).map_err(Problem::invalid)?;
    let there = |id: &ContactId| {
        api.look(|board| board.contact(id).is_some_and(|c| c.entity.card().is_some()))
    };
    let unknown = |field, id: ContactId| Invalid::new(field, &id.to_string(), Want::ContactThere);
    let first = setting.contacts().map(|id| ("contacts", id));
    let second = setting.escalation_contacts().map(|id| ("escalation.contacts", id));
    let absent = first.chain(second).filter(|(_, id)| !there(id));
    let unknown: Vec<_> = absent.map(|(field, id)| unknown(field, id)).collect();
    if unknown.is_empty() { Ok(setting) } else { Err(Problem::invalid(unknown)) }
}

/// Orders something of a setting, and waits until it is shown.
pub(in crate::shell) async fn order(
    api: &Arc<Api>,
    actor: Actor,
    entity: Entity,
    seen: Option<u64>,
    command: Command,
) -> Result<(), Problem> {
    let known = api.look(|board| match entity {
        Entity::Setting(id) => board.setting(&id).cloned().unwrap_or_default(),
        Entity::DefaultSetting
        | Entity::Domain(_)
        | Entity::Contact(_)
        | Entity::Token(_)
        | Entity::Inbox(_)
        | Entity::Silence(_)
        | Entity::Acknowledgement(_)
        | Entity::Account(_)
        | Entity::Strangers
        | Entity::Link(_)
        | Entity::Key => board.default_setting().clone(),
    });
    let order = Order::<Kept> { entity, known, seen, actor, command };
    api.store.carry_out(order).await.map(|_| ()).map_err(Problem::of)
}
