//! `POST /domains`: one domain or many, as JSON, as text, as CSV.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Request, State},
};
use futures::{StreamExt, stream};
use proto::subject::Entity;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, ORDERS_AT_ONCE, Shared,
    extract::{self, Caller, Params},
    object,
    problem::{Line, Problem},
    view::OptionsBody,
};
use crate::{
    domain::{
        intake::{self, Draft, Good, Intake},
        inventory::{
            Actor, Invalid,
            domain::{Command, Domain},
        },
        refusal::Full,
        want::Want,
    },
    shell::store::{Order, Stored},
};

/// What to do with domains of the list that are monitored already.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AddParams {
    /// `keep` (default) leaves them as they are; `update` replaces their options by those of the
    /// list.
    existing: Option<String>,
}

/// One domain to add: its name alone, or with options.
#[derive(Debug, Clone)]
pub struct NewItem(NewDomain);

/// What the body may be, for the document: [`NewItem`] reads it.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum NewItems {
    /// A name alone.
    Name(String),
    /// A name with options.
    Domain(NewDomain),
    /// Several of them.
    Several(Vec<NameOrDomain>),
}

/// One of several, for the document.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum NameOrDomain {
    /// A name alone.
    Name(String),
    /// A name with options.
    Domain(NewDomain),
}

/// One domain to add.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDomain {
    /// `name`, `name:port`, `[v6]:port` or `https://name/…`.
    #[schema(example = "shop.example.com:8443")]
    name: String,
    /// Guessed from the port if absent.
    #[serde(default)]
    protocol: Option<String>,
    /// Its options.
    #[serde(default, deserialize_with = "object::object")]
    options: OptionsBody,
}

impl<'de> Deserialize<'de> for NewItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = NewItem;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name, or an object with a `name`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<NewItem, E> {
                Ok(NewItem(NewDomain { name: name.to_owned(), ..NewDomain::default() }))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<NewItem, A::Error> {
                NewDomain::deserialize(de::value::MapAccessDeserializer::new(map)).map(NewItem)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// What became of each line of a list.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({
    "added": [{ "line": 1, "id": "4rrewm3tr6pwn4kxotpjwlbjue", "name": "example.com:443" }],
    "existing": [], "updated": [],
    "rejected": [{ "line": 2, "text": "*.example.com", "reason": "`*.example.com` is a wildcard: …" }],
    "remarks": []
}))]
pub struct Added {
    /// Monitored from now on.
    pub added: Vec<AddedDomain>,
    /// Monitored already, and left as they were.
    pub existing: Vec<AddedDomain>,
    /// Monitored already, with new options.
    pub updated: Vec<AddedDomain>,
    /// Not understood or not stored, each with its reason.
    pub rejected: Vec<Line>,
    /// Understood, and partly ignored.
    pub remarks: Vec<Line>,
}

/// A line that is a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedDomain {
    /// Counted from 1.
    pub line: usize,
    /// Id of the domain.
    pub id: String,
    /// Host and port.
    pub name: String,
}

/// Adds one domain or many. Good lines are added even if others are rejected.
///
/// JSON: a list of names or objects, or one object. `text/plain`: names divided by commas or line
/// ends. `text/csv`: as in the template. Answers 422 only if no line is good.
///
/// Needs no `Idempotency-Key`: a domain is there once, and a repeat lists it as `existing`.
#[utoipa::path(
    post, path = "/domains", tag = "domains",
    params(AddParams),
    request_body(
        content(
            (
                NewItems = "application/json",
                example = json!(["example.com", { "name": "mail.example.com:465", "options": { "tags": ["mail"] } }])
            ),
            (String = "text/plain", example = "example.com, example.org:8443"),
            (String = "text/csv", example = "name,tags\r\nexample.com,shop;web\r\n")
        )
    ),
    responses(
        (status = 200, description = "What became of each line.", body = Added),
        (status = 429, description = "There are too many already.", body = Problem)
    )
)]
pub async fn add(
    State(api): Shared,
    Caller(caller): Caller,
    Params(params): Params<AddParams>,
    request: Request,
) -> Result<Json<Added>, Problem> {
    let update = match params.existing.as_deref() {
        None | Some("keep") => Existing::Keep,
        Some("update") => Existing::Update,
        Some(other) => {
            let want = Want::OneOf(vec!["keep", "update"]);
            return Err(Problem::invalid(vec![Invalid::new("existing", other, want)]));
        }
    };
    let intake = intake(request).await?;
    add_all(&api, caller.actor(), intake, update).await.map(Json)
}

/// Adds what is good of a list.
///
/// # Errors
///
/// When nothing of it is good, or there would be too many.
pub(in crate::shell) async fn add_all(
    api: &Arc<Api>,
    actor: Actor,
    intake: Intake,
    existing: Existing,
) -> Result<Added, Problem> {
    let Intake { good, refused, remarks } = intake;
    let mut answer = Added {
        rejected: refused.into_iter().map(Line::from).collect(),
        remarks: remarks.into_iter().map(Line::from).collect(),
        ..Added::default()
    };
    let (there, new) = api.look(|board| {
        let ids: BTreeSet<_> = good.iter().map(|good| good.place.id()).collect();
        let new = ids.iter().filter(|id| board.domains().row(id).is_none()).count();
        (board.domains().len(), new)
    });
    let max = api.config.domains_max;
    if new > max.saturating_sub(there) {
        return Err(Problem::full(Full::Domains { new, there, max }));
    }
    store(api, actor, good, existing, &mut answer).await;
    if answer.added.is_empty()
        && answer.existing.is_empty()
        && answer.updated.is_empty()
        && !answer.rejected.is_empty()
    {
        return Err(Problem::all_rejected(answer.rejected));
    }
    Ok(answer)
}

/// What to do with domains that are monitored already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave them as they are.
    Keep,
    /// Replace their options.
    Update,
}

async fn intake(request: Request) -> Result<Intake, Problem> {
    let (plain, csv, json) = (
        extract::is(request.headers(), "text/plain"),
        extract::is(request.headers(), "text/csv"),
        extract::is(request.headers(), "application/json"),
    );
    if !plain && !csv && !json {
        return Err(Problem::media_type("application/json, text/plain or text/csv"));
    }
    let bytes = extract::bytes(request, &()).await?;
    let read = if json {
        intake::drafts(&drafts(&bytes)?)
    } else {
        let text = str::from_utf8(&bytes)
            .map_err(|error| Problem::malformed(format!("the text is not UTF-8: {error}")))?;
        if csv { intake::csv(text) } else { intake::list(text) }
    };
    read.map_err(Problem::unreadable)
}

fn drafts(bytes: &[u8]) -> Result<Vec<Draft>, Problem> {
    let items: Vec<NewItem> = if bytes.trim_ascii_start().starts_with(b"[") {
        extract::json(bytes)?
    } else {
        vec![extract::json(bytes)?]
    };
    let draft = |NewItem(NewDomain { name, protocol, options }): NewItem| Draft {
        name,
        protocol,
        options: options.into(),
    };
    Ok(items.into_iter().map(draft).collect())
}

async fn store(
    api: &Arc<Api>,
    actor: Actor,
    good: Vec<Good>,
    existing: Existing,
    answer: &mut Added,
) {
    let results: Vec<_> = stream::iter(good)
        .map(|good| store_one(api, actor, good, existing))
        // In order: the answer is in the order of the list.
        .buffered(ORDERS_AT_ONCE)
        .collect()
        .await;
    let mut last = 0;
    for (good, result) in results {
        let domain = AddedDomain {
            line: good.line,
            id: good.place.id().to_string(),
            name: good.place.host.with_port(good.place.port),
        };
        match result {
            Ok((stored, new)) => {
                last = last.max(if stored.changed { stored.version } else { 0 });
                match (stored.changed, new) {
                    (true, true) => answer.added.push(domain),
                    (true, false) => answer.updated.push(domain),
                    (false, _) => answer.existing.push(domain),
                }
            }
            Err(problem) => answer.rejected.push(Line {
                line: good.line,
                text: domain.name,
                reason: problem.into_refusal(),
            }),
        }
    }
    answer.rejected.sort_by_key(|line| line.line);
    api.store.shown(last).await;
}

/// Adds one domain; answers whether it is new.
async fn store_one(
    api: &Arc<Api>,
    actor: Actor,
    good: Good,
    existing: Existing,
) -> (Good, Result<(Stored, bool), Problem>) {
    let id = good.place.id();
    let known = api.look(|board| board.domains().ordered_of(&id));
    let order = |known, command| Order::<Domain> {
        entity: Entity::Domain(id),
        known,
        seen: None,
        actor,
        command,
    };
    let add = Command::Add(good.place.clone(), good.options.clone());
    let result = match (api.store.append(order(known.clone(), add)).await, existing) {
        (Ok(stored), Existing::Update) if !stored.changed => {
            let change = Command::Change(good.options.clone());
            api.store.append(order(known, change)).await.map(|stored| (stored, false))
        }
        (result, _) => result.map(|stored| (stored, true)),
    };
    (good, result.map_err(Problem::of))
}
