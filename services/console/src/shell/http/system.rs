//! `/system` and `/overview`: how certherald itself fares, and how all domains do.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use jiff::{SignedDuration, Timestamp};
use proto::{
    stream::Service,
    v1::{Severity, State as DomainState},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, Shared, events::EventView};
use crate::domain::{
    board::Board,
    pulse::{LED, Lead, Trouble},
};

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
    /// Who leads each service of which one instance does.
    pub leaders: Vec<Leader>,
    /// When the last look at any domain was. Absent if none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_look_at: Option<Timestamp>,
    /// What is wrong with the system as a whole. Empty if all of it works.
    pub troubles: Vec<TroubleView>,
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

/// Who leads a service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Leader {
    /// `detector` or `notifier`.
    pub service: &'static str,
    /// Whether anybody does. Absent as long as nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leads: Option<bool>,
    /// The name of the instance that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// Something that is wrong with the system as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct TroubleView {
    /// `bus_silent`: the streams cannot be asked; `nobody_leads` a service; or `no_looks`: none has
    /// come in for longer than is normal.
    pub trouble: &'static str,
    /// The service that nobody leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<&'static str>,
    /// Since when, as far as this console knows.
    pub since: Timestamp,
}

/// What is known of the system as a whole.
pub(in crate::shell) struct Whole {
    pub(in crate::shell) leaders: Vec<Leader>,
    pub(in crate::shell) last_look_at: Option<Timestamp>,
    pub(in crate::shell) troubles: Vec<TroubleView>,
}

impl Whole {
    /// As it is now.
    pub(in crate::shell) fn of(api: &Api) -> Self {
        let now = api.context.clock.now();
        let rhythm = api.look(|board| board.domains().rhythm(api.config.interval));
        let pulse = api.pulse.read();
        Self {
            leaders: LED.map(|service| Leader::of(service, pulse.lead(service, now))).into(),
            last_look_at: rhythm.last,
            troubles: pulse.troubles(&rhythm, now).into_iter().map(TroubleView::of).collect(),
        }
    }
}

impl Leader {
    fn of(service: Service, lead: Option<&Lead>) -> Self {
        Self {
            service: service.token(),
            leads: lead.map(|lead| lead.holder.is_some()),
            instance: lead.and_then(|lead| lead.holder.clone()),
        }
    }
}

impl TroubleView {
    fn of(trouble: Trouble) -> Self {
        let (trouble, service, since) = match trouble {
            Trouble::Silent { since } => ("bus_silent", None, since),
            Trouble::NobodyLeads { service, since } => {
                ("nobody_leads", Some(service.token()), since)
            }
            Trouble::NoLooks { since } => ("no_looks", None, since),
        };
        Self { trouble, service, since }
    }

    /// Its name among the messages `trouble-…`.
    pub(in crate::shell) fn token(&self) -> String {
        let service = self.service.map(|service| format!("_{service}"));
        format!("{}{}", self.trouble, service.unwrap_or_default())
    }
}

/// How certherald itself fares.
#[utoipa::path(get, path = "/system", tag = "system", responses((status = 200, body = System)))]
pub async fn about(State(api): Shared) -> Json<System> {
    let unready = api.context.health.unready();
    let unready: Vec<_> =
        unready.into_iter().map(|(name, reason)| Unready { name, reason }).collect();
    let Whole { leaders, last_look_at, troubles } = Whole::of(&api);
    Json(api.look(|board| System {
        version: env!("CARGO_PKG_VERSION"),
        instance: api.context.instance.to_string(),
        now: api.context.clock.now(),
        ready: unready.is_empty(),
        unready,
        leaders,
        last_look_at,
        troubles,
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
