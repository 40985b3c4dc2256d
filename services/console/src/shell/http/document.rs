//! The document that describes the API: OpenAPI 3.1, made from the handlers.
//!
//! A handler describes what it answers and what is refused for reasons of its own. What is refused
//! for reasons that all share is said here once, by [`ended`].

mod example;
mod merged;
mod tokens;

use serde_json::Value;
use utoipa::{
    IntoParams, Modify, OpenApi,
    openapi::{
        self, Content, Ref, RefOr, Response,
        path::{Operation, ParameterIn},
        security::{
            ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
        },
    },
};

use super::problem::Problem;
use crate::shell::session::{CSRF_HEADER, cookie};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "certherald",
        description = "Watches the certificates that domain names serve, and tells the right people.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(Problem)),
    modifiers(&Keys),
    tags(
        (name = "domains", description = "What is monitored, and how it fares."),
        (name = "contacts", description = "Who may be told."),
        (name = "settings", description = "Who hears of what."),
        (name = "silences", description = "What nothing is told of for a while."),
        (name = "anomalies", description = "What is wrong, and was."),
        (name = "events", description = "What happened."),
        (name = "inbox", description = "Internal messages."),
        (name = "deliveries", description = "Who was told, and what the channel said."),
        (name = "accounts", description = "Who may sign in to the console."),
        (name = "audit", description = "Who changed what."),
        (name = "tokens", description = "Who may use this API."),
        (name = "system", description = "How certherald itself fares."),
    )
)]
struct Document;

/// Tags of what only administrators may do, but for what is one's own.
const ADMIN_TAGS: [&str; 2] = ["tokens", "accounts"];
/// Where one's own account is: everybody who signs in may change that.
const OWN: &str = "/api/v1/account";

/// Names of what lets somebody in.
const BEARER: &str = "bearer";
const SESSION: &str = "session";
const CSRF: &str = "csrf";

/// What lets somebody in: a token, or the cookie of who has signed in at the console.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let session = ApiKey::Cookie(ApiKeyValue::with_description(
            cookie::NAME.to_owned(),
            format!(
                "What the sign-in sets. Where the console is not reached through TLS, the cookie \
                 is called `{}`.",
                cookie::NAME_IN_THE_CLEAR
            ),
        ));
        let csrf = ApiKey::Header(ApiKeyValue::with_description(
            CSRF_HEADER,
            "Shows that a page of the console asks: what stands in `data-csrf` there. Changes want \
             it beside the cookie.",
        ));
        components.add_security_scheme(BEARER, bearer);
        components.add_security_scheme(SESSION, SecurityScheme::ApiKey(session));
        components.add_security_scheme(CSRF, SecurityScheme::ApiKey(csrf));
    }
}

/// Which domain.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DomainPath {
    /// Its id, or host and port as people write them, such as `example.com:8443`.
    pub domain: String,
}

/// Which contact.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ContactPath {
    /// Its id.
    pub contact: String,
}

/// Which delivery.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DeliveryPath {
    /// Its id.
    pub delivery: String,
}

/// Which account.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AccountPath {
    /// Its id or its name.
    pub account: String,
}

/// Which token.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TokenPath {
    /// Its id; not the token.
    pub token: String,
}

/// Which silence.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SilencePath {
    /// Its id.
    pub silence: String,
}

/// Which anomaly of which domain.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AnomalyPath {
    /// Id of the domain, or host and port as people write them, such as `example.com:8443`.
    pub domain: String,
    /// Id of the anomaly.
    pub anomaly: String,
}

/// Upon which version.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IfMatch {
    /// The `ETag` that was seen: if it has changed since, the request is refused.
    #[param(rename = "If-Match")]
    pub if_match: Option<String>,
}

/// Under which key it may be sent again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyKey {
    /// The same key with the same body makes nothing twice, and is answered as the first time; with
    /// another body it is refused (422). What was removed, lifted, revoked or used up since does
    /// not come back: the repeat is refused (409), and a new order has a new key. 1 to 128
    /// visible ASCII characters, such as a UUID.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
    pub idempotency_key: Option<String>,
}

/// The document before any handler is known.
pub(super) fn begun() -> openapi::OpenApi {
    Document::openapi()
}

/// The document as it is served.
///
/// # Panics
///
/// Never: the document is made of what can be written as JSON.
pub(super) fn ended(mut document: openapi::OpenApi) -> Value {
    for (path, item) in &mut document.paths.paths {
        for (looks, operation) in [
            (true, &mut item.get),
            (false, &mut item.put),
            (false, &mut item.post),
            (false, &mut item.delete),
            (false, &mut item.patch),
        ] {
            if let Some(operation) = operation {
                operation.security = Some(keys(looks));
                refuse(path, operation, looks);
            }
        }
    }
    let mut document = serde_json::to_value(document).expect("the document is JSON");
    merged::merge(&mut document);
    tokens::name(&mut document);
    example::add(&mut document);
    document
}

/// What lets somebody in who looks, or who changes something.
fn keys(looks: bool) -> Vec<SecurityRequirement> {
    let no_scopes: [&str; 0] = [];
    let session = SecurityRequirement::new(SESSION, no_scopes);
    let session = if looks { session } else { session.add(CSRF, no_scopes) };
    vec![SecurityRequirement::new(BEARER, no_scopes), session]
}

/// Adds what is refused for reasons that all share.
fn refuse(path: &str, operation: &mut Operation, looks: bool) {
    operation.responses.responses.iter_mut().for_each(named_as_problem);
    let parameters = operation.parameters.iter().flatten();
    let parameters: Vec<_> = parameters
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some((parameter.name.clone(), parameter.parameter_in.clone())),
            RefOr::Ref(_) => None,
        })
        .collect();
    let places = |place: &ParameterIn| parameters.iter().any(|(_, have)| have == place);
    let with_body = operation.request_body.is_some();
    let is_own =
        path.strip_prefix(OWN).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let for_admins =
        !is_own && operation.tags.iter().flatten().any(|tag| ADMIN_TAGS.contains(&tag.as_str()));
    for (applies, status, description) in [
        (with_body, "400", "The request is not understood."),
        (true, "401", "The token or the session is missing, or opens nothing."),
        (is_own && !looks, "403", "With a session: no page of ours asks."),
        (!looks, "403", "The role does not allow it, or no page of ours asks."),
        (for_admins, "403", "The role of whoever asks does not allow it."),
        (true, "406", "None of the media types that are accepted is answered here."),
        (places(&ParameterIn::Path), "404", "There is none."),
        (parameters.iter().any(|(name, _)| name == "If-Match"), "412", "It has changed since."),
        (with_body, "413", "The body is too large."),
        (with_body, "415", "The media type is not taken here."),
        (with_body || !parameters.is_empty(), "422", "A value is not allowed: each is named."),
        (true, "503", "Not now: the streams cannot be reached, or are too slow."),
    ] {
        if applies {
            let responses = &mut operation.responses.responses;
            responses.entry(status.to_owned()).or_insert_with(|| refusal(description));
        }
    }
}

const PROBLEM: &str = "application/problem+json";

fn refusal(description: &str) -> RefOr<Response> {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = openapi::ResponseBuilder::new().description(description);
    RefOr::T(response.content(PROBLEM, content).build())
}

/// A refusal is always of this media type; said here once, and not at each of them.
fn named_as_problem((status, response): (&String, &mut RefOr<Response>)) {
    if let RefOr::T(response) = response
        && status.starts_with(['4', '5'])
        && let Some(content) = response.content.shift_remove("application/json")
    {
        response.content.insert(PROBLEM.to_owned(), content);
    }
}
