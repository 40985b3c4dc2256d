//! A decision in the making: events are said one by one, each on top of those before.

use jiff::Timestamp;
use proto::{
    id::DomainId,
    time,
    v1::{
        AnomalyClosed, AnomalyOpened, AnomalyWorsened, Kind, LogEvent, LogRecord, RoundCounted,
        State, StateChanged, anomaly_closed::How, log_event::Event,
    },
};

use super::{
    Watch,
    anomaly::{Open, rung},
    command::Finding,
};

/// A record that is being written.
pub(super) struct Draft<'w> {
    /// The watch as it was.
    pub(super) before: &'w Watch,
    /// The watch as it is after what was said.
    pub(super) now: Watch,
    pub(super) domain: DomainId,
    pub(super) at: Timestamp,
    /// The look that is the cause; 0: none is.
    pub(super) look: u64,
    /// Whether nobody sees the domain, though no anomaly of it says so.
    pub(super) unseen: bool,
    events: Vec<LogEvent>,
}

impl<'w> Draft<'w> {
    pub(super) fn new(before: &'w Watch, domain: DomainId, at: Timestamp) -> Self {
        let unseen = before.state() == State::Unknown && before.follows(false) != State::Unknown;
        Self { before, now: before.clone(), domain, at, look: 0, unseen, events: vec![] }
    }

    /// Says that something happened.
    pub(super) fn say(&mut self, event: Event) {
        self.now.happen(&event, self.at);
        self.events.push(LogEvent { event: Some(event) });
    }

    /// Opens an anomaly of a kind that is not open.
    pub(super) fn open(&mut self, finding: Finding) {
        let number = self.now.openings + 1;
        self.say(Event::AnomalyOpened(AnomalyOpened {
            anomaly_id: self.anomaly_id(finding.kind, number),
            kind: finding.kind.into(),
            severity: finding.severity.into(),
            since: Some(time::write(finding.since.unwrap_or(self.at))),
            evidence: Some(finding.evidence),
        }));
    }

    /// Makes an open anomaly worse, if it is found to be.
    pub(super) fn worsen(&mut self, open: &Open, finding: Finding) {
        if !open.is_worsened_by(finding.severity, rung(Some(&finding.evidence))) {
            return;
        }
        self.say(Event::AnomalyWorsened(AnomalyWorsened {
            anomaly_id: self.anomaly_id(open.kind, open.number),
            kind: open.kind.into(),
            severity: finding.severity.max(open.severity).into(),
            evidence: Some(finding.evidence),
            since: Some(time::write(open.since)),
        }));
    }

    /// Closes an open anomaly.
    pub(super) fn close(&mut self, open: &Open, how: How) {
        self.say(Event::AnomalyClosed(AnomalyClosed {
            anomaly_id: self.anomaly_id(open.kind, open.number),
            kind: open.kind.into(),
            since: Some(time::write(open.since)),
            how: how.into(),
            severity: open.severity.into(),
        }));
    }

    /// Closes the anomaly of a kind, if it is open.
    pub(super) fn close_kind(&mut self, kind: Kind, how: How) {
        if let Some(open) = self.now.open_of(kind).copied() {
            self.close(&open, how);
        }
    }

    /// Counts a clean round, and closes the anomaly with the last one needed.
    pub(super) fn count_clean(&mut self, open: &Open) {
        let clean = open.clean + 1;
        if clean >= open.clean_needed {
            self.close(open, How::Recovered);
        } else {
            self.count(open, clean, open.clean_needed);
        }
    }

    /// Says how many clean rounds an open anomaly has, and needs.
    pub(super) fn count(&mut self, open: &Open, clean: u32, clean_needed: u32) {
        self.say(Event::RoundCounted(RoundCounted {
            kind: open.kind.into(),
            clean,
            clean_needed,
            since: Some(time::write(self.at)),
            ..RoundCounted::default()
        }));
    }

    /// The record, if anything is to be said.
    pub(super) fn record(mut self) -> Option<LogRecord> {
        let (from, to) = (self.before.state(), self.now.follows(self.unseen));
        if from != to {
            self.say(Event::StateChanged(StateChanged { from: from.into(), to: to.into() }));
        }
        if self.events.is_empty() {
            return None;
        }
        Some(LogRecord {
            recorded_at: Some(time::write(self.at)),
            look: self.look,
            inventory_revision: self.now.revision,
            events: self.events,
            state: to.into(),
            wake_at: self.now.wake_at.map(time::write),
            judged_under: self.now.judged_under,
            undecided: self.now.undecided,
            ..LogRecord::default()
        })
    }

    fn anomaly_id(&self, kind: Kind, number: u32) -> String {
        format!("{}-{}-{number}", self.domain, kind.token())
    }
}
