//! `/overview/expiries`: how many certificates expire on which day, or in which week.

use axum::{Json, extract::State};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Shared, extract::Params, problem::Problem};
use crate::domain::{
    board::{Board, domains::Row},
    inventory::{Invalid, contact::time_zone},
    want::Want,
};

/// Spans of one timeline: more than a year of days.
const COUNT_MAX: usize = 400;
/// Spans unless asked otherwise: what is renewed within a quarter.
const COUNT_DEFAULT: usize = 90;
/// Domains named in one span: what stands beside a bar of the chart.
const NAMED_MAX: usize = 5;

/// Which timeline.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct TimelineParams {
    /// `day` (default) or `week`, which begins with the day of today.
    by: Option<String>,
    /// How many, 1 to 400. Default 90 days, or 13 weeks.
    #[param(minimum = 1, maximum = 400)]
    count: Option<usize>,
    /// The time zone whose days these are, as its IANA name. Default `UTC`.
    time_zone: Option<String>,
}

/// When certificates expire.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// Domains whose certificate has expired already.
    pub expired: usize,
    /// The days or weeks from today on, without a gap.
    pub spans: Vec<Span>,
    /// Domains whose certificate expires after all of them.
    pub later: usize,
}

/// One day or week.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "from": "2026-11-22", "until": "2026-11-22", "domains": 2,
    "first": ["example.com:443", "shop.example.com:8443"]
}))]
pub struct Span {
    /// Its first day.
    pub from: String,
    /// Its last day.
    pub until: String,
    /// How many domains have a certificate that expires in it.
    pub domains: usize,
    /// Some of them, those that expire first.
    pub first: Vec<String>,
}

/// The coming expiries, by day or by week.
#[utoipa::path(
    get, path = "/overview/expiries", tag = "system",
    params(TimelineParams),
    responses((status = 200, body = Timeline))
)]
pub async fn timeline(
    State(api): Shared,
    Params(params): Params<TimelineParams>,
) -> Result<Json<Timeline>, Problem> {
    let days = match params.by.as_deref() {
        None | Some("day") => 1,
        Some("week") => 7,
        Some(other) => {
            let want = Want::OneOf(vec!["day", "week"]);
            return Err(Problem::invalid(vec![Invalid::new("by", other, want)]));
        }
    };
    let count = params.count.unwrap_or(COUNT_DEFAULT / days + usize::from(days > 1));
    if !(1..=COUNT_MAX).contains(&count) {
        let want = Want::UpTo(COUNT_MAX);
        return Err(Problem::invalid(vec![Invalid::new("count", &count.to_string(), want)]));
    }
    let zone = params.time_zone.as_deref().unwrap_or("UTC");
    let zone = time_zone("time_zone", zone).map_err(|invalid| Problem::invalid(vec![invalid]))?;
    let zone = kernel::zone::named(&zone).unwrap_or(TimeZone::UTC);
    let now = api.context.clock.now();
    Ok(Json(api.look(|board| drawn(board, now, &zone, days, count))))
}

fn drawn(board: &Board, now: Timestamp, zone: &TimeZone, days: usize, count: usize) -> Timeline {
    let today = now.to_zoned(zone.clone()).date();
    let day = |number: usize| later(today, number);
    // What expired earlier today is not to come.
    let begin = |at: usize| if at == 0 { now } else { midnight(day(at * days), zone) };
    let instants: Vec<_> = (0..=count).map(begin).collect();
    let domains = board.domains();
    let spans = domains.expiring(&instants).into_iter().zip(instants.array_windows());
    let spans = spans.enumerate().map(|(at, (count, [from, to]))| Span {
        from: day(at * days).to_string(),
        until: day(at * days + days - 1).to_string(),
        domains: count,
        first: domains.expiring_first(*from..*to).take(NAMED_MAX).map(name).collect(),
    });
    let between = |from, to| domains.expiring(&[from, to]).iter().sum();
    Timeline {
        expired: between(Timestamp::MIN, now),
        spans: spans.collect(),
        later: between(begin(count), Timestamp::MAX),
    }
}

fn name(row: &Row) -> String {
    row.place().host.with_port(row.place().port)
}

/// The first instant of a day; the last one of all if the day is beyond it.
fn midnight(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_zoned(zone.clone()).map_or(Timestamp::MAX, |begun| begun.timestamp())
}

fn later(today: Date, days: usize) -> Date {
    let days = i64::try_from(days).unwrap_or_default();
    today.checked_add(days.days()).unwrap_or(Date::MAX)
}
