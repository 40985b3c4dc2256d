//! Facts of certificates that `rcgen` wrote, and of what is no certificate.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use certificate::{
    Certificate,
    algorithm::{Hash, KeyKind},
    error::CertificateError,
    name::SubjectName,
    signature::Verdict,
};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};

#[test]
fn a_leaf_says_what_it_is_for() {
    let leaf = leaf();

    assert_eq!(leaf.version(), 3);
    assert_eq!(leaf.subject(), r"CN=a \+ b,O=Örg\, Ltd.");
    assert_eq!(leaf.issuer(), "CN=Test CA");
    assert_eq!(leaf.serial(), "00ff01");
    let names: Vec<String> = leaf.names().map(|name| name.to_string()).collect();
    assert_eq!(names, ["example.com", "*.example.com", "192.0.2.1", "2001:db8::1"]);
    assert_eq!(leaf.names().nth(2), Some(SubjectName::Ip("192.0.2.1".parse().unwrap())));
    assert!(!leaf.is_ca());
    assert_eq!((&leaf.key().kind, leaf.key().bits), (&KeyKind::Ec, 256));
    assert_eq!(leaf.signature_algorithm().to_string(), "SHA-256 with ECDSA");
    assert_eq!(leaf.signature_algorithm().hash, Hash::Sound);
    assert_eq!(leaf.ca_issuer_urls(), ["http://ca.example/ca.crt"]);
    assert_eq!(leaf.ocsp_urls(), ["http://ocsp.example/"]);
    assert_eq!(leaf.crl_urls(), ["http://crl.example/ca.crl"]);
    assert_eq!(leaf.defects(), []);
    assert!(!leaf.has_unknown_critical_extension());
}

#[test]
fn the_lifetime_counts_its_last_second() {
    let validity = leaf().validity();
    assert_eq!(validity.not_before, "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
    assert_eq!(validity.lifetime().as_secs(), 90 * 86_400 + 1);
}

#[test]
fn no_end_is_the_last_instant_we_know() {
    let mut params = CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
    params.not_after = date_time_ymd(9999, 12, 31);
    let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    assert_eq!(Certificate::parse(der.der()).unwrap().validity().not_after, Timestamp::MAX);
}

#[test]
fn an_issuer_is_known_by_name_and_signature() {
    let world = World::new();
    let leaf = world.issue(CertificateParams::new(vec!["a.example".to_owned()]).unwrap());
    let namesake = World::new();

    assert!(leaf.issued_by(&world.ca));
    assert!(!leaf.is_self_issued());
    assert!(world.ca.is_self_signed() && world.ca.is_ca() && world.ca.may_issue());
    assert_eq!(leaf.signature_under(&namesake.ca), Verdict::Wrong);
    assert!(!leaf.issued_by(&namesake.ca), "the same name under another key issued nothing");
    assert!(!world.ca.issued_by(&leaf));
    assert_eq!(leaf.authority_key_id(), world.ca.subject_key_id());
}

#[test]
fn a_critical_extension_that_nobody_knows_is_seen() {
    let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    let mut odd = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    odd.set_criticality(true);
    params.custom_extensions = vec![odd];
    assert!(World::new().issue(params).has_unknown_critical_extension());
}

#[test]
fn an_extension_that_cannot_be_read_is_a_defect_beside_the_facts() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    // A subject alternative name whose content is cut off.
    let names = CustomExtension::from_oid_content(&[2, 5, 29, 17], vec![0x30, 9, 0x82, 4]);
    params.custom_extensions = vec![names];
    let leaf = World::new().issue(params);

    assert_eq!(leaf.names().count(), 0);
    let defects: Vec<String> = leaf.defects().iter().map(ToString::to_string).collect();
    assert_eq!(defects, ["the extension subjectAltName cannot be read"]);
}

#[test]
fn what_is_no_certificate_is_named() {
    let whole = leaf();
    let refusal = |der: &[u8]| Certificate::parse(der).unwrap_err();
    assert_eq!(refusal(&[]), CertificateError::Empty);
    assert_eq!(refusal(b"GET /"), CertificateError::NotDer { first: b'G' });
    assert_eq!(refusal(&whole.der()[..whole.der().len() - 1]), CertificateError::Truncated);
    assert_eq!(refusal(&[whole.der(), &[0, 0]].concat()), CertificateError::Trailing { bytes: 2 });
    assert_eq!(refusal(&[0x30, 0]), CertificateError::Structure);
    let long = vec![0x30; certificate::DER_BYTES_MAX + 1];
    assert!(matches!(refusal(&long), CertificateError::TooLong { .. }));
}

#[test]
fn pem_goes_there_and_back() {
    let leaf = leaf();
    let read = certificate::pem::certificates(&leaf.to_pem()).unwrap();
    assert_eq!(read, [leaf]);
}

struct World {
    ca: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl World {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.key_identifier_method = KeyIdMethod::Sha256;
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap();
        Self { ca: Certificate::parse(der.der()).unwrap(), issuer: Issuer::new(params, key) }
    }

    fn issue(&self, mut params: CertificateParams) -> Certificate {
        params.use_authority_key_identifier_extension = true;
        let der = params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap();
        Certificate::parse(der.der()).unwrap()
    }
}

fn leaf() -> Certificate {
    let mut params =
        CertificateParams::new(vec!["example.com".to_owned(), "*.example.com".to_owned()]).unwrap();
    for address in ["192.0.2.1", "2001:db8::1"] {
        params.subject_alt_names.push(SanType::IpAddress(address.parse().unwrap()));
    }
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Ö\u{202e}rg, Ltd.");
    params.distinguished_name.push(DnType::CommonName, "a + b");
    params.serial_number = Some(vec![0xff, 1].into());
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2026, 4, 1);
    params.crl_distribution_points =
        vec![rcgen::CrlDistributionPoint { uris: vec!["http://crl.example/ca.crl".to_owned()] }];
    // AuthorityInfoAccess: caIssuers and OCSP, each with one URL.
    let description = |method: u8, url: &str| {
        let mut name = vec![0x86, u8::try_from(url.len()).unwrap()];
        name.extend(url.as_bytes());
        let mut inner = vec![6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, method];
        inner.extend(name);
        [vec![0x30, u8::try_from(inner.len()).unwrap()], inner].concat()
    };
    let list = [description(2, "http://ca.example/ca.crt"), description(1, "http://ocsp.example/")]
        .concat();
    let content = [vec![0x30, u8::try_from(list.len()).unwrap()], list].concat();
    params.custom_extensions =
        vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)];
    World::new().issue(params)
}
