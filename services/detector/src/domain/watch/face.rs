//! What a domain is believed to present: one endpoint stands for each thing that is shown.
//!
//! Addresses come and go with every answer of a busy name server; chains do not. So the log records
//! an endpoint only if it shows what no other stands for, and a steady domain writes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use jiff::{SignedDuration, Timestamp};

use crate::domain::sight::{Endpoint, Fingerprint, Showing};

/// How long a leaf is remembered after it was last seen: one that comes back is no change.
pub const MEMORY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Chains remembered of one domain beside those that are shown: as many as a job may name.
pub const CHAINS_MAX: usize = 8;
/// Different showings believed of one domain. Nine endpoints in the middle of a rollout show two.
/// Not above `CHAINS_MAX`, so that all that is learned in one look is remembered until it is
/// believed.
pub const FACES_MAX: usize = 8;

/// An endpoint that stands for what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    /// Its address.
    pub address: IpAddr,
    /// What it shows.
    pub showing: Showing,
    /// SHA-256 of the leaf.
    pub leaf: Fingerprint,
}

/// A chain that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recent {
    /// The chain.
    pub chain: Fingerprint,
    /// SHA-256 of its leaf.
    pub leaf: Fingerprint,
    /// When it was last believed to be shown.
    pub until: Timestamp,
}

/// What changes in the belief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// An endpoint stands for this.
    Seen(IpAddr, Showing),
    /// It stands for nothing any more.
    Gone(IpAddr),
}

/// What is believed after a look: for each showing the endpoint that stands for it.
///
/// An endpoint that failed keeps what it is believed to show, unless another shows it: that it does
/// not answer mends nothing. One that the name no longer leads to is forgotten with what it showed.
pub fn believed(faces: &[Face], endpoints: &[Endpoint]) -> BTreeMap<Showing, IpAddr> {
    let shown = |address| endpoints.iter().find(|endpoint| endpoint.address == address);
    let mut believed = BTreeMap::new();
    for face in faces {
        let stays = match shown(face.address).map(|endpoint| &endpoint.shows) {
            Some(Ok(showing)) => *showing == face.showing,
            Some(Err(_)) => true,
            None => endpoints.iter().any(|other| other.shows.as_ref() == Ok(&face.showing)),
        };
        if stays {
            believed.insert(face.showing, face.address);
        }
    }
    for endpoint in endpoints {
        if let Ok(showing) = &endpoint.shows
            && believed.len() < FACES_MAX
        {
            believed.entry(*showing).or_insert(endpoint.address);
        }
    }
    believed
}

/// The steps from what was believed to what is.
pub fn changes(faces: &[Face], believed: &BTreeMap<Showing, IpAddr>) -> Vec<Change> {
    let stay: BTreeSet<_> = believed.values().collect();
    let gone = faces.iter().map(|face| face.address).filter(|address| !stay.contains(address));
    let known = |address, showing| {
        faces.iter().any(|face| face.address == address && face.showing == showing)
    };
    let seen = believed.iter().filter(|(showing, address)| !known(**address, **showing));
    gone.map(Change::Gone).chain(seen.map(|(s, address)| Change::Seen(*address, *s))).collect()
}

/// Keeps what may still matter: the latest, as many as may be kept, none older than the memory.
pub fn forget(recents: &mut Vec<Recent>, now: Timestamp) {
    recents.retain(|recent| now.duration_since(recent.until) <= MEMORY);
    recents.sort_by_key(|recent| std::cmp::Reverse(recent.until));
    recents.truncate(CHAINS_MAX);
}

#[cfg(test)]
mod tests {
    use proto::v1::Reason;

    use super::*;
    use crate::domain::sight::Absence;

    const OLD: u8 = 1;
    const NEW: u8 = 2;

    fn showing(chain: u8) -> Showing {
        Showing { chain: [chain; 32], version: 0x0304, cipher_suite: 0x1301 }
    }

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn face(last: u8, chain: u8) -> Face {
        Face { address: address(last), showing: showing(chain), leaf: [chain; 32] }
    }

    fn shows(last: u8, chain: u8) -> Endpoint {
        Endpoint { address: address(last), shows: Ok(showing(chain)) }
    }

    fn fails(last: u8) -> Endpoint {
        let reason = Reason::ConnectTimeout;
        let shows = Err(Absence { reason, detail: String::new(), alert: None });
        Endpoint { address: address(last), shows }
    }

    fn steps(faces: &[Face], endpoints: &[Endpoint]) -> Vec<Change> {
        changes(faces, &believed(faces, endpoints))
    }

    #[test]
    fn addresses_that_come_and_go_with_the_same_chain_change_nothing() {
        assert_eq!(steps(&[face(1, OLD)], &[shows(2, OLD), shows(3, OLD)]), []);
    }

    #[test]
    fn a_new_chain_is_believed_at_the_endpoint_that_shows_it() {
        let faces = [face(1, OLD)];
        let seen = Change::Seen(address(2), showing(NEW));
        assert_eq!(steps(&faces, &[shows(1, OLD), shows(2, NEW)]), [seen]);
        let seen = Change::Seen(address(1), showing(NEW));
        assert_eq!(steps(&faces, &[shows(1, NEW)]), [seen]);
    }

    #[test]
    fn a_failure_mends_nothing() {
        assert_eq!(steps(&[face(1, OLD), face(2, NEW)], &[fails(1), shows(2, NEW)]), []);
    }

    #[test]
    fn a_name_that_no_longer_leads_there_does() {
        let gone = Change::Gone(address(1));
        assert_eq!(steps(&[face(1, OLD), face(2, NEW)], &[shows(2, NEW)]), [gone]);
    }

    #[test]
    fn another_stands_in_for_one_that_changed() {
        let faces = [face(1, OLD)];
        let seen = [Change::Seen(address(2), showing(OLD)), Change::Seen(address(1), showing(NEW))];
        assert_eq!(steps(&faces, &[shows(1, NEW), shows(2, OLD)]), seen);
    }
}
