//! Puts together what one scan brings home: a [`ScanFact`] from the looks at
//! each address.
//!
//! A chain that the job already knows travels as its fingerprint; a new one travels once, however
//! many addresses present it.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use bytes::Bytes;
use proto::{
    chain,
    time::write_span,
    v1::{
        self, EndpointFact, Failure, OwnFailure, Reason, ScanFact, endpoint_fact::Outcome,
        own_failure::Cause,
    },
};

use super::{
    miss::{self, Fault, Miss},
    presented::Presented,
};

/// Bytes of presented certificates in one fact. With what is fetched and stapled beside them it
/// seldom exceeds the broker's limit of 1 MiB; one that does is stored as our own failure.
const FACT_CHAIN_BYTES_MAX: usize = 640 * 1024;

/// What one address answered.
#[derive(Debug)]
pub struct Look {
    /// The address dialled.
    pub address: IpAddr,
    /// How long the TCP connection took, if it came about.
    pub connect: Option<Duration>,
    /// How long TLS took from then on, if it began.
    pub handshake: Option<Duration>,
    /// The chain, or why there is none.
    pub outcome: Result<Presented, Miss>,
}

/// The looks as they travel.
#[derive(Debug, Default)]
pub struct Endpoints {
    /// One for each look, in the order of the address.
    pub facts: Vec<EndpointFact>,
    /// The chains that are new, each once, in the order in which they were first presented.
    pub new_chains: Vec<v1::Chain>,
}

impl Endpoints {
    /// Sorts the looks and parts the new chains from the `known` ones, which are given as
    /// fingerprints.
    pub fn gather(mut looks: Vec<Look>, port: u16, known: &[Bytes]) -> Self {
        looks.sort_unstable_by_key(|look| look.address);
        let mut new = NewChains::default();
        let facts = looks.into_iter().map(|look| endpoint(look, port, known, &mut new)).collect();
        Self { facts, new_chains: new.in_order }
    }
}

/// Whether the scan says nothing about the domain because of us: something ran out, or not one
/// address could be reached from here.
pub fn own_failure(looks: &[Look]) -> Option<OwnFailure> {
    let misses = || looks.iter().filter_map(|look| look.outcome.as_ref().err());
    let own = |cause: Cause, miss: &Miss| OwnFailure {
        cause: cause.into(),
        detail: miss::detail(&miss.detail),
    };
    if let Some(starved) = misses().find(|miss| miss.fault == Fault::OutOfResources) {
        return Some(own(Cause::OutOfResources, starved));
    }
    let stranded = misses().find(|miss| miss.fault == Fault::NoLocalRoute)?;
    // An address that is not allowed was not even tried.
    let all_stranded = looks.iter().all(|look| match &look.outcome {
        Ok(_) => false,
        Err(miss) => miss.fault == Fault::NoLocalRoute || miss.reason == Reason::AddressNotAllowed,
    });
    all_stranded.then(|| own(Cause::NoLocalRoute, stranded))
}

/// Whether any address presented a certificate.
pub fn shows_certificate(fact: &ScanFact) -> bool {
    let mut outcomes = fact.endpoints.iter().map(|endpoint| &endpoint.outcome);
    outcomes.any(|outcome| matches!(outcome, Some(Outcome::Handshake(_))))
}

/// Whether a fact says something of the way to its domain: not if this process lacked something,
/// nor if no address may be dialled.
pub fn was_tried(fact: &ScanFact) -> bool {
    let cause = fact.own_failure.as_ref().map(OwnFailure::cause);
    let is_refused = |endpoint: &EndpointFact| {
        let Some(Outcome::Failure(failure)) = &endpoint.outcome else { return false };
        failure.reason() == Reason::AddressNotAllowed
    };
    let is_all_refused = !fact.endpoints.is_empty() && fact.endpoints.iter().all(is_refused);
    !is_all_refused && !matches!(cause, Some(Cause::ProberFailed | Cause::OutOfResources))
}

#[derive(Default)]
struct NewChains {
    seen: BTreeSet<Bytes>,
    in_order: Vec<v1::Chain>,
    bytes: usize,
}

impl NewChains {
    /// Whether the chain is on its way with this fact; if not, it did not fit.
    fn admit(&mut self, fingerprint: &Bytes, certificates: &[Bytes]) -> bool {
        if self.seen.contains(fingerprint) {
            return true;
        }
        let bytes: usize = certificates.iter().map(Bytes::len).sum();
        if self.bytes + bytes > FACT_CHAIN_BYTES_MAX {
            return false;
        }
        self.bytes += bytes;
        self.seen.insert(fingerprint.clone());
        self.in_order.push(v1::Chain {
            fingerprint: fingerprint.clone(),
            certificates: certificates.to_vec(),
        });
        true
    }
}

fn endpoint(look: Look, port: u16, known: &[Bytes], new: &mut NewChains) -> EndpointFact {
    let outcome = look.outcome.and_then(|presented| {
        let certificates = &presented.chain.certificates;
        let fingerprint = chain::fingerprint(certificates);
        let kept = known.iter().find(|known| known.as_ref() == fingerprint);
        let fingerprint = kept.cloned().unwrap_or_else(|| Bytes::copy_from_slice(&fingerprint));
        if kept.is_some() || new.admit(&fingerprint, certificates) {
            Ok(presented.into_wire(fingerprint))
        } else {
            let detail =
                "its chain does not fit into the scan fact beside those of other addresses";
            Err(Miss::theirs(Reason::HandshakeFailed, detail))
        }
    });
    EndpointFact {
        address: look.address.to_string(),
        port: port.into(),
        timings: Some(v1::Timings {
            connect: look.connect.map(write_span),
            handshake: look.handshake.map(write_span),
        }),
        outcome: Some(match outcome {
            Ok(handshake) => Outcome::Handshake(handshake),
            Err(miss) => Outcome::Failure(failure(&miss)),
        }),
    }
}

fn failure(miss: &Miss) -> Failure {
    Failure {
        reason: miss.reason.into(),
        alert: miss.alert.map(u32::from),
        detail: miss::detail(&miss.detail),
        no_local_route: miss.fault == Fault::NoLocalRoute,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use proto::v1::handshake::Proof;

    use super::*;
    use crate::domain::{
        miss::Stage,
        presented::{Chain, bounded},
    };

    fn presented(chain: Chain) -> Presented {
        Presented {
            version: 0x0304,
            cipher_suite: 0x1301,
            group: 29,
            ocsp: Bytes::new(),
            chain,
            proof: Proof::Proved,
            client_certificate_requested: false,
            legacy: false,
            remark: String::new(),
        }
    }

    fn shown(certificates: &[&[u8]]) -> Result<Presented, Miss> {
        let chain = bounded(certificates.iter().copied());
        if chain.certificates.is_empty() { Err(Miss::not_allowed()) } else { Ok(presented(chain)) }
    }

    fn missed(code: i32) -> Result<Presented, Miss> {
        let address = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
        Err(Miss::connect(&io::Error::from_raw_os_error(code), Stage::Local, address))
    }

    fn look(address: &str, outcome: Result<Presented, Miss>) -> Look {
        Look { address: address.parse().unwrap(), connect: None, handshake: None, outcome }
    }

    fn fingerprint(fact: &EndpointFact) -> &Bytes {
        match fact.outcome.as_ref().unwrap() {
            Outcome::Handshake(handshake) => &handshake.chain,
            Outcome::Failure(failure) => panic!("{failure:?}"),
        }
    }

    #[test]
    fn endpoints_stand_in_the_order_of_their_addresses() {
        let looks = vec![
            look("2001:db8::1", shown(&[b"a"])),
            look("192.0.2.10", shown(&[b"a"])),
            look("192.0.2.9", shown(&[b"a"])),
        ];
        let endpoints = Endpoints::gather(looks, 443, &[]);
        let order: Vec<_> = endpoints.facts.iter().map(|fact| fact.address.as_str()).collect();
        assert_eq!(order, ["192.0.2.9", "192.0.2.10", "2001:db8::1"]);
    }

    #[test]
    fn a_new_chain_travels_once_and_a_known_one_not_at_all() {
        let known = Bytes::copy_from_slice(&chain::fingerprint(&["old"]));
        let looks = vec![
            look("192.0.2.1", shown(&[b"old"])),
            look("192.0.2.2", shown(&[b"new", b"issuer"])),
            look("192.0.2.3", shown(&[b"new", b"issuer"])),
        ];
        let endpoints = Endpoints::gather(looks, 443, std::slice::from_ref(&known));
        assert_eq!(endpoints.new_chains.len(), 1);
        let new = &endpoints.new_chains[0];
        assert_eq!(new.certificates, ["new", "issuer"]);
        assert_eq!(new.fingerprint.as_ref(), chain::fingerprint(&["new", "issuer"]));
        assert_eq!(fingerprint(&endpoints.facts[0]), &known);
        assert_eq!(fingerprint(&endpoints.facts[1]), &new.fingerprint);
        assert_eq!(fingerprint(&endpoints.facts[2]), &new.fingerprint);
    }

    #[test]
    fn a_chain_that_does_not_fit_is_said_and_spoils_no_other() {
        let huge = |first: u8| vec![first; 300 * 1024];
        let looks = vec![
            look("192.0.2.1", shown(&[&huge(1)])),
            look("192.0.2.2", shown(&[&huge(2)])),
            look("192.0.2.3", shown(&[&huge(3)])),
            look("192.0.2.4", shown(&[b"small"])),
        ];
        let endpoints = Endpoints::gather(looks, 443, &[]);
        assert_eq!(endpoints.new_chains.len(), 3);
        let third = endpoints.facts[2].outcome.as_ref().unwrap();
        assert!(matches!(third, Outcome::Failure(failure) if failure.detail.contains("not fit")));
        assert_eq!(fingerprint(&endpoints.facts[3]).as_ref(), chain::fingerprint(&["small"]));
    }

    #[test]
    fn one_address_out_of_reach_is_no_failure_of_ours() {
        let looks = vec![look("192.0.2.1", shown(&[b"a"])), look("::1", missed(libc::ENETUNREACH))];
        assert_eq!(own_failure(&looks), None);
        let endpoints = Endpoints::gather(looks, 443, &[]);
        let outcome = endpoints.facts[1].outcome.as_ref().unwrap();
        assert!(matches!(outcome, Outcome::Failure(failure) if failure.no_local_route));
    }

    #[test]
    fn all_addresses_out_of_reach_is_a_failure_of_ours() {
        let cause = |looks: &[Look]| own_failure(looks).map(|own| own.cause());
        let stranded = [look("::1", missed(libc::ENETUNREACH)), look("::2", missed(libc::EACCES))];
        assert_eq!(cause(&stranded), Some(Cause::NoLocalRoute));
        let half =
            [look("::1", missed(libc::ENETUNREACH)), look("10.0.0.1", Err(Miss::not_allowed()))];
        assert_eq!(cause(&half), Some(Cause::NoLocalRoute));
        let refused =
            [look("::1", missed(libc::ENETUNREACH)), look("::2", missed(libc::ECONNREFUSED))];
        assert_eq!(cause(&refused), None);
        let forbidden = [look("10.0.0.1", Err(Miss::not_allowed()))];
        assert_eq!(cause(&forbidden), None, "the operator's rule is no failure of ours");
        assert_eq!(cause(&[]), None);
    }

    #[test]
    fn running_out_spoils_the_whole_look() {
        let looks = [look("192.0.2.1", shown(&[b"a"])), look("::1", missed(libc::EMFILE))];
        assert_eq!(own_failure(&looks).map(|own| own.cause()), Some(Cause::OutOfResources));
    }
}
