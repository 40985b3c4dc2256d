//! Sealing of secrets, so that what the streams hold of them is of no use without the key file.
//!
//! AES-256 in Galois/counter mode, as aws-lc-rs has it. A sealed value names its format and its
//! key, so that keys can be changed: the first key of the file seals, all of them open. Whoever
//! holds the file follows it: a key that another process put in front seals from then on.

use std::{io, path::Path, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use parking_lot::RwLock;
use tracing::warn;

mod keyfile;

use keyfile::{KEY_BYTES, KeyFile, Mark};

use crate::error::Chain;

/// First byte of what is sealed now: format version 1, key number (4 bytes), nonce (12), content,
/// tag (16).
const FORMAT: u8 = 1;

/// Bytes before the content: format and key number. They are authenticated with it.
const HEAD_BYTES: usize = 1 + 4;

/// Seals and opens with the keys of one file. Shared by all clones.
#[derive(Clone)]
pub struct Seal {
    file: Arc<KeyFile>,
    held: Arc<RwLock<Held>>,
}

/// The keys of the file, and which file it was when they were read.
struct Held {
    keys: Vec<Key>,
    read_from: Option<Mark>,
}

struct Key {
    number: u32,
    key: RandomizedNonceKey,
}

/// Why something was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key file cannot be read or written.
    #[error("cannot use the key file {path}")]
    File {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The key file is not one.
    #[error(
        "line {line} of the key file {path} is not understood: want a number, a space and 64 hex digits"
    )]
    Malformed {
        /// The file.
        path: String,
        /// The line, from 1; 0 if there is no key at all.
        line: usize,
    },
    /// The value is not one that was sealed here, or it was damaged.
    #[error("this is no sealed value, or it is damaged")]
    Damaged,
    /// The value was sealed with a key that the file does not hold.
    #[error("this was sealed with key {number}, which the key file does not hold")]
    UnknownKey {
        /// The number of the key.
        number: u32,
    },
    /// A key is to go that something was sealed with.
    #[error("key {number} is still needed: it sealed what was not sealed again since")]
    StillNeeded {
        /// The number of the key.
        number: u32,
    },
    /// The cryptographic library failed.
    #[error("cannot seal")]
    Failed,
}

impl Seal {
    /// Reads the key file, or makes one that only its owner may read, with a fresh key. Blocks for
    /// a moment.
    ///
    /// # Errors
    ///
    /// When the file can neither be read nor made, or is malformed. A malformed file is never
    /// replaced: what was sealed with it would be lost.
    pub fn open_or_create(path: &Path) -> Result<Self, SealError> {
        let file = KeyFile::new(path);
        let raw = file.read_or_create()?;
        let held = Held { keys: keys(raw)?, read_from: file.mark() };
        Ok(Self { file: Arc::new(file), held: Arc::new(RwLock::new(held)) })
    }

    /// Seals a value.
    ///
    /// # Errors
    ///
    /// When the cryptographic library fails.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        // Not with a key that another process has replaced meanwhile: it may be gone soon.
        self.follow();
        let ring = self.held.read();
        let Key { number, key } = ring.keys.first().ok_or(SealError::Failed)?;
        let head = head(*number);
        let mut content = plain.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(head), &mut content);
        let nonce = nonce.map_err(|_| SealError::Failed)?;
        Ok([&head[..], nonce.as_ref(), &content].concat())
    }

    /// Opens a sealed value.
    ///
    /// # Errors
    ///
    /// When it is damaged, or sealed with a key that is gone.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let number = number(sealed).ok_or(SealError::Damaged)?;
        let (_, rest) = sealed.split_at_checked(HEAD_BYTES).ok_or(SealError::Damaged)?;
        let (nonce, content) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
        if !self.held.read().has(number) {
            self.follow();
        }
        let ring = self.held.read();
        let key = ring.keys.iter().find(|key| key.number == number);
        let Key { key, .. } = key.ok_or(SealError::UnknownKey { number })?;
        let mut content = content.to_vec();
        let plain = key.open_in_place(nonce, Aad::from(head(number)), &mut content);
        Ok(plain.map_err(|_| SealError::Damaged)?.to_vec())
    }

    /// Whether a value was sealed with the key that seals now; if not, it should be sealed again.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        self.follow();
        let first = self.held.read().keys.first().map(|key| key.number);
        first.is_some() && number(sealed) == first
    }

    /// Puts a fresh key in front: it seals from now on, and those before it still open.
    ///
    /// # Errors
    ///
    /// When the key file cannot be written; nothing has changed then.
    pub fn rotate(&self) -> Result<(), SealError> {
        let mut held = self.held.write();
        *held = Held { keys: keys(self.file.rotate()?)?, read_from: self.file.mark() };
        Ok(())
    }

    /// Forgets all keys but the one that seals, unless something that is `kept` needs another:
    /// whatever they sealed is lost.
    ///
    /// # Errors
    ///
    /// When a key is still needed, or the key file cannot be written; nothing has changed then.
    pub fn retire<'k>(&self, kept: impl IntoIterator<Item = &'k [u8]>) -> Result<(), SealError> {
        self.follow();
        let mut held = self.held.write();
        let first = held.keys.first().map(|key| key.number);
        let needed = kept.into_iter().filter_map(number).filter(|number| Some(*number) != first);
        if let Some(number) = needed.into_iter().find(|number| held.has(*number)) {
            return Err(SealError::StillNeeded { number });
        }
        *held = Held { keys: keys(self.file.retire()?)?, read_from: self.file.mark() };
        Ok(())
    }

    /// Reads the file again if it is another than it was. One that cannot be read changes nothing:
    /// the keys that are held still seal and open.
    fn follow(&self) {
        let mark = self.file.mark();
        if mark.is_none() || self.held.read().read_from == mark {
            return;
        }
        match self.file.read_or_create().and_then(keys) {
            Ok(keys) => *self.held.write() = Held { keys, read_from: mark },
            Err(error) => {
                warn!(error = %Chain(&error), "The key file has changed, and cannot be used.");
            }
        }
    }
}

impl Held {
    fn has(&self, number: u32) -> bool {
        self.keys.iter().any(|key| key.number == number)
    }
}

fn keys(raw: Vec<(u32, [u8; KEY_BYTES])>) -> Result<Vec<Key>, SealError> {
    raw.into_iter()
        .map(|(number, bytes)| {
            let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes);
            Ok(Key { number, key: key.map_err(|_| SealError::Failed)? })
        })
        .collect()
}

fn head(number: u32) -> [u8; HEAD_BYTES] {
    let [a, b, c, d] = number.to_be_bytes();
    [FORMAT, a, b, c, d]
}

/// The number of the key that sealed a value, if its format is known.
fn number(sealed: &[u8]) -> Option<u32> {
    match sealed {
        [FORMAT, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn fresh() -> (Seal, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        (Seal::open_or_create(&directory.path().join("keys/seal")).unwrap(), directory)
    }

    #[test]
    fn what_is_sealed_is_opened_by_whoever_holds_the_file() {
        let (seal, directory) = fresh();
        let sealed = seal.seal(b"https://example.com/robot?key=1").unwrap();
        let again = Seal::open_or_create(&directory.path().join("keys/seal")).unwrap();
        assert_eq!(again.open(&sealed).unwrap(), b"https://example.com/robot?key=1");
        assert_ne!(seal.seal(b"x").unwrap(), seal.seal(b"x").unwrap(), "a nonce was used twice");
        let (other, _directory) = fresh();
        assert!(matches!(other.open(&sealed), Err(SealError::Damaged)));
    }

    #[test]
    fn the_old_key_opens_until_it_is_retired() {
        let (seal, _directory) = fresh();
        let old = seal.seal(b"secret").unwrap();
        assert!(seal.is_current(&old));
        seal.rotate().unwrap();
        assert!(!seal.is_current(&old));
        assert_eq!(seal.open(&old).unwrap(), b"secret");
        let new = seal.seal(b"secret").unwrap();
        assert!(seal.is_current(&new));
        let error = seal.retire([new.as_slice(), &old]).unwrap_err();
        assert!(matches!(error, SealError::StillNeeded { number: 1 }), "{error}");
        assert_eq!(seal.open(&old).unwrap(), b"secret");
        seal.retire([new.as_slice()]).unwrap();
        assert_eq!(seal.open(&new).unwrap(), b"secret");
        assert!(matches!(seal.open(&old), Err(SealError::UnknownKey { .. })));
    }

    #[test]
    fn whoever_holds_the_file_follows_it() {
        let (seal, directory) = fresh();
        let other = Seal::open_or_create(&directory.path().join("keys/seal")).unwrap();
        let old = other.seal(b"old").unwrap();
        seal.rotate().unwrap();
        let new = seal.seal(b"new").unwrap();
        assert_eq!(other.open(&new).unwrap(), b"new");
        assert!(seal.is_current(&other.seal(b"theirs").unwrap()));
        assert!(matches!(other.retire([&*old]), Err(SealError::StillNeeded { number: 1 })));
        other.retire([&*new]).unwrap();
        fs::write(directory.path().join("keys/seal"), "spoilt").unwrap();
        assert_eq!(seal.open(&new).unwrap(), b"new", "what is held still opens");
        assert!(seal.is_current(&seal.seal(b"x").unwrap()));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let (seal, _directory) = fresh();
        let sealed = seal.seal(b"secret").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(seal.open(&changed).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn the_file_is_for_its_owner_and_is_never_replaced() {
        use std::os::unix::fs::PermissionsExt;

        let (_seal, directory) = fresh();
        let path = directory.path().join("keys/seal");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&path, "1 0011\n").unwrap();
        let error = Seal::open_or_create(&path).err().unwrap();
        assert!(matches!(error, SealError::Malformed { line: 1, .. }), "{error}");
        fs::write(&path, "").unwrap();
        let error = Seal::open_or_create(&path).err().unwrap();
        assert!(matches!(error, SealError::Malformed { line: 0, .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }

    proptest! {
        #[test]
        fn nothing_makes_opening_panic(mut garbage: Vec<u8>, format: bool) {
            let (seal, _directory) = fresh();
            if format && !garbage.is_empty() {
                garbage[0] = FORMAT;
            }
            prop_assert!(seal.open(&garbage).is_err());
        }

        #[test]
        fn any_value_comes_back(plain: Vec<u8>) {
            let (seal, _directory) = fresh();
            prop_assert_eq!(seal.open(&seal.seal(&plain).unwrap()).unwrap(), plain);
        }
    }
}
