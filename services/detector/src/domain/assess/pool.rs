//! Intermediates that are known beside the presented ones. They prove a chain incomplete.

use std::{collections::BTreeMap, fmt, sync::Arc};

use certificate::Certificate;

/// Intermediates that are kept. All public authorities together have some thousands; at 2 KiB each
/// this is 40 MiB at most.
pub const POOL_MAX: usize = 20_000;

/// Intermediates of one name that are kept: authorities renew them, but not without end.
const NAMESAKES_MAX: usize = 32;

/// Known intermediates, found by name.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    by_subject: BTreeMap<Box<[u8]>, Vec<Known>>,
    len: usize,
    generation: u64,
}

/// An intermediate and where it is known from.
#[derive(Debug, Clone)]
pub struct Known {
    /// The intermediate.
    pub certificate: Arc<Certificate>,
    /// Where it is known from.
    pub source: Source,
}

/// Where an intermediate is known from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Some server presented it, and it led to a trust anchor.
    Seen,
    /// The operator gave it.
    Configured,
    /// It was fetched from this address, which a certificate names.
    Url(Arc<str>),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seen => f.write_str("seen"),
            Self::Configured => f.write_str("configured"),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl From<&str> for Source {
    /// Reads what `Display` wrote.
    fn from(text: &str) -> Self {
        match text {
            "seen" => Self::Seen,
            "configured" => Self::Configured,
            url => Self::Url(url.into()),
        }
    }
}

impl Pool {
    /// Adds an intermediate; says whether that changed anything. What may not issue, is known
    /// already or no longer fits is left out.
    pub fn insert(&mut self, certificate: Arc<Certificate>, source: Source) -> bool {
        if self.len >= POOL_MAX || !certificate.may_issue() {
            return false;
        }
        let namesakes = self.by_subject.entry(certificate.subject_der().into()).or_default();
        let is_known = namesakes.iter().any(|known| known.certificate.der() == certificate.der());
        if is_known || namesakes.len() >= NAMESAKES_MAX {
            return false;
        }
        namesakes.push(Known { certificate, source });
        self.len += 1;
        self.generation += 1;
        true
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A number that changes with every change: what was judged under another may be judged
    /// differently now.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Those of this name.
    pub(super) fn named(&self, subject: &[u8]) -> &[Known] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    use super::*;

    fn certificate(is_ca: IsCa) -> Arc<Certificate> {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.is_ca = is_ca;
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Arc::new(Certificate::parse(der.der()).unwrap())
    }

    #[test]
    fn what_is_known_is_known_once_and_by_name() {
        let mut pool = Pool::default();
        let known = certificate(IsCa::Ca(BasicConstraints::Unconstrained));
        assert!(pool.insert(Arc::clone(&known), Source::Seen));
        assert!(!pool.insert(Arc::clone(&known), Source::Configured), "the first source counts");
        assert_eq!((pool.len(), pool.generation()), (1, 1));
        assert_eq!(pool.named(known.subject_der())[0].source, Source::Seen);
        assert!(pool.named(b"other").is_empty());
    }

    #[test]
    fn a_certificate_that_may_not_issue_is_no_intermediate() {
        let mut pool = Pool::default();
        assert!(!pool.insert(certificate(IsCa::ExplicitNoCa), Source::Seen));
        assert!(pool.is_empty());
    }

    #[test]
    fn namesakes_are_bounded() {
        let mut pool = Pool::default();
        let insert = |pool: &mut Pool| {
            pool.insert(certificate(IsCa::Ca(BasicConstraints::Unconstrained)), Source::Seen)
        };
        assert!((0..NAMESAKES_MAX).all(|_| insert(&mut pool)));
        assert!(!insert(&mut pool));
        assert_eq!(pool.len(), NAMESAKES_MAX);
    }

    #[test]
    fn a_source_reads_as_it_is_written() {
        for source in [Source::Seen, Source::Configured, Source::Url("http://a.example/".into())] {
            assert_eq!(Source::from(source.to_string().as_str()), source);
        }
    }
}
