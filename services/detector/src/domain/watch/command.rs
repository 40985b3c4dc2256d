//! What may be asked of a watch: each command carries the time and all that was judged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proto::{
    id::DomainId,
    v1::{CertificateSummary, Evidence, Kind, ProberBlindness, Severity},
};

use crate::domain::sight::{Fingerprint, Look, Showing};

/// A question to the watch over one domain.
#[derive(Debug, Clone)]
pub struct Command {
    /// Which domain it is; a prober's history has an id of its own.
    pub domain: DomainId,
    /// The time, read where the command was made.
    pub at: Timestamp,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Watch the domain: it was added, enabled or changed.
    Watch {
        /// Position of the order in `INVENTORY`.
        revision: u64,
        /// Position of the last order that changed by what it is judged.
        terms_at: u64,
    },
    /// Watch it no longer.
    Unwatch {
        /// Position of the order in `INVENTORY`.
        revision: u64,
        /// Whether it was removed, not only disabled.
        removed: bool,
    },
    /// Weigh what a look showed.
    Weigh(Weigh),
    /// Weigh what is believed already against the time.
    Wake {
        /// Port of the domain.
        port: u16,
        /// What was judged.
        judgement: Judgement,
    },
    /// Say that nobody sees the domain.
    Miss {
        /// Looks that were accepted and not answered.
        unanswered: u32,
        /// The last fact, if one is known.
        last_seen: Option<Timestamp>,
        /// How many domains this happens to.
        extent: Extent,
    },
    /// Say that a prober cannot be believed.
    Doubt(ProberBlindness),
    /// Say that it can be believed again.
    Trust,
}

/// What a look showed, and what was judged of it.
#[derive(Debug, Clone)]
pub struct Weigh {
    /// The look.
    pub look: Look,
    /// Port of the domain.
    pub port: u16,
    /// What was judged.
    pub judgement: Judgement,
}

/// What was judged of all that is shown or believed.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// By what is shown. A showing that is missing could not be judged: then nothing is called
    /// clean.
    pub showings: BTreeMap<Showing, Judged>,
    /// Names the trust anchors it stands on.
    pub under: u32,
    /// Whether the time is known.
    pub clock: Clock,
}

impl Judgement {
    /// When time alone next changes it.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.showings.values().filter_map(|judged| judged.wake_at).min()
    }
}

/// Whether the time of this service is that of the bus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// It is, within two seconds.
    #[default]
    Agreed,
    /// It is not: no time is judged.
    Skewed,
}

/// How many domains go unseen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// This one, and few others.
    Alone,
    /// Most: it is our own blindness, told once and not for each.
    Most,
}

/// What was judged of one showing.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// SHA-256 of its leaf.
    pub leaf: Fingerprint,
    /// Its leaf in short.
    pub summary: CertificateSummary,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// Whether it could be told if it is trusted.
    pub trust: Trust,
    /// When time alone next changes that.
    pub wake_at: Option<Timestamp>,
}

/// Whether it could be told if a chain is trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trust {
    /// It could: what is wrong with it is among the findings.
    #[default]
    Decided,
    /// It could not, for want of an algorithm: it is neither fine nor wrong.
    Undecided,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its kind.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// When it became so, if certificates tell.
    pub since: Option<Timestamp>,
    /// Why it is one; `endpoints` is filled in by the watch.
    pub evidence: Evidence,
}
