//! Certificates as a parser of another make reads them.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use jiff::{SignedDuration, Timestamp};
use lab::authority::{Authority, Leaf, Validity};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[test]
fn a_leaf_says_what_was_asked_to_the_second() {
    let validity = Validity::between(at("1969-12-31T23:59:58Z"), at("2051-02-03T04:05:06Z"));
    let root = Authority::root("Root", validity).unwrap();
    let leaf = Leaf::named("a.test", validity).with_names(&["a.test", "::1"]);

    let identity = root.issue(&leaf).unwrap();

    let parsed = parse(&identity.chain[0]);
    assert_eq!(parsed.validity().not_before.timestamp(), -2);
    assert_eq!(parsed.validity().not_after.timestamp(), validity.not_after.as_second());
    let names = &parsed.subject_alternative_name().unwrap().unwrap().value.general_names;
    let v6 = std::net::Ipv6Addr::LOCALHOST.octets();
    assert_eq!(names, &[GeneralName::DNSName("a.test"), GeneralName::IPAddress(&v6)]);
}

#[test]
fn no_names_leave_the_extension_out() {
    let leaf = Leaf::named("a.test", now_validity()).with_names(&[]);
    let identity = leaf.self_signed().unwrap();
    assert!(parse(&identity.chain[0]).subject_alternative_name().unwrap().is_none());
}

#[test]
fn the_chain_leads_to_the_root_without_presenting_it() {
    let root = Authority::root("Root", now_validity()).unwrap();
    let upper = root.intermediate("Upper", now_validity()).unwrap();
    let lower = upper.intermediate("Lower", now_validity()).unwrap();

    let identity = lower.issue(&Leaf::named("a.test", now_validity())).unwrap();

    let mut path = identity.chain.clone();
    path.push(root.certificate().clone());
    assert_eq!(path.len(), 4, "leaf, two intermediates, root");
    for pair in path.windows(2) {
        let issuer = parse(&pair[1]);
        parse(&pair[0]).verify_signature(Some(issuer.public_key())).unwrap();
    }
}

#[test]
fn a_cross_certificate_has_the_key_of_one_and_the_signature_of_another() {
    let (old, new) = (root("Old"), root("New"));
    let expired = Validity::around(now(), DAY * 400, -DAY);

    let cross = new.cross_signed_by(&old, expired).unwrap();

    let (cross, new) = (parse(&cross), parse(new.certificate()));
    assert_eq!(cross.public_key(), new.public_key());
    assert_eq!(cross.subject(), new.subject());
    cross.verify_signature(Some(parse(old.certificate()).public_key())).unwrap();
    assert_eq!(cross.validity().not_after.timestamp(), expired.not_after.as_second());
}

#[test]
fn the_address_of_the_issuer_is_named() {
    let issuer = root("Root").announced_at("http://127.0.0.1:8080/issuer.der");
    let identity = issuer.issue(&Leaf::named("a.test", now_validity())).unwrap();
    let parsed = parse(&identity.chain[0]);
    let extensions = parsed.extensions().iter().map(X509Extension::parsed_extension);
    let access: Vec<_> = extensions
        .filter_map(|extension| {
            let ParsedExtension::AuthorityInfoAccess(access) = extension else { return None };
            Some(access)
        })
        .collect();
    let place = &access[0].accessdescs[0].access_location;
    assert_eq!(place, &GeneralName::URI("http://127.0.0.1:8080/issuer.der"));
}

#[test]
fn a_name_that_cannot_be_encoded_is_refused_by_name() {
    let error = root("Root").issue(&Leaf::named("bücher.test", now_validity())).unwrap_err();
    assert_eq!(error.to_string(), "cannot issue a certificate for `bücher.test`");
}

fn root(name: &str) -> Authority {
    Authority::root(name, now_validity()).unwrap()
}

fn parse(der: &[u8]) -> X509Certificate<'_> {
    X509Certificate::from_der(der).unwrap().1
}

fn now_validity() -> Validity {
    Validity::around(now(), DAY, DAY * 90)
}

fn now() -> Timestamp {
    at("2026-11-22T12:00:00Z")
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
