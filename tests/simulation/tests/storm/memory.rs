//! How much the notifier holds: all that this thread has allocated, without what the world keeps
//! for it and of it.

use std::collections::BTreeMap;

use allocation_counter::measure;
use bytes::Bytes;
use chassis::bus::Message;
use tokio::runtime::Runtime;

use crate::world::{World, runtime};

/// A life in virtual time, on one thread, of which every byte is counted.
pub(crate) struct Counted {
    runtime: Runtime,
    bytes: i64,
}

impl Counted {
    pub(crate) fn begin() -> Self {
        Self { runtime: runtime(), bytes: 0 }
    }

    /// Lives on for a while.
    pub(crate) fn live<T>(&mut self, life: impl Future<Output = T>) -> T {
        let mut lived = None;
        let counted = measure(|| lived = Some(self.runtime.block_on(life)));
        self.bytes += counted.bytes_current;
        lived.unwrap()
    }

    /// Bytes that the notifier holds now.
    pub(crate) fn held(&self, world: &World) -> i64 {
        let (kept, arrived) = (world.kept(), world.arrivals());
        let of_world = measure(|| drop((copied(&kept), arrived.clone())));
        self.bytes - i64::try_from(of_world.bytes_max).unwrap()
    }
}

/// Messages as the store keeps them.
fn copied(kept: &[Message]) -> (BTreeMap<u64, Message>, BTreeMap<String, Vec<u64>>) {
    let mut by_subject: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut messages = BTreeMap::new();
    for (place, message) in (0..).zip(kept) {
        by_subject.entry(message.subject.clone()).or_default().push(message.sequence);
        let payload = Bytes::copy_from_slice(&message.payload);
        // It has been read, and remembers that it may be shared.
        drop(payload.clone());
        messages.insert(place, Message { payload, ..message.clone() });
    }
    (messages, by_subject)
}
