//! Decides what happens to one domain: what opens, worsens and closes, and what state it is in.
//!
//! The state is folded from the records of one subject of `LOG` and nothing else; a decision is one
//! record, or none if nothing new is to be said. So a fact that comes twice, late or out of order
//! finds its own traces and adds nothing. Start reading at [`Watch::decide`].

use jiff::Timestamp;
use kernel::decider::Decider;
use proto::v1::{Kind, LogRecord, Severity, State};

use self::{
    anomaly::{Failing, Open},
    command::{Ask, Command, Extent},
    draft::Draft,
    face::{Face, Recent},
    outlook::Outlook,
};
use super::sight::{Fingerprint, Showing};

pub mod anomaly;
pub mod command;
mod draft;
mod evolve;
pub mod face;
pub mod memory;
mod order;
pub mod outlook;
mod own;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
mod weigh;

/// What is known of one domain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watch {
    /// Number of the last look that left a trace.
    look: u64,
    /// Position of the last order that was taken in.
    revision: u64,
    /// When time alone next changes what is judged.
    wake_at: Option<Timestamp>,
    /// Names the trust anchors of the last judgement.
    judged_under: u32,
    /// Whether it could not be told, the last time, if what is shown is trusted.
    undecided: bool,
    /// How many anomalies have been opened, ever.
    openings: u32,
    standing: Standing,
    /// The state that was recorded last.
    state: Recorded,
    faces: Box<[Face]>,
    recents: Box<[Recent]>,
    open: Box<[Open]>,
    failing: Option<Box<Failing>>,
}

/// What is to be done with a domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// Nothing yet, or nothing any more.
    #[default]
    Unwatched,
    /// Nothing, and it is gone from the inventory.
    Removed,
    /// Watched, and no certificate has come yet.
    Enabling,
    /// Watched, and it has given a certificate.
    Seen,
}

/// The recorded state; a domain without a record is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Recorded(State);

impl Default for Recorded {
    fn default() -> Self {
        Self(State::Disabled)
    }
}

/// How a watch may say no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The look is of a domain that is not watched.
    #[error("the domain is not watched")]
    Unwatched,
    /// A later look was judged already.
    #[error("look {look} is not newer than look {judged}, which was judged")]
    LateLook {
        /// The look.
        look: u64,
        /// The one that was judged.
        judged: u64,
    },
    /// The domain has changed since the look was asked for.
    #[error("the look is of revision {look}, and the domain is at {domain}")]
    OldRevision {
        /// That of the look.
        look: u64,
        /// That of the domain.
        domain: u64,
    },
}

impl Decider for Watch {
    type Command = Command;
    type Event = LogRecord;
    type Refusal = Refusal;

    fn decide(&self, Command { domain, at, ask }: Command) -> Result<Vec<LogRecord>, Refusal> {
        let mut draft = Draft::new(self, domain, at);
        match ask {
            Ask::Watch { revision, terms_at } => draft.watch(revision, terms_at),
            Ask::Unwatch { revision, removed } => draft.unwatch(revision, removed),
            Ask::Weigh(weigh) => {
                self.admits(weigh.look.number, weigh.look.revision)?;
                draft.weigh(weigh);
            }
            Ask::Wake { port, judgement } => draft.wake(port, &judgement),
            Ask::Miss { unanswered, last_seen, extent } => {
                draft.miss(unanswered, last_seen, extent);
            }
            Ask::Doubt(blindness) => draft.doubt(blindness),
            Ask::Trust => draft.trust(),
        }
        Ok(draft.record().into_iter().collect())
    }

    fn evolve(&mut self, record: &LogRecord) {
        self.take_in(record);
    }
}

impl Watch {
    /// Whether a look may be weighed.
    ///
    /// # Errors
    ///
    /// The refusal, if it is of another time: acknowledged, and not judged.
    pub fn admits(&self, look: u64, revision: u64) -> Result<(), Refusal> {
        if !self.is_watched() {
            return Err(Refusal::Unwatched);
        }
        if revision != self.revision {
            return Err(Refusal::OldRevision { look: revision, domain: self.revision });
        }
        if look <= self.look {
            return Err(Refusal::LateLook { look, judged: self.look });
        }
        Ok(())
    }

    /// Whether the domain is looked at.
    pub fn is_watched(&self) -> bool {
        matches!(self.standing, Standing::Enabling | Standing::Seen)
    }

    /// Whether it is watched and has not yet given a certificate.
    pub fn is_enabling(&self) -> bool {
        self.standing == Standing::Enabling
    }

    /// Whether it is gone from the inventory.
    pub fn is_removed(&self) -> bool {
        self.standing == Standing::Removed
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.state.0
    }

    /// Number of the last look that left a trace.
    pub fn look(&self) -> u64 {
        self.look
    }

    /// Position of the last order that was taken in.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// When time alone next changes what is judged.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.wake_at
    }

    /// Names the trust anchors of the last judgement.
    pub fn judged_under(&self) -> u32 {
        self.judged_under
    }

    /// Notes what a judgement leaves that had nothing to record. A watch that is folded anew has
    /// not noted it, and is judged once more.
    pub fn note(&mut self, Outlook { wake_at, judged_under }: Outlook) {
        (self.wake_at, self.judged_under) = (wake_at, judged_under);
    }

    /// What it is believed to present.
    pub fn faces(&self) -> &[Face] {
        &self.faces
    }

    /// Chains that its log holds and that may be shown again, those believed first.
    pub fn chains(&self) -> impl Iterator<Item = Fingerprint> {
        let faces = self.faces.iter().map(|face| face.showing.chain);
        let mut chains: Vec<_> = faces.collect();
        chains.sort_unstable();
        chains.dedup();
        chains.extend(self.recents.iter().map(|recent| recent.chain));
        chains.truncate(face::CHAINS_MAX);
        chains.into_iter()
    }

    /// Chains that a prober need not hand in again. None while the domain is untrusted: a missing
    /// issuer is fetched only for a chain that is handed in, and a fetch that failed may succeed
    /// the next time.
    pub fn spared_chains(&self) -> impl Iterator<Item = Fingerprint> {
        let is_spared = self.open_of(Kind::Untrusted).is_none();
        self.chains().filter(move |_| is_spared)
    }

    /// Whether its log holds a chain.
    pub fn knows(&self, chain: &Fingerprint) -> bool {
        self.leaf_of(chain).is_some()
    }

    /// What is open.
    pub fn open(&self) -> &[Open] {
        &self.open
    }

    /// The open anomaly of a kind.
    pub fn open_of(&self, kind: Kind) -> Option<&Open> {
        self.open.iter().find(|open| open.kind == kind)
    }

    /// Whether it has been told that nobody sees the domain, as far as it is for so many. What is
    /// told of it alone need not be told of most.
    pub fn is_told_unseen(&self, extent: Extent) -> bool {
        let is_told_alone = self.open_of(Kind::NotObserved).is_some();
        match extent {
            Extent::Alone => is_told_alone,
            Extent::Most => is_told_alone || self.state() == State::Unknown && !self.undecided,
        }
    }

    /// Rounds that found nothing, on the way to an anomaly.
    pub fn failing(&self) -> Option<&Failing> {
        self.failing.as_deref()
    }

    /// Whether it gave a certificate the last time: a failure now is news, or its prober's.
    pub fn was_reachable(&self) -> bool {
        self.standing == Standing::Seen
            && self.failing.is_none()
            && self.open_of(Kind::Unreachable).is_none()
    }

    /// Whether a look that shows exactly this, all of it good, has nothing to tell: the steady
    /// case.
    pub fn expects(&self, showings: impl Iterator<Item = Showing>) -> bool {
        let quiet = self.failing.is_none() && self.open.is_empty();
        if !quiet || self.state.0 != State::Secure {
            return false;
        }
        let mut met = 0_u32;
        for showing in showings {
            let Some(at) = self.faces.iter().position(|face| face.showing == showing) else {
                return false;
            };
            met |= 1 << at;
        }
        met.count_ones() as usize == self.faces.len()
    }

    fn leaf_of(&self, chain: &Fingerprint) -> Option<Fingerprint> {
        let face = self.faces.iter().find(|face| face.showing.chain == *chain);
        let recent = self.recents.iter().find(|recent| recent.chain == *chain);
        face.map(|face| face.leaf).or_else(|| recent.map(|recent| recent.leaf))
    }

    /// The state that follows from what is open. `unseen` keeps a domain unknown that nobody sees.
    fn follows(&self, unseen: bool) -> State {
        let is_open = |kind| self.open_of(kind).is_some();
        match self.standing {
            Standing::Unwatched | Standing::Removed => State::Disabled,
            Standing::Enabling | Standing::Seen if unseen || is_open(Kind::NotObserved) => {
                State::Unknown
            }
            Standing::Enabling if is_open(Kind::EnableFailed) => State::EnableFailed,
            Standing::Enabling => State::Enabling,
            Standing::Seen if self.open.iter().any(|o| o.severity >= Severity::Warning) => {
                State::Abnormal
            }
            Standing::Seen if self.undecided => State::Unknown,
            Standing::Seen => State::Secure,
        }
    }
}
