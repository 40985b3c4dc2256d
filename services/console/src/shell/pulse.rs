//! Asks all the time who leads, so that no page ever waits for the answer.

use std::{sync::Arc, time::Duration};

use chassis::{bus::BusError, context::Context, error::Chain};
use parking_lot::RwLock;
use tracing::debug;

use crate::domain::pulse::{LED, Pulse};

/// What is known of those who lead, shared between who asks and who shows.
pub type SharedPulse = Arc<RwLock<Pulse>>;

/// Pause between two rounds of questions: two small ones, for every console.
const EVERY: Duration = Duration::from_secs(2);

/// Begins to ask, until the process stops.
pub fn begin(context: &Context) -> SharedPulse {
    let pulse = Arc::new(RwLock::new(Pulse::begun(context.clock.now())));
    let asking = ask(context.clone(), pulse.clone());
    let stopping = context.tasks.stopping();
    context.tasks.spawn("console pulse", async move {
        stopping.run_until_cancelled(asking).await;
        // A bus that does not answer is told of on the pages.
        Ok::<_, BusError>(())
    });
    pulse
}

async fn ask(context: Context, pulse: SharedPulse) {
    loop {
        for service in LED {
            match context.bus.holder(service.token()).await {
                Ok(holder) => pulse.write().heard(service, holder, context.clock.now()),
                Err(error) => debug!(error = %Chain(&error), "Nobody says who leads."),
            }
        }
        context.clock.sleep(EVERY).await;
    }
}
