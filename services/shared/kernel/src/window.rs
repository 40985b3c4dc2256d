//! A window of each day in which somebody may be told.

use std::cmp::Ordering;

use jiff::{Timestamp, ToSpan, Zoned, civil::Time, tz::TimeZone};

use crate::zone;

/// From one time of the day to another, in a zone; across midnight if the end is the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window<'n> {
    /// Minute after midnight at which it opens.
    pub from_minute: u32,
    /// Minute after midnight at which it shuts. The same as `from_minute`: it never shuts.
    pub to_minute: u32,
    /// IANA name of the zone; UTC if there is none of that name.
    pub time_zone: &'n str,
}

impl Window<'_> {
    /// When it opens next. None if it is open.
    pub fn opens(self, now: Timestamp) -> Option<Timestamp> {
        let (from, to) = (time(self.from_minute), time(self.to_minute));
        let local = now.to_zoned(zone::named(self.time_zone).unwrap_or(TimeZone::UTC));
        let is_open = match from.cmp(&to) {
            // From and to alike is all day: a window that never opens would be a trap.
            Ordering::Equal => true,
            Ordering::Less => from <= local.time() && local.time() < to,
            Ordering::Greater => from <= local.time() || local.time() < to,
        };
        (!is_open).then(|| next(&local, from))
    }
}

/// The time of day of a minute after midnight; what lies beyond the day is its last minute.
fn time(minute: u32) -> Time {
    let minute = i16::try_from(minute).unwrap_or(i16::MAX).min(24 * 60 - 1);
    let (hour, minute) = (minute / 60, minute % 60);
    let part = |number: i16| i8::try_from(number).unwrap_or_default();
    Time::new(part(hour), part(minute), 0, 0).unwrap_or_default()
}

/// The next instant at which the clocks of a zone show a time, today or tomorrow. Where they skip
/// it, the first that they show after it.
fn next(local: &Zoned, from: Time) -> Timestamp {
    let today = local.date();
    let day = if local.time() < from { Some(today) } else { today.checked_add(1.day()).ok() };
    day.and_then(|day| day.to_datetime(from).to_zoned(local.time_zone().clone()).ok())
        .map_or(Timestamp::MAX, |opening| opening.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: u32, to: u32, time_zone: &str) -> Window<'_> {
        Window { from_minute: from * 60, to_minute: to * 60, time_zone }
    }

    fn opening(window: Window<'_>, now: &str) -> Option<String> {
        window.opens(now.parse().unwrap()).map(|at| at.to_string())
    }

    #[test]
    fn all_day_is_always_open() {
        assert_eq!(opening(window(9, 9, "UTC"), "2026-03-01T03:00:00Z"), None);
        assert_eq!(opening(window(9, 9, "Mars/Base"), "2026-03-01T03:00:00Z"), None);
    }

    #[test]
    fn it_opens_at_its_hour_in_its_zone() {
        let office = window(9, 18, "Asia/Shanghai");
        assert_eq!(opening(office, "2026-03-01T01:00:00Z"), None, "9:00 is inside");
        assert_eq!(opening(office, "2026-03-01T09:59:59Z"), None, "17:59:59 is inside");
        let tomorrow = Some("2026-03-02T01:00:00Z".to_owned());
        assert_eq!(opening(office, "2026-03-01T10:00:00Z"), tomorrow, "18:00 is outside");
        let today = Some("2026-03-01T01:00:00Z".to_owned());
        assert_eq!(opening(office, "2026-03-01T00:30:00Z"), today);
    }

    #[test]
    fn it_may_span_midnight() {
        let night = window(22, 6, "UTC");
        assert_eq!(opening(night, "2026-03-01T23:00:00Z"), None);
        assert_eq!(opening(night, "2026-03-01T05:59:00Z"), None);
        let evening = Some("2026-03-01T22:00:00Z".to_owned());
        assert_eq!(opening(night, "2026-03-01T06:00:00Z"), evening);
    }

    #[test]
    fn an_hour_that_the_clocks_skip_opens_when_they_have() {
        // Berlin goes from 02:00 to 03:00 on 29 March 2026.
        let skipped = window(2, 4, "Europe/Berlin");
        let opening = opening(skipped, "2026-03-29T00:30:00Z");
        assert_eq!(opening.as_deref(), Some("2026-03-29T01:00:00Z"));
    }

    #[test]
    fn nonsense_is_a_time_nonetheless() {
        let odd = Window { from_minute: u32::MAX, to_minute: 60, time_zone: "" };
        assert!(odd.opens(Timestamp::MAX).is_some_and(|at| at == Timestamp::MAX));
    }
}
