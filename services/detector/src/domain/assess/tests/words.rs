//! The sentences and the JSON that people and scripts read.

use proto::v1::{self, Kind, Reason, State};

use super::chains::{Authority, NOON, at, given};
use crate::domain::assess::{
    anchors::Anchors,
    batch::{self, Defaults},
    pool::Pool,
    verdict::{Level, Report, Verdict},
};

fn sentence(verdict: &Verdict, kind: Kind) -> &str {
    &verdict.anomaly(kind).unwrap().summary
}

#[test]
fn each_finding_is_one_sentence_with_the_facts() {
    let root = Authority::root("Root");
    let issuer = root.below("Issuer");
    let scene = given([&issuer.leaf()])
        .trusting(&root.der)
        .knowing(&issuer.der)
        .host("www.example.com")
        .when("2026-08-01T12:00:00Z");
    let verdict = scene.verdict();
    assert_eq!(
        sentence(&verdict, Kind::Expired),
        "The certificate of www.example.com expired 2 days ago, on 2026-07-29 23:59:59 UTC."
    );
    assert_eq!(
        sentence(&verdict, Kind::ChainIncomplete),
        "www.example.com does not present the intermediate certificate CN=Issuer, without which \
         no path leads to a trusted root."
    );
    assert_eq!(
        sentence(&verdict, Kind::NameMismatch),
        "The certificate does not cover www.example.com; it is for example.com."
    );
    let verdict = given([&root.leaf()]).trusting(&root.der).when("2026-07-29T23:59:58Z").verdict();
    assert_eq!(
        sentence(&verdict, Kind::Expiring),
        "The certificate of example.com expires in 1 second, on 2026-07-29 23:59:59 UTC."
    );
    let verdict = given([&root.leaf()]).verdict();
    assert_eq!(
        sentence(&verdict, Kind::Untrusted),
        "The certificate of example.com is not trusted: no issuer is presented or known \
         (CN=Root); the chain may be incomplete."
    );
}

#[test]
fn a_verdict_is_json() {
    let root = Authority::root("Root");
    let scene = given([&root.leaf()]).trusting(&root.der).when("2026-08-01T12:00:00Z");
    let report = Report { domain: "example.com".to_owned(), verdict: scene.verdict() };
    let json: serde_json::Value = serde_json::to_value(&report).unwrap();
    assert_eq!(json["domain"], "example.com");
    assert_eq!(json["state"], "abnormal");
    assert_eq!(json["severity"], "critical");
    assert_eq!(json["remarks"], serde_json::json!([]));
    let anomaly = &json["anomalies"][0];
    assert_eq!((&anomaly["kind"], &anomaly["severity"]), (&"expired".into(), &"critical".into()));
    let evidence = &anomaly["evidence"];
    assert_eq!(evidence["is_leaf"], true);
    assert_eq!(evidence["limiting"]["not_after"], "2026-07-29T23:59:59Z");
    assert_eq!(evidence["leaf"]["names"], serde_json::json!(["example.com"]));
    assert_eq!(evidence["leaf"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(evidence.get("rung_seconds"), None);
}

#[test]
fn no_certificate_is_a_verdict_and_our_own_refusal_is_unknown() {
    let without = |reason| Verdict::without_certificate(reason, "it said no", None, "a", at(NOON));
    let refused = without(Reason::ConnectRefused);
    assert_eq!((refused.state, refused.severity), (State::EnableFailed, Level::Critical));
    assert_eq!(
        sentence(&refused, Kind::EnableFailed),
        "No certificate came from a (connect_refused): it said no."
    );
    assert_eq!(without(Reason::AddressNotAllowed).severity.exit_code(), 3);
}

#[test]
fn endpoints_are_joined_at_their_worst() {
    let root = Authority::root("Root");
    let leaf = root.leaf();
    let good = given([&leaf]).trusting(&root.der).verdict();
    let bad = given([&leaf]).trusting(&root.der).when("2026-08-01T12:00:00Z").verdict();
    let joined = Verdict::joined([good.clone(), bad.clone(), bad.clone()]);
    assert_eq!(joined, bad);
    assert_eq!(Verdict::joined([good.clone(), good.clone()]), good);
    let unknown = Verdict::joined([good, Verdict::undecided("no route")]);
    assert_eq!((unknown.state, unknown.severity), (State::Unknown, Level::Unknown));
    assert_eq!(Verdict::joined([]).state, State::Unknown);
    let refused = Verdict::without_certificate(Reason::ConnectRefused, "no", None, "a", at(NOON));
    assert_eq!(Verdict::joined([refused.clone(), bad]).state, State::Abnormal);
    assert_eq!(Verdict::joined([refused.clone(), refused]).state, State::EnableFailed);
}

#[test]
fn a_batch_line_is_answered_by_a_line() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let root = Authority::root("Root");
    let issuer = root.below("Issuer");
    let base64 = |der: &[u8]| BASE64_STANDARD.encode(der);
    let (anchors, pool) = (Anchors::default(), Pool::default());
    let defaults = Defaults { anchors: &anchors, pool: &pool, now: at(NOON), rungs: &[] };
    let answered = |line: &serde_json::Value| -> serde_json::Value {
        serde_json::from_str(&batch::line(&line.to_string(), &defaults)).unwrap()
    };
    let line = serde_json::json!({
        "id": 7,
        "host": "example.com",
        "at": "2026-08-01T12:00:00Z",
        "chain": [base64(&issuer.leaf())],
        "anchors": [base64(&root.der)],
        "intermediates": [base64(&issuer.der)],
    });
    let answer = answered(&line);
    assert_eq!((&answer["id"], &answer["state"]), (&7.into(), &"abnormal".into()));
    let kinds: Vec<&str> = answer["anomalies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|anomaly| anomaly["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["expired", "chain_incomplete"]);

    let with = |field: &str, value: serde_json::Value| {
        let mut line = line.clone();
        line[field] = value;
        let answer = answered(&line);
        assert_eq!(answer["id"], 7, "an error says of which line it is");
        answer["error"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    assert_eq!(with("chain", serde_json::json!(["%"])), "chain[0]: this is not base64");
    assert!(with("chain", serde_json::json!([])).starts_with("chain: want at least one"));
    assert!(with("chain", 1.into()).contains("expected a sequence"));
    assert!(with("host", "*.a".into()).starts_with("host: `*.a` is a wildcard"));
    assert!(with("at", "noon".into()).starts_with("at: `noon` is no RFC 3339"));
    assert!(with("anchors", serde_json::json!(["AAAA"])).starts_with("anchors[0]: this is no DER"));
    assert!(with("colour", 1.into()).contains("unknown field `colour`"));
    assert!(batch::line("{", &defaults).starts_with(r#"{"id":null,"error":"this is not JSON"#));
}

#[test]
fn evidence_travels_whole() {
    let root = Authority::root("Root");
    let issuer = root.below("Issuer");
    let scene = given([&issuer.leaf()])
        .trusting(&root.der)
        .knowing(&issuer.der)
        .when("2026-07-20T00:00:00Z");
    let verdict = scene.verdict();
    let message = |kind| v1::Evidence::from(&verdict.anomaly(kind).unwrap().evidence);

    let expiring = message(Kind::Expiring);
    let leaf = expiring.leaf.unwrap();
    assert_eq!((leaf.subject.as_str(), leaf.names_total), ("CN=example.com", 1));
    let Some(v1::evidence::Case::Expiry(expiry)) = expiring.case else { panic!() };
    assert_eq!(expiry.rung.unwrap().seconds, 14 * 86_400);
    assert_eq!((expiry.limiting, expiry.is_leaf), (Some(leaf), true));

    let incomplete = message(Kind::ChainIncomplete);
    let Some(v1::evidence::Case::MissingIssuer(missing)) = incomplete.case else { panic!() };
    assert_eq!(
        (missing.missing[0].subject.as_str(), missing.source.as_str()),
        ("CN=Issuer", "seen")
    );
    assert!(missing.pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
}
