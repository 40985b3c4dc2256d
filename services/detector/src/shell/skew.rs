//! Whether the clock of this host agrees with that of the bus. Where it does not, no time is
//! judged.

use std::{sync::Arc, time::Duration};

use chassis::{bus::BusError, context::Context, health::Check};
use jiff::SignedDuration;
use tracing::{info, warn};

use super::shared::Shared;
use crate::domain::watch::command::Clock;

/// How far apart two clocks may be.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(2);
/// How often they are compared.
const COMPARISON: Duration = Duration::from_secs(5);

/// Compares until the process stops.
///
/// # Errors
///
/// Never: a bus that does not answer says nothing about the time.
pub(super) async fn run(
    context: Context,
    shared: Arc<Shared>,
    check: Check,
) -> Result<(), BusError> {
    let stopping = context.tasks.stopping();
    loop {
        if let Some(skew) = skew(&context).await {
            note(&shared, &check, skew);
        }
        tokio::select! {
            biased;
            () = stopping.cancelled() => return Ok(()),
            () = context.clock.sleep(COMPARISON) => {}
        }
    }
}

/// How far this clock is from that of the bus at least, whichever way, however long the answer
/// took.
async fn skew(context: &Context) -> Option<SignedDuration> {
    let asked_at = context.clock.now();
    let theirs = context.bus.now().await.ok()?;
    let answered_at = context.clock.now();
    if theirs < asked_at {
        Some(asked_at.duration_since(theirs))
    } else if theirs > answered_at {
        Some(theirs.duration_since(answered_at))
    } else {
        Some(SignedDuration::ZERO)
    }
}

fn note(shared: &Shared, check: &Check, skew: SignedDuration) {
    let now = if skew > SKEW_MAX { Clock::Skewed } else { Clock::Agreed };
    let before = shared.clock();
    shared.set_clock(now);
    match now {
        Clock::Agreed => check.ready(),
        Clock::Skewed => check.not_ready("clock_skew"),
    }
    let skew_ms = skew.as_millis();
    match (before, now) {
        (Clock::Agreed, Clock::Skewed) => {
            warn!(skew_ms, "This clock is not that of the bus: no time is judged until it is.");
        }
        (Clock::Skewed, Clock::Agreed) => info!(skew_ms, "This clock agrees with the bus again."),
        (Clock::Agreed, Clock::Agreed) | (Clock::Skewed, Clock::Skewed) => {}
    }
}
