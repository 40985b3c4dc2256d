//! Against a name server that answers each name as the name says: which addresses are found, what
//! is said of a lookup that fails, and that one family never waits for the other.

use std::{net::SocketAddr, sync::Arc, time::Duration, time::Instant};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME},
    },
};
use prober::shell::scan::ScannerConfig;
use proto::v1::{ScanFact, lookup::Outcome, own_failure::Cause};
use tokio::{net::UdpSocket, task::JoinHandle};

use crate::{
    proofs,
    world::{config, handshake, job_to_resolve, scanner_with},
};

/// What the name server says to one question.
enum Says {
    Records(Vec<RData>),
    Code(ResponseCode),
    Nothing,
}

struct NameServer {
    at: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl NameServer {
    async fn start(answer: impl Fn(&str, RecordType) -> Says + Send + Sync + 'static) -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let at = socket.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut packet = [0; 4096];
            loop {
                let (length, from) = socket.recv_from(&mut packet).await.unwrap();
                let question = Message::from_vec(&packet[..length]).unwrap();
                let query = question.queries[0].clone();
                let name = query.name.to_ascii().to_lowercase();
                let mut reply = question.into_response();
                match answer(&name, query.query_type) {
                    Says::Nothing => continue,
                    Says::Code(code) => reply.metadata.response_code = code,
                    Says::Records(records) => {
                        let mut owner = query.name.clone();
                        for data in records {
                            reply.add_answer(Record::from_rdata(owner.clone(), 60, data.clone()));
                            if let RData::CNAME(alias) = data {
                                owner = alias.0;
                            }
                        }
                    }
                }
                socket.send_to(&reply.to_vec().unwrap(), from).await.unwrap();
            }
        });
        Self { at, task }
    }

    fn config(&self) -> ScannerConfig {
        ScannerConfig { name_servers: vec![self.at], deadline: Duration::from_secs(10), ..config() }
    }

    async fn scan(&self, host: &str, port: u16) -> ScanFact {
        scanner_with(self.config()).scan(&job_to_resolve(host, port)).await
    }
}

fn loopback() -> RData {
    RData::A(A::new(127, 0, 0, 1))
}

fn alias(name: &str) -> RData {
    RData::CNAME(CNAME(Name::from_ascii(name).unwrap()))
}

fn outcomes(fact: &ScanFact) -> (Outcome, Outcome) {
    let resolution = fact.resolution.as_ref().unwrap();
    (resolution.a.as_ref().unwrap().outcome(), resolution.aaaa.as_ref().unwrap().outcome())
}

async fn a_site() -> proofs::Site {
    let (leaf, key) = proofs::self_signed();
    proofs::site(vec![leaf], &proofs::private(&key), b"").await
}

#[tokio::test]
async fn every_address_of_both_families_is_scanned() {
    let site = a_site().await;
    let server = NameServer::start(|name, kind| match (name, kind) {
        ("a.example.", RecordType::A) => Says::Records(vec![
            RData::A(A::new(127, 0, 0, 2)),
            loopback(),
            RData::A(A::new(10, 0, 0, 1)),
        ]),
        ("a.example.", RecordType::AAAA) => {
            Says::Records(vec![RData::AAAA(AAAA::new(0, 0, 0, 0, 0, 0, 0, 1))])
        }
        _ => Says::Code(ResponseCode::NXDomain),
    });
    let fact = server.await.scan("a.example", site.server.at.port()).await;
    assert_eq!(outcomes(&fact), (Outcome::Addresses, Outcome::Addresses));
    let addresses: Vec<_> = fact.endpoints.iter().map(|e| e.address.as_str()).collect();
    assert_eq!(addresses, ["10.0.0.1", "127.0.0.1", "127.0.0.2", "::1"]);
    assert_eq!(fact.own_failure, None);
}

#[tokio::test]
async fn aliases_are_recorded_in_order() {
    let site = a_site().await;
    let server = NameServer::start(|name, kind| match (name, kind) {
        ("www.a.example.", RecordType::A) => {
            Says::Records(vec![alias("cdn.b.example."), alias("edge.c.example."), loopback()])
        }
        ("www.a.example.", RecordType::AAAA) => Says::Records(vec![alias("cdn.b.example.")]),
        ("cdn.b.example.", RecordType::AAAA) => Says::Records(vec![]),
        _ => Says::Code(ResponseCode::NXDomain),
    });
    let fact = server.await.scan("www.a.example", site.server.at.port()).await;
    let resolution = fact.resolution.as_ref().unwrap();
    assert_eq!(resolution.cname_chain, ["cdn.b.example", "edge.c.example"]);
    assert_eq!(outcomes(&fact), (Outcome::Addresses, Outcome::NoRecords));
    handshake(&fact);
}

#[tokio::test]
async fn a_family_that_hangs_holds_up_no_other() {
    let site = a_site().await;
    let server = NameServer::start(|_, kind| {
        if kind == RecordType::A { Says::Records(vec![loopback()]) } else { Says::Nothing }
    });
    let begun = Instant::now();
    let fact = server.await.scan("a.example", site.server.at.port()).await;
    assert_eq!(outcomes(&fact), (Outcome::Addresses, Outcome::Timeout));
    handshake(&fact);
    assert!(begun.elapsed() < Duration::from_secs(8), "one lookup's deadline");
    assert_eq!(fact.own_failure, None, "the name server did answer");
}

#[tokio::test]
async fn a_short_deadline_holds_for_lookups_too() {
    let server = NameServer::start(|_, _| Says::Nothing).await;
    let config = ScannerConfig { deadline: Duration::from_secs(1), ..server.config() };
    let begun = Instant::now();
    scanner_with(config).scan(&job_to_resolve("a.example", 443)).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_error_of_one_family_is_not_hidden_by_the_other() {
    let site = a_site().await;
    let server = NameServer::start(|_, kind| {
        let failed = Says::Code(ResponseCode::ServFail);
        if kind == RecordType::A { Says::Records(vec![loopback()]) } else { failed }
    });
    let fact = server.await.scan("a.example", site.server.at.port()).await;
    assert_eq!(outcomes(&fact), (Outcome::Addresses, Outcome::Failed));
}

#[tokio::test]
async fn what_has_no_address_is_told_apart() {
    for (code, outcome) in [
        (ResponseCode::NXDomain, Outcome::NoName),
        (ResponseCode::NoError, Outcome::NoRecords),
        (ResponseCode::ServFail, Outcome::Failed),
        (ResponseCode::Refused, Outcome::Failed),
    ] {
        let server = NameServer::start(move |name, _| match name {
            "." => Says::Code(ResponseCode::NoError),
            _ => Says::Code(code),
        });
        let server = server.await;
        let fact = server.scan("a.example", 443).await;
        assert_eq!(outcomes(&fact), (outcome, outcome), "{code}");
        assert_eq!(fact.own_failure, None, "{code}");
        assert_eq!(fact.endpoints, []);
        let detail = &fact.resolution.unwrap().a.unwrap().detail;
        assert!(!detail.is_empty(), "{code}");
    }
}

#[tokio::test]
async fn a_name_nobody_answers_for_is_the_domains_fault_while_others_are_answered() {
    let server = NameServer::start(|name, _| match name {
        "." => Says::Code(ResponseCode::Refused),
        _ => Says::Nothing,
    });
    let fact = server.await.scan("a.example", 443).await;
    assert_eq!(outcomes(&fact), (Outcome::Timeout, Outcome::Timeout));
    assert_eq!(fact.own_failure, None);
}

#[tokio::test]
async fn name_servers_that_answer_nothing_at_all_are_our_failure() {
    let server = NameServer::start(|_, _| Says::Nothing).await;
    let fact = server.scan("a.example", 443).await;
    assert_eq!(fact.own_failure.map(|own| own.cause()), Some(Cause::ResolverUnreachable));
}

#[tokio::test]
async fn a_resolver_that_has_lost_its_network_and_says_so_is_our_failure() {
    let server = NameServer::start(|_, _| Says::Code(ResponseCode::ServFail)).await;
    let fact = server.scan("a.example", 443).await;
    assert_eq!(outcomes(&fact), (Outcome::Failed, Outcome::Failed));
    assert_eq!(fact.own_failure.map(|own| own.cause()), Some(Cause::ResolverUnreachable));
}

#[tokio::test]
async fn a_name_is_asked_for_as_it_is_and_nothing_is_remembered() {
    let (sender, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let server = NameServer::start(move |name, _| {
        sender.send(name.to_owned()).unwrap();
        Says::Code(ResponseCode::NXDomain)
    });
    let server = server.await;
    let scanner = scanner_with(server.config());
    for _ in 0..2 {
        scanner.scan(&job_to_resolve("nas1", 443)).await;
        assert_eq!(asked.recv().await.unwrap(), "nas1.");
        assert_eq!(asked.recv().await.unwrap(), "nas1.");
        assert!(asked.try_recv().is_err(), "no search list, no second name");
    }
}

#[tokio::test]
async fn a_catalogue_of_addresses_is_cut() {
    let server = NameServer::start(|_, kind| {
        let catalogue = (0..60).map(|n| RData::A(A::new(192, 168, 0, n))).collect();
        if kind == RecordType::A {
            Says::Records(catalogue)
        } else {
            Says::Code(ResponseCode::NoError)
        }
    });
    let fact = server.await.scan("a.example", 443).await;
    assert_eq!(fact.endpoints.len(), 32);
    assert_eq!(fact.resolution.unwrap().a.unwrap().detail, "32 of 60 addresses are scanned");
}
