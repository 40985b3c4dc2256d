//! Shakes hands by TLS 1.2 and 1.3, as far as it takes to have the chain and the proof of its key.
//!
//! Reads and writes by hand rather than through an adapter: what was negotiated must be known also
//! of a handshake that breaks off, and what came must be known when it was no TLS at all.

use std::{
    io::{self, Read, Write},
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, SupportedProtocolVersion,
    client::Resumption,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs},
    version::{TLS12, TLS13},
};
use rustls_pki_types::ServerName;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::recorder::Recorder;
use crate::domain::{
    heard::Heard,
    miss::{Broken, Miss},
    presented::Presented,
};

/// Bytes read in one handshake: twice the largest message that the library takes, and room for all
/// others. A server that sends more is not going to finish.
const HANDSHAKE_BYTES_MAX: u64 = 192 * 1024;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// Shakes hands. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Greeter {
    base: Arc<ClientConfig>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Whether the post-quantum group is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostQuantum {
    /// X25519MLKEM768 first. Adds 1.2 kB to the hello, which then takes two packets.
    Offered,
    /// Classical groups only: one packet, and no trouble with middleboxes.
    Omitted,
}

/// How a handshake ended that did not bring a chain.
#[derive(Debug)]
pub struct Failed {
    /// What to report.
    pub miss: Miss,
    /// Whether the reader for old TLS may see more.
    pub may_be_old: bool,
}

impl Greeter {
    /// A greeter for all handshakes of a process.
    ///
    /// # Panics
    ///
    /// Never: the provider and the versions are constants that fit each other.
    pub fn new(post_quantum: PostQuantum) -> Self {
        let provider = provider(post_quantum);
        let algorithms = provider.signature_verification_algorithms;
        let recorder = Recorder::new(algorithms);
        let mut base = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&VERSIONS)
            .expect("the provider has suites for both versions")
            .dangerous()
            .with_custom_certificate_verifier(recorder.clone())
            .with_client_cert_resolver(recorder);
        base.resumption = Resumption::disabled();
        Self { base: Arc::new(base), algorithms }
    }

    /// Shakes hands over a fresh connection until a deadline.
    ///
    /// # Errors
    ///
    /// When no chain was presented. A handshake that fails after the chain is none: it is remarked.
    pub async fn greet(
        &self,
        stream: &TcpStream,
        name: ServerName<'static>,
        deadline: Instant,
    ) -> Result<Presented, Failed> {
        let started = Instant::now();
        let recorder = Recorder::new(self.algorithms);
        let mut heard = Heard::default();
        let mut connection = match self.connection(&recorder, name) {
            Ok(connection) => connection,
            Err(error) => return Err(failed(&Broken::Tls(error), &heard)),
        };
        let talk = converse(&mut connection, stream, &mut heard);
        let broken = match timeout_at(deadline, talk).await {
            Ok(Ok(())) => None,
            Ok(Err(broken)) => Some(broken),
            Err(_) => Some(Broken::Late(started.elapsed())),
        };
        let Some(shown) = recorder.shown() else {
            let broken = broken.unwrap_or(Broken::Tls(rustls::Error::NoCertificatesPresented));
            return Err(failed(&broken, &heard));
        };
        let suite = connection.negotiated_cipher_suite();
        let group = connection.negotiated_key_exchange_group();
        Ok(Presented {
            version: connection.protocol_version().map_or(0, u16::from),
            cipher_suite: suite.map_or(0, |suite| suite.suite().into()),
            group: group.map_or(0, |group| group.name().into()),
            ocsp: shown.ocsp.clone(),
            chain: shown.chain.clone(),
            proof: recorder.proof(),
            client_certificate_requested: recorder.client_certificate_requested(),
            legacy: false,
            remark: broken.map(|broken| broken.describe(&heard)).unwrap_or_default(),
        })
    }

    fn connection(
        &self,
        recorder: &Arc<Recorder>,
        name: ServerName<'static>,
    ) -> Result<ClientConnection, rustls::Error> {
        let mut config = ClientConfig::clone(&self.base);
        config.dangerous().set_certificate_verifier(recorder.clone());
        config.client_auth_cert_resolver = recorder.clone();
        ClientConnection::new(Arc::new(config), name)
    }
}

fn failed(broken: &Broken, heard: &Heard) -> Failed {
    Failed { miss: Miss::handshake(broken, heard), may_be_old: broken.may_be_old(heard) }
}

/// The groups that servers know, each listed: OpenSSL compares the curve of its certificate with
/// them.
fn provider(post_quantum: PostQuantum) -> CryptoProvider {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    let kx_groups = match post_quantum {
        PostQuantum::Offered => vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1],
        PostQuantum::Omitted => vec![X25519, SECP256R1, SECP384R1],
    };
    CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() }
}

async fn converse(
    connection: &mut ClientConnection,
    stream: &TcpStream,
    heard: &mut Heard,
) -> Result<(), Broken> {
    loop {
        while connection.wants_write() {
            match connection.write_tls(&mut Mouth(stream)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    stream.writable().await.map_err(Broken::Io)?;
                }
                Err(error) => return Err(Broken::Io(error)),
            }
        }
        if !connection.is_handshaking() {
            return Ok(());
        }
        stream.readable().await.map_err(Broken::Io)?;
        match connection.read_tls(&mut Ear { stream, heard }) {
            Ok(0) => return Err(Broken::Closed),
            Ok(_) if heard.total() > HANDSHAKE_BYTES_MAX => return Err(Broken::Endless),
            Ok(_) => {
                connection.process_new_packets().map_err(Broken::Tls)?;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(Broken::Io(error)),
        }
    }
}

/// Lets the library write to a stream that is ready, or hear that it is not.
struct Mouth<'a>(&'a TcpStream);

impl Write for Mouth<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lets the library read from a stream that is ready, and notes what came.
struct Ear<'a> {
    stream: &'a TcpStream,
    heard: &'a mut Heard,
}

impl Read for Ear<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.try_read(buffer)?;
        self.heard.note(&buffer[..count]);
        Ok(count)
    }
}
