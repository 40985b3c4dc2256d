//! What is wrong now, over all domains and probers, in the order in which it is shown.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
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

/// Something that is wrong, by its place in the list: a cursor that others come and go around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    severity: Reverse<Severity>,
    detected_at: Reverse<Timestamp>,
    /// Whose it is.
    pub domain: DomainId,
    /// What it is.
    pub kind: Kind,
}

/// Bytes of a place: severity, kind, time and id.
const PLACE_LEN: usize = 4 + 4 + 16 + 16;

impl Finding {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity.0
    }

    /// Its place as bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut place = Vec::with_capacity(PLACE_LEN);
        place.extend((self.severity.0 as i32).to_be_bytes());
        place.extend((self.kind as i32).to_be_bytes());
        place.extend(self.detected_at.0.as_nanosecond().to_be_bytes());
        place.extend(self.domain.as_bytes());
        place
    }

    /// Reads a place.
    pub fn read(place: &[u8]) -> Option<Self> {
        let (severity, rest) = place.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let (detected_at, rest) = rest.split_first_chunk()?;
        let detected_at = Timestamp::from_nanosecond(i128::from_be_bytes(*detected_at)).ok()?;
        Some(Self {
            severity: Reverse(Severity::try_from(i32::from_be_bytes(*severity)).ok()?),
            detected_at: Reverse(detected_at),
            domain: DomainId::from_bytes(rest.try_into().ok()?),
            kind: Kind::try_from(i32::from_be_bytes(*kind)).ok()?,
        })
    }
}

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

    /// All from behind a place on.
    pub(super) fn behind(&self, place: Option<Finding>) -> impl Iterator<Item = &Finding> {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        self.all.range((from, Bound::Unbounded))
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.counts.get(&severity).copied().unwrap_or(0)
    }
}

fn finding(row: &Row, anomaly: &Anomaly) -> Finding {
    Finding {
        severity: Reverse(anomaly.severity),
        detected_at: Reverse(anomaly.detected_at),
        domain: row.id,
        kind: anomaly.kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_as_it_is_written() {
        let finding = Finding {
            severity: Reverse(Severity::Critical),
            detected_at: Reverse("2026-11-22T12:00:00.000000001Z".parse().unwrap()),
            domain: DomainId::from_bytes([7; 16]),
            kind: Kind::Expired,
        };
        let place = finding.write();
        assert_eq!(Finding::read(&place), Some(finding));
        assert_eq!(place.len(), PLACE_LEN);
        assert_eq!(Finding::read(&place[1..]), None);
        assert_eq!(Finding::read(&[place, vec![0]].concat()), None);
        assert_eq!(Finding::read(&[0xff; PLACE_LEN]), None);
    }
}
