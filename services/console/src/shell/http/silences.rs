//! `/silences`: what nothing is told of for a while.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use proto::{id::SilenceId, subject::Entity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Shared,
    document::{IdempotencyKey, IfMatch, SilencePath},
    events::PageParams,
    extract::{Caller, Creation, Params, Path, Seen, etag},
    paging::{self, Page},
    problem::Problem,
    view,
};
use crate::{
    domain::{
        board::{Board, Versioned},
        inventory::{
            Invalid,
            silence::{Command, Refusal, Said, Silence, Silenced, Target},
        },
        refusal::{Full, Slow, Thing},
        repeat::Identity,
        want::Asked,
    },
    shell::{session, store::Order},
};

/// Silences that may hold at once: whoever needs more means a tag.
const SILENCES_MAX: usize = 1_000;

/// A new silence: of a domain, or of all that bear a tag.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "tag": "staging", "until": "2026-11-23T06:00:00Z", "reason": "Moving house"
}))]
pub struct SilenceBody {
    /// The domain: its id or name. Either this or `tag`.
    #[serde(default)]
    pub domain: Option<String>,
    /// The tag. Either this or `domain`.
    #[serde(default)]
    pub tag: Option<String>,
    /// When it ends: RFC 3339, in the future, at most a year away.
    pub until: String,
    /// Why. At most 500 characters; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// A silence.
#[derive(Debug, Serialize, ToSchema)]
pub struct SilenceView {
    /// Its id.
    pub id: String,
    /// Id of the domain, if it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<String>,
    /// Host and port of the domain. Absent if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The tag, if it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// When it ends.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who ordered it: name of the account or of the token.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Grows with each change.
    pub version: u64,
}

impl SilenceView {
    /// Shows a silence.
    pub fn of(id: SilenceId, said: &Said, board: &Board) -> Self {
        let (domain, tag) = match &said.what.target {
            Target::Domain(id) => (Some(*id), None),
            Target::Tag(tag) => (None, Some(tag.clone())),
        };
        Self {
            id: id.to_string(),
            domain_id: domain.map(|id| id.to_string()),
            domain: domain.and_then(|id| board.domains().row(&id)).and_then(view::name),
            tag,
            until: said.what.until,
            reason: said.what.reason.clone(),
            by: view::signer(&said.signature, board),
            at: said.signature.at,
            version: board.silences().get(&id).map_or(0, |kept| kept.version),
        }
    }
}

/// The silences that hold now.
#[utoipa::path(
    get, path = "/silences", tag = "silences",
    params(PageParams),
    responses((status = 200, body = Page<SilenceView>))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<SilenceView>>, Problem> {
    let limit = paging::limit(params.limit)?;
    let after = paging::read(params.cursor.as_deref())?.unwrap_or_default();
    let now = api.context.clock.now();
    Ok(Json(api.look(|board| {
        let active = board.silences().active(now);
        let shown = active.skip_while(|(id, _)| id.as_bytes().as_slice() <= &*after);
        let view = |(id, said)| SilenceView::of(id, said, board);
        paging::page(shown, limit, |(id, _)| id.as_bytes().to_vec(), view)
    })))
}

/// Tells nothing of a domain, or of all that bear a tag, until a time. What is still wrong then is
/// told then.
#[utoipa::path(
    post, path = "/silences", tag = "silences",
    params(IdempotencyKey),
    request_body = SilenceBody,
    responses(
        (status = 201, body = SilenceView, headers(("ETag", description = "Its version"))),
        (status = 404, description = "There is no such domain.", body = Problem),
        (
            status = 409,
            description = "It was begun under this key, and is lifted since.",
            body = Problem
        ),
        (status = 429, description = "There are too many already.", body = Problem)
    )
)]
pub async fn begin(
    State(api): Shared,
    Caller(caller): Caller,
    creation: Creation<SilenceBody>,
) -> Result<Response, Problem> {
    let identity = api.look(|board| {
        let there = board.silences().ids().map(|id| *id.as_bytes());
        creation.identity(caller.actor(), "silences", there, &api.context.dice)
    })?;
    let view = match identity {
        Identity::New(id) => {
            let id = SilenceId::from_bytes(id);
            begin_as(&api, id, caller, creation.body).await?;
            shown(&api, id).ok_or_else(|| Problem::slow(Slow::Showing))?
        }
        Identity::Known(id) => shown(&api, SilenceId::from_bytes(id)).ok_or(Refusal::Lifted)?,
    };
    Ok((StatusCode::CREATED, etag(view.version), Json(view)).into_response())
}

/// Begins a silence under an id that nothing has yet.
///
/// # Errors
///
/// When it is not allowed, or cannot be stored.
pub(in crate::shell) async fn begin_as(
    api: &Api,
    id: SilenceId,
    caller: session::Caller,
    body: SilenceBody,
) -> Result<(), Problem> {
    let now = api.context.clock.now();
    let target = api.look(|board| target(&body, board))?;
    let silenced = Silenced::read(target, &body.until, &body.reason, now);
    let silenced = silenced.map_err(Problem::invalid)?;
    if api.look(|board| board.silences().active(now).count()) >= SILENCES_MAX {
        return Err(Problem::full(Full::Silences(SILENCES_MAX)));
    }
    let order = Order::<Silence> {
        entity: Entity::Silence(id),
        known: Versioned::default(),
        seen: None,
        actor: caller.actor(),
        command: Command::Save(silenced),
    };
    api.store.carry_out(order).await.map_err(Problem::of)?;
    Ok(())
}

/// A silence as it is shown, unless it was lifted.
fn shown(api: &Api, id: SilenceId) -> Option<SilenceView> {
    api.look(|board| Some(SilenceView::of(id, board.silences().get(&id)?.entity.said()?, board)))
}

fn target(body: &SilenceBody, board: &Board) -> Result<Target, Problem> {
    match (&body.domain, &body.tag) {
        (Some(key), None) => Ok(Target::Domain(view::named(board, key)?.id)),
        (None, Some(tag)) => Target::tag(tag).map_err(|invalid| Problem::invalid(vec![invalid])),
        (Some(_), Some(tag)) => Err(Problem::invalid(vec![Invalid::new("tag", tag, Asked::NoTag)])),
        (None, None) => Err(Problem::invalid(vec![Invalid::new("domain", "", Asked::DomainOrTag)])),
    }
}

/// Ends a silence: what is wrong is told from now on.
#[utoipa::path(
    delete, path = "/silences/{silence}", tag = "silences",
    params(SilencePath, IfMatch),
    responses((status = 204))
)]
pub async fn lift(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Seen(seen): Seen,
) -> Result<StatusCode, Problem> {
    let absent = || Problem::absent(Thing::Silence, &key);
    let id: SilenceId = key.parse().map_err(|_| absent())?;
    let known = api.look(|board| board.silences().get(&id).cloned());
    let known = known.filter(|kept| kept.entity.said().is_some()).ok_or_else(absent)?;
    let (actor, command) = (caller.actor(), Command::Lift);
    let order = Order::<Silence> { entity: Entity::Silence(id), known, seen, actor, command };
    api.store.carry_out(order).await.map_err(Problem::of)?;
    Ok(StatusCode::NO_CONTENT)
}
