//! What a crew does that has lost its network: it takes no jobs, but for one a minute as a test,
//! and tests itself until it sees.

use std::time::Duration;

use chassis::{
    bus::{BusError, Consumer},
    worker,
};
use kernel::outage::Outage;
use metrics::gauge;
use tokio::{sync::oneshot, task::JoinSet, time::timeout};
use tracing::{debug, info, warn};

use super::crew::{Crew, note_panic};
use crate::domain::fact;

/// Pause between two self-tests.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a job is waited for that shall be a test.
const TRIAL_WAIT: Duration = Duration::from_secs(1);

impl Crew {
    /// Tests the crew at once, and then again and again, until it sees. A job that is taken as a
    /// test is among those that are `running`.
    pub(super) async fn regain(
        &self,
        consumer: &Consumer,
        running: &mut JoinSet<()>,
    ) -> Result<(), BusError> {
        gauge!("certherald_prober_blind").set(1.0);
        for tests in 1_u32.. {
            if self.ask_witnesses().await {
                break;
            }
            let wants_trial = self.eyes.lock().wants_trial(tests);
            if wants_trial && self.try_one(consumer, running).await? {
                break;
            }
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
        let looked = witnesses.len();
        let mut looks = JoinSet::new();
        for job in witnesses {
            let scanner = self.scanner.clone();
            looks.spawn(async move { fact::shows_certificate(&scanner.scan(&job).await) });
        }
        let mut failed = 0;
        while let Some(look) = looks.join_next().await {
            failed += usize::from(!note_panic(look).unwrap_or_default());
        }
        self.eyes.lock().tested(Outage { failed, looked }, self.clock.now())
    }

    /// Takes a single job and does it.
    async fn try_one(
        &self,
        consumer: &Consumer,
        running: &mut JoinSet<()>,
    ) -> Result<bool, BusError> {
        let one = Consumer { held_max: 1, ..consumer.clone() };
        let mut deliveries = worker::join(&*self.bus, &*self.clock, &one).await?;
        let Ok(delivery) = timeout(TRIAL_WAIT, deliveries.next()).await else { return Ok(false) };
        let delivery = delivery?;
        drop(deliveries);
        let (tell, told) = oneshot::channel();
        let crew = self.clone();
        running.spawn(async move {
            if tell.send(crew.serve(delivery).await).is_err() {
                debug!("A test ended after the testing.");
            }
        });
        let failed = usize::from(!told.await.unwrap_or_default());
        Ok(self.eyes.lock().tested(Outage { failed, looked: 1 }, self.clock.now()))
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
