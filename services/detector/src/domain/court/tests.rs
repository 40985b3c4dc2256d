//! What is learned from one domain, and what it means for another.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use proto::{
    host::Host,
    v1::{Chain, FetchedCertificate, Kind},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use sha2::{Digest, Sha256};

use super::{
    super::{
        assess::{Question, anchors::Anchors},
        sight::{Fingerprint, Look, Showing, Sight},
        watch::command::{Judged, Trust},
        wish::PrivateAnchors,
    },
    Court, Terms,
};

/// A root, an intermediate below it, and a leaf below that.
struct Authority {
    root: Vec<u8>,
    intermediate: Vec<u8>,
    leaf: Vec<u8>,
}

fn authority() -> Authority {
    let ca = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().unwrap())
    };
    let (root, root_key) = ca("Own Root");
    let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
    let (middle, middle_key) = ca("Own Issuer");
    let above = Issuer::from_params(&root, &root_key);
    let intermediate = middle.signed_by(&middle_key, &above).unwrap().der().to_vec();
    let leaf = CertificateParams::new(["shop.example.com".to_owned()]).unwrap();
    let above = Issuer::from_params(&middle, &middle_key);
    let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &above).unwrap().der().to_vec();
    Authority { root: root_der, intermediate, leaf }
}

/// The algorithm identifier of ECDSA with SHA-256, which all that is made here is signed with.
const MADE_WITH: [u8; 12] =
    [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// That of ECDSA with SHA-224, which nobody here can check.
const UNCHECKED: [u8; 12] =
    [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01];
/// That of Ed448, with a parameter that fills it up: no key made here signs so.
const IMPOSSIBLE: [u8; 12] =
    [0x30, 0x0a, 0x06, 0x03, 0x2b, 0x65, 0x71, 0x04, 0x03, 0x00, 0x00, 0x00];

/// The same certificate, said to be signed with another algorithm.
fn forged(der: &[u8], algorithm: [u8; 12]) -> Vec<u8> {
    let mut forged = der.to_vec();
    for place in 0..der.len() - MADE_WITH.len() {
        if der[place..].starts_with(&MADE_WITH) {
            forged[place..place + MADE_WITH.len()].copy_from_slice(&algorithm);
        }
    }
    assert_ne!(forged, der);
    forged
}

fn chain_of(leaf: &[u8]) -> (Fingerprint, Chain) {
    chain(&[leaf])
}

fn chain(list: &[&[u8]]) -> (Fingerprint, Chain) {
    let fingerprint: Fingerprint = Sha256::digest(list.concat()).into();
    let certificates = list.iter().map(|der| der.to_vec().into()).collect();
    (fingerprint, Chain { fingerprint: fingerprint.to_vec().into(), certificates })
}

/// A look that showed a chain, and for which issuers were fetched.
fn look(chain: &(Fingerprint, Chain), fetched: &[&[u8]]) -> Look {
    let fetched = fetched.iter().map(|certificate| FetchedCertificate {
        url: "http://ca.example/issuer.crt".to_owned(),
        certificate: certificate.to_vec().into(),
    });
    Look {
        number: 1,
        revision: 1,
        prober: "p".parse().unwrap(),
        sight: Sight::NotSeen,
        chains: BTreeMap::from([chain.clone()]),
        fetched: fetched.collect(),
    }
}

/// What is wrong with the chain, the dates aside.
fn kinds(court: &mut Court, terms: &Terms<'_>, chain: &(Fingerprint, Chain)) -> Vec<&'static str> {
    let assessment = court.assess(terms, chain.0, Some(&chain.1)).unwrap();
    let now: Timestamp = "2026-06-15T12:00:00Z".parse().unwrap();
    let question = Question { host: terms.host, now, rungs: &[], connection: None };
    let kinds = assessment.judge(&question).anomalies.into_iter().map(|anomaly| anomaly.kind);
    kinds
        .filter(|kind| matches!(kind, Kind::ChainIncomplete | Kind::Untrusted))
        .map(Kind::token)
        .collect()
}

#[test]
fn an_issuer_fetched_for_a_domain_with_its_own_authority_proves_its_chain_incomplete() {
    let own = authority();
    let host: Host = "shop.example.com".parse().unwrap();
    let anchors = Arc::new(Anchors::new([&own.root]).0);
    let private = PrivateAnchors { name: 7, anchors };
    let theirs = Terms { host: &host, rungs: &[], private: Some(&private) };
    let others = Terms { private: None, ..theirs };
    let chain = chain_of(&own.leaf);
    let mut court = Court::new(Arc::new(Anchors::default()));

    assert!(court.hear(&theirs, &look(&chain, &[])).is_empty());
    assert_eq!(kinds(&mut court, &theirs, &chain), ["untrusted"]);
    assert_eq!(court.hear(&theirs, &look(&chain, &[&own.intermediate])).len(), 1);
    assert_eq!(kinds(&mut court, &theirs, &chain), ["chain_incomplete"]);
    assert_eq!(kinds(&mut court, &others, &chain), ["untrusted"]);
}

/// What is said of a leaf behind its issuer, where the root of both is trusted.
fn judged(own: &Authority, leaf: &[u8]) -> Judged {
    let host: Host = "shop.example.com".parse().unwrap();
    let mut court = Court::new(Arc::new(Anchors::new([&own.root]).0));
    let (fingerprint, chain) = chain(&[leaf, &own.intermediate]);
    let showing = Showing { chain: fingerprint, version: 0x0304, cipher_suite: 0x1301 };
    let terms = Terms { host: &host, rungs: &[], private: None };
    let now: Timestamp = "2026-06-15T12:00:00Z".parse().unwrap();
    court.judge(&terms, showing, Some(&chain), now).unwrap()
}

#[test]
fn a_signature_that_nobody_can_check_leaves_trust_undecided() {
    let own = authority();
    let told = |leaf: &[u8]| {
        let judged = judged(&own, leaf);
        (judged.trust, judged.findings.iter().map(|finding| finding.kind).collect::<Vec<_>>())
    };
    assert_eq!(told(&own.leaf), (Trust::Decided, vec![]));
    assert_eq!(told(&forged(&own.leaf, UNCHECKED)), (Trust::Undecided, vec![]));
    let impossible = forged(&own.leaf, IMPOSSIBLE);
    assert_eq!(told(&impossible), (Trust::Decided, vec![Kind::Untrusted]));
}
