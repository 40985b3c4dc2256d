//! When a domain is looked at next, and what becomes of the wish to look.
//!
//! The interval is a grid whose phase is the hash of the domain, so that a million domains are a
//! steady stream, a restart makes no herd, and no plan need be kept. What is on the way to a
//! decision is looked at sooner. Start reading at [`next`].

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kernel::backoff::Backoff;
use proto::{
    id::DomainId,
    v1::{Kind, Purpose, Severity, State},
};

use super::{
    rule::confirm,
    watch::{Watch, command::Extent},
};

/// How long a job that was taken may go unanswered: a scan's deadline of 10 s, twice its wait for
/// acknowledgement, and a little.
pub const ANSWER_WAIT: Duration = Duration::from_mins(1);
/// How long until a job that was refused is offered again.
pub const OFFER_WAIT: Duration = Duration::from_secs(1);
/// Offers, one a second, of a job that another holds up. Whoever runs the other has finished or
/// died by then; offering on at that pace would only knock at a queue that nobody empties.
pub const OFFERS_MAX: u8 = 60;
/// Longest first wait until a look is asked for again of which we ourselves saw nothing. What keeps
/// us from seeing is often the same for many, so it doubles each time; up to a third of a long
/// interval, so that a period that goes by is noticed as it ends. A short one stays with it.
const UNSEEN_WAIT: Duration = Duration::from_secs(40);
/// Periods without a fact that make a domain unobserved.
pub const PERIODS_UNSEEN: u8 = 3;

/// Jitter on the grid, as a part of the interval and at most.
const JITTER_PART: f64 = 0.05;
const JITTER_MAX: Duration = Duration::from_secs(30);

/// Until which age an urgent anomaly is looked at how often: while it is fresh, somebody is mending
/// it and watches.
const FRESH: (SignedDuration, Duration) = (SignedDuration::from_mins(10), Duration::from_secs(20));
const RECENT: (SignedDuration, Duration) = (SignedDuration::from_hours(2), Duration::from_mins(1));
/// How often at least a domain is looked at while any anomaly of it is open, whatever its interval.
const OPEN: Duration = Duration::from_mins(5);

/// When to look next, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub purpose: Purpose,
}

/// What is known of the wish to look at one domain. Never kept: a restart plans anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The next turn.
    pub turn: Turn,
    /// The last look that was asked for and accepted; 0: none was.
    pub asked: u64,
    /// The last look that was answered; 0: none was.
    pub answered: u64,
    /// Periods that went by with an accepted look unanswered.
    pub missed: u8,
    /// Offers of the same look that were refused running.
    refused: u8,
    /// Facts running that said nothing of the domain.
    unseen: u8,
    /// When the period ends in which the first unanswered look was accepted.
    period_ends: Timestamp,
}

impl Plan {
    /// A plan that begins with a turn.
    pub fn new(turn: Turn) -> Self {
        let period_ends = Timestamp::MAX;
        Self { turn, asked: 0, answered: 0, missed: 0, refused: 0, unseen: 0, period_ends }
    }

    /// The plan of a domain that was looked at in an earlier term. One that was told to be unseen
    /// has missed its periods: that nobody has looked since is no sign of it.
    pub fn resumed(watch: &Watch, turn: Turn) -> Self {
        let missed = if watch.is_told_unseen(Extent::Most) { PERIODS_UNSEEN } else { 0 };
        Self { answered: watch.look(), missed, ..Self::new(turn) }
    }

    /// Whether an accepted look waits for its answer.
    pub fn is_waiting(&self) -> bool {
        self.asked > self.answered
    }

    /// The number of a look that is asked for now: greater than every one before, also than those
    /// of a life of this program that kept no plan. For that the clock is good enough; order is the
    /// number.
    pub fn next_look(&self, watch: &Watch, now: Timestamp) -> u64 {
        let last = self.asked.max(self.answered).max(watch.look());
        let clock = u64::try_from(now.as_millisecond()).unwrap_or(0);
        clock.max(last + 1)
    }

    /// A turn came. Counts the period if it went by without an answer.
    pub fn turned(&mut self, interval: Duration, now: Timestamp) {
        if self.is_waiting() && now >= self.period_ends {
            self.missed = self.missed.saturating_add(1);
            self.period_ends = after(now, interval);
        }
    }

    /// The job of a look was accepted.
    pub fn accepted(&mut self, look: u64, interval: Duration, now: Timestamp) {
        if look <= self.answered {
            // The answer was faster than the bus's word that it took the job.
            return;
        }
        if !self.is_waiting() {
            self.period_ends = after(now, interval);
        }
        self.asked = self.asked.max(look);
        self.refused = 0;
        self.turn.at = after(now, ANSWER_WAIT);
    }

    /// The job was refused, since another of this domain waits or runs.
    pub fn held_up(&mut self, interval: Duration, now: Timestamp) {
        if !self.is_waiting() {
            // One of an earlier life of this program: it is as good as ours.
            self.asked = self.answered + 1;
            self.period_ends = after(now, interval);
        }
        self.refused = self.refused.saturating_add(1);
        // One that waits for its turn anyway can wait for the other's answer.
        let patient = self.turn.purpose == Purpose::Scheduled || self.refused > OFFERS_MAX;
        let wait = if patient { ANSWER_WAIT.max(interval / 4) } else { OFFER_WAIT };
        self.turn.at = after(now, wait);
    }

    /// The job could not be offered: the bus does not answer.
    pub fn failed(&mut self, now: Timestamp) {
        self.turn.at = after(now, OFFER_WAIT * 5);
    }

    /// The job of a look is on its way to the bus, which says what became of it.
    pub fn offering(&mut self, now: Timestamp) {
        self.turn.at = after(now, ANSWER_WAIT);
    }

    /// A fact came that says nothing of the domain: the look stays unanswered. `chance` is a number
    /// from 0.0 to 1.0, drawn for it.
    pub fn not_seen(&mut self, interval: Duration, now: Timestamp, chance: f64) {
        self.unseen = self.unseen.saturating_add(1);
        let backoff = Backoff { base: UNSEEN_WAIT, cap: UNSEEN_WAIT.max(interval / 3) };
        let at = after(now, backoff.wait(self.unseen.into(), chance));
        self.turn = Turn { at, purpose: Purpose::Confirm };
    }

    /// A fact came.
    pub fn heard(&mut self, look: u64, next: Turn) {
        self.answered = self.answered.max(look);
        self.asked = if look >= self.asked { look } else { self.asked };
        (self.missed, self.refused, self.unseen) = (0, 0, 0);
        self.turn = next;
    }

    /// It is to be looked at now.
    pub fn hurry(&mut self, purpose: Purpose, now: Timestamp) {
        self.turn = Turn { at: now, purpose };
        self.refused = 0;
    }
}

/// The turn after an answer at `now`. `chance` is a number from 0.0 to 1.0, drawn for it.
pub fn next(watch: &Watch, id: &DomainId, interval: Duration, now: Timestamp, chance: f64) -> Turn {
    let grid = grid(id, interval, now, chance);
    match sooner(watch, id, now) {
        Some((at, purpose)) if at < grid => Turn { at, purpose },
        Some(_) | None => Turn { at: grid, purpose: Purpose::Scheduled },
    }
}

/// The first turn of a domain after a start of this program.
pub fn first(
    watch: &Watch,
    id: &DomainId,
    interval: Duration,
    now: Timestamp,
    chance: f64,
) -> Turn {
    if watch.state() == State::Enabling {
        return Turn { at: now, purpose: Purpose::Enabling };
    }
    next(watch, id, interval, now, chance)
}

/// What is on the way to a decision, or wrong, is looked at sooner than its interval says.
fn sooner(watch: &Watch, id: &DomainId, now: Timestamp) -> Option<(Timestamp, Purpose)> {
    if let Some(failing) = watch.failing() {
        let (wait, purpose) = if watch.is_enabling() {
            (confirm::next_enabling(failing.rounds), Purpose::Enabling)
        } else {
            (confirm::next_round(failing.rounds), Purpose::Confirm)
        };
        return Some((after(now, wait), purpose));
    }
    let waits = watch.open().iter().filter_map(|open| {
        if open.clean > 0 {
            return Some(confirm::next_round(open.clean));
        }
        // The first sighting of what is believed at once: look again at once.
        if open.opened_at == now && confirm::is_of_certificate(open.kind) {
            return Some(Duration::ZERO);
        }
        let urgent = open.severity >= Severity::Critical || open.kind == Kind::MixedCertificates;
        let age = now.duration_since(open.opened_at);
        [FRESH, RECENT].into_iter().find(|(until, _)| urgent && age < *until).map(|(_, wait)| wait)
    });
    let at = match waits.min() {
        Some(wait) => after(now, wait),
        None if watch.open().is_empty() => return None,
        // By the grid, since a restart may find many.
        None => grid(id, OPEN, now, 0.0),
    };
    Some((at, Purpose::Confirm))
}

/// The next instant of the domain's own grid after `now`, with jitter.
fn grid(id: &DomainId, interval: Duration, now: Timestamp, chance: f64) -> Timestamp {
    let period = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
    let hash = u64::from_be_bytes(std::array::from_fn(|at| id.as_bytes()[at + 8]));
    let phase = i64::try_from(hash % period.unsigned_abs()).unwrap_or(0);
    let into = (now.as_millisecond() - phase).rem_euclid(period);
    let jitter = interval.mul_f64(JITTER_PART * chance.clamp(0.0, 1.0)).min(JITTER_MAX);
    after(now, Duration::from_millis((period - into).unsigned_abs()) + jitter)
}

/// An instant later, or the last there is.
fn after(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
