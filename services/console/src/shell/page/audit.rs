//! Who changed what, latest first.

use std::borrow::Borrow;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};

use fluent_bundle::FluentValue;
use proto::v1::Kind;

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
        // A contact that was removed, of which only that is known.
        (_, Some(id)) if entry.name.is_empty() => id.clone(),
        (_, _) => entry.name.clone(),
    };
    let values = deed.values.iter().map(|(name, value)| match *name {
        "count" => ("count", FluentValue::try_number(value)),
        "anomaly" => ("anomaly", kind(value, *words).into()),
        name => (name, value.as_str().into()),
    });
    // What is said again replaces this.
    let erased = [("address", words.say("audit-erased").into())];
    let values = erased.into_iter().chain(values).chain([("name", name.into())]);
    words.filled_token("deed", deed.kind, values).into_owned()
}

/// What an anomaly is called: by its kind, which its id ends in, before its number.
fn kind(anomaly: &str, words: Words) -> String {
    let kind = anomaly.split_once('-').and_then(|(_, rest)| rest.rsplit_once('-'));
    let kind = kind.and_then(|(token, _)| Kind::from_token(token));
    kind.map_or_else(|| anomaly.to_owned(), |kind| words.token("kind", kind.token()).into_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::domain::{board::audit::deed::KINDS, language::Language};

    #[test]
    fn one_message_is_not_said_to_be_several() {
        let words = Words(Language::English);
        let said = |count: &str| {
            let values = [("count", FluentValue::try_number(count)), ("name", "Ops".into())];
            words.filled_token("deed", "inbox-read", values).into_owned()
        };
        assert_eq!(said("1"), "Marked a message to Ops as read");
        assert_eq!(said("1200"), "Marked 1,200 messages to Ops as read");
    }

    #[test]
    fn what_was_done_to_a_contact_that_was_removed_is_a_whole_sentence() {
        let said = |kind, about: &'static str| {
            let entry = AuditView {
                sequence: 1,
                at: Timestamp::UNIX_EPOCH,
                by: "ada".to_owned(),
                by_id: "account:x".to_owned(),
                about,
                about_id: Some("23ovu3".to_owned()),
                name: String::new(),
                deeds: vec![],
                changes: vec![],
                more: 0,
            };
            let deed = DeedView { kind, values: BTreeMap::new() };
            Language::ALL.map(|language| sentence(&deed, &entry, Words(language)))
        };
        let removed = ["Removed the contact 23ovu3", "删除了联系人 23ovu3"];
        assert_eq!(said("contact-removed", "contact"), removed);
        let verified =
            ["Verified the address (erased) of 23ovu3", "验证了 23ovu3 的地址：（已清除）"];
        assert_eq!(said("address-verified", "contact"), verified);
    }

    #[test]
    fn an_anomaly_is_called_by_its_kind() {
        let words = Words(Language::English);
        assert_eq!(
            kind("4rrewm3tr6pwn4kxotpjwlbjue-chain_incomplete-2", words),
            "Chain incomplete"
        );
        assert_eq!(kind("x", words), "x");
    }

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
