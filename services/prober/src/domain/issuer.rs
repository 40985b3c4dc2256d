//! Finds out which issuer a chain lacks, and where its certificate says that issuer can be fetched.
//!
//! A server that forgets an intermediate is proved to have forgotten it only by the intermediate
//! itself. So the walk from the leaf to the last certificate whose issuer is among those at hand is
//! made here, and the last one's caIssuers URLs (RFC 5280, section 4.2.2.1) are what to fetch next.

pub mod body;

use std::collections::BTreeSet;

use bytes::Bytes;
use certificate::Certificate;
use proto::v1::FetchedCertificate;

/// Steps from the leaf upwards. Public chains have two or three, and a fetched one adds one.
const STEPS_MAX: usize = 8;
/// Signatures checked in one search: what a chain of a hundred certificates with one name costs.
const CHECKS_MAX: usize = 64;
/// Certificates fetched for one chain: it may lack two intermediates, and an old root was
/// cross-signed.
const FETCHED_MAX: usize = 4;
/// URLs tried for one certificate. Real ones name one, rarely two.
const URLS_TRIED_MAX: usize = 2;

/// The search for the issuers that one chain lacks.
#[derive(Debug)]
pub struct Search {
    /// The presented ones; of those that were fetched, the ones that belong to the path.
    at_hand: Vec<Certificate>,
    last: Option<Certificate>,
    fetched: Vec<FetchedCertificate>,
    tried: BTreeSet<String>,
    checks_left: usize,
}

impl Search {
    /// Begins with what was presented. What cannot be read is passed over: judging it is not ours.
    pub fn begin(presented: &[Bytes]) -> Self {
        let at_hand = presented.iter().filter_map(|der| Certificate::parse(der).ok()).collect();
        let mut search = Self {
            at_hand,
            last: None,
            fetched: Vec::new(),
            tried: BTreeSet::new(),
            checks_left: CHECKS_MAX,
        };
        search.last = search.at_hand.first().cloned();
        search.climb();
        search
    }

    /// The next URL to fetch, each once; `None` when nothing is missing or nowhere to be had.
    pub fn wanted(&mut self) -> Option<String> {
        if self.fetched.len() >= FETCHED_MAX {
            return None;
        }
        let last = self.last.as_ref().filter(|last| !last.is_self_issued())?;
        let mut urls = last.ca_issuer_urls().into_iter().filter(|url| url.starts_with("http://"));
        let url = urls.by_ref().take(URLS_TRIED_MAX).find(|url| !self.tried.contains(url))?;
        self.tried.insert(url.clone());
        Some(url)
    }

    /// Takes what was fetched. Only a certificate that issued the one it was fetched for is kept.
    pub fn offer(&mut self, url: &str, candidates: &[Bytes]) {
        let Some(last) = self.last.clone() else { return };
        for der in candidates {
            let Ok(candidate) = Certificate::parse(der) else { continue };
            if self.may_check() && last.issued_by(&candidate) {
                let certificate = der.clone();
                self.fetched.push(FetchedCertificate { url: url.to_owned(), certificate });
                self.at_hand.push(candidate);
                self.climb();
                return;
            }
        }
    }

    /// What was fetched, in the order of the path.
    pub fn fetched(self) -> Vec<FetchedCertificate> {
        self.fetched
    }

    /// Goes on from the last certificate to its issuer, as long as that is at hand.
    fn climb(&mut self) {
        for _ in 0..STEPS_MAX {
            let Some(last) = self.last.as_ref().filter(|last| !last.is_self_issued()).cloned()
            else {
                return;
            };
            let by_name = |held: &&Certificate| held.subject_der() == last.issuer_der();
            let candidates: Vec<_> = self.at_hand.iter().filter(by_name).cloned().collect();
            let mut issuers = candidates.into_iter();
            match issuers.find(|candidate| self.may_check() && last.issued_by(candidate)) {
                Some(issuer) => self.last = Some(issuer),
                None => return,
            }
        }
    }

    fn may_check(&mut self) -> bool {
        self.checks_left = self.checks_left.saturating_sub(1);
        self.checks_left > 0
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(["a.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn root() -> (Bytes, Issuer<'static, KeyPair>) {
        let key = KeyPair::generate().unwrap();
        let certificate = params("Root").self_signed(&key).unwrap();
        (certificate.der().to_vec().into(), Issuer::new(params("Root"), key))
    }

    fn below(issuer: &Issuer<'_, KeyPair>, name: &str) -> Bytes {
        let key = KeyPair::generate().unwrap();
        params(name).signed_by(&key, issuer).unwrap().der().to_vec().into()
    }

    #[test]
    fn a_chain_that_ends_in_itself_lacks_nothing() {
        let (root, issuer) = root();
        let mut whole = Search::begin(&[below(&issuer, "Leaf"), root.clone()]);
        assert_eq!(whole.wanted(), None);
        assert!(whole.last.is_some_and(|last| last.der() == root));
        assert_eq!(Search::begin(&[]).wanted(), None);
        assert_eq!(Search::begin(&[Bytes::from_static(b"garbage")]).wanted(), None);
    }

    #[test]
    fn only_the_issuer_is_taken() {
        let ((_, issuer), (stranger, _)) = (root(), root());
        let mut search = Search::begin(&[below(&issuer, "Leaf")]);
        search.offer("http://a.example/", &[stranger, Bytes::from_static(b"garbage")]);
        assert_eq!(search.fetched(), []);
    }

    #[test]
    fn a_crowd_of_namesakes_costs_a_bounded_number_of_checks() {
        let (_, issuer) = root();
        let namesakes: Vec<_> = (0..CHECKS_MAX + 10).map(|_| root().0).collect();
        let mut search = Search::begin(&[&[below(&issuer, "Leaf")], &namesakes[..]].concat());
        assert_eq!(search.checks_left, 0);
        search.offer("http://a.example/", &namesakes);
        assert_eq!(search.fetched(), []);
    }
}
