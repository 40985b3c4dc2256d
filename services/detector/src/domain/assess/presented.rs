//! The list that a server presents, as a set with a leaf.

use std::sync::Arc;

use certificate::{Certificate, error::CertificateError};

/// Certificates of one list that are read. Real chains have two to four; lists of a hundred have
/// been seen in tests of clients.
pub(super) const PRESENTED_MAX: usize = 128;

/// The certificates of a list, each once, and what is odd about the list.
#[derive(Debug)]
pub(super) struct Presented {
    /// The certificate that is judged, or why there is none.
    pub(super) leaf: Result<Arc<Certificate>, CertificateError>,
    /// All that could be read, each once, in their order; the leaf among them.
    pub(super) certificates: Vec<Arc<Certificate>>,
    /// How many stood there again.
    pub(super) repeated: usize,
    /// Places of those that cannot be read, counted from 1, and why.
    pub(super) unreadable: Vec<(usize, CertificateError)>,
    /// How many were beyond the limit.
    pub(super) ignored: usize,
}

impl Presented {
    pub(super) fn read<C: AsRef<[u8]>>(list: &[C]) -> Self {
        let mut certificates: Vec<Arc<Certificate>> = Vec::new();
        let mut unreadable = Vec::new();
        let mut repeated = 0;
        for (place, der) in list.iter().take(PRESENTED_MAX).enumerate() {
            let der = der.as_ref();
            if certificates.iter().any(|known| known.der() == der) {
                repeated += 1;
                continue;
            }
            match Certificate::parse(der) {
                Ok(certificate) => certificates.push(Arc::new(certificate)),
                Err(error) => unreadable.push((place + 1, error)),
            }
        }
        Self {
            leaf: leaf(&certificates, &unreadable),
            certificates,
            repeated,
            unreadable,
            ignored: list.len().saturating_sub(PRESENTED_MAX),
        }
    }
}

/// The first certificate, since TLS makes the first the server's own. A list that begins with an
/// authority and holds a certificate issued below it is misordered, and that one is meant.
fn leaf(
    certificates: &[Arc<Certificate>],
    unreadable: &[(usize, CertificateError)],
) -> Result<Arc<Certificate>, CertificateError> {
    if let Some((1, error)) = unreadable.first() {
        return Err(*error);
    }
    let first = certificates.first().ok_or(CertificateError::Empty)?;
    if first.is_ca()
        && let Some(other) = certificates.iter().find(|other| !other.is_ca())
        && (!first.is_self_issued() || is_below(other, first, certificates))
    {
        return Ok(Arc::clone(other));
    }
    Ok(Arc::clone(first))
}

/// Whether the names lead from `lower` to `upper` within the list.
fn is_below(lower: &Certificate, upper: &Certificate, list: &[Arc<Certificate>]) -> bool {
    let mut reached = vec![lower.issuer_der()];
    let mut next = 0;
    while let Some(name) = reached.get(next).copied() {
        if name == upper.subject_der() {
            return true;
        }
        for step in list.iter().filter(|step| step.subject_der() == name) {
            if !reached.contains(&step.issuer_der()) {
                reached.push(step.issuer_der());
            }
        }
        next += 1;
    }
    false
}
