//! Reads what a caIssuers URL answers: a certificate as DER or PEM, or a PKCS #7 bundle of them
//! (RFC 5280, section 4.2.2.1, and what is found in the wild).

use bytes::Bytes;
use certificate::{Certificate, pem};

use crate::domain::der;

/// Certificates taken from one bundle. Those of real authorities hold up to a dozen.
const BUNDLE_MAX: usize = 32;

/// The certificates in a body, DER; none if it is something else.
pub fn certificates(body: &[u8]) -> Vec<Bytes> {
    let mut found = from_der(body);
    if found.is_empty() {
        let text = std::str::from_utf8(body).unwrap_or_default();
        let blocks = pem::blocks(text).unwrap_or_default();
        found = blocks.iter().flat_map(|block| from_der(&block.der)).collect();
    }
    found.truncate(BUNDLE_MAX);
    found
}

fn from_der(bytes: &[u8]) -> Vec<Bytes> {
    if Certificate::parse(bytes).is_ok() {
        return vec![Bytes::copy_from_slice(bytes)];
    }
    bundled(bytes).unwrap_or_default()
}

/// The certificates of a `SignedData` that signs nothing (RFC 2315, sections 7 and 9.1).
fn bundled(bytes: &[u8]) -> Option<Vec<Bytes>> {
    const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    let (content_info, _) = der::expect(bytes, der::SEQUENCE)?;
    let (content_type, content) = der::expect(content_info, der::OBJECT_IDENTIFIER)?;
    if content_type != SIGNED_DATA {
        return None;
    }
    let (explicit, _) = der::expect(content, der::CONTEXT_0)?;
    let (mut fields, _) = der::expect(explicit, der::SEQUENCE)?;
    // Version, digest algorithms and the empty content come first.
    let mut certificates = loop {
        let (field, rest) = der::split(fields)?;
        if field.tag == der::CONTEXT_0 {
            break field.content;
        }
        fields = rest;
    };
    let mut found = Vec::new();
    while let Some((element, rest)) = der::split(certificates).filter(|_| found.len() < BUNDLE_MAX)
    {
        if Certificate::parse(element.whole).is_ok() {
            found.push(Bytes::copy_from_slice(element.whole));
        }
        certificates = rest;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn certificate() -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["a.example".to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], &length[..], content].concat()
    }

    fn bundle(certificates: &[Vec<u8>]) -> Vec<u8> {
        let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
        let version_algorithms_content = [2, 1, 1, 0x31, 0, 0x30, 0];
        let held = wrap(der::CONTEXT_0, &certificates.concat());
        let signed = wrap(der::SEQUENCE, &[&version_algorithms_content[..], &held].concat());
        wrap(der::SEQUENCE, &[&oid[..], &wrap(der::CONTEXT_0, &signed)].concat())
    }

    #[test]
    fn every_form_is_read() {
        let (one, other) = (certificate(), certificate());
        assert_eq!(certificates(&one), std::slice::from_ref(&one));
        let text = [pem::encode(&one), pem::encode(&other)].concat();
        assert_eq!(certificates(text.as_bytes()), [one.clone(), other.clone()]);
        let with_garbage = bundle(&[one.clone(), vec![4, 1, 0], other.clone()]);
        assert_eq!(certificates(&with_garbage), [one, other]);
    }

    #[test]
    fn a_bundle_is_cut_and_what_is_none_is_empty() {
        assert_eq!(certificates(&bundle(&vec![certificate(); 40])).len(), BUNDLE_MAX);
        for body in [&b""[..], b"<html>", b"-----BEGIN CERTIFICATE-----\nAA==\n", &[0x30, 0]] {
            assert!(certificates(body).is_empty(), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn no_change_of_a_bundle_makes_it_panic(at in 0_usize..600, byte: u8, cut in 0_usize..600) {
            let mut bytes = bundle(&[certificate()]);
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len().saturating_sub(cut % 7));
            prop_assert!(certificates(&bytes).len() <= 1);
        }
    }
}
