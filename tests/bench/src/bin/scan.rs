//! Processor time of one scan, beside a bare rustls loop that completes the same handshake and
//! checks its signature. TLS 1.3, P-256, a chain of two, unchanged; the scan includes reading the
//! job and writing the fact, as bytes.

#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use bench::{
    child::{self, Peer},
    cpu,
};
use chassis::{clock::SystemClock, dice::Dice};
use futures::{StreamExt, stream};
use jiff::SignedDuration;
use lab::{
    authority::{Authority, Leaf, Validity},
    site::{Behaviour, Site},
};
use prober::shell::{
    scan::{Scanner, ScannerConfig},
    tls::PostQuantum,
};
use prost::Message;
use proto::v1::{Job, Protocol, ScanFact};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Handshakes of one measurement.
const SCANS: usize = 20_000;
/// Handshakes under way at the same time.
const IN_FLIGHT: usize = 64;
/// Measurements of each, taken in turn, so that a noisy minute hits both.
const ROUNDS: usize = 5;

const HOST: &str = "bench.example";

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    if child::is_peer() {
        return serve().await;
    }
    let peer = Peer::start()?;
    let server = peer.addresses[0];
    let scanner = scanner()?;
    let job = known_job(&scanner, server).await?;
    let bare = TlsConnector::from(Arc::new(bare_config()?));
    println!(
        "processor time of {SCANS} handshakes, {IN_FLIGHT} at a time, {ROUNDS} rounds of each"
    );
    let (mut bare_times, mut scan_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare_times.push(measured(|| bare_handshake(&bare, server)).await);
        scan_times.push(measured(|| scan(&scanner, &job)).await);
    }
    let (bare, scan) = (median(bare_times), median(scan_times));
    println!("bare rustls   {:>7.1} us", micros(bare));
    println!(
        "scan          {:>7.1} us   {:.0} scans a processor-second",
        micros(scan),
        1.0 / scan.as_secs_f64()
    );
    println!(
        "ratio         {:>7.3}      promised: at most 1.15",
        scan.as_secs_f64() / bare.as_secs_f64()
    );
    Ok(())
}

/// The other side: one site, until it is killed.
async fn serve() -> Outcome<()> {
    let now = chassis::clock::Clock::now(&SystemClock);
    let root = Authority::root("Bench Root", Validity::of_an_authority(now))?;
    let issuing = root.intermediate("Bench Issuing", Validity::of_an_authority(now))?;
    let month = SignedDuration::from_hours(30 * 24);
    let leaf = Leaf::named(HOST, Validity::around(now, month, month));
    let site = Site::open(Behaviour::Serve(issuing.issue(&leaf)?)).await?;
    child::announce(&[site.address()])?;
    std::future::pending().await
}

fn scanner() -> Outcome<Scanner> {
    let config = ScannerConfig {
        name: "bench".to_owned(),
        region: "default".to_owned(),
        deadline: Duration::from_secs(10),
        allow: vec!["127.0.0.0/8".parse().map_err(|_| "a network")?],
        name_servers: vec![],
        post_quantum: PostQuantum::Omitted,
        aia: false,
        sockets: 4 * IN_FLIGHT,
    };
    Ok(Scanner::new(config, Arc::new(SystemClock), Arc::new(Dice::fresh()))?)
}

/// The job, as bytes, that knows the chain already.
async fn known_job(scanner: &Scanner, server: SocketAddr) -> Outcome<Vec<u8>> {
    let mut job = Job {
        domain_id: "4rrewm3tr6pwn4kxotpjwlbjue".to_owned(),
        look: 1,
        host: HOST.to_owned(),
        port: server.port().into(),
        protocol: Protocol::Tls.into(),
        fixed_address: server.ip().to_string(),
        ..Job::default()
    };
    let fact = scanner.scan(&job).await;
    job.known_chains = fact.chains.iter().map(|chain| chain.fingerprint.clone()).collect();
    if job.known_chains.is_empty() {
        return Err(format!("the first scan brought no chain: {fact:?}").into());
    }
    Ok(job.encode_to_vec())
}

async fn scan(scanner: &Scanner, job: &[u8]) {
    let job = Job::decode(job).expect("the job is one of ours");
    let fact: ScanFact = scanner.scan(&job).await;
    assert!(fact.chains.is_empty() && fact.endpoints.len() == 1, "a scan went wrong: {fact:?}");
    assert!(!fact.encode_to_vec().is_empty());
}

async fn bare_handshake(connector: &TlsConnector, server: SocketAddr) {
    let stream = TcpStream::connect(server).await.expect("the site is up");
    stream.set_zero_linger().expect("an open socket");
    let name = ServerName::try_from(HOST).expect("a name");
    connector.connect(name, stream).await.expect("the site is sound");
}

/// Processor time of one call, over [`SCANS`] of them.
async fn measured<F, Fut>(call: F) -> Duration
where
    F: Fn() -> Fut,
    Fut: Future<Output = ()>,
{
    let before = cpu::time();
    stream::iter(0..SCANS)
        .map(|_| call())
        .buffer_unordered(IN_FLIGHT)
        .for_each(|()| async {})
        .await;
    cpu::time().saturating_sub(before) / u32::try_from(SCANS).expect("a small number")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Completes handshakes, checks their signature, and no chain.
fn bare_config() -> Outcome<ClientConfig> {
    let provider = CryptoProvider {
        kx_groups: vec![
            aws_lc_rs::kx_group::X25519,
            aws_lc_rs::kx_group::SECP256R1,
            aws_lc_rs::kx_group::SECP384R1,
        ],
        ..aws_lc_rs::default_provider()
    };
    let signatures = Arc::new(SignatureOnly(provider.clone()));
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(signatures)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

#[derive(Debug)]
struct SignatureOnly(CryptoProvider);

impl ServerCertVerifier for SignatureOnly {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
