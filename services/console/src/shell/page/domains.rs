//! `/domains`: the list, searched, filtered, sorted and paged; and what is done to many at once.

pub mod add;
pub mod bulk;

use std::sync::Arc;

use askama::Template;
use axum::{Json, Router, extract::State, response::Response, routing::get};
use jiff::Timestamp;
use proto::v1::{Kind, State as DomainState};
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    frame::{self, Frame, Section},
    mistakes::Mistakes,
    overview,
    sent::form,
    viewer::Viewer,
};
use crate::{
    domain::{inventory::Invalid, want::Asked},
    shell::http::{
        Api, Shared,
        domains::{self, ListParams},
        extract::Params,
        paging::Page,
        problem::Problem,
        view::DomainView,
    },
};

/// Where the list is.
const PATH: &str = "/domains";

/// Which domains somebody wants to see, as it stands in the address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    text: String,
    state: String,
    kind: String,
    tag: String,
    issuer: String,
    severity: String,
    expires_from: String,
    expires_before: String,
    sort: String,
    cursor: String,
    notice: String,
}

/// The page.
#[derive(Template)]
#[template(path = "domains.html")]
struct Domains {
    frame: Frame,
    wanted: Wanted,
    page: Page<DomainView>,
    /// How many there are, whatever is wanted.
    all: usize,
    mistakes: Mistakes,
    /// Ids of those that are ticked.
    ticked: Vec<String>,
    tag: String,
}

/// The list, adding to it, and what is done to many.
pub(super) fn router() -> Router<Arc<Api>> {
    Router::new()
        .route(PATH, get(show))
        .merge(form("/domains/actions", PATH, bulk::act))
        .route("/domains/add", get(add::show).post(add::add))
}

/// Shows the list.
async fn show(
    State(api): Shared,
    viewer: Viewer,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    shown(State(api), &viewer, wanted, bulk::Tried::default()).await
}

async fn shown(
    State(api): Shared,
    viewer: &Viewer,
    wanted: Wanted,
    tried: bulk::Tried,
) -> Result<Response, Problem> {
    let Json(page) = domains::list(State(Arc::clone(&api)), Params(wanted.params()?)).await?;
    let frame = Frame::new(&api, viewer, Section::Domains, "");
    let title = frame.words.say("domains-title").into_owned();
    let frame = Frame { title, ..frame }.noting(Some(&wanted.notice));
    let all = api.look(|board| board.domains().len());
    let bulk::Tried { mistakes, ticked, tag } = tried;
    Ok(frame::answer(&Domains { frame, wanted, page, all, mistakes, ticked, tag }))
}

impl Wanted {
    /// Reads the part of an address behind the `?`.
    fn read(query: &str) -> Self {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let Some(field) = wanted.field(&name) {
                *field = value.into_owned();
            }
        }
        wanted
    }

    fn field(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "text" => &mut self.text,
            "state" => &mut self.state,
            "kind" => &mut self.kind,
            "tag" => &mut self.tag,
            "issuer" => &mut self.issuer,
            "severity" => &mut self.severity,
            "expires_from" => &mut self.expires_from,
            "expires_before" => &mut self.expires_before,
            "sort" => &mut self.sort,
            _ => return None,
        })
    }

    fn params(&self) -> Result<ListParams, Problem> {
        let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(ListParams {
            text: given(&self.text),
            state: given(&self.state),
            kind: given(&self.kind),
            tag: given(&self.tag),
            issuer: given(&self.issuer),
            severity: given(&self.severity),
            expires_from: instant("expires_from", given(&self.expires_from))?,
            expires_before: instant("expires_before", given(&self.expires_before))?,
            sort: given(&self.sort),
            limit: None,
            cursor: given(&self.cursor),
        })
    }

    /// What narrows the list down, and its order.
    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("text", self.text.as_str()),
            ("state", &self.state),
            ("kind", &self.kind),
            ("tag", &self.tag),
            ("issuer", &self.issuer),
            ("severity", &self.severity),
            ("expires_from", &self.expires_from),
            ("expires_before", &self.expires_before),
            ("sort", &self.sort),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
    }

    /// What narrows the list down, and has no field to be typed into.
    fn kept(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let typed = ["text", "state", "kind", "tag", "issuer"];
        self.pairs().filter(move |(name, _)| !typed.contains(name))
    }

    /// Whether it narrows the list down.
    fn narrows(&self) -> bool {
        self.pairs().any(|(name, _)| name != "sort")
    }

    /// The same as the part of an address behind the `?`.
    fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }

    /// Where the same stands in another order, or with another filter.
    fn narrowed(&self, name: &str, value: &str) -> String {
        let mut other = Self { cursor: String::new(), ..self.clone() };
        if let Some(field) = other.field(name) {
            value.clone_into(field);
        }
        format!("{PATH}?{}", other.query())
    }

    /// Where the list is sorted by a column; from the other end if it is already.
    fn sorted(&self, column: &str) -> String {
        let turned = format!("-{column}");
        let sort = self.sort.as_str();
        let is_by_it = sort == column || sort.is_empty() && column == "name";
        self.narrowed("sort", if is_by_it { &turned } else { column })
    }

    /// How the list is sorted by a column, as screen readers are told it.
    fn order(&self, column: &str) -> &'static str {
        match self.sort.strip_prefix('-') {
            Some(sort) if sort == column => "descending",
            None if self.sort == column || self.sort.is_empty() && column == "name" => "ascending",
            Some(_) | None => "none",
        }
    }

    /// Where the next page is.
    fn next(&self, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs()).append_pair("cursor", cursor);
        format!("{PATH}?{}", query.finish())
    }

    /// Where the same is as CSV.
    fn export(&self) -> String {
        format!("/api/v1/domains.csv?{}", self.query())
    }
}

/// The instant that stands in the address, if one does.
fn instant(name: &str, text: Option<String>) -> Result<Option<Timestamp>, Problem> {
    let read = |text: String| {
        let unreadable = |_| Problem::invalid(vec![Invalid::new(name, &text, Asked::Instant)]);
        text.parse().map_err(unreadable)
    };
    text.map(read).transpose()
}

/// The colour of a state.
pub(super) fn tone(state: &str) -> &'static str {
    DomainState::from_token(state).map_or("", overview::tone)
}

/// An issuer in as few words as tell it from others: its common name and its organization.
pub(super) fn short(issuer: &str) -> String {
    let part = |kind: &str| {
        let mut parts = parts(issuer).into_iter();
        parts.find_map(|part| part.strip_prefix(kind).map(str::to_owned))
    };
    match (part("CN="), part("O=")) {
        (Some(name), Some(organization)) if name.contains(&organization) => name,
        (Some(name), Some(organization)) => format!("{organization} {name}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => issuer.to_owned(),
    }
}

/// The parts of a distinguished name (RFC 4514), without the backslashes that guard commas.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        let last = parts.last_mut().expect("there is a part from the beginning on");
        match character {
            '\\' => last.extend(characters.next()),
            ',' | '+' => parts.push(String::new()),
            other => last.push(other),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_told_in_few_words() {
        assert_eq!(short("CN=R11,O=Let's Encrypt,C=US"), "Let's Encrypt R11");
        assert_eq!(short("CN=GTS CA 1C3\\, Inc,C=US"), "GTS CA 1C3, Inc");
        assert_eq!(short("CN=Acme Root,O=Acme"), "Acme Root");
        assert_eq!(short("O=Acme"), "Acme");
        assert_eq!(short("C=US"), "C=US");
        assert_eq!(short("CN=a\\"), "a");
    }

    #[test]
    fn a_list_in_another_order_is_the_same_list() {
        let wanted = Wanted::read("text=a%26b&state=abnormal&cursor=x&notice=y&z=1");
        assert_eq!(wanted.sorted("name"), "/domains?text=a%26b&state=abnormal&sort=-name");
        assert_eq!(wanted.sorted("expires"), "/domains?text=a%26b&state=abnormal&sort=expires");
        let turned = Wanted::read("sort=-expires");
        assert_eq!((turned.order("expires"), turned.order("name")), ("descending", "none"));
        assert_eq!(turned.sorted("expires"), "/domains?sort=expires");
        assert_eq!(turned.narrowed("tag", "shop"), "/domains?tag=shop&sort=-expires");
        assert!(!turned.narrows() && wanted.narrows());
    }
}
