//! Trusted, incomplete, untrusted: and why.

use std::sync::Arc;

use certificate::Certificate;
use proto::v1::{Kind, untrusted::Cause};
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, NameConstraints};

use super::chains::{Authority, given, self_signed};
use crate::domain::assess::{
    Assessment,
    anchors::Anchors,
    evidence::Case,
    pool::{Pool, Source},
    verdict::Level,
};

/// Cause, issuer and whether an incomplete chain is excluded.
fn untrusted(case: Case) -> (Cause, String, bool) {
    let Case::Untrusted { cause, issuer, incomplete_excluded, .. } = case else {
        panic!("{case:?} is no distrust")
    };
    (cause, issuer, incomplete_excluded)
}

fn detail(case: Case) -> String {
    let Case::Untrusted { cause: Cause::NotPermitted, detail, .. } = case else {
        panic!("{case:?} breaks no rule")
    };
    detail
}

#[test]
fn a_whole_chain_is_secure() {
    let root = Authority::root("Root");
    let issuer = root.below("Issuer");
    let scene = given([&issuer.leaf(), &issuer.der]).trusting(&root.der);
    assert_eq!(scene.kinds(), [""; 0]);
    assert_eq!(scene.verdict().severity, Level::Ok);
    assert_eq!(scene.remarks(), [""; 0]);
    assert_eq!(
        scene.assessment().proven().map(|it| it.subject()).collect::<Vec<_>>(),
        ["CN=Issuer"]
    );
    assert!(!scene.assessment().depends_on_pool());
}

#[test]
fn a_missing_intermediate_that_is_known_proves_the_chain_incomplete() {
    let root = Authority::root("Root");
    let upper = root.below("Upper");
    let lower = upper.below("Lower");
    let url = Source::Url("http://ca.example/lower.crt".into());
    let scene = given([&lower.leaf()])
        .trusting(&root.der)
        .knowing_from(&lower.der, url)
        .knowing(&upper.der);
    assert_eq!(scene.kinds(), ["chain_incomplete"]);
    let Case::MissingIssuer { missing, pem, source } = scene.evidence(Kind::ChainIncomplete) else {
        panic!()
    };
    let subjects: Vec<&str> = missing.iter().map(|it| it.subject.as_str()).collect();
    assert_eq!(subjects, ["CN=Lower", "CN=Upper"]);
    let ders: Vec<Vec<u8>> =
        certificate::pem::blocks(&pem).unwrap().into_iter().map(|it| it.der).collect();
    assert_eq!(ders, [lower.der, upper.der], "ready to be deployed behind the leaf");
    assert_eq!(source, "http://ca.example/lower.crt");
    assert!(scene.assessment().depends_on_pool());
}

#[test]
fn only_what_is_not_presented_is_missing() {
    let root = Authority::root("Root");
    let upper = root.below("Upper");
    let lower = upper.below("Lower");
    let scene = given([&lower.leaf(), &lower.der]).trusting(&root.der).knowing(&upper.der);
    let Case::MissingIssuer { missing, source, .. } = scene.evidence(Kind::ChainIncomplete) else {
        panic!()
    };
    assert_eq!(missing.len(), 1);
    assert_eq!((missing[0].subject.as_str(), source.as_str()), ("CN=Upper", "seen"));
}

#[test]
fn expired_incomplete_and_for_another_host_are_three_findings() {
    let root = Authority::root("Root");
    let issuer = root.below("Issuer");
    let scene = given([&issuer.leaf()])
        .trusting(&root.der)
        .knowing(&issuer.der)
        .host("other.example")
        .when("2026-09-01T00:00:00Z");
    assert_eq!(scene.kinds(), ["expired", "chain_incomplete", "name_mismatch"]);
}

#[test]
fn without_proof_a_missing_issuer_is_untrusted_and_perhaps_incomplete() {
    let root = Authority::root("Root");
    let issuer = root.below("Issuer");
    let scene = given([&issuer.leaf()]).trusting(&root.der);
    assert_eq!(scene.kinds(), ["untrusted"]);
    let found = untrusted(scene.evidence(Kind::Untrusted));
    assert_eq!(found, (Cause::IssuerNotFound, "CN=Issuer".to_owned(), false));
}

#[test]
fn a_known_intermediate_that_leads_nowhere_proves_nothing() {
    let (root, stranger) = (Authority::root("Root"), Authority::root("Stranger"));
    let issuer = stranger.below("Issuer");
    let scene = given([&issuer.leaf()]).trusting(&root.der).knowing(&issuer.der);
    assert_eq!(scene.kinds(), ["untrusted"]);
}

#[test]
fn a_known_intermediate_that_has_expired_is_the_cause() {
    let root = Authority::root("Root");
    let issuer = root.below_with("Old", "2024-01-01T00:00:00Z", "2026-04-01T00:00:00Z", |_| {});
    let scene = given([&issuer.leaf()]).trusting(&root.der).knowing(&issuer.der);
    assert_eq!(scene.kinds(), ["expired"]);
}

#[test]
fn a_self_signed_certificate_is_told_apart_and_trusted_where_it_is_an_anchor() {
    for is_ca in [IsCa::ExplicitNoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let leaf = self_signed(|params| params.is_ca = is_ca);
        let root = Authority::root("Root");
        let scene = given([&leaf]).trusting(&root.der);
        assert_eq!(scene.kinds(), ["untrusted"]);
        let (cause, _, excluded) = untrusted(scene.evidence(Kind::Untrusted));
        assert_eq!((cause, excluded), (Cause::SelfSigned, true));
        assert_eq!(scene.trusting(&leaf).kinds(), [""; 0]);
    }
}

#[test]
fn a_root_that_is_presented_and_not_trusted_is_unknown() {
    let (root, stranger) = (Authority::root("Root"), Authority::root("Stranger"));
    let issuer = stranger.below("Issuer");
    let scene = given([&issuer.leaf(), &issuer.der, &stranger.der]).trusting(&root.der);
    let found = untrusted(scene.evidence(Kind::Untrusted));
    assert_eq!(found, (Cause::UnknownRoot, "CN=Stranger".to_owned(), true));
}

#[test]
fn a_namesake_of_the_issuer_is_not_the_issuer() {
    let (root, namesake) = (Authority::root("Root"), Authority::root("Root"));
    let scene = given([&root.leaf()]).trusting(&namesake.der);
    let Case::Untrusted { cause, detail, .. } = scene.evidence(Kind::Untrusted) else { panic!() };
    assert_eq!(cause, Cause::IssuerNotFound);
    assert!(detail.contains("its key did not make the signature"), "{detail}");
    assert_eq!(scene.trusting(&root.der).kinds(), [""; 0], "both of a name are tried");
}

#[test]
fn a_broken_rule_is_named() {
    let root = Authority::root("Root");
    let constrained =
        root.below_with("A", "2024-01-01T00:00:00Z", "2034-01-01T00:00:00Z", |params| {
            let permitted_subtrees = vec![GeneralSubtree::DnsName("elsewhere.example".to_owned())];
            params.name_constraints =
                Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        });
    let short = root.below_with("B", "2024-01-01T00:00:00Z", "2034-01-01T00:00:00Z", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let below_short = short.below("C");
    let no_authority =
        root.below_with("D", "2024-01-01T00:00:00Z", "2034-01-01T00:00:00Z", |params| {
            params.is_ca = IsCa::ExplicitNoCa;
        });
    let for_clients = root.leaf_with(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let authority = root.leaf_with(|params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let cases: [(Vec<Vec<u8>>, &str); 5] = [
        (vec![constrained.leaf(), constrained.der], "name constraints"),
        (vec![below_short.leaf(), below_short.der, short.der], "path length"),
        (vec![no_authority.leaf(), no_authority.der], "not that of an authority"),
        (vec![for_clients], "extended key usage"),
        (vec![authority], "that of an authority, not of a server"),
    ];
    for (list, expected) in cases {
        let found = detail(given(&list).trusting(&root.der).evidence(Kind::Untrusted));
        assert!(found.contains(expected), "{found} does not say {expected}");
    }
}

#[test]
fn a_broken_rule_is_named_behind_what_webpki_would_rather_tell() {
    let root = Authority::root("Root");
    let for_clients = root.leaf_with(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let over = root.cross_sign(&root, "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
    let scene = given([&for_clients, &over]).trusting(&root.der);
    assert!(detail(scene.evidence(Kind::Untrusted)).contains("extended key usage"));
}

#[test]
fn a_path_that_is_too_long_is_named() {
    let root = Authority::root("Root");
    let mut authorities = vec![root.below("0")];
    for place in 1..8 {
        let next = authorities[place - 1].below(&place.to_string());
        authorities.push(next);
    }
    let leaf = authorities[7].leaf();
    let list = [&leaf].into_iter().chain(authorities.iter().map(|it| &it.der));
    let found = detail(given(list).trusting(&root.der).evidence(Kind::Untrusted));
    assert_eq!(found, "the path is too long");
}

#[test]
fn an_anchor_that_is_no_authority_vouches_for_itself_alone() {
    let root =
        Authority::root_with("Root", "2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z", |params| {
            params.is_ca = IsCa::ExplicitNoCa;
        });
    let scene = given([&root.leaf()]).trusting(&root.der);
    let found = detail(scene.evidence(Kind::Untrusted));
    assert!(found.contains("does not say that it is an authority"), "{found}");
}

#[test]
fn an_intermediate_may_be_an_anchor() {
    let root = Authority::root("Root");
    let issuer = root.below("Issuer");
    assert_eq!(given([&issuer.leaf()]).trusting(&issuer.der).kinds(), [""; 0]);
}

#[test]
fn what_cannot_be_read_is_malformed() {
    let scene = given([&b"no certificate".to_vec()]);
    assert_eq!(scene.kinds(), ["untrusted"]);
    let (cause, _, excluded) = untrusted(scene.evidence(Kind::Untrusted));
    assert_eq!((cause, excluded), (Cause::Malformed, false));
    assert_eq!(given([]).kinds(), ["untrusted"]);
    assert!(given([]).assessment().clock().is_none());
}

#[test]
fn an_expired_chain_is_still_judged_for_trust() {
    let root = Authority::root("Root");
    let issuer = root.below("Issuer");
    let late = given([&issuer.leaf()]).when("2030-01-01T00:00:00Z").trusting(&root.der);
    assert_eq!(late.kinds(), ["expired", "untrusted"]);
}

#[test]
fn private_anchors_and_pools_count_beside_the_usual_ones() {
    let (public, private) = (Authority::root("Public"), Authority::root("Private"));
    let issuer = private.below("Issuer");
    let anchors = |authority: &Authority| Anchors::new([&authority.der]).0;
    let mut fetched = Pool::default();
    let certificate = Certificate::parse(&issuer.der).unwrap();
    fetched.insert(Arc::new(certificate), Source::Url("http://ca.example/".into()));
    let assessment = Assessment::new(
        &[issuer.leaf()],
        &[&anchors(&public), &anchors(&private)],
        &[&Pool::default(), &fetched],
    );
    let completing: Vec<String> =
        assessment.completing().map(|known| known.certificate.subject()).collect();
    assert_eq!(completing, ["CN=Issuer"]);
}
