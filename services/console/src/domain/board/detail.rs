//! One domain in full, folded on demand from its log and its last fact: too much to keep for each
//! of a hundred thousand.

pub mod trust;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use certificate::Certificate;
use proto::v1::{Evidence, Kind, LogRecord, ScanFact, evidence::Case, log_event::Event};

use self::trust::Faces;

/// What the log of a domain says beyond the board.
#[derive(Debug, Default)]
pub struct Detail {
    /// Chains by their fingerprints, in the order presented.
    pub chains: BTreeMap<[u8; 32], Vec<Certificate>>,
    /// Evidence of what is wrong, the latest.
    pub evidence: BTreeMap<Kind, Arc<Evidence>>,
    /// The last look.
    pub fact: Option<ScanFact>,
    /// What stands for what it presents.
    faces: Faces,
    /// What did when the evidence was given.
    shown: BTreeMap<Kind, Faces>,
    /// Chains that the detector has judged.
    judged: BTreeSet<[u8; 32]>,
    /// Whether nobody can tell if what is shown is trusted.
    undecided: bool,
}

impl Detail {
    /// Folds a log and the last fact.
    pub fn folded(records: &[LogRecord], fact: Option<ScanFact>) -> Self {
        let mut detail = Self::default();
        for record in records {
            record.events.iter().filter_map(|event| event.event.as_ref()).for_each(|event| {
                detail.take(event);
            });
            detail.undecided = record.undecided;
        }
        for chain in fact.iter().flat_map(|fact| &fact.chains) {
            detail.learned(chain);
        }
        // Only what is still presented is shown.
        if let Some(fact) = &fact {
            let shown: Vec<_> = presented(fact).collect();
            detail.chains.retain(|fingerprint, _| shown.contains(&fingerprint.as_slice()));
        }
        Self { fact, ..detail }
    }

    /// Fingerprint of the certificate whose end is what is wrong, if that is so.
    pub fn limiting(&self) -> Option<&[u8]> {
        self.evidence.values().find_map(|evidence| {
            let Case::Expiry(expiry) = evidence.case.as_ref()? else { return None };
            Some(expiry.limiting.as_ref()?.sha256.as_ref())
        })
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::ChainLearned(learned) => {
                if let Some(chain) = &learned.chain {
                    let learned = self.learned(chain);
                    self.judged.extend(learned);
                }
            }
            Event::AnomalyOpened(opened) => self.proved(opened.kind(), opened.evidence.as_ref()),
            Event::AnomalyWorsened(worse) => self.proved(worse.kind(), worse.evidence.as_ref()),
            Event::AnomalyClosed(closed) => {
                self.evidence.remove(&closed.kind());
            }
            Event::EndpointSeen(seen) => self.faces.seen(seen),
            Event::EndpointGone(gone) => self.faces.gone(gone),
            Event::Watched(_)
            | Event::Unwatched(_)
            | Event::StateChanged(_)
            | Event::CertificateChanged(_)
            | Event::RoundCounted(_) => {}
        }
    }

    fn proved(&mut self, kind: Kind, evidence: Option<&Evidence>) {
        if let Some(evidence) = evidence {
            self.evidence.insert(kind, Arc::new(evidence.clone()));
            self.shown.insert(kind, self.faces.clone());
        }
    }

    fn learned(&mut self, chain: &proto::v1::Chain) -> Option<[u8; 32]> {
        let fingerprint = chain.fingerprint.as_ref().try_into().ok()?;
        let certificates = chain.certificates.iter();
        let certificates = certificates.filter_map(|der| Certificate::parse(der).ok()).collect();
        self.chains.insert(fingerprint, certificates);
        Some(fingerprint)
    }
}

/// Fingerprints of the chains that a look saw.
fn presented(fact: &ScanFact) -> impl Iterator<Item = &[u8]> {
    use proto::v1::endpoint_fact::Outcome;
    fact.endpoints.iter().filter_map(|endpoint| match &endpoint.outcome {
        Some(Outcome::Handshake(handshake)) => Some(handshake.chain.as_ref()),
        Some(Outcome::Failure(_)) | None => None,
    })
}
