//! Against rustls as a server: what the key proves, what is negotiated, what is stapled, and what a
//! second look carries.

use std::sync::Arc;

use prober::shell::{scan::ScannerConfig, tls::PostQuantum};
use proto::v1::handshake::Proof;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::world::{Server, chain, config, handshake, job, scan, scanner, scanner_with};

/// Presents the same, whatever is asked for, and notes what was.
#[derive(Debug)]
struct Presents {
    key: Arc<CertifiedKey>,
    asked_for: tokio::sync::mpsc::UnboundedSender<Option<String>>,
}

impl ResolvesServerCert for Presents {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.asked_for.send(hello.server_name().map(str::to_owned)).unwrap();
        Some(Arc::clone(&self.key))
    }
}

pub(crate) struct Site {
    pub(crate) server: Server,
    asked_for: tokio::sync::mpsc::UnboundedReceiver<Option<String>>,
}

pub(crate) fn self_signed() -> (CertificateDer<'static>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["a.example".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().der().clone(), key)
}

pub(crate) fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).unwrap()
}

/// A server of TLS 1.2 and 1.3 that presents these certificates with this key, fitting or not.
pub(crate) async fn site(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'_>,
    ocsp: &[u8],
) -> Site {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let signing = provider.key_provider.load_private_key(key.clone_key()).unwrap();
    let mut certified = CertifiedKey::new(chain, signing);
    certified.ocsp = (!ocsp.is_empty()).then(|| ocsp.to_vec());
    let (sender, asked_for) = tokio::sync::mpsc::unbounded_channel();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Presents { key: Arc::new(certified), asked_for: sender }));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |stream| {
        let accept = acceptor.accept(stream);
        async move { drop(accept.await) }
    });
    Site { server: server.await, asked_for }
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_disproved_and_its_chain_still_seen() {
    let (leaf, key) = self_signed();
    let (_, other) = self_signed();
    let honest = site(vec![leaf.clone()], &private(&key), b"").await;
    assert_eq!(handshake(&scan(honest.server.at).await).proof(), Proof::Proved);
    let false_one = site(vec![leaf.clone()], &private(&other), b"").await;
    let fact = scan(false_one.server.at).await;
    assert_eq!(handshake(&fact).proof(), Proof::Disproved);
    assert_eq!(chain(&fact), [leaf.to_vec()]);
}

#[tokio::test]
async fn the_name_is_sent_and_an_address_is_not() {
    let (leaf, key) = self_signed();
    let mut site = site(vec![leaf], &private(&key), b"").await;
    let scanner = scanner();
    scanner.scan(&job("A.example.", site.server.at)).await;
    assert_eq!(site.asked_for.recv().await.unwrap().as_deref(), Some("a.example"));
    scanner.scan(&job("_dmarc.b.example", site.server.at)).await;
    assert_eq!(site.asked_for.recv().await.unwrap().as_deref(), Some("_dmarc.b.example"));
    scanner.scan(&job(&site.server.at.ip().to_string(), site.server.at)).await;
    assert_eq!(site.asked_for.recv().await.unwrap(), None);
    let other = proto::v1::Job { sni: "other.example".into(), ..job("a.example", site.server.at) };
    scanner.scan(&other).await;
    assert_eq!(site.asked_for.recv().await.unwrap().as_deref(), Some("other.example"));
}

#[tokio::test]
async fn a_known_chain_travels_as_its_fingerprint() {
    let (leaf, key) = self_signed();
    let site = site(vec![leaf], &private(&key), b"").await;
    let scanner = scanner();
    let first = scanner.scan(&job("a.example", site.server.at)).await;
    assert_eq!(chain(&first).len(), 1);
    let known = handshake(&first).chain.clone();
    let again =
        proto::v1::Job { known_chains: vec![known.clone()], ..job("a.example", site.server.at) };
    let second = scanner.scan(&again).await;
    assert_eq!(second.chains, []);
    assert_eq!(handshake(&second).chain, known);
}

#[tokio::test]
async fn staple_group_and_timings_are_reported() {
    let (leaf, key) = self_signed();
    let site = site(vec![leaf], &private(&key), b"staple").await;
    let fact = scan(site.server.at).await;
    let found = handshake(&fact);
    assert_eq!(found.ocsp, "staple");
    assert_eq!((found.version, found.group), (0x0304, 29));
    assert_eq!(found.alpn, "");
    assert_eq!(found.remark, "");
    let timings = fact.endpoints[0].timings.as_ref().unwrap();
    assert!(timings.connect.is_some() && timings.handshake.is_some());
    assert!(fact.started_at.is_some() && fact.took.is_some());
    assert_eq!((fact.prober.as_str(), fact.region.as_str()), ("prober-1", "default"));
}

#[tokio::test]
async fn the_post_quantum_group_is_offered_if_so_set() {
    let (leaf, key) = self_signed();
    let site = site(vec![leaf], &private(&key), b"").await;
    let offering = scanner_with(ScannerConfig { post_quantum: PostQuantum::Offered, ..config() });
    let fact = offering.scan(&job("a.example", site.server.at)).await;
    assert_eq!(handshake(&fact).group, 0x11ec, "X25519MLKEM768");
}

#[tokio::test]
async fn a_server_without_certificate_is_named() {
    let (_, key) = self_signed();
    let site = site(vec![], &private(&key), b"").await;
    let fact = scan(site.server.at).await;
    let reason = crate::world::failure(&fact).reason();
    assert_eq!(reason, proto::v1::Reason::NoCertificate);
}

#[tokio::test]
async fn whatever_the_certificates_are_they_are_brought() {
    let (leaf, key) = self_signed();
    let garbage = CertificateDer::from(vec![1, 2, 3]);
    let many = std::iter::repeat_n(leaf.clone(), 100);
    for presented in
        [vec![leaf.clone(), garbage.clone()], vec![garbage.clone(), leaf.clone()], many.collect()]
    {
        let site = site(presented.clone(), &private(&key), b"").await;
        let wanted: Vec<_> = presented.iter().map(|der| der.to_vec()).collect();
        assert_eq!(chain(&scan(site.server.at).await), wanted);
    }
}
