//! Instants and spans for people: relative, with the absolute time beside it.

use std::fmt;

use askama::{Template, filters::HtmlSafe};
use jiff::{SignedDuration, Timestamp, tz::Offset};

use super::words::Words;

/// Days from which on years are counted in.
const YEAR_DAYS: i64 = 365;

/// An instant, as it is from another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    at: Timestamp,
    now: Timestamp,
    words: Words,
}

/// How it stands in a page. Scripts show it in the viewer's own time zone.
#[derive(Template)]
#[template(path = "part/moment.html")]
struct Shown<'a> {
    machine: String,
    relative: &'a str,
    absolute: &'a str,
}

impl Moment {
    /// An instant as it is from now.
    pub fn new(at: Timestamp, now: Timestamp, words: Words) -> Self {
        Self { at, now, words }
    }

    /// How long ago, or how long to go.
    pub fn relative(&self) -> String {
        let away = self.at.duration_since(self.now);
        let span = span(away, self.words);
        match away.as_secs() {
            -1..=1 => self.words.say("moment-now").into_owned(),
            ..=-2 => self.words.with("moment-ago", span).into_owned(),
            2.. => self.words.with("moment-in", span).into_owned(),
        }
    }

    /// The time in UTC, to the minute.
    pub fn absolute(&self) -> String {
        format!("{} UTC", Offset::UTC.to_datetime(self.at).strftime("%Y-%m-%d %H:%M"))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (relative, absolute) = (self.relative(), self.absolute());
        let machine = self.at.to_string();
        let shown = Shown { machine, relative: &relative, absolute: &absolute };
        f.write_str(&shown.render().map_err(|_| fmt::Error)?)
    }
}

/// The template escapes what it shows.
impl HtmlSafe for Moment {}

/// A span in its largest unit, rounded down; in years from two on.
pub fn span(span: SignedDuration, words: Words) -> String {
    let seconds = span.as_secs().abs();
    let days = seconds / 86_400;
    if days >= 2 * YEAR_DAYS {
        return words.count("span-years", days / YEAR_DAYS).into_owned();
    }
    match seconds {
        86_400.. => words.count("span-days", days).into_owned(),
        3_600.. => words.count("span-hours", seconds / 3_600).into_owned(),
        60.. => words.count("span-minutes", seconds / 60).into_owned(),
        _ => words.count("span-seconds", seconds).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;

    fn relative(seconds: i64) -> String {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let at = now + SignedDuration::from_secs(seconds);
        Moment::new(at, now, Words(Language::English)).relative()
    }

    #[test]
    fn the_largest_unit_tells_enough() {
        assert_eq!(relative(0), "now");
        assert_eq!(relative(-59), "59 seconds ago");
        assert_eq!(relative(-60), "1 minute ago");
        assert_eq!(relative(3_600 * 24 - 1), "in 23 hours");
        assert_eq!(relative(3_600 * 24 * 13), "in 13 days");
        assert_eq!(relative(-3_600 * 24 * 800), "2 years ago");
    }

    #[test]
    fn both_times_stand_in_the_page() {
        let at = Timestamp::from_second(1_790_000_000).unwrap();
        let shown = Moment::new(at, at, Words(Language::Chinese)).to_string();
        assert!(shown.contains("datetime=\"2026-09-21T14:13:20Z\""), "{shown}");
        assert!(shown.contains("2026-09-21 14:13 UTC") && shown.contains("刚刚"), "{shown}");
    }
}
