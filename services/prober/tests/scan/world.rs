//! A scanner that may dial loopback, jobs for it, and short ways to ask its facts.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use chassis::{clock::SystemClock, dice::Dice};
use prober::shell::{
    scan::{Scanner, ScannerConfig},
    tls::PostQuantum,
};
use proto::v1::{Failure, Handshake, Job, Protocol, ScanFact, endpoint_fact::Outcome};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Time for one scan of a server that answers: more than the busiest machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn config() -> ScannerConfig {
    ScannerConfig {
        name: "prober-1".into(),
        region: "default".into(),
        deadline: PATIENCE,
        allow: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        name_servers: vec![SocketAddr::from(([127, 0, 0, 1], 9))],
        post_quantum: PostQuantum::Omitted,
        aia: false,
        sockets: 64,
    }
}

pub(crate) fn scanner() -> Scanner {
    scanner_with(config())
}

pub(crate) fn scanner_with(config: ScannerConfig) -> Scanner {
    Scanner::new(config, Arc::new(SystemClock), Arc::new(Dice::fresh())).unwrap()
}

/// A job for a name that is served at an address.
pub(crate) fn job(name: &str, at: SocketAddr) -> Job {
    Job { fixed_address: at.ip().to_string(), ..job_to_resolve(name, at.port()) }
}

pub(crate) fn job_to_resolve(name: &str, port: u16) -> Job {
    Job {
        domain_id: "a".repeat(26),
        look: 7,
        inventory_revision: 3,
        host: name.into(),
        port: port.into(),
        protocol: Protocol::Tls.into(),
        ..Job::default()
    }
}

pub(crate) async fn scan(at: SocketAddr) -> ScanFact {
    scanner().scan(&job("a.example", at)).await
}

/// The handshake of the one endpoint.
pub(crate) fn handshake(fact: &ScanFact) -> &Handshake {
    match outcome(fact) {
        Outcome::Handshake(handshake) => handshake,
        Outcome::Failure(failure) => panic!("no chain: {failure:?}"),
    }
}

/// The failure of the one endpoint.
pub(crate) fn failure(fact: &ScanFact) -> &Failure {
    match outcome(fact) {
        Outcome::Failure(failure) => failure,
        Outcome::Handshake(handshake) => panic!("a chain came: {handshake:?}"),
    }
}

fn outcome(fact: &ScanFact) -> &Outcome {
    assert_eq!(fact.own_failure, None);
    let [endpoint] = fact.endpoints.as_slice() else { panic!("not one endpoint: {fact:?}") };
    endpoint.outcome.as_ref().expect("an endpoint has an outcome")
}

/// The one new chain of a fact.
pub(crate) fn chain(fact: &ScanFact) -> Vec<Vec<u8>> {
    let [chain] = fact.chains.as_slice() else { panic!("not one new chain: {fact:?}") };
    assert_eq!(chain.fingerprint.as_ref(), proto::chain::fingerprint(&chain.certificates));
    chain.certificates.iter().map(|der| der.to_vec()).collect()
}

/// Serves each connection by `serve` until it is dropped.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start<S, F>(serve: S) -> Self
    where
        S: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream));
            }
        });
        Self { at, _tasks: tasks }
    }
}
