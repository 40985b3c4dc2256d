//! From a presented chain to a verdict.
//!
//! [`Assessment::new`] is all that does not depend on the time or the host: which certificate is
//! judged, when a path leads from it to a trust anchor, what is missing, why there is none. It is
//! the dear part, the same for every domain that serves the chain, and can be shared and kept.
//! [`Assessment::judge`] is the rest: what it means for one host, now. [`clock::Clock`] is what a
//! timer needs.
//!
//! Findings are independent of each other: an expired certificate for the wrong host with a missing
//! intermediate is three. Paths are built from the set of certificates, never from their order.

pub mod anchors;
pub mod batch;
pub mod clock;
pub mod evidence;
pub mod pool;
pub mod remark;
pub mod rungs;
pub mod summary;
pub mod verdict;
pub mod weak;

mod cause;
mod instant;
mod judge;
mod name;
mod path;
mod presented;
mod timeline;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use certificate::{Certificate, error::CertificateError};
use jiff::Timestamp;
use proto::host::Host;

use self::{
    anchors::Anchors,
    cause::NoTrust,
    clock::Clock,
    path::{Field, Path},
    pool::{Known, Pool, Source},
    presented::Presented,
    remark::Remark,
    rungs::OwnRung,
    timeline::Timeline,
    weak::Connection,
};

/// All that can be said of a chain without knowing the host or the time.
#[derive(Debug)]
pub struct Assessment {
    leaf: Result<Arc<Certificate>, CertificateError>,
    /// When a path exists from what is presented.
    presented: Timeline,
    /// When one exists with known intermediates; empty if it was not asked.
    completed: Timeline,
    /// Why there is none from what is presented at any time, and how far names lead upwards.
    no_trust: Option<(NoTrust, Vec<Arc<Certificate>>)>,
    clock: Option<Clock>,
    /// Fingerprints of what was presented.
    listed: Vec<[u8; 32]>,
    /// Certificates that the path does not need.
    extras: Vec<Arc<Certificate>>,
    remarks: Vec<Remark>,
}

/// What an assessment is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The host that the leaf should cover.
    pub host: &'a Host,
    /// The instant for which it is judged.
    pub now: Timestamp,
    /// The domain's own rungs; empty for the default ones.
    pub rungs: &'a [OwnRung],
    /// The connection on which the chain came, if it came by one.
    pub connection: Option<&'a Connection>,
}

impl Assessment {
    /// Assesses a list of DER certificates, in the order presented, under sets of trust anchors and
    /// pools of intermediates that count together.
    pub fn new<C: AsRef<[u8]>>(list: &[C], anchors: &[&Anchors], pools: &[&Pool]) -> Self {
        let presented = Presented::read(list);
        let leaf = match &presented.leaf {
            Ok(leaf) => Arc::clone(leaf),
            Err(error) => return Self::malformed(*error, &presented),
        };
        let set: Vec<Known> = presented
            .certificates
            .iter()
            .map(|it| Known { certificate: Arc::clone(it), source: Source::Seen })
            .collect();
        let field = Field::new(&leaf, &set, &[], anchors);
        let timeline = Timeline::new(&field);
        let (completed, no_trust) = if timeline.covers(&leaf) {
            (Timeline::default(), None)
        } else {
            let wider = Field::new(&leaf, &set, pools, anchors);
            let completed = Timeline::new(&wider);
            // What is known says more of the cause, unless it mends it.
            let (field, refusal) = match completed.spans.as_slice() {
                [] => (&wider, completed.refusal.as_ref()),
                _ => (&field, timeline.refusal.as_ref()),
            };
            let no_trust = timeline.spans.is_empty().then(|| NoTrust::find(field, refusal));
            (completed, no_trust)
        };
        let clock = match &no_trust {
            Some((NoTrust::Dates { window, .. }, _)) => Clock::within(&leaf, *window),
            Some(_) | None => Clock::new(&leaf, &timeline),
        };
        let mut assessment = Self {
            leaf: Ok(leaf),
            presented: timeline,
            completed,
            no_trust,
            clock: Some(clock),
            listed: presented.certificates.iter().map(|it| it.fingerprint()).collect(),
            extras: Vec::new(),
            remarks: oddities(&presented),
        };
        assessment.remark_on_list(&presented);
        assessment
    }

    fn malformed(error: CertificateError, presented: &Presented) -> Self {
        Self {
            leaf: Err(error),
            presented: Timeline::default(),
            completed: Timeline::default(),
            no_trust: Some((NoTrust::malformed(error), Vec::new())),
            clock: None,
            listed: Vec::new(),
            extras: Vec::new(),
            remarks: oddities(presented),
        }
    }

    /// The certificate that is judged; `None` if it cannot be read.
    pub fn leaf(&self) -> Option<&Arc<Certificate>> {
        self.leaf.as_ref().ok()
    }

    /// What time decides of it; `None` if the leaf cannot be read.
    pub fn clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }

    /// The presented intermediates that lead to a trust anchor: worth knowing for other chains.
    pub fn proven(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        let paths = self.presented.spans.iter().map(|span| &span.path);
        paths.flat_map(|path| path.issuers.iter().map(|known| &known.certificate))
    }

    /// The intermediates that were not presented and complete its path.
    pub fn completing(&self) -> impl Iterator<Item = &Known> {
        let issuers = self.completed.spans.iter().flat_map(|span| &span.path.issuers);
        issuers.filter(|known| !self.listed.contains(&known.certificate.fingerprint()))
    }

    /// Whether knowing more intermediates could change it.
    pub fn depends_on_pool(&self) -> bool {
        self.leaf().is_some_and(|leaf| !self.presented.covers(leaf))
    }

    /// Notes how the list differs from the path.
    fn remark_on_list(&mut self, presented: &Presented) {
        let Ok(leaf) = self.leaf.clone() else { return };
        let used = self.used();
        let place_of = |der: &[u8]| presented.certificates.iter().position(|it| it.der() == der);
        let places: Vec<usize> = [&leaf]
            .into_iter()
            .chain(self.first_path().iter().copied())
            .filter_map(|it| place_of(it.der()))
            .collect();
        let is_root = |it: &Certificate| it.is_self_issued() && it.der() != leaf.der();
        let has_root = presented.certificates.iter().any(|it| is_root(it));
        let extras: Vec<Arc<Certificate>> = presented
            .certificates
            .iter()
            .filter(|it| !is_root(it) && !used.iter().any(|used| used.der() == it.der()))
            .cloned()
            .collect();
        if places.first() != Some(&0) || !places.is_sorted() {
            self.remarks.push(Remark::Misordered);
        }
        if has_root {
            self.remarks.push(Remark::RootPresented);
        }
        self.extras = extras;
    }

    /// The leaf, and every certificate that some path above it uses.
    fn used(&self) -> Vec<Arc<Certificate>> {
        let spans = self.presented.spans.iter().chain(&self.completed.spans);
        let climbed = self.no_trust.iter().flat_map(|(_, above)| above);
        let above = spans.flat_map(|span| span.path.above()).chain(climbed);
        self.leaf.iter().chain(above).cloned().collect()
    }

    /// The path above the leaf that counts first: a trusted one, a completed one, or the one that
    /// names lead along.
    fn first_path(&self) -> Vec<&Arc<Certificate>> {
        let mut spans = self.presented.spans.iter().chain(&self.completed.spans);
        match spans.next() {
            Some(span) => span.path.above().collect(),
            None => self.no_trust.iter().flat_map(|(_, above)| above).collect(),
        }
    }
}

/// What is odd about the list in itself.
fn oddities(presented: &Presented) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if presented.repeated > 0 {
        remarks.push(Remark::Repeated(presented.repeated));
    }
    if presented.ignored > 0 {
        remarks.push(Remark::Ignored(presented.ignored));
    }
    let others = presented.unreadable.iter().filter(|(place, _)| *place > 1);
    remarks
        .extend(others.map(|(place, error)| Remark::Unreadable { place: *place, error: *error }));
    if let Ok(leaf) = &presented.leaf {
        remarks.extend(leaf.defects().iter().cloned().map(Remark::Defect));
        if leaf.names().next().is_none() {
            remarks.push(Remark::NoNames);
        }
    }
    remarks
}

/// The certificates of a path as the other modules take them.
fn above(path: &Path) -> Vec<&Certificate> {
    path.above().map(AsRef::as_ref).collect()
}
