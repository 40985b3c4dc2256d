//! What is known of the trust in a chain that is presented.
//!
//! The detector says what is wrong with a domain, and names what shows it; it does not say of each
//! chain that it is good. So a chain is trusted if it was judged, trust was decided, and it stood
//! beside whatever was found wrong and was not named. It judges nothing anew.

use std::{collections::BTreeMap, net::SocketAddr};

use proto::v1::{EndpointGone, EndpointSeen, Kind, evidence::Case};

use super::Detail;
use crate::domain::chain;

/// What is known of the trust in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// A path to a trust anchor was found.
    Trusted,
    /// One was, with certificates that are not presented.
    Incomplete,
    /// There is none.
    Untrusted,
    /// Nobody can tell, or has yet.
    Unknown,
}

/// Which endpoint stands for which chain.
#[derive(Debug, Clone, Default)]
pub(super) struct Faces(BTreeMap<SocketAddr, [u8; 32]>);

/// What evidence says of one chain.
enum Charge {
    /// Nothing.
    None,
    /// Nobody can tell: it came later, or has the leaf that was judged.
    Open,
    /// It is what is wrong.
    Proved,
}

impl Trust {
    /// As one word.
    pub fn token(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Incomplete => "incomplete",
            Self::Untrusted => "untrusted",
            Self::Unknown => "unknown",
        }
    }
}

impl Detail {
    /// What is known of the trust in a chain, by its fingerprint.
    pub fn trust(&self, chain: &[u8; 32]) -> Trust {
        let charges =
            (self.charge(Kind::Untrusted, chain), self.charge(Kind::ChainIncomplete, chain));
        match charges {
            (Charge::Proved, _) => Trust::Untrusted,
            (_, Charge::Proved) => Trust::Incomplete,
            (Charge::None, Charge::None) if self.is_decided(chain) => Trust::Trusted,
            (Charge::None | Charge::Open, Charge::None | Charge::Open) => Trust::Unknown,
        }
    }

    /// Whether the detector has judged a chain, and could.
    fn is_decided(&self, chain: &[u8; 32]) -> bool {
        self.judged.contains(chain) && !self.undecided
    }

    fn charge(&self, kind: Kind, chain: &[u8; 32]) -> Charge {
        let Some(evidence) = self.evidence.get(&kind) else { return Charge::None };
        let faces = self.shown.get(&kind).into_iter().flat_map(|faces| &faces.0);
        let mut places =
            faces.filter(|(_, shown)| *shown == chain).map(|(address, _)| address).peekable();
        let came_later = places.peek().is_none();
        if places.any(|address| evidence.endpoints.contains(&address.to_string())) {
            Charge::Proved
        } else if came_later || self.has_leaf_of(kind, chain) && !self.has_missing(kind, chain) {
            Charge::Open
        } else {
            Charge::None
        }
    }

    /// Whether a chain has the leaf that was judged.
    fn has_leaf_of(&self, kind: Kind, chain: &[u8; 32]) -> bool {
        let judged = self.evidence.get(&kind).and_then(|evidence| evidence.leaf.as_ref());
        let certificates = self.chains.get(chain).map(Vec::as_slice).unwrap_or_default();
        let leaf = chain::leaf(certificates).map(|leaf| certificates[leaf].fingerprint());
        judged.zip(leaf).is_some_and(|(judged, leaf)| judged.sha256 == leaf.as_slice())
    }

    /// Whether a chain has what is missing from another.
    fn has_missing(&self, kind: Kind, chain: &[u8; 32]) -> bool {
        let case = self.evidence.get(&kind).and_then(|evidence| evidence.case.as_ref());
        let Some(Case::MissingIssuer(lacking)) = case else { return false };
        let certificates = self.chains.get(chain).map(Vec::as_slice).unwrap_or_default();
        lacking.missing.iter().all(|missing| {
            certificates.iter().any(|one| missing.sha256 == one.fingerprint().as_slice())
        })
    }
}

impl Faces {
    pub(super) fn seen(&mut self, seen: &EndpointSeen) {
        if let Some(address) = socket(&seen.address, seen.port)
            && let Ok(chain) = seen.chain.as_ref().try_into()
        {
            self.0.insert(address, chain);
        }
    }

    pub(super) fn gone(&mut self, gone: &EndpointGone) {
        if let Some(address) = socket(&gone.address, gone.port) {
            self.0.remove(&address);
        }
    }
}

fn socket(address: &str, port: u32) -> Option<SocketAddr> {
    Some(SocketAddr::new(address.parse().ok()?, u16::try_from(port).ok()?))
}

#[cfg(test)]
mod tests {
    use proto::v1::{
        AnomalyOpened, CertificateSummary, Chain, ChainLearned, Evidence, LogEvent, LogRecord,
        MissingIssuer, Untrusted, log_event::Event,
    };

    use super::*;

    const GOOD: [u8; 32] = [1; 32];
    const BAD: [u8; 32] = [2; 32];

    /// A chain is seen for the first time, on an address with that last number.
    fn seen(chain: [u8; 32], last: u8) -> [Event; 2] {
        let fingerprint = chain.to_vec().into();
        let learned = Chain { fingerprint, certificates: vec![] };
        let learned = ChainLearned { chain: Some(learned), ..ChainLearned::default() };
        let (address, chain) = (format!("192.0.2.{last}"), chain.to_vec().into());
        let seen = EndpointSeen { address, port: 443, chain, ..EndpointSeen::default() };
        [Event::ChainLearned(learned), Event::EndpointSeen(seen)]
    }

    /// Something is wrong on an address with that last number.
    fn wrong(kind: Kind, case: Case, last: u8) -> Event {
        let endpoints = vec![format!("192.0.2.{last}:443")];
        let evidence =
            Evidence { endpoints, case: Some(case), leaf: Some(CertificateSummary::default()) };
        Event::AnomalyOpened(AnomalyOpened {
            kind: kind as i32,
            evidence: Some(evidence),
            ..AnomalyOpened::default()
        })
    }

    fn untrusted(last: u8) -> Event {
        wrong(Kind::Untrusted, Case::Untrusted(Untrusted::default()), last)
    }

    fn record(events: impl IntoIterator<Item = Event>) -> LogRecord {
        let events = events.into_iter().map(|event| LogEvent { event: Some(event) });
        LogRecord { events: events.collect(), ..LogRecord::default() }
    }

    fn trust(records: &[LogRecord]) -> (Trust, Trust) {
        let detail = Detail::folded(records, None);
        (detail.trust(&GOOD), detail.trust(&BAD))
    }

    #[test]
    fn a_chain_is_trusted_once_it_was_judged_and_nothing_is_wrong() {
        assert_eq!(trust(&[record(seen(GOOD, 1))]), (Trust::Trusted, Trust::Unknown));
    }

    #[test]
    fn what_nobody_can_tell_is_not_known_until_somebody_can() {
        let undecided = LogRecord { undecided: true, ..record(seen(GOOD, 1)) };
        assert_eq!(trust(std::slice::from_ref(&undecided)).0, Trust::Unknown);
        assert_eq!(trust(&[undecided, record([])]).0, Trust::Trusted);
    }

    #[test]
    fn evidence_is_of_the_chain_that_its_addresses_show() {
        let both = || seen(GOOD, 1).into_iter().chain(seen(BAD, 2));
        let one = record(both().chain([untrusted(2)]));
        assert_eq!(trust(&[one]), (Trust::Trusted, Trust::Untrusted));
        let case = Case::MissingIssuer(MissingIssuer::default());
        let one = record(both().chain([wrong(Kind::ChainIncomplete, case, 2)]));
        assert_eq!(trust(&[one]), (Trust::Trusted, Trust::Incomplete));
    }

    #[test]
    fn what_came_after_the_evidence_is_not_known() {
        let wrong = record(seen(BAD, 2).into_iter().chain([untrusted(2)]));
        let later = record(seen(GOOD, 2));
        assert_eq!(trust(&[wrong, later]), (Trust::Unknown, Trust::Untrusted));
    }
}
