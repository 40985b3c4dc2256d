//! *Deliveries*: who was told what, each attempt, and the channel's own words.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use self::shown::Told;
use super::{
    form::{self, Submitted},
    frame::{self, Frame, Section},
    mistakes::Mistakes,
    viewer::Viewer,
    words::Words,
};
use crate::{
    domain::board::Board,
    shell::http::{
        Api, Shared,
        deliveries::{self, DeliveryParams},
        extract::{Params, Path},
        problem::Problem,
    },
};

pub(super) mod shown;

/// Deliveries of one page.
const ROWS: usize = 50;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    contact: String,
    method: String,
    domain: String,
    state: String,
    cause: String,
    /// The `next` of the page before.
    cursor: String,
    /// What the form that led here came to.
    notice: Option<String>,
}

/// The list.
#[derive(Template)]
#[template(path = "deliveries.html")]
struct Deliveries {
    frame: Frame,
    asked: Asked,
    /// Who may be chosen: id and name.
    contacts: Vec<(String, String)>,
    list: Vec<Told>,
    next: Option<String>,
    /// What is wrong with what is asked for.
    mistakes: Mistakes,
}

impl Asked {
    fn params(&self) -> DeliveryParams {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        DeliveryParams {
            contact: given(&self.contact),
            method: given(&self.method),
            domain: given(&self.domain),
            state: given(&self.state),
            cause: given(&self.cause),
            cursor: given(&self.cursor),
            ..DeliveryParams::default()
        }
    }

    fn has_filter(&self) -> bool {
        [&self.contact, &self.method, &self.domain, &self.state, &self.cause]
            .iter()
            .any(|text| !text.is_empty())
    }

    /// The page behind a cursor, or the first.
    fn page(&self, cursor: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        let filters = [
            ("contact", self.contact.as_str()),
            ("method", &self.method),
            ("domain", &self.domain),
            ("state", &self.state),
            ("cause", &self.cause),
            ("cursor", cursor.unwrap_or_default()),
        ];
        for (name, value) in filters.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        format!("/deliveries?{}", query.finish())
    }
}

/// Shows the list.
pub(super) async fn show(
    State(api): Shared,
    viewer: Viewer,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let frame = Frame::new(&api, &viewer, Section::Deliveries, "");
    let title = frame.words.say("section-deliveries").into_owned();
    let contacts = api.look(contacts);
    let found = api.look(|board| found(board, &asked.params(), frame.words));
    let (list, next, mistakes) = match found {
        Ok((list, next)) => (list, next, Mistakes::default()),
        Err(problem) => (vec![], None, Mistakes::of(problem, frame.words)?),
    };
    let frame = Frame { title, ..frame };
    let page = Deliveries { frame, asked, contacts, list, next, mistakes };
    Ok(page.mistakes.answer(&page))
}

fn found(
    board: &Board,
    params: &DeliveryParams,
    words: Words,
) -> Result<(Vec<Told>, Option<String>), Problem> {
    let page = deliveries::found(board, params, ROWS)?;
    let kept = |id: &str| board.deliveries().get(&id.parse().ok()?);
    let told = page.items.iter().filter_map(|view| Some(Told::of(kept(&view.id)?, board, words)));
    Ok((told.collect(), page.next))
}

/// Who may be chosen, by name.
pub(super) fn contacts(board: &Board) -> Vec<(String, String)> {
    let cards = board.contacts().filter_map(|(id, kept)| Some((id, kept.entity.card()?)));
    let mut contacts: Vec<_> =
        cards.map(|(id, card)| (id.to_string(), card.name().to_owned())).collect();
    contacts.sort_by_cached_key(|(_, name)| name.to_lowercase());
    contacts
}

/// One delivery.
#[derive(Template)]
#[template(path = "delivery.html")]
struct One {
    frame: Frame,
    told: Told,
    mistakes: Mistakes,
}

/// Shows one delivery.
pub(super) async fn one(
    State(api): Shared,
    viewer: Viewer,
    Path(key): Path<String>,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let page = page(&api, &viewer, &key, Mistakes::default())?;
    let frame = page.frame.noting(asked.notice.as_deref());
    Ok(frame::answer(&One { frame, ..page }))
}

fn page(api: &Api, viewer: &Viewer, key: &str, mistakes: Mistakes) -> Result<One, Problem> {
    let frame = Frame::new(api, viewer, Section::Deliveries, "");
    let told = api.look(|board| {
        let delivery = deliveries::known(board, key)?;
        Ok::<_, Problem>(Told::of(delivery, board, frame.words))
    })?;
    let title = frame.words.say("delivery-title").into_owned();
    Ok(One { frame: Frame { title, ..frame }, told, mistakes })
}

/// Asks that a parked delivery be tried again.
pub(super) async fn again(
    State(api): Shared,
    Path(key): Path<String>,
    form: Submitted,
) -> Result<Response, Problem> {
    match deliveries::try_again(&api, form.actor(), &key).await {
        Ok(_) => Ok(form::done(&format!("/deliveries/{key}"), "sent-again")),
        Err(problem) => {
            let mistakes = Mistakes::of(problem, Words(form.viewer.language))?;
            let page = page(&api, &form.viewer, &key, mistakes)?;
            Ok(page.mistakes.answer(&page))
        }
    }
}
