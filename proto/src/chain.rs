//! The fingerprint by which a presented chain is known.

use sha2::{Digest, Sha256};

/// SHA-256 over each certificate's length (4 bytes, big endian) and DER, in the order presented.
///
/// The lengths keep two lists apart whose bytes are the same but divided elsewhere.
///
/// # Panics
///
/// When a certificate is longer than 4 GiB, which no reader of ours lets through.
pub fn fingerprint<C: AsRef<[u8]>>(certificates: &[C]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for certificate in certificates {
        let der = certificate.as_ref();
        let length = u32::try_from(der.len()).expect("a certificate is bounded far below 4 GiB");
        hash.update(length.to_be_bytes());
        hash.update(der);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_division_matter() {
        assert_eq!(fingerprint(&["ab", "c"]), fingerprint(&["ab", "c"]));
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["c", "ab"]));
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_ne!(fingerprint::<&str>(&[]), fingerprint(&[""]));
    }
}
