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
    shell::http::{Shared, events::EventView, problem::Problem, view::AnomalyOfDomain},
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
        unready: api.context.health.unready().into_iter().collect(),
        instance: api.context.instance.to_string(),
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(frame::answer(&page))
}

fn seen(board: &Board, now: Timestamp, language: Language) -> Seen {
    let mut states: Vec<_> = TILES.iter().map(|state| (*state, 0)).collect();
    let mut weeks: Vec<_> =
        (0_i32..).take(WEEKS).map(|week| Week { from: now + WEEK * week, count: 0 }).collect();
    for row in board.domains().iter() {
        if let Some((_, count)) = states.iter_mut().find(|(state, _)| *state == row.state()) {
            *count += 1;
        }
        let left = row.expires_at().map(|at| at.duration_since(now).as_secs());
        let week = left.and_then(|left| usize::try_from(left / WEEK.as_secs()).ok());
        if let Some(week) = week.and_then(|week| weeks.get_mut(week)) {
            week.count += usize::from(left.is_some_and(|left| left >= 0));
        }
    }
    let mut open: Vec<_> = board
        .domains()
        .broken()
        .flat_map(|row| row.watch.anomalies().iter().map(move |anomaly| (row, anomaly)))
        .collect();
    open.sort_by_key(|(_, anomaly)| {
        (std::cmp::Reverse(anomaly.severity), std::cmp::Reverse(anomaly.detected_at))
    });
    let worst = open.iter().take(LISTED);
    let lately = board.events().take(LISTED);
    Seen {
        domains: board.domains().len(),
        states,
        worst: worst.map(|(row, anomaly)| AnomalyOfDomain::open(anomaly, row, board)).collect(),
        open: open.len(),
        weeks,
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
