//! The last sequence of each stream, for those who wait for the next.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tokio::sync::watch;

/// The last sequence of each stream that has been stored, 0 if nothing was ever appended to it;
/// nothing once the bus is closed.
#[derive(Debug)]
pub(super) struct Heads(Mutex<Option<BTreeMap<String, watch::Sender<u64>>>>);

impl Heads {
    /// Of no stream yet.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Some(BTreeMap::new())))
    }

    /// That of one stream, now and later.
    pub(super) fn subscribe(&self, stream: &str) -> Option<watch::Receiver<u64>> {
        self.0.lock().as_mut().map(|heads| heads.entry(stream.to_owned()).or_default().subscribe())
    }

    /// A message of this sequence has been stored.
    pub(super) fn set(&self, stream: &str, last: u64) {
        if let Some(heads) = self.0.lock().as_mut() {
            heads.entry(stream.to_owned()).or_default().send_replace(last);
        }
    }

    /// No more will come: wakes all who wait.
    pub(super) fn close(&self) {
        self.0.lock().take();
    }
}
