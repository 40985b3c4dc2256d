//! What each endpoint answered, as it is printed.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use certificate::Certificate;
use detector::domain::assess::evidence::Summary;
use proto::v1::{EndpointFact, ScanFact, endpoint_fact::Outcome};
use serde::Serialize;

/// One endpoint.
#[derive(Debug, Serialize)]
pub(crate) struct Endpoint {
    /// Address and port dialled.
    pub(crate) address: String,
    /// `handshake`, or the reason why there is no certificate.
    pub(crate) outcome: &'static str,
    /// What happened, for people, if anything is to be said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) detail: String,
    /// `1.0` to `1.3`; null without a handshake.
    pub(crate) tls_version: Option<&'static str>,
    /// The certificates presented, in their order; null for one that cannot be read.
    pub(crate) chain: Vec<Option<Summary>>,
}

/// All endpoints of a fact, in the order of their addresses.
pub(crate) fn all(fact: &ScanFact) -> Vec<Endpoint> {
    fact.endpoints.iter().map(|endpoint| one(fact, endpoint)).collect()
}

fn one(fact: &ScanFact, endpoint: &EndpointFact) -> Endpoint {
    let address = match (endpoint.address.parse::<IpAddr>(), u16::try_from(endpoint.port)) {
        (Ok(address), Ok(port)) => SocketAddr::new(address, port).to_string(),
        (_, _) => endpoint.address.clone(),
    };
    match &endpoint.outcome {
        Some(Outcome::Handshake(handshake)) => {
            let chain = fact.chains.iter().find(|chain| chain.fingerprint == handshake.chain);
            Endpoint {
                address,
                outcome: "handshake",
                detail: handshake.remark.clone(),
                tls_version: version(handshake.version),
                chain: chain.map_or_else(Vec::new, |chain| summaries(&chain.certificates)),
            }
        }
        Some(Outcome::Failure(failure)) => {
            let outcome =
                if failure.no_local_route { "no_local_route" } else { failure.reason().token() };
            Endpoint {
                address,
                outcome,
                detail: failure.detail.clone(),
                tls_version: None,
                chain: vec![],
            }
        }
        None => Endpoint {
            address,
            outcome: "unspecified",
            detail: String::new(),
            tls_version: None,
            chain: vec![],
        },
    }
}

fn summaries(certificates: &[Bytes]) -> Vec<Option<Summary>> {
    let read = |der: &Bytes| Certificate::parse(der).ok().map(|it| Summary::from(&it));
    certificates.iter().map(read).collect()
}

/// The version of TLS as people write it.
fn version(wire: u32) -> Option<&'static str> {
    match wire {
        0x0300 => Some("SSL 3.0"),
        0x0301 => Some("1.0"),
        0x0302 => Some("1.1"),
        0x0303 => Some("1.2"),
        0x0304 => Some("1.3"),
        _ => None,
    }
}
