//! Instants and spans as people read them.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// Shows instants in the time zone of a contact.
pub(super) struct Clock<'a> {
    zone: &'a TimeZone,
    name: &'a str,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Days,
    Hours,
    Minutes,
    Seconds,
}

const FORM: &str = "%Y-%m-%d %H:%M:%S";

impl<'a> Clock<'a> {
    pub(super) fn new(zone: &'a TimeZone, name: &'a str) -> Self {
        Self { zone, name }
    }

    /// An instant by the contact's clock.
    pub(super) fn local(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        format!("{} {}", local.strftime(FORM), self.name)
    }

    /// An instant by the contact's clock, and in UTC unless that is the same.
    pub(super) fn both(&self, at: Timestamp) -> String {
        match self.name {
            "UTC" => utc(at),
            _ => format!("{} ({})", self.local(at), utc(at)),
        }
    }
}

/// An instant in UTC.
pub(super) fn utc(at: Timestamp) -> String {
    format!("{} UTC", at.strftime(FORM))
}

/// A span in its one or two largest units; days alone from two on. A negative one counts as zero.
pub(super) fn quantities(span: SignedDuration) -> Vec<(i64, Unit)> {
    let seconds = span.as_secs().max(0);
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let (first, second) = match (days, hours, minutes) {
        (2.., _, _) => ((days, Unit::Days), None),
        (1, _, _) => ((days, Unit::Days), Some((hours, Unit::Hours))),
        (_, 1.., _) => ((hours, Unit::Hours), Some((minutes, Unit::Minutes))),
        (_, _, 1..) => ((minutes, Unit::Minutes), None),
        (_, _, _) => ((rest, Unit::Seconds), None),
    };
    std::iter::once(first).chain(second.filter(|(count, _)| *count > 0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_shown_in_what_matters() {
        use Unit::{Days, Hours, Minutes, Seconds};
        let shown = |seconds| quantities(SignedDuration::from_secs(seconds));
        assert_eq!(shown(9 * 86_400 + 5), [(9, Days)]);
        assert_eq!(shown(86_400 + 7_200), [(1, Days), (2, Hours)]);
        assert_eq!(shown(3_900), [(1, Hours), (5, Minutes)]);
        assert_eq!(shown(7_200), [(2, Hours)]);
        assert_eq!(shown(61), [(1, Minutes)]);
        assert_eq!(shown(59), [(59, Seconds)]);
        assert_eq!(shown(-5), [(0, Seconds)]);
    }

    #[test]
    fn an_instant_is_shown_in_both_zones() {
        let at: Timestamp = "2026-03-05T10:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let shown = Clock::new(&zone, "Asia/Shanghai").both(at);
        assert_eq!(shown, "2026-03-05 18:00:00 Asia/Shanghai (2026-03-05 10:00:00 UTC)");
        assert_eq!(Clock::new(&TimeZone::UTC, "UTC").both(at), "2026-03-05 10:00:00 UTC");
    }
}
