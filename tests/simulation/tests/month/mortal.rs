//! A process that may be frozen, thawed and killed at any call it makes.

use std::future::pending;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// How a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Alive,
    Frozen,
    Dead,
}

/// The life of one process.
///
/// Whoever waits for a change is woken in the order in which they began to wait: a seed must
/// replay.
pub(crate) struct Mortal {
    life: Mutex<Life>,
    changed: Notify,
}

impl Mortal {
    pub(crate) fn new() -> Self {
        Self { life: Mutex::new(Life::Alive), changed: Notify::new() }
    }

    /// Waits while it is frozen; for ever once it is dead. Answers whether it waited.
    pub(crate) async fn live(&self) -> bool {
        let mut waited = false;
        loop {
            let changed = self.changed.notified();
            let life = *self.life.lock();
            match life {
                Life::Alive => return waited,
                Life::Frozen => changed.await,
                Life::Dead => pending().await,
            }
            waited = true;
        }
    }

    /// The dead stay dead.
    pub(crate) fn become_(&self, next: Life) {
        let mut life = self.life.lock();
        if *life != Life::Dead {
            *life = next;
            self.changed.notify_waiters();
        }
    }

    pub(crate) async fn died(&self) {
        loop {
            let changed = self.changed.notified();
            if *self.life.lock() == Life::Dead {
                return;
            }
            changed.await;
        }
    }
}
