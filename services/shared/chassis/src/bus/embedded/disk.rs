//! The files: one database, and one lock that says who has it open.
//!
//! redb refuses everything after one failed read or write until it is opened anew. So the database
//! can be closed and opened again here while readers wait, which is how a full disk is survived.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};
use tracing::warn;

use super::layout::{CURSORS, FORMAT, META, META_FORMAT, PENDING, STREAMS};
use crate::bus::BusError;

/// Name of the database within its directory.
const DATABASE: &str = "bus.redb";
/// Name of the lock beside it.
const LOCK: &str = "bus.lock";

/// Memory for pages. The streams of 100,000 domains work with a few thousand pages at a time.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// From this size on each commit also records which pages are free. It costs a second sync; without
/// it, opening after a kill walks the whole file, at about 2 s for each GiB.
const QUICK_REPAIR_BYTES: u64 = 512 * 1024 * 1024;

/// Bytes of the lock file that are shown as its holder: a name, a number and a date.
const HOLDER_BYTES_MAX: u64 = 256;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its directory or a file in it cannot be used.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("{path} is in use by {holder}: one process at a time can open it")]
    Held {
        /// The directory.
        path: PathBuf,
        /// The process, as it named itself.
        holder: String,
    },
    /// It was written in another form.
    #[error("{path} has form {found}: this program reads form {FORMAT}")]
    Format {
        /// The database.
        path: PathBuf,
        /// Its form.
        found: u64,
    },
    /// The database in it does not open.
    #[error("cannot open {path}")]
    Database {
        /// The database.
        path: PathBuf,
        /// Why.
        source: Failure,
    },
}

/// A failed operation of the database. Many who wait for one commit share it.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct Failure(Arc<redb::Error>);

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Arc::new(error.into()))
    }
}

impl Failure {
    /// The same as an error of the bus.
    pub(super) fn of(self, operation: impl Into<String>) -> BusError {
        BusError::Storage { operation: operation.into(), source: Box::new(self) }
    }
}

/// The database, while it is open.
pub(super) struct Disk {
    file: PathBuf,
    database: RwLock<Option<Database>>,
    /// Set by a reader that met an error: the database must be opened anew.
    suspect: AtomicBool,
    lock: Mutex<Option<File>>,
}

impl Disk {
    /// Opens the database of a directory, and makes both if they are missing.
    pub(super) fn open(directory: &Path, now: Timestamp) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::File { path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(unusable)?;
        let lock = take_lock(directory, now)?;
        let file = directory.join(DATABASE);
        let database = open_database(&file)
            .map_err(|source| OpenError::Database { path: file.clone(), source })?;
        let found = format(&database)
            .map_err(|source| OpenError::Database { path: file.clone(), source })?;
        if found != FORMAT {
            return Err(OpenError::Format { path: file, found });
        }
        // A file that is new is there after a power cut only if its directory has been synced too.
        sync_names(directory).map_err(unusable)?;
        Ok(Self {
            file,
            database: RwLock::new(Some(database)),
            suspect: AtomicBool::new(false),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Begins a write.
    pub(super) fn begin(&self) -> Result<WriteTransaction, Failure> {
        let database = self.database.read();
        let database = database.as_ref().ok_or(redb::Error::DatabaseClosed)?;
        let mut write = database.begin_write()?;
        let large = fs::metadata(&self.file).is_ok_and(|file| file.len() > QUICK_REPAIR_BYTES);
        write.set_quick_repair(large);
        Ok(write)
    }

    /// Reads from one consistent state.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let database = self.database.read();
        let database = database.as_ref().ok_or(redb::Error::DatabaseClosed)?;
        let seen = database.begin_read().map_err(Failure::from).and_then(|read| look(&read));
        if seen.is_err() {
            self.distrust();
        }
        seen
    }

    /// Whether reads and writes can be expected to work.
    pub(super) fn is_sound(&self) -> bool {
        !self.suspect.load(Ordering::Acquire) && self.database.read().is_some()
    }

    /// Something failed: the database must be opened anew.
    pub(super) fn distrust(&self) {
        self.suspect.store(true, Ordering::Release);
    }

    /// Closes the database and opens it again, once those who read have finished. No write may be
    /// open.
    pub(super) fn reopen(&self) -> Result<(), Failure> {
        let mut database = self.database.write();
        // First: as long as it is open it holds its own lock.
        drop(database.take());
        *database = Some(open_database(&self.file)?);
        self.suspect.store(false, Ordering::Release);
        Ok(())
    }

    /// Closes the database for good, and lets another process have it.
    pub(super) fn close(&self) {
        drop(self.database.write().take());
        drop(self.lock.lock().take());
    }
}

fn open_database(file: &Path) -> Result<Database, Failure> {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    let name = file.display().to_string();
    builder.set_repair_callback(move |progress| {
        let percent = progress.progress() * 100.0;
        warn!(file = name, percent, "`{name}` was not closed in order: checking all of it.");
    });
    Ok(builder.create(file)?)
}

/// The form of a database. One that is new is given ours, with the tables that every reader
/// expects.
fn format(database: &Database) -> Result<u64, Failure> {
    let write = database.begin_write()?;
    let known = write.open_table(META)?.get(META_FORMAT)?.map(|form| form.value());
    if let Some(found) = known {
        write.abort()?;
        return Ok(found);
    }
    write.open_table(META)?.insert(META_FORMAT, FORMAT)?;
    drop((write.open_table(STREAMS)?, write.open_table(CURSORS)?, write.open_table(PENDING)?));
    write.commit()?;
    Ok(FORMAT)
}

/// Takes the lock of a directory, and writes into it who has it.
fn take_lock(directory: &Path, now: Timestamp) -> Result<File, OpenError> {
    let path = directory.join(LOCK);
    let unusable = |source| OpenError::File { path: path.clone(), source };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Whoever holds it may be writing its name just now: then the name is missing, no more.
            let read = (&mut file).take(HOLDER_BYTES_MAX).read_to_string(&mut holder);
            let holder = match holder.trim() {
                name if read.is_ok() && !name.is_empty() => name.to_owned(),
                _ => "another process".to_owned(),
            };
            return Err(OpenError::Held { path: directory.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(unusable(source)),
    }
    let program = std::env::current_exe().ok();
    let program = program.as_deref().and_then(Path::file_name).unwrap_or_default();
    let holder =
        format!("{}, process {}, since {now:.0}", program.to_string_lossy(), std::process::id());
    let written =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{holder}"));
    // On a full disk the name does not fit; the lock is what counts.
    if let Err(error) = written {
        warn!(error = %error, "Cannot write who holds `{}`.", path.display());
    }
    Ok(file)
}

/// Syncs what a directory says of its files, and what its parent says of it.
fn sync_names(directory: &Path) -> io::Result<()> {
    let directory = directory.canonicalize()?;
    File::open(&directory)?.sync_all()?;
    match directory.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_another_form_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        Disk::open(directory.path(), Timestamp::UNIX_EPOCH).unwrap().close();
        let database = Database::open(directory.path().join(DATABASE)).unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(META).unwrap().insert(META_FORMAT, FORMAT + 1).unwrap();
        write.commit().unwrap();
        drop(database);

        let error = Disk::open(directory.path(), Timestamp::UNIX_EPOCH).err().unwrap();
        assert!(matches!(error, OpenError::Format { found, .. } if found == FORMAT + 1), "{error}");
    }

    #[test]
    fn a_store_that_was_closed_answers_with_an_error_and_opens_again() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::open(directory.path(), Timestamp::UNIX_EPOCH).unwrap();
        assert!(disk.is_sound() && disk.read(|_| Ok(())).is_ok());
        disk.distrust();
        assert!(!disk.is_sound());
        disk.reopen().unwrap();
        assert!(disk.is_sound() && disk.begin().is_ok());

        disk.close();
        assert!(disk.begin().is_err() && disk.read(|_| Ok(())).is_err());
        Disk::open(directory.path(), Timestamp::UNIX_EPOCH).unwrap();
    }
}
