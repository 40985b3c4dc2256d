//! Odd certificates of zlint's collection: each gives facts or a named malformation, none a panic.
//!
//! Also the long-running search for bytes that break the reader: `FUZZ_SECONDS=600 cargo test -p
//! certificate --test corpora`. A finding prints the seed and the bytes.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![allow(clippy::disallowed_methods, reason = "a test has no settings but its environment")]
#![allow(clippy::print_stderr, reason = "what was not run is said aloud")]

use std::{
    collections::BTreeMap,
    io::Read,
    path::PathBuf,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use certificate::Certificate;
use proptest::{
    prelude::Rng,
    test_runner::{RngAlgorithm, TestRng},
};

/// Certificates of the collection that the reader may refuse. One has a validity without a date.
const REFUSED_MAX: usize = 1;

#[test]
fn every_odd_certificate_gives_facts_or_a_name_for_what_is_wrong() {
    let Some(certificates) = zlint() else { return };
    let mut refused = Vec::new();
    let mut defective = 0;
    for (name, der) in &certificates {
        match Certificate::parse(der) {
            Ok(certificate) => {
                exercise(&certificate);
                defective += usize::from(!certificate.defects().is_empty());
            }
            Err(error) => refused.push(format!("{name}: {error}")),
        }
    }
    eprintln!("{} read, {defective} with defects, refused: {refused:#?}", certificates.len());
    assert!(certificates.len() > 1_000, "the collection is cut off");
    assert!(refused.len() <= REFUSED_MAX, "{refused:#?}");
}

#[test]
fn no_mutation_breaks_the_reader() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().map_or(1, |text| text.parse().unwrap());
    let seed: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut seeds: Vec<Vec<u8>> = zlint().unwrap_or_default().into_values().collect();
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["example.com".to_owned(), "*.example.com".to_owned()];
    let own = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    seeds.push(own.der().to_vec());

    let end = Instant::now() + Duration::from_secs(seconds);
    let mut runs = 0_u64;
    let mut read = 0_u64;
    while Instant::now() < end {
        let der = mutated(&seeds, &mut random);
        let outcome = std::panic::catch_unwind(|| {
            Certificate::parse(&der).map(|certificate| exercise(&certificate)).is_ok()
        });
        let hex = || data_encoding::HEXLOWER.encode(&der);
        read += u64::from(outcome.unwrap_or_else(|_| panic!("run {runs} broke on {}", hex())));
        runs += 1;
    }
    eprintln!("{runs} mutations, {read} of them still certificates");
    assert!(read > 0, "mutations that never parse exercise little");
}

/// Asks for everything that is read late.
fn exercise(certificate: &Certificate) {
    let names: usize = certificate.names().map(|name| name.to_string().len()).sum();
    let urls = certificate.ca_issuer_urls().len()
        + certificate.crl_urls().len()
        + certificate.ocsp_urls().len();
    let texts = [certificate.subject(), certificate.issuer(), certificate.serial()];
    for text in &texts {
        assert!(text.chars().count() <= certificate::text::CHARACTERS_MAX);
        assert!(!text.chars().any(char::is_control));
    }
    let _facts = (names, urls, certificate.is_self_signed(), certificate.may_issue());
    assert_eq!(certificate::pem::certificates(&certificate.to_pem()).unwrap()[0], *certificate);
}

/// One of the seeds with a few bytes changed, cut, doubled or taken from another.
fn mutated(seeds: &[Vec<u8>], random: &mut TestRng) -> Vec<u8> {
    let mut pick = |below: usize| {
        usize::try_from(random.next_u64() % u64::try_from(below.max(1)).unwrap()).unwrap()
    };
    let mut der = seeds[pick(seeds.len())].clone();
    for _ in 0..=pick(4) {
        let place = pick(der.len());
        match pick(6) {
            0 => der.truncate(place),
            1 => {
                let other = &seeds[pick(seeds.len())];
                let from = pick(other.len());
                let length = pick(64).min(other.len() - from);
                der.splice(place..place, other[from..from + length].iter().copied());
            }
            2 if !der.is_empty() => {
                der.remove(place);
            }
            3 => {
                let byte = u8::try_from(pick(256)).unwrap();
                der.insert(place, byte);
            }
            _ if !der.is_empty() => der[place] = u8::try_from(pick(256)).unwrap(),
            _ => {}
        }
    }
    der
}

/// The collection, or `None` if nobody says where it is.
fn zlint() -> Option<BTreeMap<String, Vec<u8>>> {
    #[derive(serde::Deserialize)]
    struct File {
        certs: BTreeMap<String, String>,
    }
    let Ok(folder) = std::env::var("CERTHERALD_CORPORA") else {
        eprintln!("SKIPPED: zlint's certificates, since CERTHERALD_CORPORA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join("zlint/zlint-certs.json.gz");
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut json = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut json).unwrap();
    let file: File = serde_json::from_str(&json).unwrap();
    let decode = |(name, text): (String, String)| (name, BASE64_STANDARD.decode(text).unwrap());
    Some(file.certs.into_iter().map(decode).collect())
}
