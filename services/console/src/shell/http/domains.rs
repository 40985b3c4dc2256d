//! `/domains`: the list, adding, bulk work, CSV.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use proto::{
    subject::Entity,
    v1::{Kind, Severity, State as DomainState},
};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Shared,
    extract::{self, Body, Caller, Params},
    paging::{self, Page},
    problem::{Line, Problem},
    view::{self, DomainView, OptionsBody},
};
use crate::{
    domain::{
        board::{
            domains::Row,
            query::{Direction, Filter, Query, Sort},
        },
        export,
        intake::{self, Draft, Good, Intake},
        inventory::{
            Actor, Invalid,
            domain::{Command, Domain},
            options::{Options, tag},
        },
    },
    shell::store::{Order, StoreError, Stored},
};

/// Orders of one request that are stored at once: enough that a bus which syncs many at a time does.
const ORDERS_AT_ONCE: usize = 256;
/// Domains of one bulk action.
const ACTION_DOMAINS_MAX: usize = 10_000;
/// Characters of a text that is searched for: no host is longer.
const TEXT_LEN_MAX: usize = 253;

/// Which domains, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Only in this state: `enabling`, `secure`, `abnormal`, `enable_failed`, `unknown`, `disabled`.
    state: Option<String>,
    /// Only with this tag.
    tag: Option<String>,
    /// Only whose host contains this text.
    text: Option<String>,
    /// Only with an open anomaly of this kind, such as `expired`.
    kind: Option<String>,
    /// Only with an open anomaly of this severity or above: `info`, `warning`, `critical`.
    severity: Option<String>,
    /// `name` (default), `expires`, `state` (what needs a look first) or `added`; with `-` before it
    /// from the other end.
    sort: Option<String>,
    /// Items of the page, 1 to 1000. Default 100.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// The domains, a page at a time.
#[utoipa::path(get, path = "/domains", tag = "domains", params(ListParams), responses(
    (status = 200, body = Page<DomainView>),
    (status = 401, body = Problem), (status = 422, body = Problem),
))]
pub async fn list(
    State(api): Shared,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<DomainView>>, Problem> {
    let query = query(&params)?;
    Ok(Json(api.look(|board| {
        let page = board.domains().page(&query);
        Page {
            items: page.rows.iter().map(|row| DomainView::of(row, board)).collect(),
            next: page.next.as_deref().map(paging::written),
            total: Some(page.total),
        }
    })))
}

fn query(params: &ListParams) -> Result<Query, Problem> {
    let (sort, direction) = match params.sort.as_deref() {
        None => (Sort::Name, Direction::Ascending),
        Some(text) => sort(text).map_err(|invalid| Problem::invalid(vec![invalid]))?,
    };
    Ok(Query {
        filter: filter(params).map_err(Problem::invalid)?,
        sort,
        direction,
        after: paging::read(params.cursor.as_deref())?.map(Into::into),
        limit: paging::limit(params.limit)?,
    })
}

fn sort(text: &str) -> Result<(Sort, Direction), Invalid> {
    let (name, direction) = match text.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (text, Direction::Ascending),
    };
    let found = Sort::ALL.into_iter().find(|sort| sort.token() == name);
    let want = "one of name, expires, state, added, with or without `-` before it";
    found.map(|sort| (sort, direction)).ok_or_else(|| Invalid::new("sort", text, want))
}

fn filter(params: &ListParams) -> Result<Filter, Vec<Invalid>> {
    let mut mistakes = Vec::new();
    let filter = Filter {
        state: token(
            "state",
            params.state.as_deref(),
            DomainState::ALL,
            DomainState::token,
            &mut mistakes,
        ),
        kind: token("kind", params.kind.as_deref(), Kind::ALL, Kind::token, &mut mistakes),
        severity: token(
            "severity",
            params.severity.as_deref(),
            Severity::ALL,
            Severity::token,
            &mut mistakes,
        ),
        tag: params.tag.clone(),
        text: params.text.as_ref().map(|text| text.to_lowercase()).filter(|text| !text.is_empty()),
    };
    if let Some(text) = filter.text.as_ref().filter(|text| text.len() > TEXT_LEN_MAX) {
        mistakes.push(Invalid::new("text", text, format!("at most {TEXT_LEN_MAX} bytes")));
    }
    if mistakes.is_empty() { Ok(filter) } else { Err(mistakes) }
}

/// The value whose token stands in a field, among all there are.
pub(super) fn token<T: Copy>(
    field: &str,
    text: Option<&str>,
    all: &[T],
    spelled: impl Fn(T) -> &'static str,
    mistakes: &mut Vec<Invalid>,
) -> Option<T> {
    let text = text?;
    let found = all.iter().copied().find(|value| spelled(*value) == text);
    if found.is_none() {
        let tokens: Vec<_> = all.iter().map(|value| spelled(*value)).collect();
        mistakes.push(Invalid::new(field, text, format!("one of {}", tokens.join(", "))));
    }
    found
}

/// What to do with domains of the list that are monitored already.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AddParams {
    /// `keep` (default) leaves them as they are; `update` replaces their options by those of the list.
    existing: Option<String>,
}

/// One domain to add: its name alone, or with options.
#[derive(Debug, Clone, ToSchema)]
#[schema(value_type = NewDomain)]
pub struct NewItem(NewDomain);

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
    #[serde(default)]
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
    "rejected": [{ "line": 2, "text": "*.example.com", "reason": "name: `*.example.com`: want a domain (…)" }],
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
#[utoipa::path(post, path = "/domains", tag = "domains", params(AddParams),
    request_body(content(
        (Vec<NewDomain> = "application/json", example = json!(["example.com", { "name": "mail.example.com:25", "options": { "tags": ["mail"] } }])),
        (String = "text/plain", example = "example.com, example.org:8443"),
        (String = "text/csv", example = "name,tags\r\nexample.com,shop;web\r\n"),
    )),
    responses(
        (status = 200, description = "What became of each line.", body = Added),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem),
    ))]
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
            let want = "one of keep, update";
            return Err(Problem::invalid(vec![Invalid::new("existing", other, want)]));
        }
    };
    let Intake { good, refused, remarks } = intake(request).await?;
    let mut answer = Added {
        rejected: refused.into_iter().map(Line::from).collect(),
        remarks: remarks.into_iter().map(Line::from).collect(),
        ..Added::default()
    };
    let there = api.look(|board| board.domains().len());
    let room = api.config.domains_max.saturating_sub(there);
    if good.len() > room {
        let (new, max) = (good.len(), api.config.domains_max);
        let detail = format!("{new} more would be too many: {there} of at most {max} are there");
        return Err(Problem::full(detail));
    }
    store(&api, caller.actor(), good, update, &mut answer).await;
    if answer.added.is_empty()
        && answer.existing.is_empty()
        && answer.updated.is_empty()
        && !answer.rejected.is_empty()
    {
        return Err(Problem::all_rejected(answer.rejected));
    }
    Ok(Json(answer))
}

/// What to do with domains that are monitored already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Existing {
    Keep,
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
    read.map_err(|unreadable| Problem::unreadable(&unreadable))
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
                reason: problem.into_detail(),
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

/// The same done to many domains.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "action": "tag", "tag": "shop", "domains": ["example.com", "4rrewm3tr6pwn4kxotpjwlbjue"] }))]
pub struct Action {
    /// What is done.
    action: Verb,
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
#[utoipa::path(post, path = "/domains/actions", tag = "domains", request_body = Action, responses(
    (status = 200, body = Done),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 422, body = Problem), (status = 503, body = Problem),
))]
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
    let tagged = match (action.action, action.tag.as_deref()) {
        (Verb::Tag | Verb::Untag, text) => {
            tag(text.unwrap_or_default()).map_err(|invalid| Problem::invalid(vec![invalid]))?
        }
        (Verb::Enable | Verb::Disable | Verb::Remove | Verb::Scan, _) => String::new(),
    };
    let (api, tagged) = (&api, tagged.as_str());
    let results: Vec<_> = stream::iter(action.domains)
        .map(|key| async move {
            let result = do_one(api, caller.actor(), action.action, &key, tagged).await;
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
                (done.done, last) = (done.done + 1, last.max(stored.version))
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
) -> Result<Stored, StoreError<crate::domain::inventory::domain::Refusal>> {
    let order = Order::<Domain> {
        entity: Entity::Domain(row.id),
        known: row.ordered.clone(),
        seen,
        actor,
        command,
    };
    api.store.append(order).await
}

const CSV: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/csv; charset=utf-8");

/// Every domain that the filter takes, as CSV that can be imported again.
#[utoipa::path(get, path = "/domains.csv", tag = "domains", params(ListParams), responses(
    (status = 200, body = String, content_type = "text/csv"),
    (status = 401, body = Problem), (status = 422, body = Problem),
))]
pub async fn export(
    State(api): Shared,
    Params(params): Params<ListParams>,
) -> Result<Response, Problem> {
    let filter = filter(&params).map_err(Problem::invalid)?;
    // Copied out, so that writing the text does not hold the board.
    let domains: Vec<Domain> = api.look(|board| {
        let rows = board.domains().iter().filter(|row| filter.takes(row));
        rows.map(|row| row.ordered.entity.clone()).collect()
    });
    let attachment = (header::CONTENT_DISPOSITION, "attachment; filename=\"domains.csv\"");
    Ok((StatusCode::OK, [CSV, attachment], export::domains(&domains)).into_response())
}

/// What a CSV file for import looks like.
#[utoipa::path(get, path = "/domains/template.csv", tag = "domains", responses(
    (status = 200, body = String, content_type = "text/csv"), (status = 401, body = Problem),
))]
pub async fn template() -> Response {
    let attachment = (header::CONTENT_DISPOSITION, "attachment; filename=\"template.csv\"");
    (StatusCode::OK, [CSV, attachment], export::template()).into_response()
}
