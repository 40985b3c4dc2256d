//! Judges what is shown: assessments of chains, made once and kept for a while, asked for one host
//! at one instant.

mod shelf;

use std::sync::Arc;

use bytes::Bytes;
use certificate::Certificate;
use jiff::Timestamp;
use proto::{
    host::Host,
    v1::{CertificateSummary, Chain, Kind, handshake::Proof},
};
use sha2::{Digest, Sha256};

use self::shelf::{Held, Key, Shelf};
use super::{
    assess::{
        Assessment, Question,
        anchors::Anchors,
        evidence::{Case, Summary},
        pool::{Pool, Source},
        rungs::{Ladder, OwnRung},
        verdict::Anomaly,
        weak::Connection,
    },
    sight::{Fingerprint, Look, Showing},
    watch::command::{Finding, Judged, Trust},
    wish::{PrivateAnchors, Wish},
};

/// What a domain is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The name that the certificate should cover.
    pub host: &'a Host,
    /// Own expiry rungs.
    pub rungs: &'a [OwnRung],
    /// Trust anchors beside the usual ones.
    pub private: Option<&'a PrivateAnchors>,
}

impl<'a> From<&'a Wish> for Terms<'a> {
    fn from(wish: &'a Wish) -> Self {
        Self { host: wish.judged_host(), rungs: wish.rungs(), private: wish.private() }
    }
}

/// Trust anchors, known intermediates, and the assessments that rest on them.
#[derive(Debug)]
pub struct Court {
    anchors: Arc<Anchors>,
    under: u32,
    pool: Pool,
    shelf: Shelf,
}

/// An intermediate that was seen to lead to a trust anchor, and was not known before.
#[derive(Debug, Clone)]
pub struct Proven {
    /// It.
    pub certificate: Arc<Certificate>,
    /// Where it is known from.
    pub source: Source,
}

impl Court {
    /// A court under trust anchors, with no intermediate known yet.
    pub fn new(anchors: Arc<Anchors>) -> Self {
        let mut hash = Sha256::new();
        anchors.fingerprints().for_each(|fingerprint| hash.update(fingerprint));
        let hash: [u8; 32] = hash.finalize().into();
        let under = u32::from_be_bytes(std::array::from_fn(|at| hash[at]));
        Self { anchors, under, pool: Pool::default(), shelf: Shelf::default() }
    }

    /// Names the trust anchors for a domain; never 0.
    pub fn under(&self, private: Option<&PrivateAnchors>) -> u32 {
        under(self.under, private)
    }

    /// Knows an intermediate from now on; says whether that is new.
    pub fn know(&mut self, certificate: Arc<Certificate>, source: Source) -> bool {
        self.pool.insert(certificate, source)
    }

    /// Takes in the chains of a look, and answers which intermediates they prove.
    pub fn hear(&mut self, terms: &Terms<'_>, look: &Look) -> Vec<Proven> {
        let fetched = fetched(look);
        let mut proven = Vec::new();
        for (fingerprint, chain) in &look.chains {
            let mut assessment = self.assess(terms, *fingerprint, Some(chain));
            if !fetched.is_empty()
                && assessment.as_ref().is_some_and(|known| known.depends_on_pool())
            {
                let found = self.proven_by_fetching(terms, chain, &fetched);
                proven.extend(found.into_iter().filter(|it| self.admit(it)));
                assessment = self.assess(terms, *fingerprint, Some(chain));
            }
            let seen: Vec<Proven> = assessment
                .iter()
                .flat_map(|assessment| assessment.proven())
                .map(|it| Proven { certificate: Arc::clone(it), source: Source::Seen })
                .collect();
            // What leads to private anchors only is learned where it is missing, and not from every
            // server that shows it.
            if terms.private.is_none() {
                proven.extend(seen.into_iter().filter(|it| self.admit(it)));
            }
        }
        proven
    }

    /// Judges a showing at an instant. `None` if its chain is not held and not given: load it. A
    /// chain that is given is kept as it is, so it must not be a part of something larger.
    pub fn judge(
        &mut self,
        terms: &Terms<'_>,
        showing: Showing,
        chain: Option<&Chain>,
        at: Timestamp,
    ) -> Option<Judged> {
        let assessment = self.assess(terms, showing.chain, chain)?;
        let connection = Connection {
            version: showing.version,
            cipher_suite: showing.cipher_suite,
            proof: Proof::Unknown,
            client_certificate_requested: false,
        };
        let (host, rungs) = (terms.host, terms.rungs);
        let connection = Some(&connection);
        let verdict = assessment.judge(&Question { host, now: at, rungs, connection });
        let wake_at = assessment
            .clock()
            .and_then(|clock| clock.next_instant(&Ladder::new(clock.lifetime(), terms.rungs), at));
        let (leaf, summary) = match assessment.leaf() {
            Some(leaf) => (leaf.fingerprint(), (&Summary::from(leaf.as_ref())).into()),
            None => self.unreadable(showing.chain, terms),
        };
        let findings = verdict.anomalies.iter().map(finding).collect();
        let trust = if verdict.is_undecided() { Trust::Undecided } else { Trust::Decided };
        Some(Judged { leaf, summary, findings, trust, wake_at })
    }

    /// Whether a showing can be judged without its chain being given.
    pub fn holds(&self, terms: &Terms<'_>, chain: &Fingerprint) -> bool {
        self.shelf.held(&Key::of(terms, *chain)).is_some()
    }

    fn assess(
        &mut self,
        terms: &Terms<'_>,
        fingerprint: Fingerprint,
        chain: Option<&Chain>,
    ) -> Option<Arc<Assessment>> {
        let key = Key::of(terms, fingerprint);
        let generation = self.pool.generation();
        let held = match self.shelf.held(&key).cloned() {
            Some(held) if held.generation == generation || !held.assessment.depends_on_pool() => {
                held
            }
            known => {
                let certificates = match (known, chain) {
                    (Some(held), _) => held.certificates,
                    (None, chain) => chain?.certificates.clone(),
                };
                let assessment = self.assessment(terms, &certificates, &[&self.pool]);
                Held { assessment: Arc::new(assessment), certificates, generation }
            }
        };
        let assessment = Arc::clone(&held.assessment);
        self.shelf.hold(key, held);
        Some(assessment)
    }

    fn assessment(&self, terms: &Terms<'_>, list: &[Bytes], pools: &[&Pool]) -> Assessment {
        let mut anchors = vec![self.anchors.as_ref()];
        anchors.extend(terms.private.map(|private| private.anchors.as_ref()));
        Assessment::new(list, &anchors, pools)
    }

    /// Fetched issuers that complete a chain: the pool is asked first, so what it knows is not
    /// among them. One that leads to private anchors may be known to all: to whoever lacks them it
    /// leads nowhere.
    fn proven_by_fetching(&self, terms: &Terms<'_>, chain: &Chain, fetched: &Pool) -> Vec<Proven> {
        let assessment = self.assessment(terms, &chain.certificates, &[&self.pool, fetched]);
        assessment
            .completing()
            .map(|known| Proven {
                certificate: Arc::clone(&known.certificate),
                source: known.source.clone(),
            })
            .collect()
    }

    fn admit(&mut self, proven: &Proven) -> bool {
        self.pool.insert(Arc::clone(&proven.certificate), proven.source.clone())
    }

    /// Stands for a leaf that cannot be read.
    fn unreadable(
        &self,
        chain: Fingerprint,
        terms: &Terms<'_>,
    ) -> (Fingerprint, CertificateSummary) {
        let held = self.shelf.held(&Key::of(terms, chain));
        let first = held.and_then(|held| held.certificates.first());
        let leaf: Fingerprint = Sha256::digest(first.cloned().unwrap_or_default()).into();
        let sha256 = Bytes::copy_from_slice(&leaf);
        (leaf, CertificateSummary { sha256, ..CertificateSummary::default() })
    }
}

impl Key {
    fn of(terms: &Terms<'_>, chain: Fingerprint) -> Self {
        Self { chain, anchors: terms.private.map_or(0, |private| private.name) }
    }
}

/// The issuers that were fetched for a look.
fn fetched(look: &Look) -> Pool {
    let mut pool = Pool::default();
    for fetched in &look.fetched {
        if let Ok(certificate) = Certificate::parse(&fetched.certificate) {
            pool.insert(Arc::new(certificate), Source::Url(fetched.url.as_str().into()));
        }
    }
    pool
}

/// Names usual and private trust anchors together; never 0, which stands for none.
pub fn under(usual: u32, private: Option<&PrivateAnchors>) -> u32 {
    let name = private.map_or(0, |private| private.name);
    let folded = u32::try_from((name >> 32) ^ (name & u64::from(u32::MAX))).unwrap_or_default();
    (usual ^ folded).max(1)
}

fn finding(anomaly: &Anomaly) -> Finding {
    let since = match (&anomaly.evidence.case, anomaly.kind) {
        (Case::Expiry { limiting, .. }, Kind::Expired) => Some(limiting.not_after),
        (_, _) => None,
    };
    Finding {
        kind: anomaly.kind,
        severity: anomaly.severity,
        since,
        evidence: (&anomaly.evidence).into(),
    }
}

#[cfg(test)]
mod tests;
