//! Whether a path leads from a leaf to a trust anchor at one instant.
//!
//! This is the only question that `rustls-webpki` is asked. Its answer to "why not" is one error,
//! ranked above others that it hides, so the reasons are found elsewhere: [`cause`](super::cause).

use std::{sync::Arc, time::Duration};

use certificate::{Certificate, algorithm::KeyKind, signature};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::{
    anchors::{Anchor, Anchors},
    instant::Seconds,
    pool::{Known, Pool},
};

/// Certificates that are tried for one path. A path has at most six between leaf and anchor; the
/// rest of the room is for cross-signs.
const CANDIDATES_MAX: usize = 32;

/// Certificates of one name that are tried. webpki follows names and checks signatures last: with
/// more namesakes than this, a search would be long enough to be an attack.
const NAMESAKES_MAX: usize = 3;

/// Signatures that are checked to choose among more namesakes than are tried.
const CHOICES_MAX: usize = 64;

/// Trust anchors of the names met on the way that are tried.
const ANCHORS_MAX: usize = 64;

/// Bits of the RSA keys that [`signature::STRONG`] takes.
const RSA_BITS_SOUND: std::ops::RangeInclusive<u32> = 2_048..=8_192;

/// All that may form a path above one leaf.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) leaf: Arc<Certificate>,
    /// Certificates reached by following issuer names, nearest first. The leaf is none of them.
    pub(super) candidates: Vec<Known>,
    /// Anchors with one of the names met on the way.
    pub(super) anchors: Vec<Arc<Anchor>>,
    /// The leaf itself is an anchor.
    pub(super) leaf_is_anchor: bool,
}

/// A path that was found.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// From the leaf's issuer upwards, the anchor not included.
    pub(super) issuers: Vec<Known>,
    /// Where it ends; the leaf itself if that is trusted as it stands.
    pub(super) anchor: Arc<Certificate>,
}

/// Why there is none, as far as webpki says.
#[derive(Debug)]
pub(super) struct NoPath {
    pub(super) error: webpki::Error,
    /// Whether another instant may have one.
    pub(super) may_be_dates: bool,
}

impl Path {
    /// The path above the leaf, the anchor included.
    pub(super) fn above(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        self.issuers.iter().map(|known| &known.certificate).chain([&self.anchor])
    }
}

impl NoPath {
    /// Whether the search was given up because it was leading nowhere expensively.
    pub(super) fn is_too_complex(&self) -> bool {
        matches!(
            self.error,
            webpki::Error::MaximumSignatureChecksExceeded
                | webpki::Error::MaximumPathBuildCallsExceeded
                | webpki::Error::MaximumNameConstraintComparisonsExceeded
        )
    }
}

impl Field {
    /// Collects what the names lead to: presented certificates first, then known ones.
    pub(super) fn new(
        leaf: &Arc<Certificate>,
        presented: &[Known],
        pools: &[&Pool],
        anchors: &[&Anchors],
    ) -> Self {
        let mut field = Self {
            leaf: Arc::clone(leaf),
            candidates: Vec::new(),
            anchors: Vec::new(),
            leaf_is_anchor: anchors.iter().any(|set| set.contains(leaf)),
        };
        let mut names: Vec<Box<[u8]>> = vec![leaf.issuer_der().into()];
        let mut next = 0;
        let mut choices_left = CHOICES_MAX;
        while let Some(name) = names.get(next).cloned() {
            next += 1;
            field.take_anchors(anchors.iter().flat_map(|set| set.named(&name)));
            let of_name =
                presented.iter().filter(|known| *known.certificate.subject_der() == *name);
            let known = of_name.chain(pools.iter().flat_map(|pool| pool.named(&name)));
            for found in field.issuers_among(known.collect(), &mut choices_left) {
                if field.take_candidate(found) {
                    let issuer = found.certificate.issuer_der();
                    if !names.iter().any(|name| **name == *issuer) {
                        names.push(issuer.into());
                    }
                }
            }
        }
        field
    }

    /// Of too many namesakes, those that issued what was reached so far.
    fn issuers_among<'a>(
        &self,
        mut namesakes: Vec<&'a Known>,
        choices_left: &mut usize,
    ) -> Vec<&'a Known> {
        if namesakes.len() > NAMESAKES_MAX {
            let mut issued = |issuer: &Certificate, it: &Certificate| {
                let is_named = it.issuer_der() == issuer.subject_der() && *choices_left > 0;
                *choices_left -= usize::from(is_named);
                is_named && it.issued_by(issuer)
            };
            let reached = || self.candidates.iter().map(|it| &it.certificate).chain([&self.leaf]);
            namesakes.retain(|known| reached().any(|it| issued(&known.certificate, it)));
            namesakes.truncate(NAMESAKES_MAX);
        }
        namesakes
    }

    fn take_anchors<'a>(&mut self, found: impl Iterator<Item = &'a Arc<Anchor>>) {
        let room = ANCHORS_MAX.saturating_sub(self.anchors.len());
        self.anchors.extend(found.take(room).cloned());
    }

    /// Keeps a certificate if it is new and there is room.
    fn take_candidate(&mut self, found: &Known) -> bool {
        let der = found.certificate.der();
        let is_known = der == self.leaf.der()
            || self.candidates.iter().any(|known| known.certificate.der() == der);
        if is_known || self.candidates.len() >= CANDIDATES_MAX {
            return false;
        }
        self.candidates.push(found.clone());
        true
    }

    /// The path that leads to an anchor at this second: one of sound signatures if there is any,
    /// else one with old ones.
    pub(super) fn path_at(&self, at: Seconds) -> Result<Path, NoPath> {
        if self.leaf_is_anchor {
            return Ok(Path { issuers: Vec::new(), anchor: Arc::clone(&self.leaf) });
        }
        match self.search(at, signature::STRONG) {
            Err(error) if self.has_odd_signatures() && !error.is_too_complex() => {
                self.search(at, signature::ALL)
            }
            outcome => outcome,
        }
    }

    fn search(
        &self,
        at: Seconds,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<Path, NoPath> {
        let (live, trusted) = self.anchors_at(at);
        let some_are_dead = live.len() < self.anchors.len();
        let no_path = |error: webpki::Error| {
            let is_date = matches!(
                error,
                webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }
            );
            NoPath { error, may_be_dates: is_date || some_are_dead }
        };
        let leaf = CertificateDer::from(self.leaf.der());
        let leaf = EndEntityCert::try_from(&leaf).map_err(no_path)?;
        let candidates: Vec<CertificateDer<'_>> = self
            .candidates
            .iter()
            .map(|known| CertificateDer::from(known.certificate.der()))
            .collect();
        let path = leaf
            .verify_for_usage(
                algorithms,
                &trusted,
                &candidates,
                UnixTime::since_unix_epoch(Duration::from_secs(at.max(0).unsigned_abs())),
                KeyUsage::server_auth(),
                None,
                None,
            )
            .map_err(no_path)?;
        let issuers = path.intermediate_certificates().filter_map(|step| {
            let der = step.der();
            self.candidates.iter().find(|known| *known.certificate.der() == *der).cloned()
        });
        let anchor = trusted.iter().position(|anchor| std::ptr::eq(anchor, path.anchor()));
        let anchor = anchor.and_then(|place| live.get(place));
        let anchor = anchor.expect("webpki ends a path in one of the anchors it was given");
        Ok(Path { issuers: issuers.collect(), anchor: Arc::clone(&anchor.certificate) })
    }

    /// The anchors that may issue and are valid at this second, twice: ours, and as webpki wants
    /// them, in the same order. webpki knows no dates of anchors; the clients that people use do.
    fn anchors_at(&self, at: Seconds) -> (Vec<&Anchor>, Vec<TrustAnchor<'_>>) {
        let live = self.anchors.iter().map(AsRef::as_ref).filter_map(|anchor: &Anchor| {
            let issuer = anchor.issuer.as_ref()?;
            let trusted = TrustAnchor {
                subject: issuer.subject.as_ref().into(),
                subject_public_key_info: issuer.subject_public_key_info.as_ref().into(),
                name_constraints: issuer.name_constraints.as_ref().map(|it| it.as_ref().into()),
            };
            super::instant::is_valid_at(&anchor.certificate, at).then_some((anchor, trusted))
        });
        live.unzip()
    }

    /// Whether a search that takes every key and hash may find more than one that takes the sound
    /// ones.
    fn has_odd_signatures(&self) -> bool {
        let candidates = self.candidates.iter().map(|known| &known.certificate);
        let anchors = self.anchors.iter().map(|anchor| &anchor.certificate);
        let has_odd_key = |certificate: &Arc<Certificate>| {
            let key = certificate.key();
            key.kind == KeyKind::Rsa && !RSA_BITS_SOUND.contains(&key.bits)
        };
        let has_broken_hash = |certificate: &Arc<Certificate>| {
            certificate.signature_algorithm().hash.broken_name().is_some()
        };
        candidates.clone().chain(anchors).any(has_odd_key)
            || candidates.chain([&self.leaf]).any(has_broken_hash)
    }
}
