//! Passwords: hashed, sealed, compared.
//!
//! Hashing takes a while and some memory on purpose (Argon2id with the parameters that OWASP
//! names: 19 MiB, two passes), so that only so many are hashed at once; whoever signs in meanwhile
//! waits.

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use bytes::Bytes;
use chassis::{
    dice::Dice,
    seal::{Seal, SealError},
};
use tokio::sync::Semaphore;

use crate::domain::inventory::account::profile::{Password, may_be_a_password};

/// Passwords hashed at once: bounded memory, and a core is left for everything else.
const AT_ONCE: usize = 2;
/// Bytes of a salt (RFC 9106, section 3.1).
const SALT_BYTES: usize = 16;

/// Hashes and compares.
#[derive(Clone)]
pub struct Passwords {
    seal: Seal,
    dice: Arc<Dice>,
    room: Arc<Semaphore>,
    /// The hash of a password that nobody knows: names without an account are compared with it, so
    /// that they take as long as others.
    decoy: Arc<str>,
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The hash cannot be sealed or opened.
    #[error("cannot seal or open the hash of a password")]
    Seal(#[from] SealError),
    /// Hashing failed: there is too little memory.
    #[error("cannot hash a password")]
    Failed,
}

impl Passwords {
    /// Seals hashes with a key. Blocks for the time of one hash.
    ///
    /// # Errors
    ///
    /// When there is too little memory.
    pub fn new(seal: Seal, dice: Arc<Dice>) -> Result<Self, HashError> {
        let decoy = hashed(&dice.bytes::<32>(), &dice.bytes())?.into();
        Ok(Self { seal, dice, room: Arc::new(Semaphore::new(AT_ONCE)), decoy })
    }

    /// The sealed hash of a password.
    ///
    /// # Errors
    ///
    /// See [`HashError`].
    pub async fn hash(&self, password: Password) -> Result<Bytes, HashError> {
        let salt = self.dice.bytes();
        let hash = self.work(move || hashed(password.reveal().as_bytes(), &salt)).await?;
        Ok(Bytes::from(self.seal.seal(hash.as_bytes())?))
    }

    /// Whether a text is the password of a sealed hash. Without a hash it is not, in the same time.
    ///
    /// # Errors
    ///
    /// See [`HashError`].
    pub async fn fits(&self, text: &str, sealed: Option<&Bytes>) -> Result<bool, HashError> {
        let opened = sealed.map(|sealed| self.seal.open(sealed)).transpose()?;
        let known = opened.and_then(|plain| String::from_utf8(plain).ok());
        let is_known = known.is_some() && may_be_a_password(text);
        let hash = known.unwrap_or_else(|| self.decoy.to_string());
        let text = if may_be_a_password(text) { text.to_owned() } else { String::new() };
        let fits = self
            .work(move || Ok(Argon2::default().verify_password(text.as_bytes(), &*hash).is_ok()))
            .await?;
        Ok(fits && is_known)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let room = self.room.clone().acquire_owned().await.expect("the semaphore is never closed");
        let working = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also if whoever waits for it has gone.
            let _room = room;
            work()
        });
        working.await.map_err(|_| HashError::Failed)?
    }
}

/// A password's hash, as a PHC string.
fn hashed(password: &[u8], salt: &[u8; SALT_BYTES]) -> Result<String, HashError> {
    let hash = Argon2::default().hash_password_with_salt(password, salt);
    Ok(hash.map_err(|_| HashError::Failed)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_fits() {
        let directory = tempfile::tempdir().unwrap();
        let seal = Seal::open_or_create(&directory.path().join("key")).unwrap();
        let passwords = Passwords::new(seal.clone(), Arc::new(Dice::fresh())).unwrap();
        let password = Password::read("password", "correct horse", "ada").unwrap();
        let sealed = passwords.hash(password.clone()).await.unwrap();
        let phc = String::from_utf8(seal.open(&sealed).unwrap()).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_ne!(passwords.hash(password).await.unwrap(), sealed, "each has its own salt");
        let fits = async |text: &str| passwords.fits(text, Some(&sealed)).await.unwrap();
        assert!(fits("correct horse").await);
        for wrong in ["Correct horse", "correct horse ", "", &"x".repeat(10_000)] {
            assert!(!fits(wrong).await, "{wrong}");
        }
        assert!(!passwords.fits("correct horse", None).await.unwrap());
        assert!(passwords.fits("x", Some(&Bytes::from_static(b"x"))).await.is_err());
    }
}
