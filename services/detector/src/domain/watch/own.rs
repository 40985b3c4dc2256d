//! Our own failures: a domain that nobody sees, a prober that sees nothing.

use jiff::Timestamp;
use proto::{
    time,
    v1::{
        Blindness, Evidence, Kind, ProberBlindness, Severity, anomaly_closed::How, evidence::Case,
    },
};

use super::{
    command::{Extent, Finding},
    draft::Draft,
};

impl Draft<'_> {
    /// Nobody sees the domain. When it is so for most, only the state says it: one alert of our own
    /// stands for all.
    pub(super) fn miss(&mut self, unanswered: u32, last_seen: Option<Timestamp>, extent: Extent) {
        if !self.before.is_watched() || self.before.open_of(Kind::NotObserved).is_some() {
            return;
        }
        match extent {
            Extent::Most => self.unseen = true,
            Extent::Alone => {
                let blindness = Blindness { last_seen: last_seen.map(time::write), unanswered };
                self.open(Finding {
                    kind: Kind::NotObserved,
                    severity: Severity::Warning,
                    since: last_seen,
                    evidence: evidence(Case::Blindness(blindness)),
                });
            }
        }
    }

    /// A prober cannot be believed.
    pub(super) fn doubt(&mut self, blindness: ProberBlindness) {
        if self.before.open_of(Kind::ProberBlind).is_none() {
            self.open(Finding {
                kind: Kind::ProberBlind,
                severity: Severity::Critical,
                since: None,
                evidence: evidence(Case::ProberBlindness(blindness)),
            });
        }
    }

    /// It can be believed again.
    pub(super) fn trust(&mut self) {
        self.close_kind(Kind::ProberBlind, How::Recovered);
    }
}

fn evidence(case: Case) -> Evidence {
    Evidence { case: Some(case), ..Evidence::default() }
}
