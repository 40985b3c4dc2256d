//! TLS from files, read again when they change: whoever renews the console's own certificate need
//! not restart it.

use std::{convert::Infallible, io, path::PathBuf, sync::Arc, time::Duration};

use chassis::{context::Context, error::Chain};
use parking_lot::RwLock;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::{default_provider, sign::any_supported_type},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::config::access::TlsFiles;

/// How often the files are looked at: a renewal is not urgent by the minute.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} holds no {want}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        want: &'static str,
    },
    /// The key does not fit, or is of a kind that is not known.
    #[error("the certificate in {} and the key in {} are no pair", files.cert.display(), files.key.display())]
    Pair {
        /// The files.
        files: TlsFiles,
        /// The cause.
        source: rustls::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Setup(#[from] rustls::Error),
}

/// What is presented now.
#[derive(Debug)]
struct Presented(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().clone())
    }
}

/// Accepts with what is in the files, and looks at them from now on.
///
/// # Errors
///
/// When they cannot be used.
pub fn begin(files: TlsFiles, context: &Context) -> Result<TlsAcceptor, TlsError> {
    let (key, seen) = read(&files)?;
    let presented = Arc::new(Presented(RwLock::new(Arc::new(key))));
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(presented.clone());
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let (stopping, clock) = (context.tasks.stopping(), context.clock.clone());
    context.tasks.spawn("console certificate", async move {
        let following = follow(files, &presented, seen, || clock.sleep(LOOK_EVERY));
        stopping.run_until_cancelled(following).await;
        Ok::<_, Infallible>(())
    });
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Presents what is in the files whenever they have changed. Half of a renewal is no pair: the old
/// one is presented until the other half is there.
async fn follow<W: Future<Output = ()>>(
    files: TlsFiles,
    presented: &Presented,
    mut seen: Hash,
    wait: impl Fn() -> W,
) {
    let mut refused = seen;
    loop {
        wait().await;
        match read(&files) {
            Ok((_, hash)) if hash == seen => {}
            Ok((key, hash)) => {
                *presented.0.write() = Arc::new(key);
                seen = hash;
                info!("The console presents a new certificate.");
            }
            Err(error) => {
                let hash = Sha256::digest(Chain(&error).to_string()).into();
                if hash != refused {
                    warn!(error = %Chain(&error), "The console goes on with its old certificate.");
                }
                refused = hash;
            }
        }
    }
}

type Hash = [u8; 32];

/// The pair in the files, and a hash of it. Blocks for a moment.
fn read(files: &TlsFiles) -> Result<(CertifiedKey, Hash), TlsError> {
    let bytes = |path: &PathBuf| {
        std::fs::read(path).map_err(|source| TlsError::Read { path: path.clone(), source })
    };
    let (cert, key) = (bytes(&files.cert)?, bytes(&files.key)?);
    let hash = Sha256::new().chain_update(&cert).chain_update(&key).finalize().into();
    let malformed = |path: &PathBuf, want| TlsError::Malformed { path: path.clone(), want };
    let no_chain = || malformed(&files.cert, "certificate in PEM");
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&cert).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(no_chain)?;
    let key = PrivateKeyDer::from_pem_slice(&key);
    let key = key.map_err(|_| malformed(&files.key, "private key in PEM"))?;
    let pair = |source| TlsError::Pair { files: files.clone(), source };
    let certified = CertifiedKey::new(chain, any_supported_type(&key).map_err(pair)?);
    certified.keys_match().map_err(pair)?;
    Ok((certified, hash))
}
