//! Sites as a real TLS client meets them.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lab::authority::identity::Identity;
use lab::authority::{Authority, Leaf, Validity};
use lab::site::{Behaviour, Site};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn a_site_serves_what_it_was_last_told() {
    let world = World::new();
    let (old, new) = (world.identity("a.test"), world.identity("a.test"));
    let site = Site::open(Behaviour::Serve(old.clone())).await.unwrap();

    assert_eq!(world.chain_at(site.address()).await.unwrap(), old.chain);
    site.serve(&new).unwrap();
    assert_eq!(world.chain_at(site.address()).await.unwrap(), new.chain);
    assert_eq!(site.handshakes(), 2);
}

#[tokio::test]
async fn alternating_identities_come_in_turn() {
    let world = World::new();
    let (old, new) = (world.identity("a.test"), world.identity("a.test"));
    let both = vec![old.clone(), new.clone()];
    let site = Site::open(Behaviour::Alternate(both)).await.unwrap();

    for expected in [&old, &new, &old, &new] {
        assert_eq!(world.chain_at(site.address()).await.unwrap(), expected.chain);
    }
}

#[tokio::test]
async fn a_closed_port_refuses_until_it_is_opened_again() {
    let world = World::new();
    let site = Site::closed(Behaviour::Serve(world.identity("a.test"))).unwrap();

    let refused = TcpStream::connect(site.address()).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    for _ in 0..3 {
        site.open_again().await.unwrap();
        world.chain_at(site.address()).await.unwrap();
        site.close().await.unwrap();
        let refused = TcpStream::connect(site.address()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn closing_ends_the_connections_that_are_open() {
    let site = Site::open(Behaviour::Silent).await.unwrap();
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    // Accepted, and not merely in the kernel's queue: only then is it the site's to end.
    while site.connections() == 0 {
        tokio::task::yield_now().await;
    }

    site.close().await.unwrap();

    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn other_loopback_addresses_can_be_had() {
    let world = World::new();
    for address in ["127.0.0.2:0", "[::1]:0"] {
        let behaviour = Behaviour::Serve(world.identity("a.test"));
        let site = Site::open_at(address.parse().unwrap(), behaviour).await.unwrap();
        world.chain_at(site.address()).await.unwrap();
    }
}

#[tokio::test]
async fn each_misbehaviour_is_what_it_is_called() {
    assert_eq!(first_bytes(Behaviour::plain_http()).await.unwrap(), b"HTTP/");
    assert_eq!(first_bytes(Behaviour::Garbage).await.unwrap(), [0xff; 5]);
    let reset = first_bytes(Behaviour::Reset).await.unwrap_err();
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    let trickle = first_bytes(Behaviour::Trickle).await.unwrap();
    assert_eq!(trickle, [0x16, 0x03, 0x03, 0x40, 0x00]);
}

#[tokio::test]
async fn an_issuer_can_be_fetched_in_the_clear() {
    let world = World::new();
    let site = Site::open(Behaviour::issuer(world.root.certificate())).await.unwrap();
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    stream.write_all(b"GET /root.der HTTP/1.1\r\nHost: a.test\r\n\r\n").await.unwrap();

    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();

    assert!(response.ends_with(world.root.certificate()));
}

/// The first five bytes after a hello.
async fn first_bytes(behaviour: Behaviour) -> io::Result<Vec<u8>> {
    let site = Site::open(behaviour).await.unwrap();
    let mut stream = TcpStream::connect(site.address()).await?;
    stream.write_all(&[0x16, 0x03, 0x01]).await?;
    let mut bytes = vec![0; 5];
    tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut bytes)).await.unwrap()?;
    Ok(bytes)
}

struct World {
    root: Authority,
    intermediate: Authority,
    validity: Validity,
}

impl World {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the client judges by the real clock")]
        let now = Timestamp::now();
        let validity =
            Validity::around(now, SignedDuration::from_hours(1), SignedDuration::from_hours(1));
        let root = Authority::root("Root", validity).unwrap();
        let intermediate = root.intermediate("Intermediate", validity).unwrap();
        Self { root, intermediate, validity }
    }

    fn identity(&self, name: &str) -> Identity {
        self.intermediate.issue(&Leaf::named(name, self.validity)).unwrap()
    }

    /// What is presented for `a.test`, verified up to the root.
    async fn chain_at(&self, address: SocketAddr) -> io::Result<Vec<CertificateDer<'static>>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.certificate().clone()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("a.test").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        // The server counts a handshake before it says goodbye.
        let end = stream.read(&mut [0]).await?;
        assert_eq!(end, 0);
        Ok(stream.get_ref().1.peer_certificates().unwrap().to_vec())
    }
}
