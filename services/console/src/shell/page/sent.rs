//! Where forms are sent, and which page each of these places belongs to.
//!
//! The answer to a form may be a page: with what was wrong, or with what is shown once. It stands
//! at the place that the form was sent to, and whoever loads that again, from the address bar, a
//! bookmark, or after signing in, sends no form. They are led to the page with the form.

use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, OriginalUri},
    handler::Handler,
    http::Uri,
    response::Redirect,
    routing::post,
};

use crate::shell::http::Api;

/// Takes a form at a path that shows nothing by itself, and leads whoever looks there to a page.
/// What is variable in the path may stand in the page as well.
pub(super) fn form<H, T>(path: &'static str, page: &'static str, handler: H) -> Router<Arc<Api>>
where
    H: Handler<T, Arc<Api>>,
    T: 'static,
{
    let to_page = move |matched: MatchedPath, OriginalUri(uri): OriginalUri| async move {
        Redirect::to(&filled(page, matched.as_str(), &uri))
    };
    Router::new().route(path, post(handler).get(to_page))
}

/// The page, with what stands in the address where the path is variable, and with its query.
fn filled(page: &str, path: &str, uri: &Uri) -> String {
    let parts = path.split('/').zip(uri.path().split('/'));
    let variable = parts.filter(|(name, _)| name.starts_with('{'));
    let page = variable.fold(page.to_owned(), |page, (name, part)| page.replace(name, part));
    let mark = if page.contains('?') { '&' } else { '?' };
    uri.query().map_or(page.clone(), |query| format!("{page}{mark}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_about_the_same_thing() {
        let filled = |page, path, uri: &'static str| filled(page, path, &Uri::from_static(uri));
        assert_eq!(
            filled("/contacts/{contact}", "/contacts/{contact}/test", "/contacts/a%2Fb/test"),
            "/contacts/a%2Fb"
        );
        assert_eq!(filled("/inbox", "/inbox/{entry}/read", "/inbox/x/read"), "/inbox");
        assert_eq!(
            filled("/notification?edit={whose}", "/notification/{whose}", "/notification/x?text=a"),
            "/notification?edit=x&text=a"
        );
    }
}
