//! What the tasks of one detector share.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;
use proto::v1::{Intermediate, ProberBlindness};
use tokio::sync::mpsc;
use tracing::warn;

use crate::{
    config::Config,
    domain::{
        blind::Probers,
        court::{self, Court},
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
    under: u32,
    skewed: AtomicBool,
    errands: mpsc::Sender<Errand>,
}

/// Something to be done by whoever leads, beside the work of one partition.
#[derive(Debug)]
pub(crate) enum Errand {
    /// Tell all detectors of an intermediate.
    Publish(Intermediate),
    /// Say that a prober cannot be believed.
    Doubt(ProberBlindness),
    /// Say that it can be believed again.
    Trust(String),
}

/// How many domains there are, and how many go unseen.
#[derive(Debug, Default)]
pub(crate) struct Census {
    watched: AtomicUsize,
    unseen: AtomicUsize,
    last_fact_at: AtomicI64,
    all_blind: AtomicBool,
}

impl Shared {
    pub(crate) fn new(config: Config, court: Court, errands: mpsc::Sender<Errand>) -> Self {
        Self {
            config,
            under: court.under(None),
            court: Mutex::new(court),
            probers: Mutex::default(),
            census: Census::default(),
            skewed: AtomicBool::new(false),
            errands,
        }
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

    /// Leaves an errand. When there are too many it is left undone: each comes up again, or is said
    /// again by somebody.
    pub(crate) fn leave(&self, errand: Errand) {
        if let Err(error) = self.errands.try_send(errand) {
            warn!(%error, "Too many errands at once: one is left undone.");
        }
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

    /// A fact was heard. Says whether nobody saw anything until then.
    pub(crate) fn heard(&self, now: Timestamp) -> bool {
        self.last_fact_at.store(now.as_millisecond(), Ordering::Relaxed);
        self.all_blind.load(Ordering::Relaxed) && self.all_blind.swap(false, Ordering::Relaxed)
    }

    /// How many domains are watched, and unseen.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.watched.load(Ordering::Relaxed), self.unseen.load(Ordering::Relaxed))
    }

    /// When the last fact was heard.
    pub(crate) fn last_fact_at(&self) -> Timestamp {
        let millisecond = self.last_fact_at.load(Ordering::Relaxed);
        Timestamp::from_millisecond(millisecond).unwrap_or_default()
    }

    /// Nobody sees anything. Says whether that is new.
    pub(crate) fn all_blind(&self) -> bool {
        !self.all_blind.swap(true, Ordering::Relaxed)
    }
}

fn count(counter: &AtomicUsize, is: bool, was: bool) {
    match (is, was) {
        (true, false) => drop(counter.fetch_add(1, Ordering::Relaxed)),
        (false, true) => drop(counter.fetch_sub(1, Ordering::Relaxed)),
        (true, true) | (false, false) => {}
    }
}
