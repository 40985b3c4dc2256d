//! The page of one domain: what is wrong and why, its addresses, its chain drawn, its history, who
//! was told.

use jiff::SignedDuration;
use lab::authority::{Authority, Leaf, Validity};
use proto::{
    stream::{self, Service},
    subject, time,
    v1::{
        AnomalyClosed, AnomalyOpened, CertificateSummary, Chain, ChainLearned, EndpointFact,
        EndpointSeen, Evidence, Handshake, Kind, LogRecord, MissingIssuer, NoCertificate, Reason,
        ScanFact, Severity, State, Untrusted, anomaly_closed::How, endpoint_fact, evidence,
        log_event,
    },
};
use reqwest::StatusCode;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    guest::{Guest, SCRIPT, shows, shows_as_text},
    stage::{Stage, id_of, now},
};

/// Something is wrong: the port is closed.
pub(crate) fn opened(kind: Kind, severity: Severity) -> log_event::Event {
    let reason = Reason::ConnectRefused as i32;
    let case = NoCertificate { reason, detail: SCRIPT.to_owned(), alert: None };
    let case = Some(evidence::Case::NoCertificate(case));
    because(kind, severity, Evidence { case, ..Evidence::default() })
}

fn because(kind: Kind, severity: Severity, evidence: Evidence) -> log_event::Event {
    log_event::Event::AnomalyOpened(AnomalyOpened {
        anomaly_id: format!("x-{}-1", kind.token()),
        kind: kind as i32,
        severity: severity as i32,
        since: Some(time::write(now())),
        evidence: Some(evidence),
    })
}

/// A chain, as a prober sends it.
fn chain(certificates: Vec<Vec<u8>>) -> Chain {
    let fingerprint = Sha256::digest(certificates.concat()).to_vec().into();
    Chain { fingerprint, certificates: certificates.into_iter().map(Into::into).collect() }
}

/// Shows a domain whose one address presents a chain.
async fn presents(stage: &Stage, name: &str, chain: Chain) {
    present(stage, name, vec![("192.0.2.7", chain)]).await;
    stage.until(&format!("domains/{name}"), |d| d["state"] == "secure").await;
}

/// Shows a domain whose addresses present a chain each.
async fn present(stage: &Stage, name: &str, shown: Vec<(&str, Chain)>) {
    let id = id_of(name);
    let fact = ScanFact {
        domain_id: id.to_string(),
        look: 1,
        started_at: Some(time::write(now())),
        endpoints: shown.iter().map(|(address, chain)| answers(address, chain)).collect(),
        ..ScanFact::default()
    };
    stage.append(Service::Prober, &stream::FACTS, subject::fact(&id), &fact).await;
    let events = shown.into_iter().flat_map(|(address, chain)| {
        let seen = EndpointSeen {
            address: address.to_owned(),
            port: 443,
            chain: chain.fingerprint.clone(),
            ..EndpointSeen::default()
        };
        let learned = ChainLearned { chain: Some(chain), ..ChainLearned::default() };
        [log_event::Event::ChainLearned(learned), log_event::Event::EndpointSeen(seen)]
    });
    stage.log(id, State::Secure, events.collect()).await;
    stage.until(&format!("domains/{name}"), |d| d["looked_at"].is_string()).await;
}

fn answers(address: &str, chain: &Chain) -> EndpointFact {
    let seen =
        Handshake { chain: chain.fingerprint.clone(), version: 0x0304, ..Handshake::default() };
    EndpointFact {
        address: address.to_owned(),
        port: 443,
        timings: None,
        outcome: Some(endpoint_fact::Outcome::Handshake(seen)),
    }
}

fn days(count: i64) -> Validity {
    let day = SignedDuration::from_hours(24);
    Validity::around(now(), day, SignedDuration::from_hours(24 * count))
}

#[tokio::test]
async fn what_is_wrong_is_shown_with_its_evidence_and_acknowledged() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let (id, path) = (id_of("a.example"), format!("/domains/{}", id_of("a.example")));
    let event = opened(Kind::Unreachable, Severity::Critical);
    stage.log(id, State::Abnormal, vec![event]).await;
    stage.until("anomalies", |list| list["total"] == 1).await;
    let page = guest.get(&path).await;
    shows(&page, &[">Unreachable</span>", "the port is closed"]);
    shows_as_text(&page);
    shows(&page, &["No address was looked at yet.", "What happens now is told"]);
    shows(&page, &[&format!("data-domain=\"{id}\"")]);

    let acknowledge = format!("{path}/acknowledge");
    let fields = [("anomaly", "x-unreachable-1"), ("reason", SCRIPT)];
    let page = guest.done(&acknowledge, &fields).await;
    shows(&page, &["Nobody is reminded of it until", "in hand: editor@example.com"]);
    shows_as_text(&page);
    let long = "x".repeat(501);
    let refused = guest.send(&acknowledge, &[fields[0], ("reason", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    shows(&refused.text, &["id=\"reason-wrong\"", &long]);
    let absent = guest.send(&acknowledge, &[("anomaly", "x")]).await;
    assert_eq!(absent.status, StatusCode::CONFLICT);

    let closed = AnomalyClosed {
        kind: Kind::Unreachable as i32,
        severity: Severity::Critical as i32,
        how: How::Recovered as i32,
        ..AnomalyClosed::default()
    };
    stage.log(id, State::Secure, vec![log_event::Event::AnomalyClosed(closed)]).await;
    stage.until("anomalies", |list| list["total"] == 0).await;
    let page = guest.reading("zh-CN").get(&path).await;
    shows(&page, &["所有地址的证书均正常", "已结束的异常", "已恢复", "异常结束"]);
    shows(&page, &["现在发生的情况会以一种方式通知一位联系人。", "默认设置的开关已打开。"]);
}

#[tokio::test]
async fn a_chain_is_drawn_with_what_is_missing_to_download() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    let root = Authority::root("Test Root", days(3_000)).unwrap();
    let between = root.intermediate("Test Between", days(900)).unwrap();
    let leaf = between.issue(&Leaf::named(SCRIPT, days(90))).unwrap();
    let ders: Vec<_> = leaf.chain.iter().map(|der| der.to_vec()).collect();
    let mut misordered = ders.clone();
    misordered.insert(1, root.certificate().to_vec());
    presents(&stage, "a.example", chain(misordered)).await;
    let page = guest.get("/domains/a.example").await;
    shows(&page, &["TLS 1.3", "192.0.2.7:443", ">Leaf</span>", ">Root</span>", "Test Between"]);
    let list = guest.get("/domains?issuer=test%20between").await;
    shows(&list, &["1 domain of 2", "title=\"CN=Test Between\">Test Between</a>", "in 89 days"]);
    shows_as_text(&page);
    shows(&page, &["not presented in the order of the path", "The root is presented as well"]);

    presents(&stage, "b.example", chain(vec![ders[0].clone()])).await;
    let missing = CertificateSummary {
        subject: "CN=Test Between".to_owned(),
        issuer: "CN=Test Root".to_owned(),
        ..CertificateSummary::default()
    };
    let case = MissingIssuer {
        missing: vec![missing],
        pem: "-----PEM-----".to_owned(),
        source: "known".to_owned(),
    };
    let evidence = Evidence {
        endpoints: vec!["192.0.2.7:443".to_owned()],
        case: Some(evidence::Case::MissingIssuer(case)),
        ..Evidence::default()
    };
    let event = because(Kind::ChainIncomplete, Severity::Critical, evidence);
    stage.log(id_of("b.example"), State::Abnormal, vec![event]).await;
    stage.until("anomalies", |list| list["total"] == 1).await;
    let page = guest.get("/domains/b.example").await;
    shows(&page, &[">Missing</span>", ">Trust anchor</span>", "missing.pem"]);
    let pem = guest.ask("/domains/b.example/missing.pem").await;
    assert_eq!((pem.status, pem.text.as_str()), (StatusCode::OK, "-----PEM-----"));
    assert_eq!(guest.ask("/domains/a.example/missing.pem").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_chain_ends_in_what_was_found_of_it() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    let of = |root: &str| {
        let root = Authority::root(root, days(3_000)).unwrap();
        let leaf = root.issue(&Leaf::named("a.example", days(90))).unwrap();
        chain(vec![leaf.chain[0].to_vec()])
    };
    present(&stage, "a.example", vec![("192.0.2.7", of("Good")), ("192.0.2.8", of("Bad"))]).await;
    let evidence = Evidence {
        endpoints: vec!["192.0.2.8:443".to_owned()],
        case: Some(evidence::Case::Untrusted(Untrusted::default())),
        ..Evidence::default()
    };
    let event = because(Kind::Untrusted, Severity::Critical, evidence);
    stage.log(id_of("a.example"), State::Abnormal, vec![event]).await;
    stage.until("domains/a.example", |domain| domain["state"] == "abnormal").await;
    let page = guest.get("/domains/a.example").await;
    shows(&page, &["good\">Trust anchor</span> <b>Good<", "critical\">Not trusted</span> <b>Bad<"]);

    presents(&stage, "b.example", of("Strange")).await;
    let undecided =
        LogRecord { undecided: true, state: State::Unknown as i32, ..LogRecord::default() };
    let log = subject::log(&id_of("b.example"));
    stage.append(Service::Detector, &stream::LOG, log, &undecided).await;
    stage.until("domains/b.example", |domain| domain["state"] == "unknown").await;
    let page = guest.reading("zh-CN").get("/domains/b.example").await;
    shows(&page, &["warning\">未知</span> <b>Strange<"]);
    assert!(!page.contains(">信任锚</span>"), "nobody has found one");
    let shown = stage.get("domains/b.example").await.ok();
    assert_eq!(shown["chains"][0]["trust"], "unknown");
}

#[tokio::test]
async fn a_domain_is_switched_silenced_and_removed() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    let noted =
        json!([{ "name": "a.example", "options": { "owner_note": SCRIPT, "tags": [SCRIPT] } }]);
    stage.post("domains", &noted).await.ok();
    let id = id_of("a.example").to_string();
    let path = format!("/domains/{id}");
    shows_as_text(&guest.get(&path).await);
    shows(&guest.done(&format!("{path}/scan"), &[]).await, &["The scan is on its way"]);
    shows(&guest.done(&format!("{path}/disable"), &[]).await, &["It is not looked at"]);
    assert_eq!(guest.send(&format!("{path}/scan"), &[]).await.status, StatusCode::CONFLICT);
    shows(&guest.done(&format!("{path}/enable"), &[]).await, &["for the first time"]);

    let silence = [("domain", id.as_str()), ("span", "8h"), ("reason", SCRIPT)];
    let page = guest.done("/silences", &silence).await;
    shows(&page, &["Silenced: nobody is notified. It ends", "/lift\""]);
    shows_as_text(&page);
    let lift = format!("/silences/{}/lift", crate::guest::between(&page, "/silences/", "/lift"));
    let page = guest.done(&lift, &[("back", &path)]).await;
    shows(&page, &["The silence is lifted"]);
    let late = [("domain", id.as_str()), ("until", "2020-01-01T00:00"), ("reason", "kept")];
    let refused = guest.send("/silences", &late).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    shows(&refused.text, &["id=\"until-wrong\"", "value=\"kept\""]);

    let viewer = Guest::enter(&stage, "viewer").await;
    assert!(!viewer.get(&path).await.contains("/remove"), "a viewer has no buttons");
    for act in ["scan", "enable", "disable", "remove", "acknowledge", "options"] {
        let refused = viewer.send(&format!("{path}/{act}"), &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{act}");
    }
    shows(&guest.done(&format!("{path}/remove"), &[]).await, &["The domain was removed."]);
    assert_eq!(guest.ask(&path).await.status, StatusCode::NOT_FOUND);
}
