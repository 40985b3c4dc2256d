//! `/domains/actions`: the same done to many domains.

use std::sync::Arc;

use axum::{Json, extract::State};
use futures::{StreamExt, stream};
use proto::{id::DomainId, subject::Entity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, ORDERS_AT_ONCE, Shared,
    extract::{Body, Caller},
    problem::{Line, Problem},
    view,
};
use crate::{
    domain::{
        board::domains::Row,
        inventory::{
            Actor, Invalid,
            domain::{self, Command, Domain, Status},
            options::{Options, tag},
        },
        refusal::Refusal,
        want::Want,
    },
    shell::store::{Order, StoreError, Stored},
};

/// Domains of one bulk action.
const ACTION_DOMAINS_MAX: usize = 10_000;
/// Characters of a name that are shown again.
const TEXT_SHOWN_MAX: usize = 80;

/// The same done to many domains.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "action": "tag", "tag": "shop", "domains": ["example.com", "4rrewm3tr6pwn4kxotpjwlbjue"] }))]
pub struct Action {
    /// What is done.
    #[serde(rename = "action")]
    pub verb: Verb,
    /// To which: ids or names, at most 10,000.
    pub domains: Vec<String>,
    /// The tag, for `tag` and `untag`.
    #[serde(default)]
    pub tag: Option<String>,
}

/// What is done to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Look at it again.
    Enable,
    /// Look at it no more, and keep it.
    Disable,
    /// Forget it.
    Remove,
    /// Look at it now.
    Scan,
    /// Give it a tag.
    Tag,
    /// Take a tag from it.
    Untag,
}

/// What became of a bulk action.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Done {
    /// Domains that changed, or will be looked at.
    pub done: usize,
    /// Domains that were so already.
    pub unchanged: usize,
    /// Those it could not be done to, by their place in the list.
    pub rejected: Vec<Line>,
    /// What became of each, in the order of the list.
    pub results: Vec<Outcome>,
}

/// What became of one domain of the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outcome {
    /// Counted from 1.
    pub line: usize,
    /// What stands in the list, shortened.
    pub text: String,
    /// Id of the domain. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<String>,
    /// `done`, `unchanged` or `rejected`.
    pub outcome: &'static str,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<Refusal>,
}

/// Does the same to many domains.
#[utoipa::path(
    post, path = "/domains/actions", tag = "domains",
    request_body = Action,
    responses((status = 200, body = Done))
)]
pub async fn act(
    State(api): Shared,
    Caller(caller): Caller,
    Body(action): Body<Action>,
) -> Result<Json<Done>, Problem> {
    if action.domains.len() > ACTION_DOMAINS_MAX {
        let count = format!("{} domains", action.domains.len());
        let want = Want::AtMost(ACTION_DOMAINS_MAX);
        return Err(Problem::invalid(vec![Invalid::new("domains", &count, want)]));
    }
    let tagged = match (action.verb, action.tag.as_deref()) {
        (Verb::Tag | Verb::Untag, text) => {
            tag(text.unwrap_or_default()).map_err(|invalid| Problem::invalid(vec![invalid]))?
        }
        (Verb::Enable | Verb::Disable | Verb::Remove | Verb::Scan, _) => String::new(),
    };
    let (api, tagged) = (&api, tagged.as_str());
    let results: Vec<_> = stream::iter(action.domains)
        .map(|key| async move {
            let id = api.look(|board| view::named(board, &key).map(|row| row.id).ok());
            let result = do_one(api, caller.actor(), action.verb, &key, tagged).await;
            (key, id, result)
        })
        .buffered(ORDERS_AT_ONCE)
        .collect()
        .await;
    let mut done = Done::default();
    let mut last = 0;
    for (line, (key, id, result)) in (1..).zip(results) {
        if let Ok(stored) = &result
            && stored.changed
        {
            last = last.max(stored.version);
        }
        done.note(line, &key, id, result);
    }
    api.store.shown(last).await;
    Ok(Json(done))
}

impl Done {
    fn note(
        &mut self,
        line: usize,
        key: &str,
        id: Option<DomainId>,
        result: Result<Stored, Problem>,
    ) {
        let text: String = key.chars().take(TEXT_SHOWN_MAX).collect();
        let (outcome, reason) = match result {
            Ok(stored) if stored.changed => {
                self.done += 1;
                ("done", None)
            }
            Ok(_) => {
                self.unchanged += 1;
                ("unchanged", None)
            }
            Err(problem) => {
                let reason = problem.into_refusal();
                self.rejected.push(Line { line, text: text.clone(), reason: reason.clone() });
                ("rejected", Some(reason))
            }
        };
        let domain_id = id.map(|id| id.to_string());
        self.results.push(Outcome { line, text, domain_id, outcome, reason });
    }
}

async fn do_one(
    api: &Arc<Api>,
    actor: Actor,
    verb: Verb,
    key: &str,
    tagged: &str,
) -> Result<Stored, Problem> {
    let row = api.look(|board| view::named(board, key).cloned())?;
    let command = match verb {
        Verb::Enable => Command::Enable,
        Verb::Disable => Command::Disable,
        Verb::Remove => Command::Remove,
        Verb::Scan if row.ordered.entity.status() != Status::Enabled => {
            let name = view::name(&row).unwrap_or_default();
            return Err(Problem::conflict(Refusal::Disabled(name)));
        }
        Verb::Scan => {
            api.mirror.live().ask(row.id, api.context.clock.now());
            let asked = api.requests.scan_now(&row.id, actor).await;
            return asked
                .map(|()| Stored { version: 0, changed: true })
                .map_err(|error| Problem::append(&error));
        }
        Verb::Tag | Verb::Untag => Command::Change(retagged(&row, verb, tagged)?),
    };
    order(api, actor, &row, None, command).await.map_err(Problem::of)
}

fn retagged(row: &Row, verb: Verb, tagged: &str) -> Result<Options, Problem> {
    let mut draft = row.ordered.entity.options().map(Options::to_draft).unwrap_or_default();
    draft.tags.retain(|have| have != tagged);
    if verb == Verb::Tag {
        draft.tags.push(tagged.to_owned());
    }
    Options::read(&draft).map_err(Problem::invalid)
}

/// Orders something of a domain that the board shows, without waiting until it is shown.
pub(in crate::shell) async fn order(
    api: &Arc<Api>,
    actor: Actor,
    row: &Row,
    seen: Option<u64>,
    command: Command,
) -> Result<Stored, StoreError<domain::Refusal>> {
    let order = Order::<Domain> {
        entity: Entity::Domain(row.id),
        known: row.ordered.clone(),
        seen,
        actor,
        command,
    };
    api.store.append(order).await
}
