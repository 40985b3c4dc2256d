//! A clock that can be set forward. It begins at noon: what happens once a day must not be seen
//! twice because a test ran at midnight.

use std::time::Duration;

use async_trait::async_trait;
use chassis::clock::{Clock, SystemClock};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::{sync::watch, time::sleep};

/// The clock.
pub(crate) struct LeapClock {
    ahead: watch::Sender<SignedDuration>,
}

impl Default for LeapClock {
    fn default() -> Self {
        let now = SystemClock.now();
        let noon = now.to_zoned(TimeZone::UTC).with().hour(12).minute(0).build().unwrap();
        Self { ahead: watch::Sender::new(noon.timestamp().duration_since(now)) }
    }
}

impl LeapClock {
    pub(crate) fn leap(&self, span: SignedDuration) {
        self.ahead.send_modify(|ahead| *ahead += span);
    }
}

#[async_trait]
impl Clock for LeapClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + *self.ahead.borrow()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut leaps = self.ahead.subscribe();
        while let Ok(left) = Duration::try_from(at.duration_since(self.now()))
            && !left.is_zero()
        {
            tokio::select! {
                () = sleep(left) => {}
                _ = leaps.changed() => {}
            }
        }
    }
}
