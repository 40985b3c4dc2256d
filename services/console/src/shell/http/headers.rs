//! What every answer tells a browser, so that it helps to keep strangers out.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::{Api, peer::Peer};

/// Pages load what is ours and nothing else, run no script and bear no style that stands in them,
/// send forms to us alone, and are shown in nobody's frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
     base-uri 'none'";
/// Nothing here needs any of these.
const PERMISSIONS_POLICY: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), \
     payment=(), usb=()";
/// Two years, as browsers' lists want it.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000";

/// Said by every answer that says nothing else of the kind.
const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Addresses carry one-time links. Browsers that told nobody at all would not say either which
    // page a form comes from.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    // What is public says so itself.
    (header::CACHE_CONTROL, "no-store"),
];

/// Adds what every answer says.
pub(super) async fn said(
    State(_): State<Arc<Api>>,
    peer: Peer,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if peer.encrypted {
        let value = HeaderValue::from_static(STRICT_TRANSPORT_SECURITY);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}
