//! What a server presents: a chain and the key of its first certificate.

use pem::{EncodeConfig, LineEnding, Pem};
use rcgen::KeyPair;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A chain, leaf first unless disarranged on purpose, and the private key of the leaf.
#[derive(Debug)]
pub struct Identity {
    /// What is presented, in this order.
    pub chain: Vec<CertificateDer<'static>>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Identity {
    pub(crate) fn new(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Self {
        Self { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()) }
    }

    /// The same key behind another chain: shorter, longer or out of order.
    #[must_use]
    pub fn presenting(&self, chain: Vec<CertificateDer<'static>>) -> Self {
        Self { chain, key: self.key.clone_key() }
    }

    /// The leaf alone, as servers with a forgotten intermediate present it.
    #[must_use]
    pub fn leaf_only(&self) -> Self {
        self.presenting(self.chain.iter().take(1).cloned().collect())
    }

    /// The private key, PKCS #8.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone_key())
    }

    /// The chain as PEM, as web servers read it.
    pub fn chain_pem(&self) -> String {
        pem_chain(&self.chain)
    }

    /// The key as PEM.
    pub fn key_pem(&self) -> String {
        encode("PRIVATE KEY", self.key.secret_pkcs8_der())
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        self.presenting(self.chain.clone())
    }
}

/// Certificates as PEM, one after the other.
pub fn pem_chain(chain: &[CertificateDer<'_>]) -> String {
    chain.iter().map(|certificate| encode("CERTIFICATE", certificate)).collect()
}

fn encode(label: &str, der: &[u8]) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(label, der), config)
}
