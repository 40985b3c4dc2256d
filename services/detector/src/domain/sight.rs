//! What one look showed, read from its fact: which endpoint presents what, or why there is nothing.
//!
//! Nothing is judged here; a fact that is not well-formed is refused whole. Start reading at
//! [`Look::read`].

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use proto::{
    subject::{InvalidToken, Token},
    v1::{
        Chain, EndpointFact, Failure, FetchedCertificate, Handshake, Reason, ScanFact,
        endpoint_fact, handshake,
    },
};

use super::rule::reach;

/// SHA-256 of a chain as presented, or of a leaf.
pub type Fingerprint = [u8; 32];

/// Endpoints read from one fact. A name with more is an attack, or a mistake that 64 addresses
/// show.
pub const ENDPOINTS_MAX: usize = 64;

/// What an endpoint presents, as far as it can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Showing {
    /// The chain.
    pub chain: Fingerprint,
    /// Version of TLS as on the wire.
    pub version: u16,
    /// Cipher suite as on the wire.
    pub cipher_suite: u16,
}

/// Why an endpoint, or a whole domain, presented nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// The class.
    pub reason: Reason,
    /// What happened, for people.
    pub detail: String,
    /// TLS alert that the server sent, if any.
    pub alert: Option<u32>,
}

/// One endpoint in one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address.
    pub address: IpAddr,
    /// What it presents, or why nothing.
    pub shows: Result<Showing, Absence>,
}

/// What one look says of its domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// At least one endpoint presented a chain.
    Certificates(Vec<Endpoint>),
    /// None did.
    Nothing {
        /// Why, for the domain as a whole.
        absence: Absence,
        /// The addresses that were tried.
        tried: Vec<IpAddr>,
    },
    /// The fault is on our side: nothing is said of the domain.
    NotSeen,
}

/// One look, read from its fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Its number.
    pub number: u64,
    /// The inventory revision of its job.
    pub revision: u64,
    /// Who looked.
    pub prober: Token,
    /// What it says.
    pub sight: Sight,
    /// Chains that came with it, by fingerprint.
    pub chains: BTreeMap<Fingerprint, Chain>,
    /// Issuers that were fetched for them.
    pub fetched: Vec<FetchedCertificate>,
}

/// Why a fact is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A fingerprint is not 32 bytes.
    #[error("a fingerprint has {0} bytes: want 32")]
    Fingerprint(usize),
    /// A chain is not what its fingerprint says.
    #[error("a chain is not the one its fingerprint names")]
    WrongChain,
    /// An address cannot be read.
    #[error("`{0}` is no address")]
    Address(String),
    /// The prober's name is none.
    #[error("the prober is not named")]
    Prober(#[from] InvalidToken),
    /// Too many endpoints.
    #[error("{0} endpoints: want at most {ENDPOINTS_MAX}")]
    Endpoints(usize),
}

impl Look {
    /// Reads a fact.
    ///
    /// # Errors
    ///
    /// When it is not well-formed: then it comes from no prober of ours.
    pub fn read(fact: &ScanFact) -> Result<Self, Malformed> {
        if fact.endpoints.len() > ENDPOINTS_MAX {
            return Err(Malformed::Endpoints(fact.endpoints.len()));
        }
        let endpoints =
            fact.endpoints.iter().filter_map(|e| endpoint(e).transpose()).collect::<Result<_, _>>();
        let mut chains = BTreeMap::new();
        for chain in &fact.chains {
            let named = fingerprint(&chain.fingerprint)?;
            if chain.certificates.is_empty()
                || proto::chain::fingerprint(&chain.certificates) != named
            {
                return Err(Malformed::WrongChain);
            }
            chains.insert(named, chain.clone());
        }
        let sight = sight(fact, endpoints?);
        Ok(Self {
            number: fact.look,
            revision: fact.inventory_revision,
            prober: fact.prober.parse()?,
            sight,
            chains,
            fetched: fact.fetched.clone(),
        })
    }

    /// What it shows, each once.
    pub fn showings(&self) -> BTreeSet<Showing> {
        match &self.sight {
            Sight::Certificates(endpoints) => endpoints
                .iter()
                .filter_map(|endpoint| endpoint.shows.as_ref().ok())
                .copied()
                .collect(),
            Sight::Nothing { .. } | Sight::NotSeen => BTreeSet::new(),
        }
    }
}

/// A fingerprint from the wire.
///
/// # Errors
///
/// When it is not 32 bytes.
pub fn fingerprint(bytes: &[u8]) -> Result<Fingerprint, Malformed> {
    bytes.try_into().map_err(|_| Malformed::Fingerprint(bytes.len()))
}

/// What a handshake shows, `None` if the server disproved that it holds the key or sent no chain.
pub fn showing(handshake: &Handshake) -> Option<Showing> {
    let disproved = handshake.proof == handshake::Proof::Disproved as i32;
    let chain = Fingerprint::try_from(handshake.chain.as_ref()).ok()?;
    (!disproved).then_some(Showing {
        chain,
        version: u16::try_from(handshake.version).unwrap_or(0),
        cipher_suite: u16::try_from(handshake.cipher_suite).unwrap_or(0),
    })
}

fn sight(fact: &ScanFact, endpoints: Vec<Endpoint>) -> Sight {
    if fact.own_failure.is_some() {
        return Sight::NotSeen;
    }
    if endpoints.iter().any(|endpoint| endpoint.shows.is_ok()) {
        return Sight::Certificates(endpoints);
    }
    if endpoints.is_empty() && !fact.endpoints.is_empty() {
        // Every address is out of reach from where the prober stands.
        return Sight::NotSeen;
    }
    let tried = endpoints.iter().map(|endpoint| endpoint.address).collect();
    let absences = endpoints.into_iter().filter_map(|endpoint| endpoint.shows.err());
    match reach::absence(absences, fact.resolution.as_ref()) {
        Some(absence) => Sight::Nothing { absence, tried },
        None => Sight::NotSeen,
    }
}

/// One endpoint; `None` if it says nothing, since its prober's host has no route to it.
fn endpoint(fact: &EndpointFact) -> Result<Option<Endpoint>, Malformed> {
    let address: IpAddr = fact
        .address
        .parse()
        .map_err(|_| Malformed::Address(fact.address.chars().take(64).collect()))?;
    let shows = match &fact.outcome {
        Some(endpoint_fact::Outcome::Handshake(handshake)) => {
            fingerprint(&handshake.chain)?;
            showing(handshake).ok_or_else(disproved)
        }
        Some(endpoint_fact::Outcome::Failure(failure)) if failure.no_local_route => {
            return Ok(None);
        }
        Some(endpoint_fact::Outcome::Failure(failure)) => Err(absence(failure)),
        None => return Ok(None),
    };
    Ok(Some(Endpoint { address: address.to_canonical(), shows }))
}

fn absence(failure: &Failure) -> Absence {
    Absence {
        reason: Reason::try_from(failure.reason).unwrap_or(Reason::Unspecified),
        detail: failure.detail.chars().take(200).collect(),
        alert: failure.alert,
    }
}

fn disproved() -> Absence {
    Absence {
        reason: Reason::HandshakeFailed,
        detail: "the server does not hold the key of the certificate that it presents".to_owned(),
        alert: None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proto::v1::OwnFailure;

    use super::*;

    fn shown(chain: &[u8], proof: handshake::Proof) -> endpoint_fact::Outcome {
        endpoint_fact::Outcome::Handshake(Handshake {
            chain: Bytes::copy_from_slice(chain),
            proof: proof.into(),
            ..Handshake::default()
        })
    }

    fn failed(reason: Reason, no_local_route: bool) -> endpoint_fact::Outcome {
        let reason = reason.into();
        endpoint_fact::Outcome::Failure(Failure { reason, no_local_route, ..Failure::default() })
    }

    fn fact(outcomes: Vec<endpoint_fact::Outcome>) -> ScanFact {
        let endpoints = outcomes.into_iter().zip(1..).map(|(outcome, last)| EndpointFact {
            address: format!("192.0.2.{last}"),
            outcome: Some(outcome),
            ..EndpointFact::default()
        });
        let prober = "p".to_owned();
        ScanFact { prober, endpoints: endpoints.collect(), ..ScanFact::default() }
    }

    fn sight_of(outcomes: Vec<endpoint_fact::Outcome>) -> Sight {
        Look::read(&fact(outcomes)).unwrap().sight
    }

    #[test]
    fn one_endpoint_that_shows_a_chain_is_enough() {
        let outcomes =
            vec![failed(Reason::ConnectRefused, false), shown(&[7; 32], handshake::Proof::Proved)];
        let Sight::Certificates(endpoints) = sight_of(outcomes) else { panic!("another sight") };
        assert_eq!(endpoints.iter().filter(|endpoint| endpoint.shows.is_ok()).count(), 1);
    }

    #[test]
    fn a_server_that_does_not_hold_the_key_has_failed() {
        let sight = sight_of(vec![shown(&[7; 32], handshake::Proof::Disproved)]);
        let Sight::Nothing { absence, .. } = sight else { panic!("another sight") };
        assert_eq!(absence.reason, Reason::HandshakeFailed);
        let unknown = sight_of(vec![shown(&[7; 32], handshake::Proof::Unknown)]);
        assert!(matches!(unknown, Sight::Certificates(_)));
    }

    #[test]
    fn our_own_failure_says_nothing() {
        let mut own = fact(vec![failed(Reason::ConnectTimeout, false)]);
        own.own_failure = Some(OwnFailure::default());
        assert_eq!(Look::read(&own).unwrap().sight, Sight::NotSeen);
        assert_eq!(sight_of(vec![failed(Reason::ConnectTimeout, true)]), Sight::NotSeen);
        assert_eq!(sight_of(vec![]), Sight::NotSeen);
    }

    #[test]
    fn a_fact_that_is_not_well_formed_is_refused_whole() {
        let proved = handshake::Proof::Proved;
        let refused = |fact: &ScanFact| Look::read(fact).unwrap_err();
        assert_eq!(refused(&fact(vec![shown(&[7; 31], proved)])), Malformed::Fingerprint(31));
        let many = (0..=ENDPOINTS_MAX).map(|_| failed(Reason::NotTls, false)).collect();
        assert_eq!(refused(&fact(many)), Malformed::Endpoints(ENDPOINTS_MAX + 1));
        let mut unnamed = fact(vec![]);
        unnamed.prober = "not a token".to_owned();
        assert!(matches!(refused(&unnamed), Malformed::Prober(_)));
        let mut elsewhere = fact(vec![failed(Reason::NotTls, false)]);
        elsewhere.endpoints[0].address = "example.com".to_owned();
        assert_eq!(refused(&elsewhere), Malformed::Address("example.com".to_owned()));
        for certificates in [vec![], vec![Bytes::from_static(b"other")]] {
            let mut forged = fact(vec![]);
            forged.chains = vec![Chain { fingerprint: vec![7; 32].into(), certificates }];
            assert_eq!(refused(&forged), Malformed::WrongChain);
        }
    }
}
