//! The time of a simulated world: it passes only while everybody waits.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chassis::clock::Clock;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::mortal::Mortal;

/// How much slower a lease is kept than in the real world, and all else that only waits for a
/// while: a month of renewals each second would be all that a simulation does.
pub(crate) const PACE: u32 = 60;

/// When the simulated month begins.
pub(crate) const BEGINNING: i64 = 1_900_000_000;

/// The time, as one process knows it. A process that is frozen or dead waits for ever.
pub(crate) struct VirtualClock {
    begun: Instant,
    mortal: Arc<Mortal>,
}

impl VirtualClock {
    pub(crate) fn new(begun: Instant, mortal: Arc<Mortal>) -> Self {
        Self { begun, mortal }
    }

    /// Waits while the process is frozen, and then for a moment of virtual time, until all else
    /// that waited for it has gone on: what comes first must not be left to chance, or a seed would
    /// not replay.
    async fn thaw(&self) {
        if self.mortal.live().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// The time now, for whoever knows when the world began.
pub(crate) fn now(begun: Instant) -> Timestamp {
    Timestamp::from_second(BEGINNING).unwrap() + begun.elapsed()
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        now(self.begun)
    }

    async fn sleep_until(&self, at: Timestamp) {
        let left = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
        tokio::time::sleep(left).await;
        self.thaw().await;
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span * PACE).await;
        self.thaw().await;
    }
}
