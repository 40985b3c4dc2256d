//! TLS from files, and what browsers are told behind it.

use std::{fs, path::Path};

use console::config::access::TlsFiles;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::tls::TlsInfo;

use crate::stage::{Stage, answer, client, until};

/// Writes a fresh pair, the key first: until both are there, they are none. The certificate.
fn renew(files: &TlsFiles) -> Vec<u8> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&files.key, signing_key.serialize_pem()).unwrap();
    fs::write(&files.cert, cert.pem()).unwrap();
    cert.der().to_vec()
}

fn files(directory: &Path) -> TlsFiles {
    TlsFiles { cert: directory.join("cert.pem"), key: directory.join("key.pem") }
}

/// The certificate that a new connection meets.
async fn presented(stage: &Stage) -> Vec<u8> {
    // Another client, so that no connection is used again.
    let response = client().get(format!("{}/sign-in", stage.base)).send().await.unwrap();
    let info = response.extensions().get::<TlsInfo>().unwrap();
    info.peer_certificate().unwrap().to_vec()
}

#[tokio::test]
async fn a_renewed_certificate_is_presented_without_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let files = files(directory.path());
    let first = renew(&files);
    let tls = Some(files.clone());
    let stage = Stage::open_with(directory.path(), |mut config| {
        config.access.tls = tls;
        config
    })
    .await;
    assert_eq!(presented(&stage).await, first);
    let page = answer(stage.http.get(format!("{}/sign-in", stage.base))).await;
    assert_eq!(page.headers["strict-transport-security"], "max-age=63072000");
    fs::write(&files.cert, "half of it").unwrap();
    assert_eq!(presented(&stage).await, first);
    let second = renew(&files);
    until("the new certificate is presented", async || {
        (presented(&stage).await == second).then_some(())
    })
    .await;
}
