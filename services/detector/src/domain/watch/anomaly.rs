//! What a watch remembers of an anomaly that is open, and of failures that are not one yet.

use std::time::Duration;

use jiff::Timestamp;
use proto::v1::{Evidence, Kind, Reason, Severity, evidence};

use crate::domain::rule::confirm;

/// An open anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Its kind: there is one of each at most.
    pub kind: Kind,
    /// How bad it is by now.
    pub severity: Severity,
    /// Which opening of this domain it is: the end of its id.
    pub number: u32,
    /// When it began.
    pub since: Timestamp,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The rung that was told last, in seconds; `u32::MAX` if it has none.
    pub rung: u32,
    /// Clean rounds running.
    pub clean: u32,
    /// Clean rounds that close it.
    pub clean_needed: u32,
}

/// Rounds that found nothing, on the way to an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// Rounds running.
    pub rounds: u32,
    /// Why, the last time.
    pub reason: Reason,
    /// The first of them.
    pub since: Timestamp,
}

impl Open {
    /// Clean rounds that close an anomaly of a kind as it opens.
    pub fn needed(kind: Kind) -> u32 {
        if kind == Kind::Unreachable {
            confirm::ROUNDS_TO_REACH
        } else if confirm::is_of_certificate(kind) {
            confirm::ROUNDS_TO_CLOSE
        } else {
            1
        }
    }

    /// Whether it becomes worse by being found like this: a higher severity, or a further rung.
    pub fn is_worsened_by(&self, severity: Severity, rung: u32) -> bool {
        severity > self.severity || rung < self.rung
    }
}

/// The rung in an anomaly's evidence, in seconds; `u32::MAX` if it has none.
pub fn rung(evidence: Option<&Evidence>) -> u32 {
    match evidence.and_then(|evidence| evidence.case.as_ref()) {
        Some(evidence::Case::Expiry(expiry)) => {
            let span = expiry.rung.as_ref().map(proto::time::read_span);
            seconds(span.unwrap_or(Duration::MAX))
        }
        Some(_) | None => u32::MAX,
    }
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}
