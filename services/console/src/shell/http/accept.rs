//! What media type is answered, and whether whoever asks takes it (RFC 9110, section 12.5.1).
//!
//! Each path answers one media type, so that there is nothing to choose: either it is taken, or the
//! request is refused before anything is done.

use axum::{
    extract::Request,
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::Problem;

/// What stands before the path of everything that has a media type of its own here.
const API: &str = "/api/v1/";

/// Refuses what would not be taken.
pub async fn or_refuse(request: Request, next: Next) -> Response {
    let answered = answered(request.uri().path());
    match answered.filter(|answered| !takes(request.headers(), answered)) {
        Some(answered) => Problem::not_acceptable(answered).into_response(),
        None => next.run(request).await,
    }
}

/// The media type that a path of the API answers.
fn answered(path: &str) -> Option<&'static str> {
    let path = path.strip_prefix(API)?;
    Some(match path {
        "domains.csv" | "domains/template.csv" => "text/csv",
        "live" | "events/stream" => "text/event-stream",
        // A name may end in anything, such as `.csv`; this is no name.
        path if path.ends_with("/missing.pem") => "application/x-pem-file",
        _ => "application/json",
    })
}

/// Whether headers take a media type. A weight of nothing refuses it, unless something more general
/// takes it: who asks so wants an answer.
fn takes(headers: &HeaderMap, answered: &str) -> bool {
    let mut ranges = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .peekable();
    ranges.peek().is_none() || ranges.any(|range| admits(range, answered))
}

fn admits(range: &str, answered: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let refused = parts.any(|part| {
        let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
        weight.is_some_and(|weight| weight.parse() == Ok(0.0_f32))
    });
    let group = answered.split_once('/').map_or(answered, |(group, _)| group);
    !refused && (essence == "*/*" || essence == answered || essence == format!("{group}/*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(accept: &str, path: &str) -> bool {
        let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
        answered(path).is_none_or(|answered| takes(&headers, answered))
    }

    #[test]
    fn what_is_answered_must_be_among_what_is_accepted() {
        let list = "/api/v1/domains";
        for accept in
            ["application/json", "*/*", "text/html, application/*;q=0.2", "Application/JSON; v=1"]
        {
            assert!(taken(accept, list), "{accept}");
        }
        for accept in ["text/html", "application/xml, text/*", "application/json;q=0", "*/*; q=0.0"]
        {
            assert!(!taken(accept, list), "{accept}");
        }
        assert!(taken("text/csv", "/api/v1/domains.csv") && !taken("text/csv", list));
        assert!(taken("text/event-stream", "/api/v1/live"));
        assert!(taken("image/png", "/verify"), "what is no API decides for itself");
        assert!(takes(&HeaderMap::new(), "application/json"));
    }
}
