//! Loads the trust anchors: the system's store, or a file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use certificate::pem::{self, PemError};
use tracing::warn;

use crate::domain::assess::anchors::Anchors;

/// Bytes of a bundle that is read. The system's store has a quarter of a megabyte.
const BUNDLE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Where trust anchors come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnchorSource {
    /// The store of the operating system.
    System,
    /// A bundle of PEM certificates, instead of the store.
    Bundle(PathBuf),
}

/// Why there are no trust anchors. Without any, every chain would be untrusted.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the trust anchors of {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is too long.
    #[error("{} has {length} bytes, more than the {max} that are read", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        length: u64,
        /// Bytes allowed.
        max: u64,
    },
    /// The file is no bundle of certificates.
    #[error("{} is no bundle of certificates", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: PemError,
    },
    /// The system has no store, or an empty one.
    #[error(
        "the system has no trust anchors ({detail}): install `ca-certificates`, or name a bundle"
    )]
    Empty {
        /// What its reader said.
        detail: String,
    },
}

/// Loads the anchors of a source.
///
/// # Errors
///
/// [`LoadError`] when there is none, or when a named file is not wholly a bundle. A certificate of
/// the system's store that cannot be read is passed over with a warning: it is not ours to mend.
pub fn load(source: &AnchorSource) -> Result<Anchors, LoadError> {
    match source {
        AnchorSource::System => system(),
        AnchorSource::Bundle(path) => bundle(path),
    }
}

fn system() -> Result<Anchors, LoadError> {
    let found = rustls_native_certs::load_native_certs();
    let (anchors, refused) = Anchors::new(&found.certs);
    for (place, error) in refused {
        warn!(place, %error, "A trust anchor of the system cannot be read.");
    }
    if anchors.is_empty() {
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        let detail = if errors.is_empty() { "none found".to_owned() } else { errors.join("; ") };
        return Err(LoadError::Empty { detail });
    }
    for error in found.errors {
        warn!(%error, "A part of the system's trust anchors cannot be read.");
    }
    Ok(anchors)
}

fn bundle(path: &Path) -> Result<Anchors, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > BUNDLE_BYTES_MAX {
        return Err(LoadError::TooLong { path: path.to_owned(), length, max: BUNDLE_BYTES_MAX });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let certificates = pem::certificates(&text)
        .map_err(|source| LoadError::Malformed { path: path.to_owned(), source })?;
    let mut anchors = Anchors::default();
    for certificate in certificates {
        anchors.insert(certificate);
    }
    Ok(anchors)
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, io::Write as _};

    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn loaded(path: &Path) -> Result<Anchors, LoadError> {
        load(&AnchorSource::Bundle(path.to_owned()))
    }

    #[test]
    fn a_bundle_is_read_whole() {
        let pem = || {
            let params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
        };
        let file = file(&format!("# ours\n{}\n{}", pem(), pem()));
        assert_eq!(loaded(file.path()).unwrap().len(), 2);
    }

    #[test]
    fn a_bundle_that_is_none_is_refused_with_the_place() {
        let file = file("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        let error = loaded(file.path()).unwrap_err();
        assert!(error.to_string().ends_with("is no bundle of certificates"));
        assert!(error.source().unwrap().to_string().starts_with("line 1: "));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = loaded(Path::new("/nowhere/ca.pem")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read the trust anchors of /nowhere/ca.pem");
    }
}
