//! The anomaly time: when a contact may be told. The notifier keeps to the same rule; what it did
//! stands in the deliveries, and this only says what it will do.

use std::cmp::Ordering;

use jiff::{Timestamp, ToSpan, Zoned, civil::Time, tz::TimeZone};
use proto::v1::AnomalyTime;

/// When the window opens next; `None` if it is open.
pub(super) fn opens(window: &AnomalyTime, now: Timestamp) -> Option<Timestamp> {
    let (from, to) = (time(window.from_minute), time(window.to_minute));
    let local = now.to_zoned(TimeZone::get(&window.time_zone).unwrap_or(TimeZone::UTC));
    let is_open = match from.cmp(&to) {
        Ordering::Equal => true,
        Ordering::Less => from <= local.time() && local.time() < to,
        Ordering::Greater => from <= local.time() || local.time() < to,
    };
    (!is_open).then(|| next(&local, from))
}

/// The window as people write it.
pub(super) fn shown(window: &AnomalyTime) -> String {
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let (from, to) = (clock(window.from_minute), clock(window.to_minute));
    format!("{from} to {to} {}", window.time_zone)
}

fn time(minute: u32) -> Time {
    let minute = i16::try_from(minute).unwrap_or(i16::MAX).min(24 * 60 - 1);
    let part = |number: i16| i8::try_from(number).unwrap_or_default();
    Time::new(part(minute / 60), part(minute % 60), 0, 0).unwrap_or_default()
}

fn next(local: &Zoned, from: Time) -> Timestamp {
    let today = local.date();
    let day = if local.time() < from { Some(today) } else { today.checked_add(1.day()).ok() };
    day.and_then(|day| day.to_datetime(from).to_zoned(local.time_zone().clone()).ok())
        .map_or(Timestamp::MAX, |opening| opening.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(from: u32, to: u32, zone: &str, now: &str) -> Option<String> {
        let time_zone = zone.to_owned();
        let (from_minute, to_minute) = (from * 60, to * 60);
        let window = AnomalyTime { from_minute, to_minute, time_zone, critical_any_time: false };
        opens(&window, now.parse().unwrap()).map(|at| at.to_string())
    }

    #[test]
    fn it_opens_at_its_hour_in_its_zone() {
        let office = |now| opening(9, 18, "Asia/Shanghai", now);
        assert_eq!(office("2026-03-01T01:00:00Z"), None);
        assert_eq!(office("2026-03-01T09:59:59Z"), None);
        assert_eq!(office("2026-03-01T10:00:00Z").as_deref(), Some("2026-03-02T01:00:00Z"));
        let night = |now| opening(22, 6, "UTC", now);
        assert_eq!(night("2026-03-01T05:59:00Z"), None);
        assert_eq!(night("2026-03-01T06:00:00Z").as_deref(), Some("2026-03-01T22:00:00Z"));
        assert_eq!(opening(9, 9, "Mars/Base", "2026-03-01T03:00:00Z"), None);
    }
}
