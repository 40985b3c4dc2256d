//! What is known of chains, each once for all domains that serve it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
};

use certificate::Certificate;
use jiff::Timestamp;
use proto::v1;

/// What is shown of a chain's leaf in lists. Shared by all domains that serve the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Fingerprint of the chain.
    pub chain: [u8; 32],
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// RFC 4514 text. Shared by all leaves of the issuer.
    pub issuer: Arc<str>,
}

/// The leaves of all chains that some domain serves, each once.
#[derive(Debug, Default)]
pub struct Leaves {
    known: BTreeMap<[u8; 32], Weak<Leaf>>,
    issuers: BTreeSet<Arc<str>>,
    /// How many there may be before those that nobody serves are forgotten.
    limit: usize,
}

impl Leaves {
    /// The leaf of a chain, read from its first certificate; `None` if that cannot be read.
    pub(super) fn of(&mut self, chain: &v1::Chain) -> Option<Arc<Leaf>> {
        let fingerprint: [u8; 32] = chain.fingerprint.as_ref().try_into().ok()?;
        if let Some(leaf) = self.get(&fingerprint) {
            return Some(leaf);
        }
        let certificate = Certificate::parse(chain.certificates.first()?).ok()?;
        let validity = certificate.validity();
        Some(self.add(Leaf {
            chain: fingerprint,
            not_before: validity.not_before,
            not_after: validity.not_after,
            issuer: certificate.issuer().into(),
        }))
    }

    /// The leaf of a chain, if some domain serves it.
    pub(super) fn get(&self, chain: &[u8; 32]) -> Option<Arc<Leaf>> {
        self.known.get(chain).and_then(Weak::upgrade)
    }

    /// Adds the leaf of a chain that no domain serves yet.
    pub(super) fn add(&mut self, leaf: Leaf) -> Arc<Leaf> {
        if self.known.len() >= self.limit {
            self.known.retain(|_, leaf| leaf.strong_count() > 0);
            self.issuers.retain(|issuer| Arc::strong_count(issuer) > 1);
            self.limit = (self.known.len() * 2).max(1_024);
        }
        let issuer = match self.issuers.get(&leaf.issuer) {
            Some(issuer) => issuer.clone(),
            None => {
                self.issuers.insert(leaf.issuer.clone());
                leaf.issuer
            }
        };
        let leaf = Arc::new(Leaf { issuer, ..leaf });
        self.known.insert(leaf.chain, Arc::downgrade(&leaf));
        leaf
    }
}
