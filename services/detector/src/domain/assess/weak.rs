//! What is too weak: keys, signatures, and how a server speaks TLS.

use certificate::{
    Certificate,
    algorithm::{Key, KeyKind},
};
use proto::v1::{Handshake, handshake::Proof};

/// Bits below which an RSA or DSA key is short (CA/Browser Forum, section 6.1.5).
const RSA_BITS_MIN: u32 = 2_048;

/// Bits below which an elliptic curve is short (NIST SP 800-57, as strong as RSA of 2,048 bits).
const EC_BITS_MIN: u32 = 224;

/// TLS 1.2 on the wire; everything below is deprecated (RFC 8996).
const TLS_1_2: u16 = 0x0303;

/// What is known of the connection on which a chain was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Version of TLS as on the wire.
    pub version: u16,
    /// Cipher suite as on the wire.
    pub cipher_suite: u16,
    /// Whether the server proved that it holds the leaf's key.
    pub proof: Proof,
    /// Whether it asked for a client certificate.
    pub client_certificate_requested: bool,
}

impl From<&Handshake> for Connection {
    fn from(handshake: &Handshake) -> Self {
        Self {
            version: u16::try_from(handshake.version).unwrap_or(0),
            cipher_suite: u16::try_from(handshake.cipher_suite).unwrap_or(0),
            proof: handshake.proof(),
            client_certificate_requested: handshake.client_certificate_requested,
        }
    }
}

impl Connection {
    /// What is weak about it, each by the name it has in every language.
    pub(super) fn weaknesses(&self) -> Vec<String> {
        let mut weaknesses = Vec::new();
        if (1..TLS_1_2).contains(&self.version) {
            weaknesses.push(version_name(self.version));
        }
        if is_static_rsa(self.cipher_suite) {
            weaknesses.push("static RSA".to_owned());
        }
        weaknesses
    }
}

fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301 => "TLS 1.0".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        other => format!("TLS version {other:#06x}"),
    }
}

/// Whether a cipher suite sends the secret under the server's RSA key (IANA's `TLS_RSA_WITH_…` and
/// `TLS_RSA_EXPORT…`).
fn is_static_rsa(suite: u16) -> bool {
    matches!(suite,
        0x0001..=0x000a | 0x002f | 0x0035 | 0x003b..=0x003d | 0x0041 | 0x0060..=0x0062 | 0x0064
        | 0x0084 | 0x0096 | 0x009c | 0x009d | 0x00ba | 0x00c0
        | 0xc03c | 0xc03d | 0xc050 | 0xc051 | 0xc060 | 0xc061 | 0xc07a | 0xc07b
        | 0xc09c | 0xc09d | 0xc0a0 | 0xc0a1)
}

/// Whether a key is shorter than is sound. A key of unknown length is not known to be.
pub(super) fn is_short(key: &Key) -> bool {
    let min = match key.kind {
        KeyKind::Rsa | KeyKind::RsaPss => RSA_BITS_MIN,
        KeyKind::Ec => EC_BITS_MIN,
        // No length makes it sound: no client of today takes it.
        KeyKind::Dsa => return true,
        KeyKind::Ed25519 | KeyKind::Ed448 | KeyKind::MlDsa | KeyKind::Other(_) => return false,
    };
    (1..min).contains(&key.bits)
}

fn name(key: &Key) -> String {
    let kind = match key.kind {
        KeyKind::Rsa => "RSA",
        KeyKind::RsaPss => "RSA-PSS",
        KeyKind::Ec => "EC",
        KeyKind::Dsa => "DSA",
        KeyKind::Ed25519 | KeyKind::Ed448 | KeyKind::MlDsa | KeyKind::Other(_) => {
            return key.to_string();
        }
    };
    format!("{kind}-{}", key.bits)
}

/// What is weak about a leaf and the certificates above it, the last of which is trusted as it
/// stands or signed by itself: its own signature proves nothing and is not looked at.
pub(super) fn weaknesses(leaf: &Certificate, above: &[&Certificate]) -> Vec<String> {
    let mut weaknesses = Vec::new();
    let mut add = |weakness: String| {
        if !weaknesses.contains(&weakness) {
            weaknesses.push(weakness);
        }
    };
    if is_short(leaf.key()) {
        add(name(leaf.key()));
    }
    for issuer in above.iter().filter(|issuer| is_short(issuer.key())) {
        add(format!("{} ({})", name(issuer.key()), issuer.subject()));
    }
    // One signature for each step of the path: the leaf's, and that of each issuer below the last.
    let signed = [leaf].into_iter().chain(above.iter().copied());
    for certificate in signed.take(above.len().max(1)) {
        let hash = certificate.signature_algorithm().hash.broken_name();
        if let Some(hash) = hash.filter(|_| !certificate.is_self_issued()) {
            add(hash.to_owned());
        }
    }
    weaknesses
}
