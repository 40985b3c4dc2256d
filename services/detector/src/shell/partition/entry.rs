//! One domain in memory: what is wanted, what is known, and when it is due.

use std::time::Duration;

use chassis::ledger::{Entity, Known, Place};
use jiff::Timestamp;
use proto::{id::DomainId, stream, subject, v1::LogRecord};

use super::timers::Alarm;
use crate::domain::{
    schedule::{PERIODS_UNSEEN, Plan},
    watch::Watch,
    wish::Wish,
};

impl Entity for Watch {
    type Record = LogRecord;

    fn events(record: LogRecord) -> Vec<LogRecord> {
        vec![record]
    }
}

/// One history, and what belongs to it.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// Whose history it is.
    pub(super) about: About,
    /// What is known, up to a version.
    pub(super) known: Known<Watch>,
    /// When to look; `None` while this detector does not lead.
    pub(super) plan: Option<Plan>,
    pub(super) alarm: Alarm,
    /// Whether it has changed since it was kept.
    pub(super) dirty: bool,
    /// How the census counts it.
    pub(super) counted: Counted,
}

/// Whose history it is.
#[derive(Debug, Default)]
pub(super) enum About {
    /// Not known yet: the log was read before the inventory.
    #[default]
    Unknown,
    /// A domain's.
    Domain(Wish),
    /// A prober's.
    Prober(Box<str>),
}

/// How the census counts a domain.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) watched: bool,
    pub(super) unseen: bool,
}

impl Entry {
    /// What is wanted of it, if it is a domain's.
    pub(super) fn wish(&self) -> Option<&Wish> {
        match &self.about {
            About::Domain(wish) => Some(wish),
            About::Unknown | About::Prober(_) => None,
        }
    }

    /// The order that has not been taken in yet.
    pub(super) fn pending(&self) -> Option<&Wish> {
        self.wish().filter(|wish| wish.revision > self.known.state.revision())
    }

    /// Time between looks.
    pub(super) fn interval(&self, usual: Duration) -> Duration {
        self.wish().and_then(|wish| wish.interval).unwrap_or(usual)
    }

    /// When something is to be done; `None`: never.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let plan = self.plan.as_ref()?;
        if self.pending().is_some() {
            return Some(plan.turn.at);
        }
        if !self.known.state.is_watched() {
            return None;
        }
        let wake = self.known.state.wake_at().unwrap_or(Timestamp::MAX);
        Some(plan.turn.at.min(wake))
    }

    /// Whether it has gone unseen for so long that it must be said.
    pub(super) fn is_missed(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.missed >= PERIODS_UNSEEN)
    }

    /// A record as it is appended: with whose it is.
    pub(super) fn signed(&self) -> impl Fn(&[LogRecord]) -> LogRecord + use<> {
        let (host, port, protocol) = match &self.about {
            About::Domain(wish) => {
                (wish.host.to_string(), u32::from(wish.port), i32::from(wish.protocol))
            }
            About::Prober(name) => (name.to_string(), 0, 0),
            About::Unknown => (String::new(), 0, 0),
        };
        move |records| {
            let mut record = records.first().cloned().unwrap_or_default();
            (record.host, record.port, record.protocol) = (host.clone(), port, protocol);
            record
        }
    }
}

/// Where a history is kept.
pub(super) fn place(domain: &DomainId) -> Place {
    Place { stream: &stream::LOG, subject: subject::log(domain) }
}
