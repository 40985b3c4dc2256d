//! `certherald check` says why no certificate came, and never takes its own failure for theirs.

use std::net::{Ipv4Addr, SocketAddr};

use harness::check::{Check, Verdict};
use harness::external::{Recipe, Software};
use harness::nameserver::NameServer;
use harness::scene::Scene;
use lab::filtered::FilteredPort;
use lab::site::{Behaviour, Site};
use tokio::net::UdpSocket;

/// Seconds after which a check of something that never answers gives up.
const TIMEOUT: &str = "2";

#[tokio::test]
async fn a_closed_port_is_connect_refused() {
    let site = Site::closed(Behaviour::Silent).unwrap();
    failed(&at(site.address()).await, "connect_refused");
}

#[tokio::test]
async fn a_filtered_port_is_connect_timeout() {
    let port = FilteredPort::open().await.unwrap();
    failed(&at(port.address()).await, "connect_timeout");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_not_tls() {
    let site = Site::open(Behaviour::plain_http()).await.unwrap();
    failed(&at(site.address()).await, "not_tls");

    let recipe = Recipe::of(&Scene::new().good("a.test")).on_a_plain_http_port();
    let server = Software::Nginx.serve(&recipe).await;
    failed(&at(server.address()).await, "not_tls");
}

#[tokio::test]
async fn a_server_that_speaks_nonsense_is_not_tls() {
    let site = Site::open(Behaviour::Garbage).await.unwrap();
    failed(&at(site.address()).await, "not_tls");
}

#[tokio::test]
async fn servers_that_drag_their_feet_cost_one_deadline() {
    for behaviour in [Behaviour::Silent, Behaviour::Trickle] {
        let site = Site::open(behaviour).await.unwrap();
        failed(&at(site.address()).await, "handshake_failed");
    }
}

/// Whoever copied a certificate from somewhere can present it; only its owner can sign with its
/// key.
#[tokio::test]
async fn a_server_without_the_key_of_its_certificate_has_failed() {
    let scene = Scene::new();
    let stolen = scene.good("a.test").chain;
    let identity = scene.good("b.test").presenting(stolen);
    let site = Site::open(Behaviour::Serve(identity)).await.unwrap();
    let check = Check::of("a.test").at(site.address()).trusting(scene.root_file());
    failed(&check.run().await, "handshake_failed");
}

#[tokio::test]
async fn a_name_that_does_not_exist_has_no_address() {
    let names = NameServer::knowing(&[]).await;
    let check = Check::of("nowhere.test").asking(names.address()).arg("--timeout").arg(TIMEOUT);
    failed(&check.run().await, "dns_no_address");
}

#[tokio::test]
async fn every_address_of_a_name_is_looked_at() {
    let scene = Scene::new();
    let identity = scene.good("a.test");
    let first = Site::open(Behaviour::Serve(identity.clone())).await.unwrap();
    let second = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), first.port()));
    let second = Site::open_at(second, Behaviour::Serve(identity)).await.unwrap();
    let both = [("a.test", first.address().ip()), ("a.test", second.address().ip())];
    let names = NameServer::knowing(&both).await;

    let check = Check::of(&format!("a.test:{}", first.port())).asking(names.address());
    let verdict = check.trusting(scene.root_file()).run().await;

    verdict.must_be("secure", &[], 0);
    let mut seen = verdict.endpoints();
    seen.sort();
    assert_eq!(seen, [first.address().ip(), second.address().ip()]);
}

#[tokio::test]
async fn addresses_that_disagree_are_mixed_certificates() {
    let scene = Scene::new();
    let first = Site::open(Behaviour::Serve(scene.good("a.test"))).await.unwrap();
    let second = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), first.port()));
    let second = Site::open_at(second, Behaviour::Serve(scene.good("a.test"))).await.unwrap();
    let both = [("a.test", first.address().ip()), ("a.test", second.address().ip())];
    let names = NameServer::knowing(&both).await;

    let check = Check::of(&format!("a.test:{}", first.port())).asking(names.address());
    let verdict = check.trusting(scene.root_file()).run().await;

    verdict.must_be("abnormal", &["mixed_certificates"], 1);
    let groups = &verdict.evidence("mixed_certificates")["groups"];
    assert_eq!(groups.as_array().map(Vec::len), Some(2), "{:#}", verdict.json);
}

#[tokio::test]
async fn a_resolver_that_is_not_there_is_our_own_failure() {
    // Bound and never read: queries to it are answered by nobody.
    let deaf = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let check = Check::of("a.test").asking(deaf.local_addr().unwrap());
    let verdict = check.arg("--timeout").arg(TIMEOUT).run().await;
    verdict.must_be("unknown", &[], 3);
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_our_own_refusal() {
    let scene = Scene::new();
    let site = Site::open(Behaviour::Serve(scene.good("a.test"))).await.unwrap();
    let verdict = Check::strictly_of("a.test").at(site.address()).run().await;
    verdict.must_be("unknown", &[], 3);
    assert_eq!(site.connections(), 0, "what is not allowed is not dialled");
}

#[tokio::test]
async fn a_client_certificate_that_we_do_not_have_is_a_remark() {
    let scene = Scene::new();
    let recipe = Recipe::of(&scene.good("a.test")).requiring_a_client_certificate();
    for software in Software::ALL {
        let server = software.serve(&recipe).await;
        let check = Check::of("a.test").at(server.address()).trusting(scene.root_file());
        let verdict = check.run().await;
        verdict.must_be("secure", &[], 0);
        let remarks = verdict.remarks();
        assert!(remarks.to_lowercase().contains("client certificate"), "{software:?}: {remarks}");
    }
}

async fn at(address: SocketAddr) -> Verdict {
    Check::of("a.test").at(address).arg("--timeout").arg(TIMEOUT).run().await
}

/// No certificate came, for this reason.
#[track_caller]
fn failed(verdict: &Verdict, reason: &str) {
    verdict.must_be("enable_failed", &["enable_failed"], 2);
    assert_eq!(verdict.evidence("enable_failed")["reason"], reason, "{:#}", verdict.json);
}
