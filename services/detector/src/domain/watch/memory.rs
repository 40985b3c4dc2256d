//! A watch as it is kept in a snapshot: the same state, folded no further back than to here.
//!
//! A snapshot may be thrown away at any time, so its form has a version and no past: one that does
//! not read is folded anew from the log.

use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;
use prost::Message;
use proto::{
    time,
    v1::{Kind, Reason, Severity, State},
};

use super::{
    Recorded, Standing, Watch,
    anomaly::{Failing, Open},
    face::{Face, Recent},
};
use crate::domain::sight::{Fingerprint, Showing};

/// Changes with every change of the form or of what folding means.
pub const FORM: u32 = 3;

/// A watch, as kept.
#[derive(Clone, PartialEq, Message)]
pub struct Kept {
    #[prost(uint64, tag = "1")]
    look: u64,
    #[prost(uint64, tag = "2")]
    revision: u64,
    #[prost(message, optional, tag = "3")]
    wake_at: Option<prost_types::Timestamp>,
    #[prost(uint32, tag = "4")]
    judged_under: u32,
    #[prost(uint32, tag = "5")]
    openings: u32,
    #[prost(uint32, tag = "6")]
    standing: u32,
    #[prost(enumeration = "State", tag = "7")]
    state: i32,
    #[prost(message, repeated, tag = "8")]
    faces: Vec<KeptChain>,
    #[prost(message, repeated, tag = "9")]
    recents: Vec<KeptChain>,
    #[prost(message, repeated, tag = "10")]
    open: Vec<KeptOpen>,
    #[prost(message, optional, tag = "11")]
    failing: Option<KeptOpen>,
    #[prost(bool, tag = "12")]
    undecided: bool,
}

/// A face, or a chain that was one.
#[derive(Clone, PartialEq, Message)]
struct KeptChain {
    #[prost(bytes = "bytes", tag = "1")]
    address: bytes::Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    chain: bytes::Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    leaf: bytes::Bytes,
    #[prost(uint32, tag = "4")]
    version: u32,
    #[prost(uint32, tag = "5")]
    cipher_suite: u32,
    #[prost(message, optional, tag = "6")]
    until: Option<prost_types::Timestamp>,
}

/// An open anomaly, or rounds towards one.
#[derive(Clone, PartialEq, Message)]
struct KeptOpen {
    #[prost(enumeration = "Kind", tag = "1")]
    kind: i32,
    #[prost(enumeration = "Severity", tag = "2")]
    severity: i32,
    #[prost(uint32, tag = "3")]
    number: u32,
    #[prost(message, optional, tag = "4")]
    since: Option<prost_types::Timestamp>,
    #[prost(message, optional, tag = "5")]
    opened_at: Option<prost_types::Timestamp>,
    #[prost(uint32, tag = "6")]
    rung: u32,
    #[prost(uint32, tag = "7")]
    clean: u32,
    #[prost(uint32, tag = "8")]
    clean_needed: u32,
    #[prost(enumeration = "Reason", tag = "9")]
    reason: i32,
    #[prost(uint32, tag = "10")]
    rounds: u32,
}

impl Watch {
    /// As it is kept.
    pub fn keep(&self) -> Kept {
        Kept {
            look: self.look,
            revision: self.revision,
            wake_at: self.wake_at.map(time::write),
            judged_under: self.judged_under,
            undecided: self.undecided,
            openings: self.openings,
            standing: self.standing as u32,
            state: self.state.0.into(),
            faces: self.faces.iter().map(keep_face).collect(),
            recents: self.recents.iter().map(keep_recent).collect(),
            open: self.open.iter().map(keep_open).collect(),
            failing: self.failing.as_deref().map(keep_failing),
        }
    }

    /// From what was kept; `None` if it does not read.
    pub fn recall(kept: &Kept) -> Option<Self> {
        let standings =
            [Standing::Unwatched, Standing::Removed, Standing::Enabling, Standing::Seen];
        let wake_at = match &kept.wake_at {
            Some(at) => Some(time::read(at)?),
            None => None,
        };
        Some(Self {
            look: kept.look,
            revision: kept.revision,
            wake_at,
            judged_under: kept.judged_under,
            undecided: kept.undecided,
            openings: kept.openings,
            standing: standings.into_iter().find(|s| *s as u32 == kept.standing)?,
            state: Recorded(State::try_from(kept.state).ok()?),
            faces: kept.faces.iter().map(recall_face).collect::<Option<_>>()?,
            recents: kept.recents.iter().map(recall_recent).collect::<Option<_>>()?,
            open: kept.open.iter().map(recall_open).collect::<Option<_>>()?,
            failing: match &kept.failing {
                Some(failing) => Some(Box::new(recall_failing(failing)?)),
                None => None,
            },
        })
    }
}

fn keep_face(face: &Face) -> KeptChain {
    let address = match face.address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    KeptChain {
        address: bytes::Bytes::copy_from_slice(&address.octets()),
        chain: bytes::Bytes::copy_from_slice(&face.showing.chain),
        leaf: bytes::Bytes::copy_from_slice(&face.leaf),
        version: face.showing.version.into(),
        cipher_suite: face.showing.cipher_suite.into(),
        until: None,
    }
}

fn recall_face(kept: &KeptChain) -> Option<Face> {
    let octets: [u8; 16] = kept.address.as_ref().try_into().ok()?;
    let showing = Showing {
        chain: Fingerprint::try_from(kept.chain.as_ref()).ok()?,
        version: kept.version.try_into().ok()?,
        cipher_suite: kept.cipher_suite.try_into().ok()?,
    };
    let address = IpAddr::V6(Ipv6Addr::from(octets)).to_canonical();
    Some(Face { address, showing, leaf: kept.leaf.as_ref().try_into().ok()? })
}

fn keep_recent(recent: &Recent) -> KeptChain {
    KeptChain {
        chain: bytes::Bytes::copy_from_slice(&recent.chain),
        leaf: bytes::Bytes::copy_from_slice(&recent.leaf),
        until: Some(time::write(recent.until)),
        ..KeptChain::default()
    }
}

fn recall_recent(kept: &KeptChain) -> Option<Recent> {
    Some(Recent {
        chain: kept.chain.as_ref().try_into().ok()?,
        leaf: kept.leaf.as_ref().try_into().ok()?,
        until: read(kept.until.as_ref())?,
    })
}

fn keep_open(open: &Open) -> KeptOpen {
    KeptOpen {
        kind: open.kind.into(),
        severity: open.severity.into(),
        number: open.number,
        since: Some(time::write(open.since)),
        opened_at: Some(time::write(open.opened_at)),
        rung: open.rung,
        clean: open.clean,
        clean_needed: open.clean_needed,
        ..KeptOpen::default()
    }
}

fn recall_open(kept: &KeptOpen) -> Option<Open> {
    Some(Open {
        kind: Kind::try_from(kept.kind).ok()?,
        severity: Severity::try_from(kept.severity).ok()?,
        number: kept.number,
        since: read(kept.since.as_ref())?,
        opened_at: read(kept.opened_at.as_ref())?,
        rung: kept.rung,
        clean: kept.clean,
        clean_needed: kept.clean_needed,
    })
}

fn keep_failing(failing: &Failing) -> KeptOpen {
    KeptOpen {
        rounds: failing.rounds,
        reason: failing.reason.into(),
        since: Some(time::write(failing.since)),
        ..KeptOpen::default()
    }
}

fn recall_failing(kept: &KeptOpen) -> Option<Failing> {
    Some(Failing {
        rounds: kept.rounds,
        reason: Reason::try_from(kept.reason).ok()?,
        since: read(kept.since.as_ref())?,
    })
}

fn read(at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    at.and_then(time::read)
}
