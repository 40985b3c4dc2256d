//! The file of keys: one a line, its number, a space and 64 hexadecimal digits; the first one
//! seals.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use aws_lc_rs::rand;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use super::SealError;

/// Bytes of a key of AES-256.
pub(super) const KEY_BYTES: usize = 32;

/// A key with its number.
type Numbered = (u32, [u8; KEY_BYTES]);

/// Tells a file from the one that was there before: its inode, and when it was last written, in
/// seconds and nanoseconds.
pub(super) type Mark = (u64, i64, i64);

pub(super) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Which file it is now; `None` if there is none.
    pub(super) fn mark(&self) -> Option<Mark> {
        let metadata = fs::metadata(&self.path).ok()?;
        Some((metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
    }

    /// The keys; one fresh key in a new file, if there is none.
    pub(super) fn read_or_create(&self) -> Result<Vec<Numbered>, SealError> {
        match fs::read_to_string(&self.path) {
            Ok(text) => self.parsed(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create(),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Puts a fresh key in front.
    pub(super) fn rotate(&self) -> Result<Vec<Numbered>, SealError> {
        let mut keys = self.read_or_create()?;
        let newest = keys.iter().map(|(number, _)| *number).max().unwrap_or_default();
        keys.insert(0, (newest.wrapping_add(1), fresh()?));
        self.replace(&keys)?;
        Ok(keys)
    }

    /// Keeps the first key alone.
    pub(super) fn retire(&self) -> Result<Vec<Numbered>, SealError> {
        let mut keys = self.read_or_create()?;
        keys.truncate(1);
        self.replace(&keys)?;
        Ok(keys)
    }

    fn create(&self) -> Result<Vec<Numbered>, SealError> {
        let keys = vec![(1, fresh()?)];
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory).map_err(|error| self.failed(error))?;
        }
        let beside = self.write_beside(&keys)?;
        // A link, since it fails where a renaming would replace: of two that start at once, one
        // wins.
        let linked = fs::hard_link(&beside, &self.path);
        fs::remove_file(&beside).map_err(|error| self.failed(error))?;
        match linked {
            Ok(()) => self.synced().map(|()| keys),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.read_or_create(),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn replace(&self, keys: &[Numbered]) -> Result<(), SealError> {
        let beside = self.write_beside(keys)?;
        fs::rename(&beside, &self.path).map_err(|error| self.failed(error))?;
        self.synced()
    }

    /// Writes a file beside the key file, which only its owner may read.
    fn write_beside(&self, keys: &[Numbered]) -> Result<PathBuf, SealError> {
        let unique = HEXLOWER.encode(&random::<8>()?);
        let beside = self.path.with_extension(unique);
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            for (number, key) in keys {
                writeln!(file, "{number} {}", HEXLOWER.encode(key))?;
            }
            file.sync_all()
        };
        write().map(|()| beside.clone()).map_err(|error| self.failed(error))
    }

    /// Makes the directory remember the file: sealed values may outlive the next power cut.
    fn synced(&self) -> Result<(), SealError> {
        let directory = self.path.parent().filter(|path| !path.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|error| self.failed(error))
    }

    fn parsed(&self, text: &str) -> Result<Vec<Numbered>, SealError> {
        let malformed = |line| SealError::Malformed { path: self.shown(), line };
        let keys: Result<Vec<_>, _> = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(index, line)| key(line).ok_or_else(|| malformed(index + 1)))
            .collect();
        keys.and_then(|keys| if keys.is_empty() { Err(malformed(0)) } else { Ok(keys) })
    }

    fn failed(&self, source: io::Error) -> SealError {
        SealError::File { path: self.shown(), source }
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

fn key(line: &str) -> Option<Numbered> {
    let (number, digits) = line.trim().split_once(' ')?;
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    Some((number.parse().ok()?, bytes.try_into().ok()?))
}

fn fresh() -> Result<[u8; KEY_BYTES], SealError> {
    random()
}

fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| SealError::Failed)?;
    Ok(bytes)
}
