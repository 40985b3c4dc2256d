//! The overview: how everything fares at one glance.

use askama::Template;
use axum::{extract::State, response::Response};
use jiff::{SignedDuration, Timestamp};
use proto::v1::State as DomainState;

use super::{
    frame::{self, Frame, Section},
    viewer::Viewer,
};
use crate::{
    domain::{board::Board, language::Language},
    shell::http::{
        Shared, events::EventView, problem::Problem, system::Whole, view::AnomalyOfDomain,
    },
};

mod chart;

/// Weeks of the timeline: a certificate of 90 days that was issued today is on it.
const WEEKS: usize = 13;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Anomalies and events that are listed.
const LISTED: usize = 10;

/// The page.
#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    seen: Seen,
    chart: String,
    unready: Vec<(String, String)>,
    whole: Whole,
    instance: String,
    version: &'static str,
}

/// What the board says.
struct Seen {
    domains: usize,
    states: Vec<(DomainState, usize)>,
    open: usize,
    worst: Vec<AnomalyOfDomain>,
    weeks: Vec<Week>,
    lately: Vec<EventView>,
    contacts: usize,
}

impl Seen {
    /// Certificates that expire in the weeks that are shown.
    fn expiring(&self) -> usize {
        self.weeks.iter().map(|week| week.count).sum()
    }
}

/// Certificates that expire in one week.
struct Week {
    from: Timestamp,
    count: usize,
}

/// Shows the overview.
pub(super) async fn show(State(api): Shared, viewer: Viewer) -> Result<Response, Problem> {
    let frame = Frame::new(&api, &viewer, Section::Overview, "");
    let title = frame.words.say("overview-title").into_owned();
    let seen = api.look(|board| seen(board, frame.now, viewer.language));
    let page = Overview {
        chart: chart::drawn(&seen.weeks)?,
        frame: Frame { title, ..frame },
        seen,
        unready: api.context.health.unready(),
        whole: Whole::of(&api),
        instance: api.context.instance.to_string(),
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(frame::answer(&page))
}

fn seen(board: &Board, now: Timestamp, language: Language) -> Seen {
    let domains = board.domains();
    let begins: Vec<_> = (0..).take(WEEKS + 1).map(|week: i32| now + WEEK * week).collect();
    let weeks = begins.iter().zip(domains.expiring(&begins));
    let worst =
        domains.open().take(LISTED).filter_map(|found| domains.anomaly(&found.domain, found.kind));
    let lately = board.events().take(LISTED);
    Seen {
        domains: domains.len(),
        states: TILES.map(|state| (state, domains.count(state))).into(),
        worst: worst.map(|(row, anomaly)| AnomalyOfDomain::open(anomaly, row, board)).collect(),
        open: domains.open_total(),
        weeks: weeks.map(|(from, count)| Week { from: *from, count }).collect(),
        lately: lately
            .map(|(sequence, event)| EventView::in_language(*sequence, event, language))
            .collect(),
        contacts: board.contacts().count(),
    }
}

/// States in the order of the tiles: what needs a look first.
const TILES: [DomainState; 6] = [
    DomainState::Abnormal,
    DomainState::EnableFailed,
    DomainState::Unknown,
    DomainState::Enabling,
    DomainState::Secure,
    DomainState::Disabled,
];

/// The colour of a state.
pub(super) fn tone(state: DomainState) -> &'static str {
    match state {
        DomainState::Abnormal | DomainState::EnableFailed => "critical",
        DomainState::Unknown => "warning",
        DomainState::Secure => "good",
        DomainState::Enabling => "info",
        DomainState::Disabled | DomainState::Unspecified => "",
    }
}
