//! The partitions without the world around them, to be measured: how fast they fold facts, how much
//! memory a domain takes, how long a snapshot takes to read.

use std::{path::Path, sync::Arc};

use chassis::{bus::Message, context::Context, snapshot::Snapshot};
use proto::{
    subject,
    v1::{InventoryRecord, ScanFact},
};

use super::{
    keep,
    partition::{Letter, Partition, kept},
    shared::Shared,
};
use crate::{
    config::Config,
    domain::{assess::anchors::Anchors, court::Court},
};

/// All partitions of one detector, in the hands of one caller.
pub struct Gauge {
    partitions: Vec<Partition>,
    under: u32,
}

impl Gauge {
    /// Empty partitions that lead, on the bus and the clock of a context.
    pub async fn new(context: &Context, config: Config) -> Self {
        Self::with(context, config, keep::Kept::nothing()).await
    }

    /// Partitions as a snapshot holds them, that lead.
    ///
    /// # Panics
    ///
    /// When the snapshot's directory cannot be used.
    pub async fn restored(context: &Context, config: Config, directory: &Path) -> Self {
        let opened = keep::open(directory).await;
        let (snapshot, kept) = opened.expect("the directory of the snapshot is ours");
        let gauge = Self::with(context, config, kept).await;
        snapshot.close().await;
        gauge
    }

    async fn with(context: &Context, config: Config, kept: keep::Kept) -> Self {
        let court = Court::new(Arc::new(Anchors::default()));
        let under = court.under(None);
        let shared = Arc::new(Shared::new(config, court));
        let new = |entries| Partition::new(context, shared.clone(), entries);
        let mut partitions: Vec<_> = kept.entries.into_iter().map(new).collect();
        for partition in &mut partitions {
            partition.read(Letter::Lead(context.bus.clone())).await;
        }
        Self { partitions, under }
    }

    /// Names the trust anchors that its judgements stand on.
    pub fn under(&self) -> u32 {
        self.under
    }

    /// How many domains there are.
    pub fn domains(&self) -> usize {
        self.partitions.iter().map(Partition::len).sum()
    }

    /// Takes in an order and what the log says of its domain.
    pub async fn add(&mut self, order: InventoryRecord, position: u64, logged: Message) {
        let Some(domain) = subject::log_domain(&logged.subject) else { return };
        let partition = &mut self.partitions[usize::from(domain.partition())];
        partition.read(Letter::Ordered(domain, order, position)).await;
        partition.read(Letter::Recorded(domain, logged)).await;
    }

    /// Judges a fact as it comes from the bus. Answers whether it was taken.
    pub async fn fold(&mut self, seen: &Message) -> bool {
        let Some(domain) = subject::fact_domain(&seen.subject) else { return false };
        let Ok(fact) = seen.read::<ScanFact>() else { return false };
        let partition = &mut self.partitions[usize::from(domain.partition())];
        partition.seen(domain, &fact).await.is_ok()
    }

    /// Keeps everything in a snapshot.
    ///
    /// # Panics
    ///
    /// When the snapshot's directory cannot be used.
    pub async fn keep(&mut self, directory: &Path) {
        let opened = Snapshot::open(directory, kept::FORM).await;
        let snapshot = opened.expect("the directory of the snapshot is ours");
        for partition in &mut self.partitions {
            snapshot.write(keep::change(partition.changes(), vec![])).await;
        }
        snapshot.close().await;
    }
}
