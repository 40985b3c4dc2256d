//! What a judgement leaves to be judged later.

use jiff::Timestamp;

use super::{
    Watch,
    command::{Clock, Judgement},
};
use crate::domain::rule::confirm;

/// When time next changes what was judged, and what it stood on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    pub(super) wake_at: Option<Timestamp>,
    /// Names the trust anchors; 0: the next look is judged, also if it shows nothing new.
    pub(super) judged_under: u32,
}

impl Watch {
    /// What is left once all that a look at `at` showed was judged. Without a clock that agrees no
    /// time was: what was due stays so, and what was found is due at once.
    pub fn after_look(&self, judgement: &Judgement, at: Timestamp) -> Outlook {
        let wake_at = judgement.wake_at();
        match judgement.clock {
            Clock::Agreed => Outlook { wake_at, judged_under: judgement.under },
            Clock::Skewed => {
                let mut findings = judgement.showings.values().flat_map(|judged| &judged.findings);
                let is_left = findings.any(|finding| confirm::needs_the_time(finding.kind));
                let due = is_left.then_some(at);
                let wake_at = [self.wake_at, wake_at, due].into_iter().flatten().min();
                Outlook { wake_at, judged_under: 0 }
            }
        }
    }

    /// What is left once what is believed was judged by the time alone: whether the next look must
    /// be judged is as before.
    pub fn after_waking(&self, judgement: &Judgement) -> Outlook {
        let wake_at = match judgement.clock {
            Clock::Agreed => judgement.wake_at(),
            Clock::Skewed => self.wake_at,
        };
        Outlook { wake_at, judged_under: self.judged_under }
    }
}
