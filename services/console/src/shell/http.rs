//! The REST API under `/api/v1`: one file a resource, one document that describes them all.
//!
//! A handler reads what was asked into the types of the domain, asks the board or the store, and
//! shows the answer; it holds no rule. Start reading at [`router`].

#![expect(unused_qualifications, reason = "the macro that describes a path qualifies its types")]
#![expect(clippy::missing_errors_doc, reason = "a handler's refusals stand in its description")]

pub mod accept;
pub mod account;
pub mod accounts;
pub mod acknowledging;
pub mod acting;
pub mod adding;
pub mod addresses;
pub mod anomalies;
pub mod audit;
pub mod chain;
pub mod contacts;
pub mod deliveries;
pub mod document;
pub mod domain;
pub mod domains;
pub mod events;
pub mod evidence;
pub mod expiries;
pub mod explain;
pub mod extract;
pub mod headers;
pub mod history;
pub mod inbox;
pub mod key;
pub mod listener;
pub mod live;
pub mod object;
pub mod paging;
pub mod peer;
pub mod problem;
pub mod serving;
pub mod settings;
pub mod silences;
pub mod sparing;
pub mod stream;
pub mod system;
pub mod tls;
pub mod tokens;
pub mod trial;
pub mod verification;
pub mod verify;
pub mod view;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{
        HeaderMap, Method,
        header::{CACHE_CONTROL, SET_COOKIE},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use chassis::{context::Context, seal::Seal};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::problem::Problem;
use super::{
    entry::Entry,
    eraser::Eraser,
    mirror::Mirror,
    page::{self, oops},
    pulse::SharedPulse,
    requests::Requests,
    session::{Entrance, Stranger, UNATTENDED_HEADER, enter},
    store::Store,
    verifier::Verifier,
};
use crate::{
    config::Config,
    domain::{board::Board, inventory::token::Role, refusal::Slow},
};

/// Bytes of a request: a list of the most lines that are read, at 160 bytes a line.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Orders of one request that are stored at once: enough that a bus which syncs many at a time
/// does.
const ORDERS_AT_ONCE: usize = 256;
/// How long a request may take: a list of the most lines, each stored on a slow disk.
const REQUEST_WITHIN: Duration = Duration::from_mins(2);

/// What the handlers share.
pub struct Api {
    /// The world.
    pub context: Context,
    /// The settings.
    pub config: Config,
    /// What is shown.
    pub mirror: Mirror,
    /// Who leads.
    pub pulse: SharedPulse,
    /// Where orders go.
    pub store: Store,
    /// Where wishes go.
    pub requests: Requests,
    /// Seals addresses that are secrets.
    pub seal: Seal,
    /// Where people sign in and out.
    pub entry: Entry,
    /// Sends links that verify mailboxes.
    pub verifier: Verifier,
    /// Purges what is held of contacts that were removed.
    pub eraser: Eraser,
    /// A permit for each event stream that may be open.
    pub streams: Arc<Semaphore>,
}

/// The API as the handlers get it.
pub type Shared = State<Arc<Api>>;

impl Api {
    /// Looks at the board. Keep the closure short: it holds the board's lock.
    pub fn look<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        look(&self.mirror.board().read())
    }

    /// Who sends these headers.
    ///
    /// # Errors
    ///
    /// When it is a stranger.
    pub fn enter(&self, headers: &HeaderMap) -> Result<Entrance, Stranger> {
        let now = self.context.clock.now();
        self.look(|board| enter(headers, board, &self.entry.gate, now))
    }
}

/// The document, and the router of what it describes.
fn described(api: &Arc<Api>) -> OpenApiRouter<Arc<Api>> {
    let open = OpenApiRouter::with_openapi(document::begun())
        .routes(routes!(domains::list, adding::add))
        .routes(routes!(acting::act))
        .routes(routes!(domains::export))
        .routes(routes!(domains::template))
        .routes(routes!(domain::show, domain::replace, domain::change, domain::remove))
        .routes(routes!(domain::enable))
        .routes(routes!(domain::disable))
        .routes(routes!(domain::scan))
        .routes(routes!(chain::missing))
        .routes(routes!(history::events))
        .routes(routes!(history::log))
        .routes(routes!(explain::explain))
        .routes(routes!(settings::list))
        .routes(routes!(settings::show_default, settings::save_default))
        .routes(routes!(settings::show, settings::save, settings::clear))
        .routes(routes!(contacts::list, contacts::add))
        .routes(routes!(contacts::show, contacts::replace, contacts::remove))
        .routes(routes!(trial::test))
        .routes(routes!(verification::send))
        .routes(routes!(silences::list, silences::begin))
        .routes(routes!(silences::lift))
        .routes(routes!(acknowledging::acknowledge))
        .routes(routes!(anomalies::list))
        .routes(routes!(events::list))
        .routes(routes!(stream::follow))
        .routes(routes!(live::watch))
        .routes(routes!(inbox::list))
        .routes(routes!(inbox::mark_read))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(deliveries::again))
        .routes(routes!(audit::list))
        .routes(routes!(system::about))
        .routes(routes!(system::overview))
        .routes(routes!(expiries::timeline));
    let admin = OpenApiRouter::new()
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::show, accounts::change, accounts::remove))
        .routes(routes!(accounts::link::make))
        .routes(routes!(accounts::end_sessions))
        .routes(routes!(tokens::list, tokens::issue))
        .routes(routes!(tokens::revoke))
        .routes(routes!(key::rotate))
        .routes(routes!(key::retire));
    // Viewers look and change what is their own.
    let own = OpenApiRouter::new()
        .routes(routes!(account::show, account::change))
        .routes(routes!(account::set_password));
    let by_method = middleware::from_fn_with_state(api.clone(), by_method);
    let admins_only = middleware::from_fn_with_state(api.clone(), admins_only);
    let anybody = middleware::from_fn_with_state(api.clone(), anybody);
    open.route_layer(by_method)
        .merge(admin.route_layer(admins_only))
        .merge(own.route_layer(anybody))
}

/// Everything the console answers.
pub fn router(api: Arc<Api>) -> Router {
    let (described, document) =
        OpenApiRouter::<Arc<Api>>::new().nest("/api/v1", described(&api)).split_for_parts();
    let document = document::ended(document);
    described
        .route("/api/v1/openapi.json", get(move || async move { Json(document) }))
        .route("/ready", get(system::ready))
        .merge(verify::router())
        .merge(page::router(&api))
        .fallback(async |State(api): Shared, headers: HeaderMap| oops::nothing_here(&api, &headers))
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn(accept::or_refuse))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(api.clone(), recognised))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(api.clone(), headers::said))
        .layer(CatchPanicLayer::custom(|_| Problem::bug().into_response()))
        .with_state(api)
}

/// Answers in time, if only to say that it takes too long. A stream has been answered once it
/// begins.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::slow(Slow::Answering).into_response(),
    }
}

/// Lets viewers look and editors change.
async fn by_method(State(api): Shared, request: Request, next: Next) -> Response {
    let needed = match *request.method() {
        Method::GET | Method::HEAD => Role::Viewer,
        _ => Role::Editor,
    };
    admitted(&api, needed, request, next).await
}

/// Lets everybody who is known look and change; each changes what is their own.
async fn anybody(State(api): Shared, request: Request, next: Next) -> Response {
    admitted(&api, Role::Viewer, request, next).await
}

async fn admins_only(State(api): Shared, request: Request, next: Next) -> Response {
    admitted(&api, Role::Admin, request, next).await
}

async fn admitted(api: &Api, needed: Role, mut request: Request, next: Next) -> Response {
    let known = request.extensions().get().cloned();
    let Known(entered) = known.unwrap_or(Known(Err(Stranger::Silent)));
    let admitted = entered.and_then(|entrance| {
        if !request.method().is_safe() {
            api.entry.gate.may_change(&entrance, request.headers(), None)?;
        }
        Ok(entrance.caller)
    });
    match admitted {
        Err(stranger) => Problem::stranger(stranger).into_response(),
        Ok(caller) if caller.role < needed => Problem::forbidden(needed).into_response(),
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    }
}

/// Who asks, as far as that is known: in the extensions of every request.
#[derive(Debug, Clone)]
pub struct Known(pub Result<Entrance, Stranger>);

/// Whether somebody sits before the page that asks. Scripts say so of what they ask by themselves;
/// of streams of events, which browsers open anew by themselves, they cannot.
fn is_attended(request: &Request) -> bool {
    !request.headers().contains_key(UNATTENDED_HEADER) && request.uri().path() != live::PATH
}

/// Finds out who asks, once for each request, and keeps a session that is used from ending.
async fn recognised(State(api): Shared, mut request: Request, next: Next) -> Response {
    let (gate, now) = (&api.entry.gate, api.context.clock.now());
    let entered = api.enter(request.headers());
    let session = entered.as_ref().ok().and_then(|entrance| entrance.session.as_ref());
    let used = session.filter(|_| is_attended(&request));
    let renewed = used.and_then(|session| session.renewed(now, gate.limits));
    request.extensions_mut().insert(Known(entered));
    let mut response = next.run(request).await;
    // What the request itself did to the session goes first.
    let is_said = response.headers().contains_key(SET_COOKIE);
    if let Some(session) = renewed.filter(|_| !is_said && !is_public(&response))
        && let Ok(cookie) = gate.cookies.set(&session, &gate.seal)
    {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Whether a cache may give it to anybody: no cookie may go with it.
fn is_public(response: &Response) -> bool {
    let said = response.headers().get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
    said.is_some_and(|said| said.contains("public"))
}
