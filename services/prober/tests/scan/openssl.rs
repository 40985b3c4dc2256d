//! `openssl s_server` as a counterpart: the other TLS implementation of the world, with all its
//! age.

use std::{net::SocketAddr, path::Path, process::Stdio};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// What the certificate is for and signed with.
#[derive(Debug)]
pub(crate) enum Key {
    Rsa(u32),
    RsaPss,
    Ec(&'static str),
    Ed25519,
    Ed448,
    Dsa,
}

/// A running server with a self-signed certificate.
pub(crate) struct OpenSsl {
    pub(crate) at: SocketAddr,
    /// DER of what it presents.
    pub(crate) certificate: Vec<u8>,
    _process: Child,
    _directory: TempDir,
}

impl OpenSsl {
    /// Starts a server; `args` go to `s_server`.
    pub(crate) async fn serve(key: Key, args: &[&str]) -> Self {
        Self::serve_named(key, "DNS:a.example", args).await
    }

    /// Starts a server whose certificate has these alternative names.
    pub(crate) async fn serve_named(key: Key, names: &str, args: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        make_key(directory.path(), key).await;
        let names = format!("subjectAltName={names}");
        let request = ["req", "-x509", "-new", "-key", "key.pem", "-out", "cert.pem", "-sha256"];
        let subject = ["-subj", "/CN=a.example", "-days", "30", "-addext", &names];
        openssl(directory.path(), &[&request[..], &subject].concat()).await;
        let to_der = ["x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der"];
        openssl(directory.path(), &to_der).await;
        let certificate = std::fs::read(directory.path().join("cert.der")).unwrap();

        let mut process = Command::new("openssl")
            .current_dir(directory.path())
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem"])
            .args(args)
            // Left open: at the end of its input the server would end itself.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("openssl is installed");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let at = loop {
            let line = lines.next_line().await.unwrap().expect("s_server says where it listens");
            if let Some(at) = line.strip_prefix("ACCEPT ") {
                break at.parse().unwrap();
            }
        };
        // Its further words are read and forgotten, so that it never waits for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { at, certificate, _process: process, _directory: directory }
    }
}

async fn make_key(directory: &Path, key: Key) {
    let generate = ["genpkey", "-out", "key.pem"];
    let option = |name: &str, value: &dyn std::fmt::Display| format!("{name}:{value}");
    match key {
        Key::Rsa(bits) => {
            let bits = option("rsa_keygen_bits", &bits);
            let args = ["-algorithm", "RSA", "-pkeyopt", &bits];
            openssl(directory, &[&generate[..], &args].concat()).await;
        }
        Key::RsaPss => {
            openssl(directory, &[&generate[..], &["-algorithm", "RSA-PSS"]].concat()).await;
        }
        Key::Ec(curve) => {
            let curve = option("ec_paramgen_curve", &curve);
            let args = ["-algorithm", "EC", "-pkeyopt", &curve];
            openssl(directory, &[&generate[..], &args].concat()).await;
        }
        Key::Ed25519 => {
            openssl(directory, &[&generate[..], &["-algorithm", "ED25519"]].concat()).await;
        }
        Key::Ed448 => {
            openssl(directory, &[&generate[..], &["-algorithm", "ED448"]].concat()).await;
        }
        Key::Dsa => {
            let parameters = ["genpkey", "-genparam", "-algorithm", "DSA", "-out", "dsa.pem"];
            let sizes =
                ["-pkeyopt", "dsa_paramgen_bits:1024", "-pkeyopt", "dsa_paramgen_q_bits:160"];
            openssl(directory, &[&parameters[..], &sizes].concat()).await;
            openssl(directory, &[&generate[..], &["-paramfile", "dsa.pem"]].concat()).await;
        }
    }
}

pub(crate) async fn openssl(directory: &Path, args: &[&str]) {
    let command = Command::new("openssl").current_dir(directory).args(args).output();
    let output = command.await.expect("openssl is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {}: {said}", args.join(" "));
}
