//! The vectors of x509-limbo, judged as a chain that a server presents.
//!
//! `SUCCESS` there means no critical anomaly here. Each case in which we differ stands in
//! [`DIFFERENCES`] with its reason; one that is not listed fails the test, and so does one that is
//! listed without need.
//!
//! Also the long-running search for chains that break the judgement: `FUZZ_SECONDS=600 cargo test
//! -p detector --test assess_corpora`. A finding prints the chain as a line for `assess --batch`.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![allow(clippy::disallowed_methods, reason = "a test has no settings but its environment")]
#![allow(clippy::print_stderr, reason = "what was not run is said aloud")]

use std::{
    collections::BTreeMap,
    io::Read,
    panic::AssertUnwindSafe,
    path::PathBuf,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use certificate::pem;
use detector::domain::assess::{
    Assessment, Question,
    anchors::Anchors,
    batch::{self, Defaults},
    pool::Pool,
    verdict::{Level, Verdict},
};
use jiff::Timestamp;
use proptest::{
    prelude::Rng,
    test_runner::{RngAlgorithm, TestRng},
};
use proto::v1::Kind;
use serde::Deserialize;
use serde_json::{Value, json};

/// Why we judge otherwise, and where.
const DIFFERENCES: &[(&str, &[&str])] = &[
    (
        "Revocation lists are not consulted.",
        &[
            "crl::revoked-certificate-with-crl",
            "crl::crlnumber-missing",
            "crl::crlnumber-critical",
            "crl::issuer-missing-crlsign",
        ],
    ),
    (
        "Firefox and rustls refuse an authority's certificate as a server's, so it is told; \
         the namespace `webpki` of this collection wants the same.",
        &["pathlen::validation-ignores-pathlen-in-leaf", "rfc5280::ca-as-leaf"],
    ),
    (
        "webpki knows no exemption for self-issued intermediates.",
        &["pathlen::self-issued-certs-pathlen", "rfc5280::nc::permitted-self-issued"],
    ),
    (
        "webpki knows no name constraints on directory names, and refuses what it does not \
         know.",
        &["rfc5280::nc::permitted-dn-match"],
    ),
    (
        "Whether an extension must be critical, or not, is a rule for authorities; clients do \
         not care.",
        &[
            "rfc5280::aki::critical-aki",
            "rfc5280::nc::permitted-dns-match-noncritical",
            "rfc5280::pc::ica-noncritical-pc",
            "rfc5280::san::noncritical-with-empty-subject",
            "rfc5280::ski::critical-ski",
            "rfc5280::root-non-critical-basic-constraints",
            "webpki::eku::ee-critical-eku",
            "webpki::san::san-critical-with-nonempty-subject",
        ],
    ),
    (
        "Key identifiers help to find a path; a path that was found needs none.",
        &[
            "rfc5280::aki::leaf-missing-aki",
            "rfc5280::aki::intermediate-missing-aki",
            "rfc5280::aki::cross-signed-root-missing-aki",
            "rfc5280::ski::root-missing-ski",
            "rfc5280::ski::intermediate-missing-ski",
            "webpki::aki::root-with-aki-missing-keyidentifier",
            "webpki::aki::root-with-aki-authoritycertissuer",
            "webpki::aki::root-with-aki-authoritycertserialnumber",
            "webpki::aki::root-with-aki-all-fields",
            "webpki::aki::root-with-aki-ski-mismatch",
        ],
    ),
    (
        "An oddity of serial number, subject, key usage, constraint or access location that \
         no client refuses.",
        &[
            "rfc5280::serial::too-long",
            "rfc5280::serial::zero",
            "rfc5280::serial::negative",
            "rfc5280::ca-empty-subject",
            "rfc5280::leaf-ku-keycertsign",
            "rfc5280::nc::invalid-dnsname-leading-period",
            "rfc5280::nc::not-allowed-in-ee-noncritical",
            "rfc5280::nc::not-allowed-in-ee-critical",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-null",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
            "webpki::malformed-aia",
        ],
    ),
    ("Underscores are served, and monitored.", &["rfc5280::san::underscore-dns"]),
    (
        "A rule of the CA/Browser Forum on purposes, which private authorities need not keep.",
        &["webpki::eku::ee-anyeku", "webpki::eku::ee-without-eku", "webpki::eku::root-has-eku"],
    ),
    (
        "The common name does not count, whatever stands in it (RFC 9525); the alternative \
         names match.",
        &[
            "webpki::cn::ipv4-hex-mismatch",
            "webpki::cn::ipv4-leading-zeros-mismatch",
            "webpki::cn::ipv6-uppercase-mismatch",
            "webpki::cn::ipv6-uncompressed-mismatch",
            "webpki::cn::ipv6-non-rfc5952-mismatch",
            "webpki::cn::punycode-not-in-san",
            "webpki::cn::utf8-vs-punycode-mismatch",
            "webpki::cn::not-in-san",
            "webpki::cn::case-mismatch",
        ],
    ),
    (
        "There is no list of public suffixes here; RFC 9525 asks for none.",
        &[
            "webpki::san::public-suffix-multi-label-wildcard-san",
            "webpki::san::public-suffix-private-namespace-wildcard-san",
        ],
    ),
    (
        "Weak keys are the warning `weak`, not distrust.",
        &[
            "webpki::forbidden-p192-root",
            "webpki::forbidden-p192-leaf",
            "webpki::forbidden-dsa-root",
            "webpki::forbidden-dsa-leaf",
            "webpki::forbidden-weak-rsa-key-in-root",
            "webpki::forbidden-weak-rsa-in-leaf",
            "webpki::forbidden-rsa-not-divisible-by-8-in-root",
            "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf",
        ],
    ),
];

#[test]
fn each_difference_from_x509_limbo_has_a_reason() {
    let Some(cases) = limbo() else { return };
    let mut judged = 0;
    let mut surprises = Vec::new();
    let mut seen = Vec::new();
    for case in cases.iter().filter(|case| case.is_ours()) {
        judged += 1;
        let verdict = case.judged();
        let is_success = !matches!(verdict.severity, Level::Critical | Level::Unknown);
        if is_success == (case.expected_result == "SUCCESS") {
            continue;
        }
        seen.push(case.id.as_str());
        if reason(&case.id).is_none() {
            surprises.push(format!(
                "{} wants {}: {}",
                case.id,
                case.expected_result,
                told(&verdict)
            ));
        }
    }
    eprintln!("x509-limbo: {} of {judged} as expected", judged - seen.len());
    assert_eq!(surprises, Vec::<String>::new());
    let listed = DIFFERENCES.iter().flat_map(|(_, ids)| *ids);
    let needless: Vec<&&str> = listed.filter(|id| !seen.contains(*id)).collect();
    assert_eq!(needless, Vec::<&&str>::new(), "listed, and as expected all the same");
}

#[test]
fn no_mutation_of_a_chain_breaks_the_judgement() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().map_or(1, |text| text.parse().unwrap());
    let Some(cases) = limbo() else { return };
    let cases: Vec<&Case> = cases.iter().filter(|case| case.is_ours()).collect();
    let seed: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let (pool, at) = (Pool::default(), "2026-06-15T12:00:00Z".parse().unwrap());
    let mut longest = Duration::ZERO;
    let mut tally = BTreeMap::<String, u64>::new();
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        let line = cases[pick(&mut random, cases.len())].mutated(&mut random).to_string();
        let anchors = Anchors::default();
        let defaults = Defaults { anchors: &anchors, pool: &pool, now: at, rungs: &[] };
        let begun = Instant::now();
        let answer = std::panic::catch_unwind(AssertUnwindSafe(|| batch::line(&line, &defaults)));
        longest = longest.max(begun.elapsed());
        let answer: Value =
            serde_json::from_str(&answer.unwrap_or_else(|_| panic!("{line}"))).unwrap();
        let said = answer["state"].as_str().unwrap_or("error").to_owned();
        *tally.entry(said).or_default() += 1;
    }
    eprintln!("mutated chains were found {tally:?}; the longest took {longest:?}");
    assert!(tally.len() > 2, "mutations that all end alike exercise little: {tally:?}");
}

fn pick(random: &mut TestRng, below: usize) -> usize {
    usize::try_from(random.next_u64() % u64::try_from(below.max(1)).unwrap()).unwrap()
}

fn reason(id: &str) -> Option<&'static str> {
    DIFFERENCES.iter().find(|(_, ids)| ids.contains(&id)).map(|(reason, _)| *reason)
}

fn told(verdict: &Verdict) -> String {
    let anomalies: Vec<&str> = verdict.anomalies.iter().map(|it| it.summary.as_str()).collect();
    format!("{anomalies:?}")
}

#[derive(Deserialize)]
struct File {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    features: Vec<String>,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    expected_result: String,
    expected_peer_name: Option<PeerName>,
}

#[derive(Deserialize)]
struct PeerName {
    value: String,
}

impl Case {
    /// Whether it is about a server, under rules that a monitor can know.
    fn is_ours(&self) -> bool {
        let depth = self.features.iter().any(|feature| feature == "max-chain-depth");
        self.validation_kind == "SERVER" && !depth
    }

    /// The leaf and all that may stand above it.
    fn chain(&self) -> Vec<Vec<u8>> {
        let mut chain = ders(std::slice::from_ref(&self.peer_certificate));
        chain.extend(ders(&self.untrusted_intermediates));
        chain
    }

    /// The case as a line of a batch, with some bytes changed, and some certificates cut, doubled,
    /// dropped or moved.
    fn mutated(&self, random: &mut TestRng) -> Value {
        let mut chain = self.chain();
        for _ in 0..pick(random, 5) {
            let which = pick(random, chain.len());
            let place = pick(random, chain[which].len());
            match pick(random, 8) {
                0 => chain[which].truncate(place),
                1 => chain.push(chain[which].clone()),
                2 => chain.rotate_left(which),
                3 if chain.len() > 1 => drop(chain.remove(which)),
                _ => {
                    if let Some(byte) = chain[which].get_mut(place) {
                        *byte = random.next_u64().to_le_bytes()[0];
                    }
                }
            }
        }
        let base64 = |list: Vec<Vec<u8>>| -> Vec<String> {
            list.iter().map(|der| BASE64_STANDARD.encode(der)).collect()
        };
        let host = self.expected_peer_name.as_ref().map_or("example.com", |name| &name.value);
        json!({
            "id": self.id,
            "host": host,
            "at": self.validation_time,
            "chain": base64(chain),
            "anchors": base64(ders(&self.trusted_certs)),
        })
    }

    fn judged(&self) -> Verdict {
        let chain = self.chain();
        let (anchors, _) = Anchors::new(ders(&self.trusted_certs));
        let now =
            self.validation_time.as_ref().map_or_else(Timestamp::now, |at| at.parse().unwrap());
        let name = self.expected_peer_name.as_ref().map(|name| name.value.parse().unwrap());
        let host = name.clone().unwrap_or_else(|| "example.com".parse().unwrap());
        let question = Question { host: &host, now, rungs: &[], connection: None };
        let mut verdict =
            Assessment::new(&chain, &[&anchors], &[&Pool::default()]).judge(&question);
        verdict.anomalies.retain(|it| {
            // A certificate that was issued long ago for a moment is expiring, not wrong; a case
            // without a name asks nothing of names.
            it.kind != Kind::Expiring && (it.kind != Kind::NameMismatch || name.is_some())
        });
        Verdict::new(verdict.anomalies, verdict.remarks)
    }
}

fn ders(pems: &[String]) -> Vec<Vec<u8>> {
    pems.iter().flat_map(|text| pem::blocks(text).unwrap()).map(|it| it.der).collect()
}

/// The cases, or `None` if nobody says where they are.
fn limbo() -> Option<Vec<Case>> {
    let Ok(folder) = std::env::var("CERTHERALD_CORPORA") else {
        eprintln!("SKIPPED: x509-limbo, since CERTHERALD_CORPORA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join("x509-limbo/limbo-core.json.gz");
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut json = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut json).unwrap();
    let file: File = serde_json::from_str(&json).unwrap();
    Some(file.testcases)
}
