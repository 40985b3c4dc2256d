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
