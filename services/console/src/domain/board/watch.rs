//! One domain's log folded into what is shown of it: state, endpoints, leaf, open anomalies.

pub(super) mod memory;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use jiff::Timestamp;
use proto::{
    id::DomainId,
    v1::{self, AnomalyClosed, Kind, LogRecord, Severity, State, log_event::Event},
};

use super::{
    instant,
    leaf::{Leaf, Leaves},
};
use crate::domain::sentence::Sentence;

/// Chains that one domain is known to serve, newest last. A job carries at most 8; twice that
/// covers a fleet in the middle of a rollout.
const CHAINS_MAX: usize = 16;
/// Endpoints of one domain that differ in what they present.
const ENDPOINTS_MAX: usize = 64;

/// What is shown of one domain's watch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Watch {
    state: State,
    state_since: Timestamp,
    /// The endpoints that stand for what they present; those that present the same are not here.
    endpoints: Vec<Endpoint>,
    chains: Vec<Arc<Leaf>>,
    anomalies: Vec<Anomaly>,
    certificate_changed_at: Timestamp,
    /// Name of the prober, if the log is that of a prober.
    prober: Option<Box<str>>,
    /// Sequence of the last record taken in.
    sequence: u64,
}

/// What one endpoint presents.
#[derive(Debug, Clone, PartialEq)]
struct Endpoint {
    address: SocketAddr,
    /// `None` if the chain cannot be read.
    leaf: Option<Arc<Leaf>>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Anomaly {
    /// Unique for ever.
    pub id: Box<str>,
    /// What it is.
    pub kind: Kind,
    /// How bad it is now.
    pub severity: Severity,
    /// Since when it is so.
    pub since: Timestamp,
    /// When it was noticed.
    pub detected_at: Timestamp,
    /// What is wrong, in one sentence.
    pub sentence: Sentence,
}

/// Something that was wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    /// Of which domain.
    pub domain: DomainId,
    /// What it was, with the severity it had last.
    pub anomaly: Anomaly,
    /// When it was over.
    pub closed_at: Timestamp,
    /// How it came to its end.
    pub how: v1::anomaly_closed::How,
}

/// Taking in.
impl Watch {
    /// Takes in a record, unless it was; answers what came to its end.
    pub fn logged(
        &mut self,
        id: DomainId,
        sequence: u64,
        record: &LogRecord,
        leaves: &mut Leaves,
    ) -> Vec<Closed> {
        if sequence <= self.sequence {
            return vec![];
        }
        self.sequence = sequence;
        let at = instant(record.recorded_at.as_ref());
        if record.state() != self.state {
            (self.state, self.state_since) = (record.state(), at);
        }
        if record.port == 0 {
            self.prober = Some(record.host.as_str().into());
        }
        let events = record.events.iter().filter_map(|event| event.event.as_ref());
        let closed = events.filter_map(|event| self.happened(id, at, event, leaves)).collect();
        // There are a hundred thousand: room for more is more than what is there.
        self.endpoints.shrink_to_fit();
        self.chains.shrink_to_fit();
        self.anomalies.shrink_to_fit();
        closed
    }

    fn happened(
        &mut self,
        id: DomainId,
        at: Timestamp,
        event: &Event,
        leaves: &mut Leaves,
    ) -> Option<Closed> {
        match event {
            Event::AnomalyOpened(opened) => {
                self.opened(opened, at);
                None
            }
            Event::AnomalyWorsened(worsened) => {
                self.worsened(worsened);
                None
            }
            Event::AnomalyClosed(closed) => self.closed(id, closed, at),
            Event::ChainLearned(learned) => {
                if let Some(leaf) = learned.chain.as_ref().and_then(|chain| leaves.of(chain)) {
                    self.learned(leaf);
                }
                None
            }
            Event::EndpointSeen(seen) => {
                self.seen(seen);
                None
            }
            Event::EndpointGone(gone) => {
                if let Some(address) = socket(&gone.address, gone.port) {
                    self.endpoints.retain(|endpoint| endpoint.address != address);
                }
                None
            }
            Event::CertificateChanged(_) => {
                self.certificate_changed_at = at;
                None
            }
            // The record says the state after all its events.
            Event::StateChanged(_)
            | Event::Watched(_)
            | Event::Unwatched(_)
            | Event::RoundCounted(_) => None,
        }
    }

    fn opened(&mut self, opened: &v1::AnomalyOpened, at: Timestamp) {
        let kind = opened.kind();
        self.anomalies.retain(|anomaly| anomaly.kind != kind);
        self.anomalies.push(Anomaly {
            id: opened.anomaly_id.as_str().into(),
            kind,
            severity: opened.severity(),
            since: instant(opened.since.as_ref()),
            detected_at: at,
            sentence: Sentence::of(kind, opened.evidence.as_ref()),
        });
        // Worst first, then in the order of the kinds, so that a list is the same at every look.
        self.anomalies.sort_by_key(|a| (std::cmp::Reverse(a.severity), a.kind));
    }

    fn worsened(&mut self, worsened: &v1::AnomalyWorsened) {
        let kind = worsened.kind();
        if let Some(anomaly) = self.anomalies.iter_mut().find(|anomaly| anomaly.kind == kind) {
            anomaly.severity = worsened.severity();
            if worsened.evidence.is_some() {
                anomaly.sentence = Sentence::of(kind, worsened.evidence.as_ref());
            }
        }
        self.anomalies.sort_by_key(|a| (std::cmp::Reverse(a.severity), a.kind));
    }

    fn closed(&mut self, id: DomainId, closed: &AnomalyClosed, at: Timestamp) -> Option<Closed> {
        let kind = closed.kind();
        let place = self.anomalies.iter().position(|anomaly| anomaly.kind == kind)?;
        let anomaly = self.anomalies.remove(place);
        Some(Closed { domain: id, anomaly, closed_at: at, how: closed.how() })
    }

    fn learned(&mut self, leaf: Arc<Leaf>) {
        self.chains.retain(|known| known.chain != leaf.chain);
        if self.chains.len() == CHAINS_MAX {
            self.chains.remove(0);
        }
        self.chains.push(leaf);
    }

    fn seen(&mut self, seen: &v1::EndpointSeen) {
        let Some(address) = socket(&seen.address, seen.port) else { return };
        let leaf = self.chains.iter().find(|leaf| leaf.chain == seen.chain.as_ref()).cloned();
        let endpoint = Endpoint { address, leaf };
        self.endpoints.retain(|known| known.address != address);
        if self.endpoints.len() < ENDPOINTS_MAX {
            self.endpoints.push(endpoint);
        }
    }
}

fn socket(address: &str, port: u32) -> Option<SocketAddr> {
    Some(SocketAddr::new(address.parse::<IpAddr>().ok()?, u16::try_from(port).ok()?))
}

/// Showing.
impl Watch {
    /// The state that the log says, and since when.
    pub fn state(&self) -> (State, Timestamp) {
        (self.state, self.state_since)
    }

    /// Name of the prober, if the log is that of a prober and not of a domain.
    pub fn prober(&self) -> Option<&str> {
        self.prober.as_deref()
    }

    /// What is wrong, worst first.
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// When the certificate last changed; the epoch if it did not while it was watched.
    pub fn certificate_changed_at(&self) -> Timestamp {
        self.certificate_changed_at
    }

    /// The leaf that expires first among those that are served.
    pub fn leaf(&self) -> Option<&Leaf> {
        let leaves = self.endpoints.iter().filter_map(|endpoint| endpoint.leaf.as_deref());
        leaves.min_by_key(|leaf| leaf.not_after)
    }

    /// Sequence of the last record taken in; 0 if there was none.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}
