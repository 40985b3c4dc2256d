//! Whether a server proved that it holds the key of its certificate.
//!
//! The TLS library calls a signature bad also when it will not check keys of that kind at all, so a
//! failure is looked at once more: only a key that can be checked can disprove.

use proto::v1::handshake::Proof;
use rustls::{CertificateError, Error, server::ParsedCertificate};
use rustls_pki_types::CertificateDer;

use super::der;

/// RSA keys whose signatures the TLS library checks; it calls those of all others bad.
const RSA_BITS_CHECKED: std::ops::RangeInclusive<usize> = 2048..=8192;

/// What the verdict on the handshake's signature says about the key of the leaf.
pub fn of(verdict: Result<(), &Error>, leaf: &CertificateDer<'_>) -> Proof {
    match verdict {
        Ok(()) => Proof::Proved,
        Err(Error::InvalidCertificate(CertificateError::BadSignature)) if is_checkable(leaf) => {
            Proof::Disproved
        }
        Err(_) => Proof::Unknown,
    }
}

fn is_checkable(leaf: &CertificateDer<'_>) -> bool {
    let Ok(parsed) = ParsedCertificate::try_from(leaf) else { return false };
    match rsa_bits(parsed.subject_public_key_info().as_ref()) {
        Some(bits) => RSA_BITS_CHECKED.contains(&bits),
        // Keys of elliptic curves have no such limits.
        None => true,
    }
}

/// Bits of the modulus in a `SubjectPublicKeyInfo` (RFC 8017, appendix A.1.1), `None` if it is no
/// RSA key.
fn rsa_bits(spki: &[u8]) -> Option<usize> {
    const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let (fields, _) = der::expect(spki, der::SEQUENCE)?;
    let (algorithm, rest) = der::expect(fields, der::SEQUENCE)?;
    let (oid, _) = der::expect(algorithm, der::OBJECT_IDENTIFIER)?;
    if oid != RSA_ENCRYPTION {
        return None;
    }
    let (bits, _) = der::expect(rest, der::BIT_STRING)?;
    let (_unused_bits, key) = bits.split_first()?;
    let (numbers, _) = der::expect(key, der::SEQUENCE)?;
    let (modulus, _) = der::expect(numbers, der::INTEGER)?;
    let leading = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(leading)?;
    Some((modulus.len() - leading) * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spki(modulus: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..], content].concat()
        };
        let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 5, 0];
        let key = wrap(der::SEQUENCE, &[wrap(der::INTEGER, modulus), vec![2, 1, 3]].concat());
        let bits = wrap(der::BIT_STRING, &[vec![0], key].concat());
        wrap(der::SEQUENCE, &[wrap(der::SEQUENCE, &oid), bits].concat())
    }

    #[test]
    fn the_modulus_is_measured_in_bits() {
        let modulus = |bytes: usize, first: u8| {
            let mut modulus = vec![0xff; bytes + 1];
            (modulus[0], modulus[1]) = (0, first);
            modulus
        };
        assert_eq!(rsa_bits(&spki(&modulus(128, 0x80))), Some(1024));
        assert_eq!(rsa_bits(&spki(&modulus(256, 0xff))), Some(2048));
        assert_eq!(rsa_bits(&spki(&modulus(256, 0x01))), Some(2041));
        assert_eq!(rsa_bits(&spki(&[0])), None, "a zero has no bits");
        assert_eq!(rsa_bits(&[0x30, 3, 1]), None);
    }

    #[test]
    fn only_a_bad_signature_can_disprove() {
        let leaf = CertificateDer::from(b"no certificate".to_vec());
        let bad = Error::InvalidCertificate(CertificateError::BadSignature);
        assert_eq!(of(Ok(()), &leaf), Proof::Proved);
        assert_eq!(
            of(Err(&bad), &leaf),
            Proof::Unknown,
            "a leaf that cannot be read proves nothing"
        );
        let encoding = Error::InvalidCertificate(CertificateError::BadEncoding);
        assert_eq!(of(Err(&encoding), &leaf), Proof::Unknown);
    }
}
