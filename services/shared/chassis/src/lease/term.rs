//! One term: from taking the lease to losing it or giving it back.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fenced::Fenced;
use crate::{
    bus::{Lease, SharedBus},
    clock::SharedClock,
    context::Context,
};

/// The time in which this process leads.
#[derive(Clone)]
pub struct Term {
    shared: Arc<Shared>,
}

struct Shared {
    fence: AtomicU64,
    ended: CancellationToken,
    until: Mutex<Until>,
    clock: SharedClock,
    bus: SharedBus,
}

/// When the lease runs out, by two clocks: one may be set back, the other stands still while the
/// machine sleeps. Whichever comes first counts.
#[derive(Clone, Copy)]
struct Until {
    wall: Timestamp,
    steady: Instant,
}

impl Until {
    fn of(lease: &Lease, asked_at: Timestamp, now: Timestamp) -> Self {
        let wall = asked_at.checked_add(lease.limit).unwrap_or(asked_at);
        let left = std::time::Duration::try_from(wall.duration_since(now)).unwrap_or_default();
        Self { wall, steady: Instant::now() + left }
    }
}

impl Term {
    pub(super) fn begin(context: &Context, lease: &Lease, asked_at: Timestamp) -> Self {
        let shared = Shared {
            fence: AtomicU64::new(lease.fence),
            ended: context.tasks.stopping().child_token(),
            until: Mutex::new(Until::of(lease, asked_at, context.clock.now())),
            clock: context.clock.clone(),
            bus: context.bus.clone(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Grows with every term and every renewal.
    pub fn fence(&self) -> u64 {
        self.shared.fence.load(Ordering::Acquire)
    }

    /// Is cancelled when the lease is lost, or the process stops: finish at once.
    pub fn ended(&self) -> CancellationToken {
        self.shared.ended.clone()
    }

    /// Whether the lease is held at this moment. It is not when its limit has passed, even if
    /// nobody has noticed yet.
    pub fn holds(&self) -> bool {
        let until = *self.shared.until.lock();
        self.shared.clock.now() < until.wall && Instant::now() < until.steady
    }

    /// The bus, on which nothing is written any more once the lease is not held: what a term
    /// writes, it writes here. Reading goes on.
    pub fn bus(&self) -> SharedBus {
        Arc::new(Fenced { term: self.clone(), bus: self.shared.bus.clone() })
    }

    pub(super) fn end(&self) {
        self.shared.ended.cancel();
    }

    pub(super) fn renewed(&self, lease: &Lease, asked_at: Timestamp) {
        self.shared.fence.store(lease.fence, Ordering::Release);
        *self.shared.until.lock() = Until::of(lease, asked_at, self.shared.clock.now());
    }

    /// Waits until the limit has passed, as far as it is known now.
    pub(super) async fn run_out(&self) {
        let until = self.shared.until.lock().wall;
        self.shared.clock.sleep_until(until).await;
    }
}
