//! When messages expire, on streams that let go of what is old. Pure.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use proto::stream::{Retention, Stream};

use crate::bus::embedded::moment::Moment;

/// Time between sweeps, so that messages which expire one by one are swept together.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Streams of which messages expire.
pub(super) struct Ages {
    streams: BTreeMap<&'static str, Aging>,
    not_before: Instant,
}

struct Aging {
    stream: &'static Stream,
    age: Duration,
    /// When the next message expires; `None`: there is none.
    next: Option<Timestamp>,
}

impl Ages {
    /// No streams yet.
    pub(super) fn new(at: Moment) -> Self {
        Self { streams: BTreeMap::new(), not_before: at.now }
    }

    /// A stream is in use. The first time it counts as due: nobody knows what the store holds of
    /// it.
    pub(super) fn know(&mut self, stream: &'static Stream) {
        let age = match stream.retention {
            Retention::Kept | Retention::Latest { age: None, .. } | Retention::Work(None) => return,
            Retention::Latest { age: Some(age), .. }
            | Retention::Age(age)
            | Retention::Work(Some(age)) => age,
        };
        let aging = || Aging { stream, age, next: Some(Timestamp::MIN) };
        self.streams.entry(stream.name).or_insert_with(aging);
    }

    /// Something was appended to a stream.
    pub(super) fn appended(&mut self, stream: &str, at: Moment) {
        if let Some(aging) = self.streams.get_mut(stream) {
            aging.next.get_or_insert(at.wall_after(aging.age));
        }
    }

    /// A stream was swept; this is when its next message expires.
    pub(super) fn swept(&mut self, stream: &str, next: Option<Timestamp>, at: Moment) {
        if let Some(aging) = self.streams.get_mut(stream) {
            aging.next = next;
            let more = next.is_some_and(|next| next <= at.wall);
            self.not_before = if more { at.now } else { at.after(SWEEP_EVERY) };
        }
    }

    /// Streams of which something has expired, if it is time to sweep.
    pub(super) fn expired(&self, at: Moment) -> impl Iterator<Item = (&'static Stream, Duration)> {
        let due = move |aging: &&Aging| {
            at.now >= self.not_before && aging.next.is_some_and(|next| next <= at.wall)
        };
        self.streams.values().filter(due).map(|aging| (aging.stream, aging.age))
    }

    /// When it is time to sweep.
    pub(super) fn next_due(&self, at: Moment) -> Option<Instant> {
        let next = self.streams.values().filter_map(|aging| aging.next).min()?;
        Some(at.at(next).max(self.not_before))
    }
}

#[cfg(test)]
mod tests {
    use proto::stream::{LOG, PARKED, REQUESTS};

    use super::*;

    fn names(ages: &Ages, at: Moment) -> Vec<&'static str> {
        ages.expired(at).map(|(stream, _)| stream.name).collect()
    }

    #[test]
    fn a_stream_is_swept_when_it_is_first_seen_and_when_its_oldest_expires() {
        let at = Moment { now: Instant::now(), wall: Timestamp::UNIX_EPOCH };
        let mut ages = Ages::new(at);
        for stream in [&LOG, &PARKED, &REQUESTS] {
            ages.know(stream);
        }
        assert_eq!(names(&ages, at), ["PARKED", "REQUESTS"]);
        ages.swept("PARKED", None, at);
        ages.swept("REQUESTS", None, at);
        assert_eq!(ages.next_due(at), None);

        ages.appended("REQUESTS", at);
        let hour = Duration::from_hours(1);
        assert_eq!(ages.next_due(at), Some(at.after(hour)));
        let later = Moment { now: at.after(hour), wall: at.wall_after(hour) };
        assert_eq!(names(&ages, later), ["REQUESTS"]);
    }

    #[test]
    fn sweeps_are_apart_unless_there_is_more() {
        let at = Moment { now: Instant::now(), wall: Timestamp::UNIX_EPOCH };
        let mut ages = Ages::new(at);
        ages.know(&REQUESTS);
        ages.swept("REQUESTS", Some(at.wall), at);
        assert_eq!(names(&ages, at), ["REQUESTS"], "more than one sweep takes");
        ages.swept("REQUESTS", Some(at.wall_after(Duration::from_millis(10))), at);
        assert_eq!(ages.next_due(at), Some(at.after(SWEEP_EVERY)));
    }
}
