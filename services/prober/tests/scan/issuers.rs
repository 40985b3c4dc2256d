//! Missing issuers are fetched from where the certificate says they are, as far as that is allowed.

use std::{
    net::SocketAddr,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
};

use prober::shell::scan::{Scanner, ScannerConfig};
use proto::v1::ScanFact;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DnType, IsCa, Issuer,
    KeyPair,
};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    openssl::openssl,
    proofs::{Site, private, site},
    world::{Server, config, job, scanner_with},
};

/// Answers each connection with the reply that `reply` makes of the request's path, and counts.
struct Web {
    server: Server,
    asked: Arc<AtomicUsize>,
}

impl Web {
    async fn start(reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let (reply, counter) = (Arc::new(reply), Arc::clone(&asked));
        let server = Server::start(move |mut stream| {
            let (reply, counter) = (Arc::clone(&reply), Arc::clone(&counter));
            async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                counter.fetch_add(1, Ordering::SeqCst);
                let request = String::from_utf8(request).unwrap();
                let path = request.split(' ').nth(1).unwrap();
                stream.write_all(&reply(path)).await.ok();
            }
        });
        Self { server: server.await, asked }
    }

    async fn serving(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self::start(move |_| ok(&body)).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.at)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The caIssuers URLs as an extension (RFC 5280, section 4.2.2.1).
fn ca_issuers(urls: &[String]) -> CustomExtension {
    let wrap = |tag: u8, content: &[u8]| {
        assert!(content.len() < 128, "short form");
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    };
    let oid = [6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2];
    let one = |url: &String| wrap(0x30, &[&oid[..], &wrap(0x86, url.as_bytes())].concat());
    let all: Vec<u8> = urls.iter().flat_map(one).collect();
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], wrap(0x30, &all))
}

fn params(name: &str, is_ca: bool, urls: &[String]) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if !urls.is_empty() {
        params.custom_extensions.push(ca_issuers(urls));
    }
    params
}

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn root() -> Self {
        let key = KeyPair::generate().unwrap();
        let params = params("Root", true, &[]);
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn below(&self, name: &str, urls: &[String]) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = params(name, true, urls);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    async fn site(&self, urls: &[String], rest: &[&Certificate]) -> Site {
        let key = KeyPair::generate().unwrap();
        let leaf = params("a.example", false, urls).signed_by(&key, &self.issuer).unwrap();
        let rest = rest.iter().map(|certificate| certificate.der().clone());
        let chain: Vec<CertificateDer<'static>> =
            std::iter::once(leaf.der().clone()).chain(rest).collect();
        site(chain, &private(&key), b"").await
    }

    fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }
}

fn fetching() -> Scanner {
    scanner_with(ScannerConfig { aia: true, ..config() })
}

async fn fetched(scanner: &Scanner, at: SocketAddr) -> Vec<(String, Vec<u8>)> {
    let fact: ScanFact = scanner.scan(&job("a.example", at)).await;
    assert_eq!(fact.chains.len(), 1);
    fact.fetched.iter().map(|one| (one.url.clone(), one.certificate.to_vec())).collect()
}

#[tokio::test]
async fn a_missing_intermediate_is_fetched_in_every_form_it_is_published() {
    let middle = Authority::root().below("Middle", &[]);
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("middle.pem"), middle.certificate.pem()).unwrap();
    let bundle =
        ["crl2pkcs7", "-nocrl", "-certfile", "middle.pem", "-outform", "DER", "-out", "p7c"];
    openssl(directory.path(), &bundle).await;
    let bundle = std::fs::read(directory.path().join("p7c")).unwrap();
    for body in [middle.der(), middle.certificate.pem().into_bytes(), bundle] {
        let web = Web::serving(body).await;
        let url = web.url("/middle.cer");
        let site = middle.site(std::slice::from_ref(&url), &[]).await;
        assert_eq!(fetched(&fetching(), site.server.at).await, [(url, middle.der())]);
    }
}

#[tokio::test]
async fn the_way_up_is_followed() {
    let root = Authority::root();
    let to_root = Web::serving(root.der()).await;
    let upper = root.below("Upper", &[to_root.url("/root")]);
    let to_upper = Web::serving(upper.der()).await;
    let lower = upper.below("Lower", &[to_upper.url("/upper")]);
    // The lower one is presented, though not in its place.
    let site = lower.site(&["http://127.0.0.1:1/unused".into()], &[&lower.certificate]).await;
    let found = fetched(&fetching(), site.server.at).await;
    let wanted = [(to_upper.url("/upper"), upper.der()), (to_root.url("/root"), root.der())];
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn nothing_is_fetched_for_a_chain_that_is_whole_or_known() {
    let root = Authority::root();
    let web = Web::serving(root.der()).await;
    let whole = root.site(&[web.url("/root")], &[&root.certificate]).await;
    assert_eq!(fetched(&fetching(), whole.server.at).await, []);

    let site = root.site(&[web.url("/root")], &[]).await;
    let scanner = fetching();
    assert_eq!(fetched(&scanner, site.server.at).await.len(), 1);
    assert_eq!(web.asked(), 1);
    let fact = scanner.scan(&job("a.example", site.server.at)).await;
    let known = vec![fact.chains[0].fingerprint.clone()];
    let job = proto::v1::Job { known_chains: known, ..job("a.example", site.server.at) };
    assert_eq!(scanner.scan(&job).await.fetched, []);
}

#[tokio::test]
async fn one_url_is_asked_once_also_by_many_at_once() {
    let middle = Authority::root().below("Middle", &[]);
    let web = Web::serving(middle.der()).await;
    let scanner = fetching();
    let mut sites = Vec::new();
    for _ in 0..5 {
        sites.push(middle.site(&[web.url("/middle")], &[]).await);
    }
    let scans = sites.iter().map(|site| fetched(&scanner, site.server.at));
    for found in futures::future::join_all(scans).await {
        assert_eq!(found.len(), 1);
    }
    assert_eq!(web.asked(), 1);
}

#[tokio::test]
async fn a_failure_is_remembered_too() {
    let middle = Authority::root().below("Middle", &[]);
    let web = Web::start(|_| b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    let site = middle.site(&[web.url("/middle")], &[]).await;
    let scanner = fetching();
    assert_eq!(fetched(&scanner, site.server.at).await, []);
    assert_eq!(fetched(&scanner, site.server.at).await, []);
    assert_eq!(web.asked(), 1);
}

#[tokio::test]
async fn what_is_no_issuer_of_it_is_not_taken() {
    let middle = Authority::root().below("Middle", &[]);
    let namesake = Authority::root().below("Middle", &[]);
    let huge = [middle.der(), vec![0; 70 * 1024]].concat();
    for body in [namesake.der(), b"<html>".to_vec(), Vec::new(), huge] {
        let web = Web::serving(body).await;
        let site = middle.site(&[web.url("/middle")], &[]).await;
        assert_eq!(fetched(&fetching(), site.server.at).await, []);
        assert_eq!(web.asked(), 1);
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let middle = Authority::root().below("Middle", &[]);
    let target = Web::serving(middle.der()).await;
    let url = target.url("/middle");
    let web = Web::start(move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    let web = web.await;
    let site = middle.site(&[web.url("/")], &[]).await;
    assert_eq!(fetched(&fetching(), site.server.at).await, []);
    assert_eq!((web.asked(), target.asked()), (1, 0));
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_not_asked() {
    let middle = Authority::root().below("Middle", &[]);
    let web = Web::serving(middle.der()).await;
    let port = web.server.at.port();
    // The site is on an allowed address; the issuer is not, in whatever spelling.
    let allow = vec!["127.0.0.2/32".parse().unwrap()];
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:7f00:1]", "localhost"] {
        let site = middle.site(&[format!("http://{host}:{port}/middle")], &[]).await;
        let forward = forward(SocketAddr::from(([127, 0, 0, 2], 0)), site.server.at).await;
        let config = ScannerConfig { aia: true, allow: allow.clone(), ..config() };
        assert_eq!(fetched(&scanner_with(config), forward).await, [], "{host}");
    }
    assert_eq!(web.asked(), 0);
}

#[tokio::test]
async fn other_schemes_and_credentials_are_passed_over() {
    let middle = Authority::root().below("Middle", &[]);
    let web = Web::serving(middle.der()).await;
    let at = web.server.at;
    for url in [format!("https://{at}/"), format!("ftp://{at}/"), format!("http://me:x@{at}/")] {
        let site = middle.site(&[url], &[]).await;
        assert_eq!(fetched(&fetching(), site.server.at).await, []);
    }
    assert_eq!(web.asked(), 0);
    // The first URL leads nowhere; the second is tried.
    let urls = ["http://127.0.0.1:1/".to_owned(), web.url("/middle")];
    let site = middle.site(&urls, &[]).await;
    assert_eq!(fetched(&fetching(), site.server.at).await.len(), 1);
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_budget_and_no_fact() {
    let middle = Authority::root().below("Middle", &[]);
    let mute = Server::start(|stream| async move {
        stream.readable().await.ok();
        std::future::pending::<()>().await;
    })
    .await;
    let url = format!("http://{}/", mute.at);
    let site = middle.site(&[url], &[]).await;
    let begun = std::time::Instant::now();
    assert_eq!(fetched(&fetching(), site.server.at).await, []);
    assert!(begun.elapsed() < std::time::Duration::from_secs(8));
}

/// Passes connections from one address to another.
async fn forward(from: SocketAddr, to: SocketAddr) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind(from).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut inner, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut outer = tokio::net::TcpStream::connect(to).await.unwrap();
                tokio::io::copy_bidirectional(&mut inner, &mut outer).await.ok();
            });
        }
    });
    at
}
