//! What is wrong now, over all domains and probers, in the order in which it is shown.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;
use proto::{
    id::DomainId,
    v1::{Kind, Severity},
};

use super::{domains::Row, watch::Anomaly};

/// The open anomalies, worst first, then latest first.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: BTreeSet<Finding>,
    counts: BTreeMap<Severity, usize>,
}

type Finding = (Reverse<Severity>, Reverse<Timestamp>, DomainId, Kind);

impl Findings {
    /// Adds all of a row.
    pub(super) fn add(&mut self, row: &Row) {
        for anomaly in row.watch.anomalies() {
            self.all.insert(finding(row, anomaly));
            *self.counts.entry(anomaly.severity).or_default() += 1;
        }
    }

    /// Takes all of a row away.
    pub(super) fn take(&mut self, row: &Row) {
        for anomaly in row.watch.anomalies() {
            self.all.remove(&finding(row, anomaly));
            *self.counts.entry(anomaly.severity).or_default() -= 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (DomainId, Kind, Severity)> {
        self.all.iter().map(|(Reverse(severity), _, id, kind)| (*id, *kind, *severity))
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.counts.get(&severity).copied().unwrap_or(0)
    }
}

fn finding(row: &Row, anomaly: &Anomaly) -> Finding {
    (Reverse(anomaly.severity), Reverse(anomaly.detected_at), row.id, anomaly.kind)
}
