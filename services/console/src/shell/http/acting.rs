//! `/domains/actions`: the same done to many domains.

use std::sync::Arc;

use axum::{Json, extract::State};
use futures::{StreamExt, stream};
use proto::subject::Entity;
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
            domain::{Command, Domain, Refusal},
            options::{Options, tag},
        },
    },
    shell::store::{Order, StoreError, Stored},
};

/// Domains of one bulk action.
const ACTION_DOMAINS_MAX: usize = 10_000;

/// The same done to many domains.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "action": "tag", "tag": "shop", "domains": ["example.com", "4rrewm3tr6pwn4kxotpjwlbjue"] }))]
pub struct Action {
    /// What is done.
    #[serde(rename = "action")]
    verb: Verb,
    /// To which: ids or names, at most 10,000.
    domains: Vec<String>,
    /// The tag, for `tag` and `untag`.
    #[serde(default)]
    tag: Option<String>,
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
        let want = format!("at most {ACTION_DOMAINS_MAX}");
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
            let result = do_one(api, caller.actor(), action.verb, &key, tagged).await;
            (key, result)
        })
        .buffered(ORDERS_AT_ONCE)
        .collect()
        .await;
    let mut done = Done::default();
    let mut last = 0;
    for (at, (key, result)) in results.into_iter().enumerate() {
        match result {
            Ok(stored) if stored.changed => {
                done.done += 1;
                last = last.max(stored.version);
            }
            Ok(_) => done.unchanged += 1,
            Err(problem) => {
                done.rejected.push(Line { line: at + 1, text: key, reason: problem.into_detail() });
            }
        }
    }
    api.store.shown(last).await;
    Ok(Json(done))
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
pub(super) async fn order(
    api: &Arc<Api>,
    actor: Actor,
    row: &Row,
    seen: Option<u64>,
    command: Command,
) -> Result<Stored, StoreError<Refusal>> {
    let order = Order::<Domain> {
        entity: Entity::Domain(row.id),
        known: row.ordered.clone(),
        seen,
        actor,
        command,
    };
    api.store.append(order).await
}
