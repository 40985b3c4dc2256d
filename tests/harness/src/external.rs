//! TLS servers that are not ours: `openssl s_server` and nginx, each a process on loopback.
//!
//! What the product says about the lab's sites, it must say about these as well.

mod nginx;
mod openssl;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use lab::authority::identity::{Identity, pem_chain};
use lab::authority::{Authority, Leaf};
use tempfile::TempDir;

use crate::process::Process;

/// Software that serves TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Software {
    /// `openssl s_server`.
    Openssl,
    /// nginx.
    Nginx,
}

/// What a server shall present, and how.
#[derive(Debug, Clone)]
pub struct Recipe {
    chain_pem: String,
    key_pem: String,
    versions: Versions,
    security: Security,
    client: ClientCertificate,
    ip: IpAddr,
    port: Port,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Tls,
    PlainHttp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Versions {
    Usual,
    Tls10Only,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    Usual,
    Lowest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientCertificate {
    NotAsked,
    Required,
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    _process: Process,
    _directory: TempDir,
}

impl Software {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Openssl, Self::Nginx];

    /// Starts a server on a free port, and waits until it listens.
    pub async fn serve(self, recipe: &Recipe) -> Server {
        let directory = tempfile::tempdir().unwrap();
        let files = recipe.write(directory.path());
        let (process, address) = match self {
            Self::Openssl => openssl::start(recipe, &files, directory.path()).await,
            Self::Nginx => nginx::start(recipe, &files, directory.path()).await,
        };
        Server { address, _process: process, _directory: directory }
    }
}

impl Recipe {
    /// This identity, on 127.0.0.1, with the versions and ciphers that the software comes with.
    pub fn of(identity: &Identity) -> Self {
        Self::new(identity.chain_pem(), identity.key_pem())
    }

    /// A leaf with an RSA key of `bits`, made by OpenSSL since our own library refuses short ones.
    pub async fn with_rsa_key(authority: &Authority, leaf: &Leaf, bits: u16) -> Self {
        let key = openssl::RsaKey::generate(bits).await;
        let chain = authority.certify(leaf, &key.public_key).unwrap();
        let recipe = Self::new(pem_chain(&chain), key.private_key_pem);
        Self { security: Security::Lowest, ..recipe }
    }

    /// Nothing newer than TLS 1.0.
    #[must_use]
    pub fn tls_1_0_only(self) -> Self {
        Self { versions: Versions::Tls10Only, security: Security::Lowest, ..self }
    }

    /// A client certificate is required, which no client here has.
    #[must_use]
    pub fn requiring_a_client_certificate(self) -> Self {
        Self { client: ClientCertificate::Required, ..self }
    }

    /// The port that a person forgot to secure. Only nginx has one.
    #[must_use]
    pub fn on_a_plain_http_port(self) -> Self {
        Self { port: Port::PlainHttp, ..self }
    }

    /// On another loopback address.
    #[must_use]
    pub fn on(self, ip: IpAddr) -> Self {
        Self { ip, ..self }
    }

    fn new(chain_pem: String, key_pem: String) -> Self {
        Self {
            chain_pem,
            key_pem,
            versions: Versions::Usual,
            security: Security::Usual,
            client: ClientCertificate::NotAsked,
            ip: Ipv4Addr::LOCALHOST.into(),
            port: Port::Tls,
        }
    }

    /// Old versions and short keys need a level of security that the software refuses by itself.
    fn ciphers(&self) -> &'static str {
        match self.security {
            Security::Usual => "HIGH:!aNULL",
            Security::Lowest => "ALL:@SECLEVEL=0",
        }
    }

    fn write(&self, directory: &Path) -> Files {
        let files = Files { chain: directory.join("chain.pem"), key: directory.join("key.pem") };
        fs::write(&files.chain, &self.chain_pem).unwrap();
        fs::write(&files.key, &self.key_pem).unwrap();
        files
    }
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A recipe as servers read it.
struct Files {
    chain: PathBuf,
    key: PathBuf,
}
