//! A watch as it is kept: the same state, folded no further back than to here.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use jiff::Timestamp;
use prost::Message;
use proto::{
    time,
    v1::{Kind, Severity, State},
};

use super::{Anomaly, Endpoint, Watch};
use crate::domain::{
    board::leaf::{Leaf, Leaves},
    sentence::Sentence,
};

/// A watch, as kept.
#[derive(Clone, PartialEq, Message)]
pub(in crate::domain::board) struct KeptWatch {
    #[prost(enumeration = "State", tag = "1")]
    state: i32,
    #[prost(message, optional, tag = "2")]
    state_since: Option<prost_types::Timestamp>,
    #[prost(message, repeated, tag = "3")]
    endpoints: Vec<KeptEndpoint>,
    #[prost(message, repeated, tag = "4")]
    chains: Vec<KeptLeaf>,
    #[prost(message, repeated, tag = "5")]
    anomalies: Vec<KeptAnomaly>,
    #[prost(message, optional, tag = "6")]
    certificate_changed_at: Option<prost_types::Timestamp>,
    #[prost(string, optional, tag = "7")]
    prober: Option<String>,
    #[prost(uint64, tag = "8")]
    sequence: u64,
}

#[derive(Clone, PartialEq, Message)]
struct KeptEndpoint {
    #[prost(string, tag = "1")]
    address: String,
    #[prost(uint32, tag = "2")]
    port: u32,
    #[prost(message, optional, tag = "3")]
    leaf: Option<KeptLeaf>,
}

#[derive(Clone, PartialEq, Message)]
struct KeptLeaf {
    #[prost(bytes = "vec", tag = "1")]
    chain: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    not_before: Option<prost_types::Timestamp>,
    #[prost(message, optional, tag = "3")]
    not_after: Option<prost_types::Timestamp>,
    #[prost(string, tag = "4")]
    issuer: String,
}

/// An anomaly, as kept.
#[derive(Clone, PartialEq, Message)]
pub(in crate::domain::board) struct KeptAnomaly {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(enumeration = "Kind", tag = "2")]
    kind: i32,
    #[prost(enumeration = "Severity", tag = "3")]
    severity: i32,
    #[prost(message, optional, tag = "4")]
    since: Option<prost_types::Timestamp>,
    #[prost(message, optional, tag = "5")]
    detected_at: Option<prost_types::Timestamp>,
    #[prost(string, tag = "6")]
    english: String,
    // 7 was a place in `LOG`.
    #[prost(string, tag = "8")]
    chinese: String,
}

impl Watch {
    /// As it is kept.
    pub(in crate::domain::board) fn keep(&self) -> KeptWatch {
        KeptWatch {
            state: self.state.into(),
            state_since: Some(time::write(self.state_since)),
            endpoints: self.endpoints.iter().map(|endpoint| self.keep_endpoint(endpoint)).collect(),
            chains: self.chains.iter().map(|leaf| keep_leaf(leaf)).collect(),
            anomalies: self.anomalies.iter().map(Anomaly::keep).collect(),
            certificate_changed_at: Some(time::write(self.certificate_changed_at)),
            prober: self.prober.as_deref().map(str::to_owned),
            sequence: self.sequence,
        }
    }

    /// A leaf that is among the chains is kept there, and only named here.
    fn keep_endpoint(&self, endpoint: &Endpoint) -> KeptEndpoint {
        let is_known = |leaf: &Arc<Leaf>| self.chains.contains(leaf);
        KeptEndpoint {
            address: endpoint.address.ip().to_string(),
            port: endpoint.address.port().into(),
            leaf: endpoint.leaf.as_ref().map(|leaf| {
                if is_known(leaf) {
                    KeptLeaf { chain: leaf.chain.to_vec(), ..KeptLeaf::default() }
                } else {
                    keep_leaf(leaf)
                }
            }),
        }
    }

    /// From what was kept; `None` if it does not read.
    pub(in crate::domain::board) fn recall(kept: &KeptWatch, leaves: &mut Leaves) -> Option<Self> {
        let mut chains = Vec::with_capacity(kept.chains.len());
        for leaf in &kept.chains {
            chains.push(recall_leaf(leaf, leaves)?);
        }
        let mut endpoints = Vec::with_capacity(kept.endpoints.len());
        for endpoint in &kept.endpoints {
            let leaf = match &endpoint.leaf {
                Some(leaf) => Some(recall_leaf(leaf, leaves)?),
                None => None,
            };
            let address: IpAddr = endpoint.address.parse().ok()?;
            let address = SocketAddr::new(address, endpoint.port.try_into().ok()?);
            endpoints.push(Endpoint { address, leaf });
        }
        Some(Self {
            state: State::try_from(kept.state).ok()?,
            state_since: read(kept.state_since.as_ref())?,
            endpoints,
            chains,
            anomalies: kept.anomalies.iter().map(Anomaly::recall).collect::<Option<_>>()?,
            certificate_changed_at: read(kept.certificate_changed_at.as_ref())?,
            prober: kept.prober.as_deref().map(Into::into),
            sequence: kept.sequence,
        })
    }
}

fn keep_leaf(leaf: &Leaf) -> KeptLeaf {
    KeptLeaf {
        chain: leaf.chain.to_vec(),
        not_before: Some(time::write(leaf.not_before)),
        not_after: Some(time::write(leaf.not_after)),
        issuer: leaf.issuer.to_string(),
    }
}

fn recall_leaf(kept: &KeptLeaf, leaves: &mut Leaves) -> Option<Arc<Leaf>> {
    let chain = kept.chain.as_slice().try_into().ok()?;
    if let Some(leaf) = leaves.get(&chain) {
        return Some(leaf);
    }
    let not_before = read(kept.not_before.as_ref())?;
    let not_after = read(kept.not_after.as_ref())?;
    Some(leaves.add(Leaf { chain, not_before, not_after, issuer: kept.issuer.as_str().into() }))
}

impl Anomaly {
    /// As it is kept.
    pub(in crate::domain::board) fn keep(&self) -> KeptAnomaly {
        KeptAnomaly {
            id: self.id.to_string(),
            kind: self.kind.into(),
            severity: self.severity.into(),
            since: Some(time::write(self.since)),
            detected_at: Some(time::write(self.detected_at)),
            english: self.sentence.english.to_string(),
            chinese: self.sentence.chinese.to_string(),
        }
    }

    /// From what was kept; `None` if it does not read.
    pub(in crate::domain::board) fn recall(kept: &KeptAnomaly) -> Option<Self> {
        Some(Self {
            id: kept.id.as_str().into(),
            kind: Kind::try_from(kept.kind).ok()?,
            severity: Severity::try_from(kept.severity).ok()?,
            since: read(kept.since.as_ref())?,
            detected_at: read(kept.detected_at.as_ref())?,
            sentence: Sentence {
                english: kept.english.as_str().into(),
                chinese: kept.chinese.as_str().into(),
            },
        })
    }
}

fn read(at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    at.and_then(time::read)
}
