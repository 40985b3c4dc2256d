//! What may be thrown away: folded state on disk, so that a restart folds only the tail.
//!
//! A snapshot is never truth. It is discarded, and everything folded anew, when it is of another
//! format, will not open, or does not add up to what was written: a digest of all entries travels
//! in each write, so that a store that a power cut tore is told from a good one. No caller sees an
//! error of the store. It is kept in sled, whose calls block and may panic: one thread of its own
//! makes them all. Start reading at [`Snapshot::open`].

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    path::Path,
    thread,
};

use tokio::sync::{mpsc, oneshot};

mod entries;
mod keeper;
mod store;

use keeper::Keeper;
use store::Stores;

/// Writes that wait for the store before the next writer waits as well.
const QUEUE_MAX: usize = 32;

/// Entries that travel together when a snapshot is read.
const BATCH: usize = 1_000;

/// Batches that wait for the reader.
const BATCHES_MAX: usize = 8;

/// One snapshot. All clones are the same one.
#[derive(Clone)]
pub struct Snapshot {
    orders: mpsc::Sender<Order>,
}

/// What is written together, or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Entries that are new or replaced.
    pub puts: Vec<(Vec<u8>, Vec<u8>)>,
    /// Keys of entries that are gone.
    pub removals: Vec<Vec<u8>>,
    /// How far the streams are folded into what is written, by any name.
    pub positions: Vec<(String, u64)>,
}

/// What a snapshot held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored<T> {
    /// Folded from all entries.
    pub state: T,
    /// How far the streams are folded into it; empty if it begins at the beginning.
    pub positions: BTreeMap<String, u64>,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Another process uses it.
    #[error("the snapshot {path} is in use by another process")]
    InUse {
        /// Its directory.
        path: String,
    },
    /// Its directory cannot be used.
    #[error("cannot use the snapshot {path}")]
    Directory {
        /// Its directory.
        path: String,
        /// The cause.
        source: io::Error,
    },
}

/// What the snapshot's thread is told.
enum Order {
    Restore(mpsc::Sender<Batch>),
    Write(Change, oneshot::Sender<()>),
    Discard(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

/// Some entries on their way to a reader, or what stands at the end.
enum Batch {
    Entries(Vec<(Vec<u8>, Vec<u8>)>),
    End(BTreeMap<String, u64>),
    /// What was read does not add up. It has been discarded.
    Torn,
}

impl Snapshot {
    /// Opens the snapshot in a directory of its own; empty if there is none that is whole and of
    /// this format. Change the format whenever entries of the one before would be misread.
    ///
    /// # Errors
    ///
    /// When another process uses it, or the directory cannot be used at all.
    pub async fn open(directory: &Path, format: u32) -> Result<Self, SnapshotError> {
        let (directory, shown) = (directory.to_owned(), directory.display().to_string());
        let failed = |source| SnapshotError::Directory { path: shown.clone(), source };
        let (opened, answer) = oneshot::channel();
        let (orders, received) = mpsc::channel(QUEUE_MAX);
        let run = move || {
            // Held until the thread ends: sled's own lock cannot be told from a broken store.
            match lock(&directory) {
                Ok((lock, stores)) => {
                    let keeper = Keeper::open(stores, format);
                    opened.send(Ok(())).unwrap_or_default();
                    let waiting = keeper.run(received);
                    drop(lock);
                    waiting.map(|closed| closed.send(()));
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        };
        thread::Builder::new().name("snapshot".to_owned()).spawn(run).map_err(failed)?;
        match answer.await {
            Ok(Ok(())) => Ok(Self { orders }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(failed(io::Error::other("its thread ended at once"))),
        }
    }

    /// Reads all entries, folding each into a state that begins as `empty` says.
    pub async fn restore<T>(
        &self,
        empty: impl Fn() -> T,
        mut take: impl FnMut(&mut T, &[u8], &[u8]),
    ) -> Restored<T> {
        let mut state = empty();
        let (batches, mut received) = mpsc::channel(BATCHES_MAX);
        if self.orders.send(Order::Restore(batches)).await.is_err() {
            return Restored { state, positions: BTreeMap::new() };
        }
        while let Some(batch) = received.recv().await {
            match batch {
                Batch::Entries(entries) => {
                    for (key, value) in &entries {
                        take(&mut state, key, value);
                    }
                }
                Batch::End(positions) => return Restored { state, positions },
                Batch::Torn => break,
            }
        }
        Restored { state: empty(), positions: BTreeMap::new() }
    }

    /// Writes a change. When it returns, the change survives the death of this process; if the
    /// store has failed, nothing is kept any more until the next start, which then folds everything
    /// anew.
    pub async fn write(&self, change: Change) {
        let (written, answer) = oneshot::channel();
        if self.orders.send(Order::Write(change, written)).await.is_ok() {
            // An error means that the thread is gone, and with it whatever might be told.
            answer.await.unwrap_or_default();
        }
    }

    /// Forgets everything, because it does not fit to the streams: it is as if nothing had ever
    /// been written.
    pub async fn discard(&self) {
        let (discarded, answer) = oneshot::channel();
        if self.orders.send(Order::Discard(discarded)).await.is_ok() {
            answer.await.unwrap_or_default();
        }
    }

    /// Syncs everything to the device and lets go of the directory. Writes after it are lost, like
    /// the snapshot itself may be.
    pub async fn close(self) {
        let (closed, answer) = oneshot::channel();
        if self.orders.send(Order::Close(closed)).await.is_ok() {
            answer.await.unwrap_or_default();
        }
    }
}

/// Makes the directory, locks it, and finds the stores in it.
fn lock(directory: &Path) -> Result<(File, Stores), SnapshotError> {
    let path = directory.display().to_string();
    let open = || {
        fs::create_dir_all(directory)?;
        File::options().create(true).truncate(false).write(true).open(directory.join("lock"))
    };
    let file = match open() {
        Ok(file) => file,
        Err(source) => return Err(SnapshotError::Directory { path, source }),
    };
    match file.try_lock() {
        Ok(()) => match Stores::find(directory.to_owned()) {
            Ok(stores) => Ok((file, stores)),
            Err(source) => Err(SnapshotError::Directory { path, source }),
        },
        Err(TryLockError::WouldBlock) => Err(SnapshotError::InUse { path }),
        Err(TryLockError::Error(source)) => Err(SnapshotError::Directory { path, source }),
    }
}
