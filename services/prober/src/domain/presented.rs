//! What a server presented, within bounds.

use bytes::Bytes;
use proto::v1::{self, handshake::Proof};

use super::miss;

/// Certificates kept of one chain. Real chains have two to four; misconfigured servers were seen to
/// send their whole trust store of a hundred and more.
const CERTIFICATES_MAX: usize = 160;
/// Bytes kept of one chain, the leaf aside: more than the largest seen in public tests (211 KiB),
/// and little enough that a fact stays below the broker's limit of 1 MiB.
const CHAIN_BYTES_MAX: usize = 320 * 1024;
/// Bytes kept of a stapled OCSP response. Usual ones have 500 to 2,000.
const OCSP_BYTES_MAX: usize = 16 * 1024;

/// Certificates in the order presented, DER.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Never without the leaf, if there was one.
    pub certificates: Vec<Bytes>,
    /// How many more were presented.
    pub dropped: usize,
}

/// What one handshake brought, whether or not it came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// Version of TLS as on the wire, 0 if the server broke off before it was known.
    pub version: u16,
    /// Cipher suite as on the wire.
    pub cipher_suite: u16,
    /// Key exchange group as on the wire, 0 if none or unknown.
    pub group: u16,
    /// Stapled OCSP response, DER. Empty: none.
    pub ocsp: Bytes,
    /// At least the leaf.
    pub chain: Chain,
    /// Whether the server proved that it holds the leaf's key.
    pub proof: Proof,
    /// Whether it asked for a client certificate.
    pub client_certificate_requested: bool,
    /// Whether the reader for old TLS brought it.
    pub legacy: bool,
    /// What failed after the chain had come, for people. Empty: nothing.
    pub remark: String,
}

impl Presented {
    /// As it travels, under the fingerprint of its chain.
    pub fn into_wire(self, fingerprint: Bytes) -> v1::Handshake {
        let remark = match (self.chain.dropped, self.remark.as_str()) {
            (0, remark) => miss::detail(remark),
            (dropped, remark) => miss::detail(&format!(
                "{} certificates were read, {dropped} more were presented. {remark}",
                self.chain.certificates.len()
            )),
        };
        v1::Handshake {
            version: self.version.into(),
            cipher_suite: self.cipher_suite.into(),
            group: self.group.into(),
            alpn: String::new(),
            ocsp: self.ocsp,
            chain: fingerprint,
            proof: self.proof.into(),
            client_certificate_requested: self.client_certificate_requested,
            legacy: self.legacy,
            remark,
        }
    }
}

/// Copies a chain as far as it is within bounds. The leaf is, always.
pub fn bounded<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> Chain {
    let mut chain = Chain::default();
    let mut bytes = 0;
    for (index, certificate) in certificates.enumerate() {
        bytes += certificate.len();
        let fits = index < CERTIFICATES_MAX && bytes <= CHAIN_BYTES_MAX;
        if index == 0 || (fits && chain.dropped == 0) {
            chain.certificates.push(Bytes::copy_from_slice(certificate));
        } else {
            chain.dropped += 1;
        }
    }
    chain
}

/// A stapled OCSP response, or nothing if it is longer than one has reason to be.
pub fn bounded_ocsp(response: &[u8]) -> Bytes {
    if response.len() > OCSP_BYTES_MAX { Bytes::new() } else { Bytes::copy_from_slice(response) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_chain_is_kept_whole() {
        let chain = bounded([&b"leaf"[..], b"intermediate", b"root"].into_iter());
        assert_eq!(chain.certificates, ["leaf", "intermediate", "root"]);
        assert_eq!(chain.dropped, 0);
        assert_eq!(bounded(std::iter::empty()), Chain::default());
    }

    #[test]
    fn the_leaf_is_never_lost() {
        let huge = vec![7; CHAIN_BYTES_MAX + 1];
        let chain = bounded([&huge[..], b"a", b"b"].into_iter());
        assert_eq!((chain.certificates.len(), chain.dropped), (1, 2));
        assert_eq!(chain.certificates[0].len(), huge.len());
    }

    #[test]
    fn what_is_kept_is_a_beginning() {
        let half = vec![7; CHAIN_BYTES_MAX / 2];
        let chain = bounded([&half[..], &half[..], b"third", b"fourth"].into_iter());
        assert_eq!((chain.certificates.len(), chain.dropped), (2, 2));
        let many = std::iter::repeat_n(&b"x"[..], CERTIFICATES_MAX + 5);
        assert_eq!(bounded(many).dropped, 5);
    }

    #[test]
    fn an_oversized_staple_is_dropped() {
        assert_eq!(bounded_ocsp(b"staple"), "staple");
        assert!(bounded_ocsp(&vec![0; OCSP_BYTES_MAX + 1]).is_empty());
    }
}
