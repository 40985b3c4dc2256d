//! x509-limbo live: each chain with a leaf key is served by a real server, and a scan must bring
//! back the same DER in the same order.

use std::{io::Read, path::PathBuf};

use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde::Deserialize;

use crate::{
    proofs::{private, self_signed, site},
    world::{chain, scan},
};

#[derive(Deserialize)]
struct Limbo {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    peer_certificate_key: Option<String>,
}

fn corpora() -> Option<PathBuf> {
    std::env::var_os("CERTHERALD_CORPORA").map(PathBuf::from)
}

fn cases() -> Option<Vec<Case>> {
    let path = corpora()?.join("x509-limbo/limbo-core.json.gz");
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(serde_json::from_str::<Limbo>(&text).unwrap().testcases)
}

fn is_known(key: &PrivateKeyDer<'_>) -> bool {
    aws_lc_rs::default_provider().key_provider.load_private_key(key.clone_key()).is_ok()
}

#[tokio::test]
async fn every_chain_comes_back_as_it_was_served() {
    let Some(cases) = cases() else {
        println!("skipped: CERTHERALD_CORPORA is not set");
        return;
    };
    let der = |pem: &String| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut served = 0;
    for case in &cases {
        let Some(key) = &case.peer_certificate_key else { continue };
        let presented: Vec<_> = std::iter::once(&case.peer_certificate)
            .chain(&case.untrusted_intermediates)
            .map(der)
            .collect();
        let wanted: Vec<_> = presented.iter().map(|der| der.to_vec()).collect();
        // With some keys no server of ours can sign; what is presented is the same with another.
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).ok().filter(is_known);
        let key = key.unwrap_or_else(|| private(&self_signed().1));
        let site = site(presented, &key, b"").await;
        assert_eq!(chain(&scan(site.server.at).await), wanted, "{}", case.id);
        served += 1;
    }
    println!("{served} chains served");
    assert!(served >= 189, "only {served} cases have a key");
}
