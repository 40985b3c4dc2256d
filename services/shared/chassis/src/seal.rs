//! Sealing of secrets, so that what the streams hold of them is of no use without the key file.
//!
//! AES-256 in Galois/counter mode, as aws-lc-rs has it. A sealed value names its format and its
//! key, so that keys can be changed: the first key of the file seals, all of them open.

use std::{io, path::Path, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use parking_lot::RwLock;

mod keyfile;

use keyfile::{KEY_BYTES, KeyFile};

/// First byte of what is sealed now: format version 1, key number (4 bytes), nonce (12), content,
/// tag (16).
const FORMAT: u8 = 1;

/// Bytes before the content: format and key number. They are authenticated with it.
const HEAD_BYTES: usize = 1 + 4;

/// Seals and opens with the keys of one file. Shared by all clones.
#[derive(Clone)]
pub struct Seal {
    file: Arc<KeyFile>,
    keys: Arc<RwLock<Vec<Key>>>,
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
        let keys = keys(file.read_or_create()?)?;
        Ok(Self { file: Arc::new(file), keys: Arc::new(RwLock::new(keys)) })
    }

    /// Seals a value.
    ///
    /// # Errors
    ///
    /// When the cryptographic library fails.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let keys = self.keys.read();
        let Key { number, key } = keys.first().ok_or(SealError::Failed)?;
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
        let keys = self.keys.read();
        let Key { key, .. } =
            keys.iter().find(|key| key.number == number).ok_or(SealError::UnknownKey { number })?;
        let mut content = content.to_vec();
        let plain = key.open_in_place(nonce, Aad::from(head(number)), &mut content);
        Ok(plain.map_err(|_| SealError::Damaged)?.to_vec())
    }

    /// Whether a value was sealed with the key that seals now; if not, it should be sealed again.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let first = self.keys.read().first().map(|key| key.number);
        first.is_some() && number(sealed) == first
    }

    /// Puts a fresh key in front: it seals from now on, and those before it still open.
    ///
    /// # Errors
    ///
    /// When the key file cannot be written; nothing has changed then.
    pub fn rotate(&self) -> Result<(), SealError> {
        let mut held = self.keys.write();
        *held = keys(self.file.rotate()?)?;
        Ok(())
    }

    /// Forgets all keys but the one that seals: what they sealed and was not sealed again is lost.
    ///
    /// # Errors
    ///
    /// When the key file cannot be written; nothing has changed then.
    pub fn retire(&self) -> Result<(), SealError> {
        let mut held = self.keys.write();
        *held = keys(self.file.retire()?)?;
        Ok(())
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
        seal.retire().unwrap();
        assert_eq!(seal.open(&new).unwrap(), b"secret");
        assert!(matches!(seal.open(&old), Err(SealError::UnknownKey { .. })));
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
