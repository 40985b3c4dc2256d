//! `/system` and `/overview`: how certherald itself fares, and how all domains do.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use jiff::{SignedDuration, Timestamp};
use proto::v1::{Severity, State as DomainState};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Shared, events::EventView};
use crate::domain::board::Board;

/// Events in the overview.
const LATELY: usize = 20;
/// Ends of the spans in which certificates expire, in days from now.
const SPANS: [i64; 6] = [1, 7, 14, 30, 60, 90];

/// How certherald itself fares.
#[derive(Debug, Serialize, ToSchema)]
pub struct System {
    /// Version of the program.
    pub version: &'static str,
    /// Name of this instance.
    pub instance: String,
    /// The time by its clock.
    pub now: Timestamp,
    /// Whether everything in this process is as it must be.
    pub ready: bool,
    /// What is not, with the reason.
    pub unready: Vec<Unready>,
    /// How many domains there are.
    pub domains: usize,
    /// How many contacts there are.
    pub contacts: usize,
    /// How many deliveries are shown.
    pub deliveries: usize,
}

/// Something that is not as it must be.
#[derive(Debug, Serialize, ToSchema)]
pub struct Unready {
    /// What.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// How certherald itself fares.
#[utoipa::path(get, path = "/system", tag = "system", responses((status = 200, body = System)))]
pub async fn about(State(api): Shared) -> Json<System> {
    let unready = api.context.health.unready();
    let unready: Vec<_> =
        unready.into_iter().map(|(name, reason)| Unready { name, reason }).collect();
    Json(api.look(|board| System {
        version: env!("CARGO_PKG_VERSION"),
        instance: api.context.instance.to_string(),
        now: api.context.clock.now(),
        ready: unready.is_empty(),
        unready,
        domains: board.domains().len(),
        contacts: board.contacts().count(),
        deliveries: board.deliveries().len(),
    }))
}

/// Whether everything in this process is as it must be; for load balancers, without a token.
pub async fn ready(State(api): Shared) -> (StatusCode, &'static str) {
    if api.context.health.unready().is_empty() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

/// How all domains fare.
#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    /// How many domains are in each state.
    pub states: BTreeMap<&'static str, usize>,
    /// How many open anomalies there are of each severity.
    pub anomalies: BTreeMap<&'static str, usize>,
    /// How many certificates expire in each span from now on.
    pub expiries: Vec<Expiries>,
    /// What happened lately, latest first.
    pub events: Vec<EventView>,
}

/// How many certificates expire in one span.
#[derive(Debug, Serialize, ToSchema)]
pub struct Expiries {
    /// The span ends that many days from now; it begins where the one before ends.
    pub within_days: i64,
    /// How many domains have a certificate that expires in it.
    pub domains: usize,
}

/// How all domains fare, at a glance.
#[utoipa::path(get, path = "/overview", tag = "system", responses((status = 200, body = Overview)))]
pub async fn overview(State(api): Shared) -> Json<Overview> {
    let now = api.context.clock.now();
    Json(api.look(|board| seen(board, now)))
}

fn seen(board: &Board, now: Timestamp) -> Overview {
    let domains = board.domains();
    let states = DomainState::ALL.iter().map(|state| (state.token(), domains.count(*state)));
    let anomalies = Severity::ALL.iter().map(|bad| (bad.token(), domains.open_count(*bad)));
    let ends = SPANS.map(|days| now + SignedDuration::from_hours(24 * days));
    let instants: Vec<_> = [now].into_iter().chain(ends).collect();
    let expiries = SPANS.into_iter().zip(domains.expiring(&instants));
    let events = board.events().take(LATELY);
    Overview {
        states: states.collect(),
        anomalies: anomalies.collect(),
        expiries: expiries
            .map(|(within_days, domains)| Expiries { within_days, domains })
            .collect(),
        events: events.map(|(sequence, event)| EventView::of(*sequence, event)).collect(),
    }
}
