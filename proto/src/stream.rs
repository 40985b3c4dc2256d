//! The streams, as data: what each holds, who writes it, and how long it is kept.
//!
//! They are the whole memory of the system. Both buses make their streams from these, the broker's
//! permissions are checked against them, and a service writes to no stream that is not its own.

use std::time::Duration;

use crate::subject;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Bytes of one message on any stream: the limit of a NATS server as it comes.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// A part of the system that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Looks.
    Prober,
    /// Judges.
    Detector,
    /// Tells.
    Notifier,
    /// Shows, and takes orders.
    Console,
}

impl Service {
    /// Every service.
    pub const ALL: &[Self] = &[Self::Prober, Self::Detector, Self::Notifier, Self::Console];

    /// Its name, a single token.
    pub fn token(self) -> &'static str {
        match self {
            Self::Prober => "prober",
            Self::Detector => "detector",
            Self::Notifier => "notifier",
            Self::Console => "console",
        }
    }
}

/// What a stream lets go of, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Nothing, ever.
    Kept,
    /// All but the latest messages of each subject, and what is older than `age` if one is given.
    Latest {
        /// Messages kept for each subject.
        per_subject: u32,
        /// Age beyond which they go as well.
        age: Option<Duration>,
    },
    /// What is older.
    Age(Duration),
    /// What was done. One message may be outstanding for each subject: a second is refused while
    /// the first waits or runs. What is older than the age goes undone, if one is given.
    Work(Option<Duration>),
}

/// How much a stream may cost to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What is answered has been synced to the device.
    Synced,
    /// What is answered survives the death of any service. A power cut may cost the last of it, and
    /// so may the death of a broker, which persists such a stream a moment later.
    Process,
}

/// One stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its name, unique, upper case.
    pub name: &'static str,
    /// The pattern that all its subjects match; no other stream's do.
    pub subjects: &'static str,
    /// Who writes to it. Where there are several, each subject still has one.
    pub writers: &'static [Service],
    /// Who reads it.
    pub readers: &'static [Service],
    /// What it lets go of.
    pub retention: Retention,
    /// What an answer to a write means.
    pub durability: Durability,
}

use Service::{Console, Detector, Notifier, Prober};

/// Domains, contacts, settings, tokens, marks: all that people ordered, as events of each entity.
pub static INVENTORY: Stream = Stream {
    name: "INVENTORY",
    subjects: subject::INVENTORY_ALL,
    writers: &[Console],
    readers: &[Detector, Notifier, Console],
    retention: Retention::Kept,
    durability: Durability::Synced,
};

/// Scans to do. Never longer than the inventory, and truth for nothing.
pub static JOBS: Stream = Stream {
    name: "JOBS",
    subjects: subject::JOBS_ALL,
    writers: &[Detector],
    readers: &[Prober],
    retention: Retention::Work(None),
    durability: Durability::Process,
};

/// What scans saw. One that is lost costs one more scan, never an event: a job without its fact is
/// issued again.
pub static FACTS: Stream = Stream {
    name: "FACTS",
    subjects: subject::FACTS_ALL,
    writers: &[Prober],
    readers: &[Detector, Console],
    retention: Retention::Latest { per_subject: 3, age: Some(DAY) },
    durability: Durability::Process,
};

/// The history of each domain, from which its state is folded.
pub static LOG: Stream = Stream {
    name: "LOG",
    subjects: subject::LOG_ALL,
    writers: &[Detector],
    readers: &[Detector, Console],
    retention: Retention::Kept,
    durability: Durability::Synced,
};

/// The public face of `LOG`: one message an event, shaped for readers.
pub static EVENTS: Stream = Stream {
    name: "EVENTS",
    subjects: subject::EVENTS_ALL,
    writers: &[Detector],
    readers: &[Detector, Notifier, Console],
    retention: Retention::Latest { per_subject: 64, age: None },
    durability: Durability::Synced,
};

/// Who was told what. What is still open is restated before it ages out.
pub static DELIVERIES: Stream = Stream {
    name: "DELIVERIES",
    subjects: subject::DELIVERIES_ALL,
    writers: &[Notifier],
    readers: &[Notifier, Console],
    retention: Retention::Age(Duration::from_hours(90 * 24)),
    durability: Durability::Synced,
};

/// Intermediates that were seen to lead to a trust anchor: the pool that proves a chain incomplete.
pub static INTERMEDIATES: Stream = Stream {
    name: "INTERMEDIATES",
    subjects: subject::INTERMEDIATES_ALL,
    writers: &[Detector],
    readers: &[Detector],
    retention: Retention::Latest { per_subject: 1, age: None },
    durability: Durability::Synced,
};

/// Wishes of the console to a service.
pub static REQUESTS: Stream = Stream {
    name: "REQUESTS",
    subjects: subject::REQUESTS_ALL,
    writers: &[Console],
    readers: &[Detector, Notifier],
    retention: Retention::Work(Some(HOUR)),
    durability: Durability::Synced,
};

/// Messages that retrying cannot help, with the reason: what a person must look at.
pub static PARKED: Stream = Stream {
    name: "PARKED",
    subjects: subject::PARKED_ALL,
    writers: &[Prober, Detector, Notifier, Console],
    readers: &[Console],
    retention: Retention::Age(Duration::from_hours(90 * 24)),
    durability: Durability::Synced,
};

/// Every stream there is.
pub static ALL: [&Stream; 9] =
    [&INVENTORY, &JOBS, &FACTS, &LOG, &EVENTS, &DELIVERIES, &INTERMEDIATES, &REQUESTS, &PARKED];

impl Stream {
    /// The stream of a name, or `None` if there is none.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|stream| stream.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_subjects_are_each_streams_own() {
        let names: BTreeSet<_> = ALL.iter().map(|stream| stream.name).collect();
        let subjects: BTreeSet<_> = ALL.iter().map(|stream| stream.subjects).collect();
        assert_eq!((names.len(), subjects.len()), (ALL.len(), ALL.len()));
        assert!(ALL.iter().all(|stream| Stream::named(stream.name) == Some(stream)));
    }

    #[test]
    fn histories_are_never_cut() {
        for stream in [&INVENTORY, &LOG] {
            assert_eq!(stream.retention, Retention::Kept);
            assert_eq!(stream.durability, Durability::Synced);
        }
    }
}
