//! Whether a browser says that a request comes from a page of the console.

use axum::http::{HeaderMap, header};

/// What a browser knows of where a request comes from (Fetch Metadata Request Headers).
const FETCH_SITE: &str = "sec-fetch-site";

/// Whether these headers say that the request comes from a page of the host that it goes to, or of
/// the console's own origin. Browsers send one of them with all that may change something; whoever
/// sends neither is none, and has a token to use.
pub(super) fn is_same(headers: &HeaderMap, own: Option<&str>) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(FETCH_SITE) {
        return site == "same-origin";
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return false };
    let host = origin.split_once("://").map(|(_, host)| host);
    let to = text(header::HOST.as_str());
    own == Some(origin) || (to.is_some() && host == to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(headers: &[(&'static str, &'static str)]) -> bool {
        let pairs =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        is_same(&pairs.collect(), Some("https://tls.example"))
    }

    #[test]
    fn only_our_own_pages_are_ours() {
        assert!(said(&[(FETCH_SITE, "same-origin")]));
        assert!(said(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(said(&[("origin", "https://tls.example"), ("host", "console:8080")]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!said(&[(FETCH_SITE, site), ("origin", "https://tls.example")]), "{site}");
        }
        assert!(!said(&[]));
        assert!(!said(&[("host", "a.example")]));
        assert!(!said(&[("origin", "null"), ("host", "a.example")]));
        assert!(!said(&[("origin", "null")]));
        assert!(!said(&[("origin", "https://b.example"), ("host", "a.example")]));
        assert!(!said(&[("origin", "https://a.example:444"), ("host", "a.example")]));
    }
}
