//! `openssl s_server`, and keys that only OpenSSL makes.

use std::net::SocketAddr;
use std::path::Path;

use tokio::process::Command;

use super::{ClientCertificate, Files, Port, Recipe, Versions};
use crate::binary;
use crate::process::Process;

fn command() -> Command {
    Command::new(binary::tool("openssl", "OPENSSL", "`apt-get install openssl` has it"))
}

/// Starts a server that names the port it was given.
pub(super) async fn start(
    recipe: &Recipe,
    files: &Files,
    directory: &Path,
) -> (Process, SocketAddr) {
    assert_eq!(recipe.port, Port::Tls, "s_server has no other");
    let mut command = command();
    // With -www it does not read its standard input, whose end would end the server.
    command.args(["s_server", "-www", "-accept"]);
    command.arg(SocketAddr::from((recipe.ip, 0)).to_string());
    command.arg("-cert").arg(&files.chain).arg("-key").arg(&files.key);
    // The chain file begins with the leaf; -cert reads that one only, and -cert_chain skips
    // nothing.
    let above = directory.join("above.pem");
    std::fs::write(&above, after_first(&recipe.chain_pem)).unwrap();
    if above.metadata().unwrap().len() > 0 {
        command.arg("-cert_chain").arg(above);
    }
    command.args(["-cipher", recipe.ciphers()]);
    match recipe.versions {
        Versions::Usual => {}
        Versions::Tls10Only => {
            command.arg("-tls1");
        }
    }
    match recipe.client {
        ClientCertificate::NotAsked => {}
        ClientCertificate::Required => {
            command.args(["-Verify", "1", "-verify_return_error"]);
        }
    }
    let mut process = Process::start("s_server", command, directory);
    let address = process.said("ACCEPT ", char::is_whitespace).await;
    (process, address.parse().unwrap())
}

/// The certificates after the first.
fn after_first(chain_pem: &str) -> &str {
    const END: &str = "-----END CERTIFICATE-----\n";
    chain_pem.split_once(END).map_or("", |(_, rest)| rest)
}

/// An RSA key pair.
pub(super) struct RsaKey {
    pub(super) private_key_pem: String,
    /// `SubjectPublicKeyInfo` in DER.
    pub(super) public_key: Vec<u8>,
}

impl RsaKey {
    pub(super) async fn generate(bits: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (private, public) =
            (directory.path().join("key.pem"), directory.path().join("key.der"));
        let option = format!("rsa_keygen_bits:{bits}");
        let mut generate = command();
        generate.args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", &option, "-out"]);
        succeed(generate.arg(&private)).await;
        let mut extract = command();
        extract.args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(&private).arg("-out");
        succeed(extract.arg(&public)).await;
        Self {
            private_key_pem: std::fs::read_to_string(private).unwrap(),
            public_key: std::fs::read(public).unwrap(),
        }
    }
}

async fn succeed(command: &mut Command) {
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}: {said}", output.status);
}
