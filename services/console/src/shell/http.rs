//! The REST API under `/api/v1`: one file a resource, one document that describes them all.
//!
//! A handler reads what was asked into the types of the domain, asks the board or the store, and shows
//! the answer; it holds no rule. Start reading at [`router`].

#![expect(unused_qualifications, reason = "the macro that describes a path qualifies its types")]
#![expect(clippy::missing_errors_doc, reason = "a handler's refusals stand in its description")]

pub mod acting;
pub mod adding;
pub mod anomalies;
pub mod contacts;
pub mod deliveries;
pub mod domain;
pub mod domains;
pub mod events;
pub mod evidence;
pub mod extract;
pub mod inbox;
pub mod paging;
pub mod problem;
pub mod settings;
pub mod stream;
pub mod system;
pub mod tokens;
pub mod view;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use chassis::context::Context;
use tokio::sync::Semaphore;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, RefOr,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::problem::Problem;
use super::{mirror::Mirror, requests::Requests, session, store::Store};
use crate::{
    config::Config,
    domain::{board::Board, inventory::token::Role},
};

/// Bytes of a request: a list of the most lines that are read, at 160 bytes a line.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Orders of one request that are stored at once: enough that a bus which syncs many at a time does.
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
    /// Where orders go.
    pub store: Store,
    /// Where wishes go.
    pub requests: Requests,
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
}

/// The document that describes the API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "certherald",
        description = "Watches the certificates that domain names serve, and tells the right people.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Bearer),
    security(("bearer" = [])),
    tags(
        (name = "domains", description = "What is monitored, and how it fares."),
        (name = "contacts", description = "Who may be told."),
        (name = "settings", description = "Who hears of what."),
        (name = "anomalies", description = "What is wrong, and was."),
        (name = "events", description = "What happened."),
        (name = "inbox", description = "Internal messages."),
        (name = "deliveries", description = "Who was told, and what the channel said."),
        (name = "tokens", description = "Who may use this API."),
        (name = "system", description = "How certherald itself fares."),
    )
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", scheme);
    }
}

/// The document, and the router of what it describes.
fn described() -> (OpenApiRouter<Arc<Api>>, OpenApiRouter<Arc<Api>>) {
    let open = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(domains::list, adding::add))
        .routes(routes!(acting::act))
        .routes(routes!(domains::export))
        .routes(routes!(domains::template))
        .routes(routes!(domain::show, domain::replace, domain::change, domain::remove))
        .routes(routes!(domain::enable))
        .routes(routes!(domain::disable))
        .routes(routes!(domain::scan))
        .routes(routes!(domain::events))
        .routes(routes!(settings::list))
        .routes(routes!(settings::show_default, settings::save_default))
        .routes(routes!(settings::show, settings::save, settings::clear))
        .routes(routes!(contacts::list, contacts::add))
        .routes(routes!(contacts::show, contacts::replace, contacts::remove))
        .routes(routes!(contacts::test))
        .routes(routes!(anomalies::list))
        .routes(routes!(events::list))
        .routes(routes!(stream::follow))
        .routes(routes!(inbox::list))
        .routes(routes!(inbox::mark_read))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(deliveries::again))
        .routes(routes!(system::about))
        .routes(routes!(system::overview));
    let admin = OpenApiRouter::new()
        .routes(routes!(tokens::list, tokens::issue))
        .routes(routes!(tokens::revoke));
    (open, admin)
}

/// The document as it is served.
///
/// # Panics
///
/// Never: the document is made of what can be written as JSON.
pub fn document() -> serde_json::Value {
    let (open, admin) = described();
    let (_, mut document) =
        OpenApiRouter::<Arc<Api>>::new().nest("/api/v1", open.merge(admin)).split_for_parts();
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.iter_mut().for_each(named_as_problem);
        }
    }
    serde_json::to_value(document).expect("the document is JSON")
}

/// A refusal is always of this media type; said here once, and not at each of them.
fn named_as_problem((status, response): (&String, &mut RefOr<openapi::Response>)) {
    if let RefOr::T(response) = response
        && status.starts_with(['4', '5'])
        && let Some(content) = response.content.shift_remove("application/json")
    {
        response.content.insert("application/problem+json".to_owned(), content);
    }
}

/// Everything the console answers.
pub fn router(api: Arc<Api>) -> Router {
    let (open, admin) = described();
    let open = open.route_layer(middleware::from_fn_with_state(api.clone(), by_method));
    let admin = admin.route_layer(middleware::from_fn_with_state(api.clone(), admins_only));
    let (described, _) =
        OpenApiRouter::<Arc<Api>>::new().nest("/api/v1", open.merge(admin)).split_for_parts();
    let document = document();
    described
        .route("/api/v1/openapi.json", get(move || async move { Json(document) }))
        .route("/ready", get(system::ready))
        .fallback(|| async { Problem::nothing_here() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_WITHIN))
        .layer(CatchPanicLayer::custom(|_| Problem::bug().into_response()))
        .with_state(api)
}

/// Lets viewers look and editors change.
async fn by_method(State(api): Shared, request: Request, next: Next) -> Response {
    let needed = match *request.method() {
        Method::GET | Method::HEAD => Role::Viewer,
        _ => Role::Editor,
    };
    admitted(&api, needed, request, next).await
}

async fn admins_only(State(api): Shared, request: Request, next: Next) -> Response {
    admitted(&api, Role::Admin, request, next).await
}

async fn admitted(api: &Api, needed: Role, mut request: Request, next: Next) -> Response {
    match api.look(|board| session::caller(request.headers(), board)) {
        Err(stranger) => Problem::stranger(stranger).into_response(),
        Ok(caller) if caller.role < needed => Problem::forbidden(needed).into_response(),
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    }
}
