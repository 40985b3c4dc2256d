//! Who changed what, latest first.

use std::borrow::Borrow;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};

use super::{
    frame::{self, Frame, Section},
    viewer::Viewer,
    words::Words,
};
use crate::shell::http::{
    Shared,
    audit::{self, AuditView, DeedView},
    events::PageParams,
    problem::Problem,
};

/// Entries of a page.
const LISTED: usize = 50;

/// The page.
#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    frame: Frame,
    entries: Vec<AuditView>,
    next: Option<String>,
}

/// Shows who changed what.
pub(super) async fn show(
    State(api): Shared,
    viewer: Viewer,
    Query(params): Query<PageParams>,
) -> Result<Response, Problem> {
    let frame = Frame::new(&api, &viewer, Section::Audit, "");
    let title = frame.words.say("audit-title").into_owned();
    let params = PageParams { limit: Some(LISTED), ..params };
    let page = api.look(|board| audit::paged(&params, viewer.caller.role, board))?;
    let frame = Frame { title, ..frame };
    Ok(frame::answer(&Audit { frame, entries: page.items, next: page.next }))
}

/// What was done, in one sentence.
fn sentence(deed: &DeedView, entry: &AuditView, words: impl Borrow<Words>) -> String {
    let words = words.borrow();
    let name = match (entry.about, &entry.about_id) {
        ("setting", None) => words.say("audit-default-setting").into_owned(),
        ("account", None) => words.say("audit-stranger").into_owned(),
        (_, _) => entry.name.clone(),
    };
    let values = deed.values.iter().map(|(name, value)| (*name, value.clone().into()));
    words.filled_token("deed", deed.kind, values.chain([("name", name.into())])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{board::audit::deed::KINDS, language::Language};

    #[test]
    fn every_deed_has_a_sentence() {
        for words in Language::ALL.map(Words) {
            for kind in KINDS {
                let said = words.known(&format!("deed-{kind}"));
                assert!(said.is_some(), "{kind} in {:?}", words.language());
            }
        }
    }
}
