//! How what happened changes what is known. Total: what makes no sense changes nothing.

use std::net::IpAddr;

use jiff::Timestamp;
use proto::{
    time,
    v1::{
        AnomalyOpened, AnomalyWorsened, ChainLearned, EndpointSeen, Kind, LogRecord, Reason,
        RoundCounted, Severity, State, log_event::Event,
    },
};

use super::{
    Recorded, Standing, Watch,
    anomaly::{Failing, Open, rung},
    face::{self, Face, Recent},
};
use crate::domain::sight::{Fingerprint, Showing};

impl Watch {
    /// Takes in a record: its events, and what stands in it as a whole.
    pub(super) fn take_in(&mut self, record: &LogRecord) {
        let at = record.recorded_at.as_ref().and_then(time::read).unwrap_or_default();
        for event in record.events.iter().filter_map(|event| event.event.as_ref()) {
            self.happen(event, at);
        }
        // Only now: an event may speak of a chain that the one before it would have made forgotten.
        self.forget(at);
        self.look = self.look.max(record.look);
        self.revision = self.revision.max(record.inventory_revision);
        self.wake_at = record.wake_at.as_ref().and_then(time::read);
        (self.judged_under, self.undecided) = (record.judged_under, record.undecided);
    }

    /// Takes in one event.
    pub(super) fn happen(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Watched(watched) if watched.enabling => self.standing = Standing::Enabling,
            Event::Unwatched(unwatched) => self.leave(unwatched.removed, at),
            Event::StateChanged(changed) => {
                self.state = Recorded(State::try_from(changed.to).unwrap_or(State::Unspecified));
            }
            Event::AnomalyOpened(opened) => self.opened(opened, at),
            Event::AnomalyWorsened(worsened) => self.worsened(worsened),
            Event::AnomalyClosed(closed) => self.closed(closed.kind()),
            Event::Watched(_) | Event::CertificateChanged(_) => {}
            Event::ChainLearned(learned) => self.learned(learned, at),
            Event::EndpointSeen(seen) => self.seen(seen, at),
            Event::EndpointGone(gone) => {
                if let Ok(address) = gone.address.parse() {
                    self.believe(address, None, at);
                }
            }
            Event::RoundCounted(round) => self.counted(round),
        }
    }

    fn leave(&mut self, removed: bool, at: Timestamp) {
        self.standing = if removed { Standing::Removed } else { Standing::Unwatched };
        (self.failing, self.wake_at) = (None, None);
        for address in self.faces.iter().map(|face| face.address).collect::<Vec<_>>() {
            self.believe(address, None, at);
        }
    }

    fn opened(&mut self, opened: &AnomalyOpened, at: Timestamp) {
        let kind = opened.kind();
        let number = opened.anomaly_id.rsplit('-').next().and_then(|end| end.parse().ok());
        let open = Open {
            kind,
            severity: severity(opened.severity),
            number: number.unwrap_or(self.openings + 1),
            since: opened.since.as_ref().and_then(time::read).unwrap_or(at),
            opened_at: at,
            rung: rung(opened.evidence.as_ref()),
            clean: 0,
            clean_needed: Open::needed(kind),
        };
        self.openings = self.openings.max(open.number);
        if matches!(kind, Kind::Unreachable | Kind::EnableFailed) {
            self.failing = None;
        }
        self.with_open(|all| {
            all.retain(|other| other.kind != kind);
            all.push(open);
        });
    }

    fn worsened(&mut self, worsened: &AnomalyWorsened) {
        let kind = worsened.kind();
        if let Some(open) = self.open.iter_mut().find(|open| open.kind == kind) {
            open.severity = open.severity.max(severity(worsened.severity));
            open.rung = open.rung.min(rung(worsened.evidence.as_ref()));
        }
    }

    fn closed(&mut self, kind: Kind) {
        self.with_open(|all| all.retain(|open| open.kind != kind));
    }

    fn counted(&mut self, round: &RoundCounted) {
        let kind = round.kind();
        if let Some(open) = self.open.iter_mut().find(|open| open.kind == kind) {
            (open.clean, open.clean_needed) = (round.clean, round.clean_needed);
            return;
        }
        let since = round.since.as_ref().and_then(time::read).unwrap_or_default();
        let reason = Reason::try_from(round.reason).unwrap_or(Reason::Unspecified);
        self.failing =
            (round.seen > 0).then(|| Box::new(Failing { rounds: round.seen, reason, since }));
    }

    fn learned(&mut self, learned: &ChainLearned, at: Timestamp) {
        let Some(chain) = &learned.chain else { return };
        let Ok(fingerprint) = Fingerprint::try_from(chain.fingerprint.as_ref()) else { return };
        let Ok(leaf) = Fingerprint::try_from(learned.leaf.as_ref()) else { return };
        self.with_recents(|recents| {
            recents.retain(|recent| recent.chain != fingerprint);
            recents.push(Recent { chain: fingerprint, leaf, until: at });
        });
    }

    fn seen(&mut self, seen: &EndpointSeen, at: Timestamp) {
        let Ok(address) = seen.address.parse::<IpAddr>() else { return };
        let Ok(chain) = Fingerprint::try_from(seen.chain.as_ref()) else { return };
        let Some(leaf) = self.leaf_of(&chain) else { return };
        let showing = Showing {
            chain,
            version: u16::try_from(seen.version).unwrap_or(0),
            cipher_suite: u16::try_from(seen.cipher_suite).unwrap_or(0),
        };
        self.believe(address, Some(Face { address, showing, leaf }), at);
        if self.is_watched() {
            self.standing = Standing::Seen;
        }
    }

    /// Believes that an endpoint stands for something else than before, or for nothing.
    fn believe(&mut self, address: IpAddr, face: Option<Face>, at: Timestamp) {
        let mut faces = std::mem::take(&mut self.faces).into_vec();
        let before = faces.iter().position(|face| face.address == address);
        let left = before.map(|at| faces.remove(at));
        faces.extend(face);
        faces.sort_by_key(|face| face.address);
        self.faces = faces.into();
        if let Some(left) = left {
            let Face { showing, leaf, .. } = left;
            self.with_recents(|recents| {
                recents.retain(|recent| recent.chain != showing.chain);
                recents.push(Recent { chain: showing.chain, leaf, until: at });
            });
        } else if face.is_some() {
            self.with_recents(|_| ());
        }
    }

    /// Changes the memory of chains; those that are shown again stand with their faces.
    fn with_recents(&mut self, change: impl FnOnce(&mut Vec<Recent>)) {
        let mut recents = std::mem::take(&mut self.recents).into_vec();
        change(&mut recents);
        recents.retain(|recent| !self.faces.iter().any(|face| face.showing.chain == recent.chain));
        self.recents = recents.into();
    }

    fn forget(&mut self, now: Timestamp) {
        self.with_recents(|recents| face::forget(recents, now));
    }

    fn with_open(&mut self, change: impl FnOnce(&mut Vec<Open>)) {
        let mut open = std::mem::take(&mut self.open).into_vec();
        change(&mut open);
        open.sort_by_key(|open| open.kind);
        self.open = open.into();
    }
}

fn severity(wire: i32) -> Severity {
    Severity::try_from(wire).unwrap_or(Severity::Unspecified)
}
