//! `assess`: a chain is judged without a network.

use std::path::PathBuf;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use lab::authority::{Authority, Leaf, Validity, identity::Identity};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::typed::{Typed, typed, typed_with};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A root, an intermediate and a leaf of a year, as files and as they are.
struct Chain {
    directory: TempDir,
    root: Authority,
    identity: Identity,
    until: Timestamp,
}

impl Chain {
    fn new() -> Self {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let long = Validity::of_an_authority(now);
        let root = Authority::root("test root", long).unwrap();
        let intermediate = root.intermediate("test intermediate", long).unwrap();
        let until = now + DAY * 300;
        let validity = Validity { not_before: now - DAY * 60, not_after: until };
        let identity = intermediate.issue(&Leaf::named("a.example", validity)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("root.pem"), root.pem()).unwrap();
        std::fs::write(directory.path().join("chain.pem"), identity.chain_pem()).unwrap();
        let leaf = identity.leaf_only().chain_pem();
        std::fs::write(directory.path().join("leaf.pem"), leaf).unwrap();
        Self { directory, root, identity, until }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn assess(&self, host: &str, at: Timestamp, chain: &str) -> Typed {
        let (at, root, chain) = (at.to_string(), self.path("root.pem"), self.path(chain));
        let (root, chain) = (root.to_str().unwrap(), chain.to_str().unwrap());
        typed(&["assess", "--host", host, "--at", &at, "--ca", root, "--json", chain])
    }
}

fn kinds(verdict: &Value) -> Vec<&str> {
    let anomalies = verdict["anomalies"].as_array().unwrap();
    anomalies.iter().map(|anomaly| anomaly["kind"].as_str().unwrap()).collect()
}

#[test]
fn each_verdict_has_its_code() {
    let chain = Chain::new();
    let early = chain.until - DAY * 200;
    for (host, at, file, wanted, code) in [
        ("a.example", early, "chain.pem", &[][..], 0),
        ("a.example", chain.until - DAY * 20, "chain.pem", &["expiring"], 1),
        ("a.example", chain.until - DAY * 2, "chain.pem", &["expiring"], 2),
        ("a.example", chain.until + DAY, "chain.pem", &["expired"], 2),
        ("b.example", early, "chain.pem", &["name_mismatch"], 2),
        ("a.example", early, "leaf.pem", &["untrusted"], 2),
    ] {
        let typed = chain.assess(host, at, file).exited(code);
        let verdict = typed.json();
        assert_eq!(kinds(&verdict), wanted, "{typed:?}");
        assert_eq!(verdict["domain"], host);
        assert!(verdict.get("endpoints").is_none(), "{typed:?}");
    }
}

#[test]
fn a_known_intermediate_proves_a_chain_incomplete() {
    let chain = Chain::new();
    let root = chain.path("root.pem");
    // The chain file holds the leaf as well, which proves nothing.
    let (known, leaf) = (chain.path("chain.pem"), chain.path("leaf.pem"));
    let at = (chain.until - DAY * 200).to_string();
    let typed = typed(&[
        "assess",
        "--host",
        "a.example",
        "--at",
        &at,
        "--ca",
        root.to_str().unwrap(),
        "--intermediate",
        known.to_str().unwrap(),
        "--json",
        leaf.to_str().unwrap(),
    ]);
    let verdict = typed.exited(2).json();
    assert_eq!(kinds(&verdict), ["chain_incomplete"]);
    let pem = verdict["anomalies"][0]["evidence"]["pem"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let chain = Chain::new();
    let at = chain.until;
    let absent = chain.assess("a.example", at, "absent.pem").exited(3);
    assert!(absent.err.contains("absent.pem"), "{absent:?}");
    std::fs::write(chain.path("text.pem"), "no certificate").unwrap();
    chain.assess("a.example", at, "text.pem").exited(3);
    chain.assess("*.example", at, "chain.pem").exited(3);
}

#[test]
fn a_batch_answers_each_line_and_goes_on_after_a_bad_one() {
    let chain = Chain::new();
    let der = |der: &[u8]| BASE64_STANDARD.encode(der);
    let list: Vec<_> = chain.identity.chain.iter().map(|c| der(c)).collect();
    let line = |id: &str, host: &str| {
        let anchors = [der(chain.root.certificate())];
        let at = (chain.until - DAY * 200).to_string();
        json!({ "id": id, "host": host, "at": at, "chain": list, "anchors": anchors }).to_string()
    };
    let input = format!("{}\nnonsense\n{}\n", line("1", "a.example"), line("2", "b.example"));
    let answers = typed_with(&["assess", "--batch"], &input).exited(0).lines();
    assert_eq!(answers.len(), 3);
    assert_eq!((&answers[0]["id"], &answers[0]["state"]), (&json!("1"), &json!("secure")));
    assert!(answers[1]["error"].is_string(), "{answers:?}");
    assert_eq!(kinds(&answers[2]), ["name_mismatch"]);
}
