//! Weak keys, weak signatures, weak connections: warnings beside the trust, not instead of it.

use proto::v1::{Kind, State, handshake::Proof};

use super::chains::{Authority, Scene, given};
use crate::domain::assess::{evidence::Case, verdict::Level, weak::Connection};

/// A leaf for `weak.example` and its root, which is trusted.
macro_rules! old {
    ($name:literal) => {
        old(include_str!(concat!(
            "../../../../../shared/certificate/tests/fixtures/",
            $name,
            ".pem"
        )))
    };
}

fn old(pem: &str) -> Scene {
    let ders: Vec<Vec<u8>> =
        certificate::pem::blocks(pem).unwrap().into_iter().map(|it| it.der).collect();
    given([&ders[0]]).trusting(&ders[1]).host("weak.example").when("2027-01-01T00:00:00Z")
}

fn weaknesses(scene: &Scene) -> Vec<String> {
    assert_eq!(scene.kinds(), ["weak"], "{:?}", scene.verdict());
    assert_eq!(scene.verdict().severity, Level::Warning);
    let Case::Weakness { weaknesses } = scene.evidence(Kind::Weak) else { panic!() };
    weaknesses
}

#[test]
fn weak_keys_and_signatures_on_a_good_path_are_weak_and_nothing_else() {
    assert_eq!(weaknesses(&old!("sha1-rsa")), ["SHA-1"]);
    assert_eq!(weaknesses(&old!("md5-rsa")), ["MD5"]);
    assert_eq!(weaknesses(&old!("rsa1024-leaf")), ["RSA-1024"]);
    assert_eq!(weaknesses(&old!("dsa-leaf")), ["DSA-2048"]);
    assert_eq!(weaknesses(&old!("p192-leaf")), ["EC-192"]);
    assert_eq!(weaknesses(&old!("rsa1024-issuer")), ["RSA-1024 (CN=rsa1024-issuer root)"]);
    assert_eq!(weaknesses(&old!("rsa512-issuer")), ["RSA-512 (CN=rsa512-issuer root)"]);
}

#[test]
fn what_is_weak_and_cannot_be_checked_says_that_too() {
    for scene in [old!("dsa-issuer"), old!("p192-issuer"), old!("sha1-ecdsa")] {
        assert_eq!(weaknesses(&scene).len(), 1);
        let remarks = scene.remarks();
        assert!(remarks.iter().any(|it| it.contains("cannot be checked here")), "{remarks:?}");
    }
}

#[test]
fn what_is_sound_and_cannot_be_checked_is_unknown() {
    let verdict = old!("ed448-issuer").verdict();
    assert_eq!((verdict.state, verdict.severity), (State::Unknown, Level::Unknown));
    assert_eq!(verdict.severity.exit_code(), 3);
    assert_eq!(old!("ed448-leaf").verdict().severity, Level::Ok);
    assert_eq!(old!("rsa2048-sha384").verdict().severity, Level::Ok);
}

#[test]
fn a_sound_path_beside_a_weak_one_is_not_weak() {
    let [leaf, sha1, sha256, root] = certificate::pem::blocks(include_str!(
        "../../../../../shared/certificate/tests/fixtures/two-paths.pem"
    ))
    .map(|blocks| <[_; 4]>::try_from(blocks).unwrap().map(|block| block.der))
    .unwrap();
    let scene = |list: &[&Vec<u8>]| {
        let scene = given(list.iter().copied()).trusting(&root).host("weak.example");
        scene.when("2027-01-01T00:00:00Z")
    };
    assert_eq!(scene(&[&leaf, &sha1, &sha256]).kinds(), [""; 0]);
    assert_eq!(scene(&[&leaf, &sha256, &sha1]).kinds(), [""; 0]);
    assert_eq!(weaknesses(&scene(&[&leaf, &sha1])), ["SHA-1"]);
}

#[test]
fn an_old_protocol_is_weak() {
    let root = Authority::root("Root");
    let leaf = root.leaf();
    let over = |version, cipher_suite| {
        let proof = Proof::Proved;
        let connection =
            Connection { version, cipher_suite, proof, client_certificate_requested: false };
        given([&leaf]).trusting(&root.der).over(connection)
    };
    assert_eq!(over(0x0304, 0x1301).kinds(), [""; 0]);
    assert_eq!(over(0x0303, 0xc02f).kinds(), [""; 0]);
    assert_eq!(weaknesses(&over(0x0301, 0xc013)), ["TLS 1.0"]);
    assert_eq!(weaknesses(&over(0x0302, 0x002f)), ["TLS 1.1", "static RSA"]);
    assert_eq!(weaknesses(&over(0x0303, 0x009c)), ["static RSA"]);
}

#[test]
fn a_wanted_client_certificate_and_an_unproved_key_are_remarks() {
    let root = Authority::root("Root");
    let connection = Connection {
        version: 0x0303,
        cipher_suite: 0xc02f,
        proof: Proof::Unknown,
        client_certificate_requested: true,
    };
    let scene = given([&root.leaf()]).trusting(&root.der).over(connection);
    assert_eq!(scene.verdict().severity, Level::Ok);
    assert_eq!(
        scene.remarks(),
        [
            "The server asks for a client certificate.",
            "The server was not seen to prove that it holds the key.",
        ]
    );
}

#[test]
fn a_disproved_key_is_a_failed_handshake_beside_the_findings_of_the_chain() {
    let root = Authority::root("Root");
    let connection = Connection {
        version: 0x0304,
        cipher_suite: 0x1301,
        proof: Proof::Disproved,
        client_certificate_requested: false,
    };
    let scene = given([&root.leaf()]).trusting(&root.der).host("a.example").over(connection);
    assert_eq!(scene.kinds(), ["enable_failed", "name_mismatch"]);
    assert_eq!(scene.verdict().state, State::EnableFailed);
}
