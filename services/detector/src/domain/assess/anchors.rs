//! The trust anchors: the certificates that a path may end in.

use std::{collections::BTreeMap, sync::Arc};

use certificate::{Certificate, error::CertificateError};
use rustls_pki_types::{CertificateDer, TrustAnchor};

/// A set of trust anchors, found by name.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    by_subject: BTreeMap<Box<[u8]>, Vec<Arc<Anchor>>>,
    fingerprints: BTreeMap<[u8; 32], Arc<Anchor>>,
}

/// One trust anchor.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// The certificate that is trusted.
    pub certificate: Arc<Certificate>,
    /// What path building needs of it; `None` if RFC 5280 does not let it issue anything. Then it
    /// vouches for itself alone.
    pub(super) issuer: Option<TrustAnchor<'static>>,
}

/// Why a certificate is no trust anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// It is no certificate.
    #[error(transparent)]
    Malformed(#[from] CertificateError),
}

impl Anchors {
    /// The anchors among `ders`, and those refused, by their place in the list.
    pub fn new<C: AsRef<[u8]>>(
        ders: impl IntoIterator<Item = C>,
    ) -> (Self, Vec<(usize, AnchorError)>) {
        let mut anchors = Self::default();
        let mut refused = Vec::new();
        for (place, der) in ders.into_iter().enumerate() {
            match Certificate::parse(der.as_ref()) {
                Ok(certificate) => anchors.insert(certificate),
                Err(error) => refused.push((place, error.into())),
            }
        }
        (anchors, refused)
    }

    /// Trusts one more certificate. Trusting it twice changes nothing.
    pub fn insert(&mut self, certificate: Certificate) {
        let fingerprint = certificate.fingerprint();
        if self.fingerprints.contains_key(&fingerprint) {
            return;
        }
        let issuer = issuer(&certificate);
        let anchor = Arc::new(Anchor { certificate: Arc::new(certificate), issuer });
        let subject = anchor.certificate.subject_der().into();
        self.by_subject.entry(subject).or_default().push(Arc::clone(&anchor));
        self.fingerprints.insert(fingerprint, anchor);
    }

    /// Their fingerprints, in order: what tells one set from another.
    pub fn fingerprints(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.fingerprints.keys()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Whether nothing is trusted at all.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    /// Whether this very certificate is one of them.
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.fingerprints.contains_key(&certificate.fingerprint())
    }

    /// Those of this name.
    pub(super) fn named(&self, subject: &[u8]) -> &[Arc<Anchor>] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }
}

/// The anchor as path building sees it, if it may issue. A trust anchor is free of most rules of
/// RFC 5280, and webpki asks it for none; a certificate that says it is no authority, or demands
/// what nobody understands, is still refused by the clients that people use.
fn issuer(certificate: &Certificate) -> Option<TrustAnchor<'static>> {
    if !certificate.may_issue() || certificate.has_unknown_critical_extension() {
        return None;
    }
    let der = CertificateDer::from(certificate.der());
    let anchor = webpki::anchor_from_trusted_cert(&der).ok()?;
    Some(anchor.to_owned())
}
