//! The time, asked for here and nowhere else.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

/// A clock that is shared by the tasks of a service.
pub type SharedClock = Arc<dyn Clock>;

/// Tells the time and waits for it. The simulation has one of its own.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits until an instant; not at all if it has passed.
    async fn sleep_until(&self, at: Timestamp);

    /// Waits for a while.
    async fn sleep(&self, span: Duration) {
        let at = self.now().checked_add(span).unwrap_or(Timestamp::MAX);
        self.sleep_until(at).await;
    }
}

/// The clock of this host.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Longest sleep before looking at the clock again, so that a clock that is set forward, or a
/// machine that was suspended, delays no timer for long.
const NAP_MAX: Duration = Duration::from_secs(1);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is where the time enters")]
        Timestamp::now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(NAP_MAX)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_wakes_after_the_instant_and_not_before() {
        let clock = SystemClock;
        let at = clock.now() + Duration::from_millis(20);
        clock.sleep_until(at).await;
        assert!(clock.now() >= at);
        clock.sleep_until(Timestamp::MIN).await;
    }
}
