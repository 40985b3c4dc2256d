//! What the tasks of one detector share.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::errands::Errands;
use crate::{
    config::Config,
    domain::{
        blind::Probers,
        court::{self, Court},
        coverage::Coverage,
        watch::command::Clock,
        wish::PrivateAnchors,
    },
};

/// The name that stands for all probers at once, when nobody sees anything.
pub(crate) const ALL_PROBERS: &str = "all";

/// What the tasks of one detector share. Locks are held for one computation, never across a wait.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) court: Mutex<Court>,
    pub(crate) probers: Mutex<Probers>,
    pub(crate) census: Census,
    pub(crate) errands: Errands,
    under: u32,
    skewed: AtomicBool,
}

/// How many domains there are, and how many go unseen.
#[derive(Debug, Default)]
pub(crate) struct Census {
    watched: AtomicUsize,
    unseen: AtomicUsize,
    /// In milliseconds.
    last_fact_at: AtomicI64,
    /// In milliseconds; [`BLIND`] while it is said that nobody sees anything.
    seeing_since: AtomicI64,
}

/// No instant.
const BLIND: i64 = i64::MIN;

impl Shared {
    pub(crate) fn new(config: Config, court: Court) -> Self {
        Self {
            config,
            under: court.under(None),
            court: Mutex::new(court),
            probers: Mutex::default(),
            census: Census::default(),
            errands: Errands::default(),
            skewed: AtomicBool::new(false),
        }
    }

    /// A term begins. What was thought of probers in an earlier one is forgotten, since others may
    /// have led meanwhile and it may never have been recorded: what is recorded, each partition
    /// takes up as it begins to lead.
    pub(crate) fn begin(&self, now: Timestamp) {
        self.errands.forget_probers();
        *self.probers.lock() = Probers::default();
        self.census.begin(now);
    }

    /// Names the trust anchors for a domain.
    pub(crate) fn under(&self, private: Option<&PrivateAnchors>) -> u32 {
        court::under(self.under, private)
    }

    /// Whether the time may be judged.
    pub(crate) fn clock(&self) -> Clock {
        if self.skewed.load(Ordering::Relaxed) { Clock::Skewed } else { Clock::Agreed }
    }

    pub(crate) fn set_clock(&self, clock: Clock) {
        self.skewed.store(clock == Clock::Skewed, Ordering::Relaxed);
    }
}

impl Census {
    /// Counts a domain that is watched from now on, or no longer.
    pub(crate) fn count_watched(&self, is: bool, was: bool) {
        count(&self.watched, is, was);
    }

    /// Counts a domain that has gone unseen for a while, or no longer.
    pub(crate) fn count_unseen(&self, is: bool, was: bool) {
        count(&self.unseen, is, was);
    }

    /// A term begins. Nobody was asked for facts before, so the silence until now means nothing;
    /// and each domain has its periods from here on, also one that was told to be unseen.
    fn begin(&self, now: Timestamp) {
        let now = now.as_millisecond();
        self.last_fact_at.store(now, Ordering::Relaxed);
        self.seeing_since.store(now, Ordering::Relaxed);
    }

    /// A prober handed in a fact, if only to say that it saw nothing: it lives.
    pub(crate) fn heard(&self, now: Timestamp) {
        self.last_fact_at.store(now.as_millisecond(), Ordering::Relaxed);
    }

    /// A domain was seen, and counted so. Says whether that ends a general blindness.
    pub(crate) fn seen(&self, now: Timestamp) -> bool {
        let now = now.as_millisecond();
        let is_blind = self.seeing_since.load(Ordering::Relaxed) == BLIND;
        is_blind
            && self.coverage().is_regained()
            && self.seeing_since.swap(now, Ordering::Relaxed) == BLIND
    }

    /// What is known of all probers together.
    pub(crate) fn coverage(&self) -> Coverage {
        let instant = |at: &AtomicI64| Timestamp::from_millisecond(at.load(Ordering::Relaxed)).ok();
        Coverage {
            watched: self.watched.load(Ordering::Relaxed),
            unseen: self.unseen.load(Ordering::Relaxed),
            last_fact_at: instant(&self.last_fact_at).unwrap_or_default(),
            seeing_since: instant(&self.seeing_since),
        }
    }

    /// Nobody sees anything. Says whether that is new.
    pub(crate) fn all_blind(&self) -> bool {
        self.seeing_since.swap(BLIND, Ordering::Relaxed) != BLIND
    }
}

fn count(counter: &AtomicUsize, is: bool, was: bool) {
    match (is, was) {
        (true, false) => drop(counter.fetch_add(1, Ordering::Relaxed)),
        (false, true) => drop(counter.fetch_sub(1, Ordering::Relaxed)),
        (true, true) | (false, false) => {}
    }
}
