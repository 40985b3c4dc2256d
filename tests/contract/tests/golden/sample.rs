//! Values that forms are made of. They stand in golden files: they are never changed.

use bytes::Bytes;
use prost_types::{Duration, Timestamp};
use proto::v1::{CertificateSummary, Chain, FetchedCertificate};

pub(crate) const DOMAIN: &str = "00112233445566778899aabbccddeeff";
pub(crate) const CONTACT: &str = "ffeeddccbbaa99887766554433221100";

/// An instant of 2026, so many seconds after 1 November.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds: 1_793_491_200 + seconds, nanos: 123_456_000 }
}

pub(crate) fn seconds(seconds: i64) -> Duration {
    Duration { seconds, nanos: 5_000_000 }
}

/// 32 bytes.
pub(crate) fn hash(byte: u8) -> Bytes {
    Bytes::from(vec![byte; 32])
}

/// Stands for the DER of a certificate.
pub(crate) fn der(byte: u8) -> Bytes {
    Bytes::from(vec![0x30, 0x03, 0x02, 0x01, byte])
}

pub(crate) fn chain() -> Chain {
    Chain { fingerprint: hash(1), certificates: vec![der(1), der(2)] }
}

pub(crate) fn fetched() -> FetchedCertificate {
    FetchedCertificate { url: "http://ca.example/intermediate.cer".to_owned(), certificate: der(3) }
}

pub(crate) fn certificate(byte: u8) -> CertificateSummary {
    CertificateSummary {
        sha256: hash(byte),
        subject: "CN=shop.example.com".to_owned(),
        issuer: "CN=Example CA R3,O=Example,C=DE".to_owned(),
        serial: "0a1b2c".to_owned(),
        not_before: Some(at(-86_400 * 60)),
        not_after: Some(at(86_400 * 30)),
        names: vec!["shop.example.com".to_owned(), "xn--bcher-kva.example".to_owned()],
        names_total: 102,
    }
}
