//! `/anomalies`: what is wrong, what was, and what nothing is told of for a while.

use std::sync::Arc;

use askama::Template;
use axum::{Json, Router, extract::State, response::Response, routing::get};
use proto::v1::{Kind, Severity};
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    frame::{self, Frame, Section},
    silencing::Draft,
    viewer::Viewer,
};
use crate::shell::http::{
    Api, Shared,
    anomalies::{self, AnomalyParams},
    events::PageParams,
    extract::Params,
    paging::Page,
    problem::Problem,
    silences::{self as http, SilenceView},
    view::AnomalyOfDomain,
};

/// Where the page is.
const PATH: &str = "/anomalies";
/// What is wrong.
const OPEN: &str = "open";
/// What nothing is told of.
const SILENCES: &str = "silences";
/// The tabs, in order.
const TABS: [&str; 3] = [OPEN, "closed", SILENCES];

/// Which anomalies somebody wants to see, as it stands in the address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    tab: String,
    kind: String,
    severity: String,
    cursor: String,
    notice: String,
}

/// What is wrong, or was.
#[derive(Template)]
#[template(path = "anomalies.html")]
struct Anomalies {
    frame: Frame,
    wanted: Wanted,
    page: Page<AnomalyOfDomain>,
}

/// What nothing is told of for a while.
#[derive(Template)]
#[template(path = "silences.html")]
struct Silences {
    frame: Frame,
    wanted: Wanted,
    page: Page<SilenceView>,
    silence: Draft,
}

/// The page.
pub(super) fn router() -> Router<Arc<Api>> {
    Router::new().route(PATH, get(show))
}

async fn show(
    State(api): Shared,
    viewer: Viewer,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    if wanted.tab() == SILENCES {
        return silences(api, &viewer, wanted, Draft::default()).await;
    }
    let params = AnomalyParams {
        state: Some(wanted.tab().to_owned()),
        kind: given(&wanted.kind),
        severity: given(&wanted.severity),
        cursor: given(&wanted.cursor),
        ..AnomalyParams::default()
    };
    let Json(page) = anomalies::list(State(Arc::clone(&api)), Params(params)).await?;
    let frame = framed(&api, &viewer, &wanted);
    Ok(frame::answer(&Anomalies { frame, wanted, page }))
}

/// Shows the silences, with what somebody tried.
pub(super) async fn silences(
    api: Arc<Api>,
    viewer: &Viewer,
    wanted: Wanted,
    silence: Draft,
) -> Result<Response, Problem> {
    let params = PageParams { limit: None, cursor: given(&wanted.cursor) };
    let Json(page) = http::list(State(Arc::clone(&api)), Params(params)).await?;
    let wanted = Wanted { tab: SILENCES.to_owned(), ..wanted };
    let frame = framed(&api, viewer, &wanted);
    Ok(frame::answer(&Silences { frame, wanted, page, silence }))
}

fn framed(api: &Api, viewer: &Viewer, wanted: &Wanted) -> Frame {
    let frame = Frame::new(api, viewer, Section::Anomalies, "");
    let title = frame.words.token("section", Section::Anomalies.token()).into_owned();
    Frame { title, ..frame }.noting(Some(&wanted.notice))
}

fn given(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

impl Wanted {
    /// The tab that is open.
    fn tab(&self) -> &'static str {
        TABS.into_iter().find(|tab| *tab == self.tab).unwrap_or(OPEN)
    }

    /// Whether it narrows the list down.
    fn narrows(&self) -> bool {
        !self.kind.is_empty() || !self.severity.is_empty()
    }

    fn query(&self) -> form_urlencoded::Serializer<'static, String> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("tab", self.tab());
        for (name, value) in [("kind", &self.kind), ("severity", &self.severity)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query
    }

    /// Where the same stands.
    fn here(&self) -> String {
        format!("{PATH}?{}", self.query().finish())
    }

    /// Where another tab is.
    fn at(tab: &str) -> String {
        format!("{PATH}?tab={tab}")
    }

    /// Where the next page is.
    fn next(&self, cursor: &str) -> String {
        format!("{PATH}?{}", self.query().append_pair("cursor", cursor).finish())
    }
}
