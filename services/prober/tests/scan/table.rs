//! What each kind of server shows of itself: by the TLS library where that can, by the reader for
//! old TLS where it cannot.

use proto::v1::{
    Reason,
    handshake::Proof::{self, Proved, Unknown},
};

use crate::{
    openssl::{Key, OpenSsl},
    world::{chain, failure, handshake, scan},
};

const TLS_1_0: u32 = 0x0301;
const TLS_1_1: u32 = 0x0302;
const TLS_1_2: u32 = 0x0303;
const TLS_1_3: u32 = 0x0304;

/// Everything that OpenSSL still knows, however weak.
const ALL: &[&str] = &["-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"];

enum Seen {
    Library(u32, Proof),
    OldReader(u32),
}

async fn expect(key: Key, args: &[&[&str]], seen: Seen) {
    let args = args.concat();
    let about = format!("{key:?} {args:?}");
    let server = OpenSsl::serve(key, &args).await;
    let fact = scan(server.at).await;
    let found = handshake(&fact);
    let (version, proof, legacy) = match seen {
        Seen::Library(version, proof) => (version, proof, false),
        Seen::OldReader(version) => (version, Unknown, true),
    };
    assert_eq!((found.version, found.proof(), found.legacy), (version, proof, legacy), "{about}");
    assert_eq!(chain(&fact), std::slice::from_ref(&server.certificate), "{about}");
    assert_ne!(found.cipher_suite, 0, "{about}");
}

#[tokio::test]
async fn modern_servers_prove_their_key() {
    expect(Key::Ec("P-256"), &[], Seen::Library(TLS_1_3, Proved)).await;
    expect(Key::Ec("P-384"), &[], Seen::Library(TLS_1_3, Proved)).await;
    expect(Key::Ec("P-521"), &[], Seen::Library(TLS_1_3, Proved)).await;
    expect(Key::Ed25519, &[], Seen::Library(TLS_1_3, Proved)).await;
    expect(Key::Rsa(2048), &[], Seen::Library(TLS_1_3, Proved)).await;
    expect(Key::Ec("P-256"), &[&["-tls1_2"]], Seen::Library(TLS_1_2, Proved)).await;
    expect(Key::Rsa(3072), &[&["-tls1_2"]], Seen::Library(TLS_1_2, Proved)).await;
}

#[tokio::test]
async fn a_server_may_insist_on_another_group() {
    for group in ["P-256", "P-384", "X25519"] {
        let args: &[&[&str]] = &[&["-groups", group]];
        expect(Key::Ec("P-256"), args, Seen::Library(TLS_1_3, Proved)).await;
    }
}

#[tokio::test]
async fn a_key_whose_signature_cannot_be_checked_proves_nothing() {
    expect(Key::Ed448, &[], Seen::Library(TLS_1_3, Unknown)).await;
    expect(Key::RsaPss, &[], Seen::Library(TLS_1_3, Unknown)).await;
    let weak = &[ALL, &["-tls1_3"]];
    expect(Key::Rsa(1024), weak, Seen::Library(TLS_1_3, Unknown)).await;
    for bits in [512, 1024] {
        expect(Key::Rsa(bits), &[ALL, &["-tls1_2"]], Seen::Library(TLS_1_2, Unknown)).await;
    }
}

#[tokio::test]
async fn versions_of_old_are_read() {
    expect(Key::Rsa(2048), &[ALL, &["-tls1"]], Seen::OldReader(TLS_1_0)).await;
    expect(Key::Rsa(2048), &[ALL, &["-tls1_1"]], Seen::OldReader(TLS_1_1)).await;
    expect(Key::Ec("P-256"), &[ALL, &["-tls1"]], Seen::OldReader(TLS_1_0)).await;
}

#[tokio::test]
async fn key_exchanges_and_ciphers_of_old_are_read() {
    let only = |cipher: &'static str| vec!["-tls1_2", "-cipher", cipher];
    for cipher in [
        "AES128-GCM-SHA256:@SECLEVEL=0",
        "AES256-SHA:@SECLEVEL=0",
        "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
        "ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
        "NULL-SHA256:@SECLEVEL=0",
        "CAMELLIA128-SHA:@SECLEVEL=0",
        "AES128-CCM:@SECLEVEL=0",
    ] {
        expect(Key::Rsa(2048), &[&only(cipher)], Seen::OldReader(TLS_1_2)).await;
    }
}

#[tokio::test]
async fn keys_and_curves_of_old_are_read() {
    let old = &[ALL, &["-tls1_2"]];
    for curve in ["secp224r1", "secp256k1", "P-521", "brainpoolP256r1"] {
        expect(Key::Ec(curve), old, Seen::OldReader(TLS_1_2)).await;
    }
    expect(Key::Dsa, old, Seen::OldReader(TLS_1_2)).await;
    let group = &[ALL, &["-tls1_2", "-groups", "P-521"]];
    expect(Key::Rsa(2048), group, Seen::OldReader(TLS_1_2)).await;
}

#[tokio::test]
async fn what_nobody_can_see_is_said_with_the_alert() {
    // Such a key is too short for any signature of TLS 1.3, and the server knows no other version.
    let server = OpenSsl::serve(Key::Rsa(512), &[ALL, &["-tls1_3"]].concat()).await;
    let fact = scan(server.at).await;
    assert_eq!(failure(&fact).reason(), Reason::HandshakeFailed);
    assert_eq!(failure(&fact).alert, Some(40));
}

#[tokio::test]
async fn keys_that_tls_1_2_cannot_sign_with_are_seen_all_the_same() {
    // The library breaks off after the chain: it is kept, and what broke is remarked.
    for key in [Key::Ed448, Key::RsaPss] {
        let server = OpenSsl::serve(key, &["-tls1_2"]).await;
        let fact = scan(server.at).await;
        assert_eq!(chain(&fact), std::slice::from_ref(&server.certificate));
        assert_eq!(handshake(&fact).proof(), Unknown);
    }
}

#[tokio::test]
async fn a_wanted_client_certificate_is_a_fact_and_no_failure() {
    for version in ["-tls1_2", "-tls1_3"] {
        for wish in ["-verify", "-Verify"] {
            let server = OpenSsl::serve(Key::Ec("P-256"), &[version, wish, "1"]).await;
            let fact = scan(server.at).await;
            let found = handshake(&fact);
            assert!(found.client_certificate_requested, "{version} {wish}");
            assert_eq!(found.proof(), Proved, "{version} {wish}");
            assert_eq!(chain(&fact), std::slice::from_ref(&server.certificate));
        }
    }
    let server = OpenSsl::serve(Key::Ec("P-256"), &[]).await;
    assert!(!handshake(&scan(server.at).await).client_certificate_requested);
}

#[tokio::test]
async fn a_chain_above_64_kib_is_read() {
    let names: Vec<_> = (0..5_000).map(|n| format!("DNS:a{n}.a.example")).collect();
    let names = names.join(",");
    assert!(names.len() > 64 * 1024);
    let server = OpenSsl::serve_named(Key::Ec("P-256"), &names, &["-tls1_2"]).await;
    let fact = scan(server.at).await;
    assert_eq!(chain(&fact), std::slice::from_ref(&server.certificate));
    assert!(handshake(&fact).legacy);
}
