//! Now, by the two clocks that a bus needs.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Waits that are longer are cut: adding them could overflow, and no process lives as long.
const WAIT_MAX: Duration = Duration::from_hours(24 * 365 * 10);

/// One instant, read from both clocks at once. What runs out within this process (a wait for an
/// answer, a lease) goes by the one that is never set; what is stored goes by the time of day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// By the clock that only moves forward.
    pub(super) now: Instant,
    /// By the time of day.
    pub(super) wall: Timestamp,
}

impl Moment {
    /// This long from now.
    pub(super) fn after(&self, wait: Duration) -> Instant {
        self.now + wait.min(WAIT_MAX)
    }

    /// When the time of day will be this; now if it has been.
    pub(super) fn at(&self, wall: Timestamp) -> Instant {
        let wait = wall.duration_since(self.wall);
        self.after(Duration::try_from(wait).unwrap_or(Duration::ZERO))
    }

    /// What the time of day will be this long from now.
    pub(super) fn wall_after(&self, wait: Duration) -> Timestamp {
        self.wall.saturating_add(wait.min(WAIT_MAX)).unwrap_or(Timestamp::MAX)
    }
}
