//! Keeps folded state in a snapshot, so that a restart folds only what is new.

use std::{collections::BTreeMap, path::Path, time::Duration};

use chassis::{
    bus::BusError,
    context::Context,
    snapshot::{self, Snapshot, SnapshotError},
};
use proto::id::PARTITIONS;
use tracing::{info, warn};

use super::{
    along::{Along, Tide},
    partition::{entries::Entries, kept},
    posts::Posts,
};

/// How often what has changed is kept. What is not is folded again.
const KEEPING: Duration = Duration::from_secs(10);
/// The name under which it is kept how far the log has been told.
const TIDE: &str = "TIDE";

/// What was kept.
pub(super) struct Kept {
    /// By partition.
    pub(super) entries: Vec<Entries>,
    /// How far each stream is folded into it, by name.
    pub(super) positions: BTreeMap<String, u64>,
}

impl Kept {
    /// Nothing.
    pub(super) fn nothing() -> Self {
        let entries = (0..PARTITIONS).map(|_| Entries::default()).collect();
        Self { entries, positions: BTreeMap::new() }
    }

    /// How far the log had been told.
    pub(super) fn tide(&self) -> Tide {
        Tide::at(self.positions.get(TIDE).copied().unwrap_or(0))
    }
}

/// Opens the snapshot and reads it.
///
/// # Errors
///
/// When another process uses it, or its directory cannot be used.
pub(super) async fn open(directory: &Path) -> Result<(Snapshot, Kept), SnapshotError> {
    let snapshot = Snapshot::open(directory, kept::FORM).await?;
    let read = |entries: &mut Option<Vec<Entries>>, key: &[u8], value: &[u8]| {
        match (entries.as_mut(), kept::read(key, value)) {
            (Some(entries), Some((domain, entry))) => {
                entries[usize::from(domain.partition())].insert(domain, entry);
            }
            // A history without its beginning would be misread: none is better than part of it.
            (_, _) => *entries = None,
        }
    };
    let restored = snapshot.restore(|| Some(Kept::nothing().entries), read).await;
    let Some(entries) = restored.state else {
        warn!("The snapshot does not read: all streams are folded anew.");
        return Ok((snapshot, Kept::nothing()));
    };
    let domains: usize = entries.iter().map(Entries::len).sum();
    info!(domains, "The snapshot was read.");
    Ok((snapshot, Kept { entries, positions: restored.positions }))
}

/// Keeps what changes until the process stops, and then once more.
///
/// # Errors
///
/// Never: a snapshot that fails is done without.
pub(super) async fn run(
    context: Context,
    snapshot: Snapshot,
    posts: Posts,
    streams: Vec<Along>,
    tide: Tide,
) -> Result<(), BusError> {
    let stopping = context.tasks.stopping();
    let kept = streams.iter().filter(|along| along.is_kept());
    while !stopping.is_cancelled() {
        tokio::select! {
            biased;
            () = stopping.cancelled() => {}
            () = context.clock.sleep(KEEPING) => {}
        }
        // Positions first: what is read after them is in the letters that are waited for, or newer.
        let mut positions: Vec<_> =
            kept.clone().map(|along| (along.name().to_owned(), along.position())).collect();
        positions.push((TIDE.to_owned(), tide.level()));
        snapshot.write(change(posts.changes().await, positions)).await;
    }
    snapshot.close().await;
    Ok(())
}

/// What is written together.
pub(super) fn change(
    entries: Vec<kept::Change>,
    positions: Vec<(String, u64)>,
) -> snapshot::Change {
    let puts = entries.into_iter().map(|(domain, value)| (domain.as_bytes().to_vec(), value));
    snapshot::Change { puts: puts.collect(), positions, ..snapshot::Change::default() }
}
