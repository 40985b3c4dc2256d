//! The store below a snapshot, which may fail and panic as it likes: whoever calls it survives.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use sled::{Batch, Config, Db};
use tracing::debug;

/// Memory that the store may use to keep pages; its own default is 1 GiB.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// What the name of a store's directory begins with, before its number.
const NAME: &str = "sled-";

/// The file of a store that its threads hold locked.
const FILE: &str = "db";

/// How long threads of a closed store may take to let go of it: far longer than on any machine.
const RELEASE_MAX: Duration = Duration::from_secs(10);

/// How often it is seen whether they did.
const RELEASE_POLL: Duration = Duration::from_millis(2);

/// The stores of one directory: one that counts, and what is left of those before it.
///
/// A new store never takes the place of one that failed. Threads of that one may still live, as its
/// panics leave them, and write what they know to the paths that they know.
pub(super) struct Stores {
    directory: PathBuf,
    newest: u64,
}

impl Stores {
    /// Finds the newest, and deletes what is left of others.
    pub(super) fn find(directory: PathBuf) -> io::Result<Self> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&directory)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(NAME));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        let newest = numbers.pop().unwrap_or_default();
        let stores = Self { directory, newest };
        numbers.into_iter().try_for_each(|number| delete(&stores.path(number)))?;
        Ok(stores)
    }

    /// Opens the newest, or makes the first.
    pub(super) fn open(&self) -> io::Result<Store> {
        Store::open(self.path(self.newest))
    }

    /// Makes a new one, at a place where none ever was, and deletes the one before.
    pub(super) fn begin(&mut self) -> io::Result<Store> {
        delete(&self.path(self.newest))?;
        self.newest += 1;
        Store::open(self.path(self.newest))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{NAME}{number}"))
    }
}

impl fmt::Display for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.directory.display().fmt(f)
    }
}

/// Keys and values in order, changed by batches that are whole or not at all.
pub(super) struct Store {
    path: PathBuf,
    db: Option<Db>,
}

impl Store {
    /// Opens what is there, or makes it.
    fn open(path: PathBuf) -> io::Result<Self> {
        let db = survived(|| {
            let config = Config::new()
                .path(&path)
                .cache_capacity(CACHE_BYTES)
                // Flushed when we say so: its own flushing proves nothing and costs a thread's
                // time.
                .flush_every_ms(None);
            Ok(config.open()?)
        })?;
        Ok(Self { path, db: Some(db) })
    }

    /// Calls with each entry, in the order of the keys.
    pub(super) fn scan(
        &self,
        mut each: impl FnMut(&[u8], &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        survived(|| {
            for entry in self.db()?.iter() {
                let (key, value) = entry?;
                each(&key, &value)?;
            }
            Ok(())
        })
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        survived(|| Ok(self.db()?.get(key)?.map(|value| value.to_vec())))
    }

    /// Applies all changes, or none: a value to put, or nothing to remove.
    pub(super) fn apply(&self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> io::Result<()> {
        survived(|| {
            let mut batch = Batch::default();
            for (key, value) in changes {
                match value {
                    Some(value) => batch.insert(key, value),
                    None => batch.remove(key),
                }
            }
            let db = self.db()?;
            db.apply_batch(batch)?;
            // From its buffers to the system's, where the death of this process does not reach it.
            db.flush()?;
            Ok(())
        })
    }

    /// Syncs to the device. The store's own flush does not: it syncs neither the length of its file
    /// nor the caches of the drive.
    pub(super) fn sync(&self) -> io::Result<()> {
        survived(|| {
            self.db()?.flush()?;
            File::open(self.path.join(FILE))?.sync_all()
        })
    }

    /// Closes it: when it returns, nobody writes to it any more, and it can be opened again.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.end()?;
        released(&self.path.join(FILE))
    }

    /// Closes and deletes it.
    pub(super) fn discard(mut self) -> io::Result<()> {
        if self.end().is_err() {
            debug!(path = %self.path.display(), "The store panicked while it was closed.");
        }
        delete(&self.path)
    }

    /// Closing flushes, and may panic as anything else; then it stays in memory until we end.
    fn end(&mut self) -> io::Result<()> {
        let db = self.db.take();
        survived(|| {
            drop(db);
            Ok(())
        })
    }

    fn db(&self) -> io::Result<&Db> {
        self.db.as_ref().ok_or_else(|| io::Error::other("the store is closed"))
    }
}

fn delete(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Waits until the threads of a closed store have let go of its file. They outlive it by a moment,
/// and until then it does not open again: to sled, a locked file is one of another process.
fn released(file: &Path) -> io::Result<()> {
    let file = File::open(file)?;
    let until = Instant::now() + RELEASE_MAX;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(RELEASE_POLL),
            locked => return locked.map_err(io::Error::from),
        }
    }
}

/// Calls something that may panic; a panic is an error like any other.
fn survived<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(io::Error::other("the store panicked")))
}
