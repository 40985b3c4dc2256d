//! Reads certificates: DER to facts, never a panic.
//!
//! A [`Certificate`] says what stands in the DER, tolerantly: an extension that cannot be read is a
//! [`Defect`] beside the facts, and only what leaves no certificate to speak of is a
//! [`CertificateError`]. Nothing is judged here: no clock, no trust, no opinion on what is weak
//! beyond the names of the algorithms. [`Certificate::issued_by`] is the one question between two
//! certificates.

pub mod algorithm;
pub mod error;
pub mod name;
pub mod pem;
pub mod signature;
pub mod text;

mod issue;
mod read;

use std::{fmt, ops::Range, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    algorithm::{Key, SignatureAlgorithm},
    error::{CertificateError, Defect},
};

/// Bytes of a certificate that is worth reading. Certificates with ten thousand names have 200 KiB.
pub const DER_BYTES_MAX: usize = 1024 * 1024;

/// URLs of one purpose that are kept. Real certificates name one or two.
pub const URLS_MAX: usize = 8;

/// Bytes of a URL that is kept; what is longer is dropped.
pub const URL_BYTES_MAX: usize = 2 * 1024;

/// One certificate: its DER, and what the DER says. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Arc<[u8]>,
    fingerprint: [u8; 32],
    places: Places,
    validity: Validity,
    key: Key,
    signature_algorithm: SignatureAlgorithm,
    role: Role,
    version: u32,
    defects: Vec<Defect>,
}

/// Where the parts stand in the DER.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Places {
    signed: Range<usize>,
    serial: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    key: Range<usize>,
    names: Option<Range<usize>>,
    authority_information: Option<Range<usize>>,
    crl_points: Option<Range<usize>>,
    subject_key_id: Option<Range<usize>>,
    authority_key_id: Option<Range<usize>>,
}

/// What a certificate says of being an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Role {
    /// `cA` of the basic constraints; false without them.
    is_ca: bool,
    /// Whether the key usage allows signing certificates; `None` without key usage.
    may_sign: Option<bool>,
    /// Whether a critical extension is none that RFC 5280 knows.
    unknown_critical: bool,
}

/// The span in which a certificate is valid, both ends included (RFC 5280, section 4.1.2.5).
///
/// Ends beyond what a [`Timestamp`] holds are moved to its limits: 99991231235959Z, which stands
/// for "no end", becomes [`Timestamp::MAX`]. `not_after` may lie before `not_before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
}

impl Validity {
    /// How long the certificate is valid, its last second included; zero if it never is.
    pub fn lifetime(&self) -> SignedDuration {
        let seconds = self.not_after.as_second() - self.not_before.as_second() + 1;
        SignedDuration::from_secs(seconds.max(0))
    }
}

impl Certificate {
    /// Reads one certificate, which must fill `der` to the end.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] names the part that cannot be read.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        read::certificate(der)
    }

    /// The DER as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The DER, shared.
    pub fn shared_der(&self) -> Arc<[u8]> {
        Arc::clone(&self.der)
    }

    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// 1, 2 or 3; other numbers have been seen and mean nothing. A certificate of version 1 says
    /// nothing of names or of being an authority.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// RFC 4514 text of the subject, fit to be shown: see [`text`].
    pub fn subject(&self) -> String {
        text::distinguished_name(self.subject_der())
    }

    /// RFC 4514 text of the issuer, fit to be shown: see [`text`].
    pub fn issuer(&self) -> String {
        text::distinguished_name(self.issuer_der())
    }

    /// The subject as DER, tag and length included. Equal bytes are equal names.
    pub fn subject_der(&self) -> &[u8] {
        &self.der[self.places.subject.clone()]
    }

    /// The issuer as DER, tag and length included.
    pub fn issuer_der(&self) -> &[u8] {
        &self.der[self.places.issuer.clone()]
    }

    /// The serial number in lower-case hexadecimal, as encoded: a leading `00` keeps it positive.
    pub fn serial(&self) -> String {
        text::serial(&self.der[self.places.serial.clone()])
    }

    /// When the certificate is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The kind and size of the key that the certificate is for.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// How its issuer signed it.
    pub fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.signature_algorithm
    }

    /// Whether its basic constraints say that it is an authority.
    pub fn is_ca(&self) -> bool {
        self.role.is_ca
    }

    /// Whether RFC 5280 lets it sign certificates: as an authority whose key usage, if it states
    /// one, allows it. Version 1 could not say, and may: roots of that age are still trusted.
    pub fn may_issue(&self) -> bool {
        self.version < 3 || (self.role.is_ca && self.role.may_sign != Some(false))
    }

    /// Whether it demands an understanding that RFC 5280 does not give: whoever follows the
    /// standard must refuse it.
    pub fn has_unknown_critical_extension(&self) -> bool {
        self.role.unknown_critical
    }

    /// What in its extensions cannot be read.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// Identifier of the key that it is for.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.places.subject_key_id.clone().map(|place| &self.der[place])
    }

    /// Identifier of the key that signed it.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.places.authority_key_id.clone().map(|place| &self.der[place])
    }

    /// The certificate as one PEM block, newline at the end.
    pub fn to_pem(&self) -> String {
        pem::encode(&self.der)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject())
            .field("issuer", &self.issuer())
            .field("serial", &self.serial())
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}
