//! What a crew does that has lost its network: it takes no jobs, and tests itself until it sees.

use std::time::Duration;

use chassis::{
    bus::{BusError, Consumer},
    worker,
};
use futures::future::join_all;
use kernel::outage::Outage;
use metrics::gauge;
use tokio::time::timeout;
use tracing::{info, warn};

use super::crew::Crew;
use crate::domain::fact;

/// Pause between two self-tests.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a job is waited for that shall be a test.
const TRIAL_WAIT: Duration = Duration::from_secs(1);

impl Crew {
    /// Tests the crew at once, and then again and again, until it sees.
    pub(super) async fn regain(&self, consumer: &Consumer) -> Result<(), BusError> {
        gauge!("certherald_prober_blind").set(1.0);
        while !(self.ask_witnesses().await || self.try_one(consumer).await?) {
            self.clock.sleep(PAUSE).await;
        }
        gauge!("certherald_prober_blind").set(0.0);
        info!("This prober sees again: taking jobs.");
        Ok(())
    }

    /// Looks at domains that lately gave a certificate. Nothing is told of them.
    async fn ask_witnesses(&self) -> bool {
        let random = usize::try_from(self.dice.below(u64::from(u32::MAX))).unwrap_or_default();
        let witnesses = self.eyes.lock().witnesses(random);
        let facts = join_all(witnesses.iter().map(|job| self.scanner.scan(job))).await;
        let failed = facts.iter().filter(|fact| !fact::shows_certificate(fact)).count();
        self.eyes.lock().tested(Outage { failed, looked: facts.len() })
    }

    /// Takes a single job and does it: the witnesses may be gone for good.
    async fn try_one(&self, consumer: &Consumer) -> Result<bool, BusError> {
        let one = Consumer { held_max: 1, ..consumer.clone() };
        let mut deliveries = worker::join(&*self.bus, &*self.clock, &one).await?;
        let Ok(delivery) = timeout(TRIAL_WAIT, deliveries.next()).await else { return Ok(false) };
        let delivery = delivery?;
        drop(deliveries);
        let failed = usize::from(!self.serve(delivery).await);
        Ok(self.eyes.lock().tested(Outage { failed, looked: 1 }))
    }

    /// Says that the crew has lost its network.
    pub(super) fn lose(&self, outage: Outage) {
        let Outage { failed, looked } = outage;
        warn!(
            failed,
            looked,
            "Of {looked} domains that gave a certificate before, {failed} give none now: this \
             prober seems to have lost its network. It takes no jobs until it sees again.",
        );
        self.lost.notify_one();
    }
}
