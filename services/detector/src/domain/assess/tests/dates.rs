//! Expired, expiring, not yet valid: of the leaf, and of what it needs.

use proto::v1::{Kind, Severity};

use super::chains::{Authority, at, given, valid};
use crate::domain::assess::{
    clock::Timing,
    evidence::Case,
    rungs::{Ladder, OwnRung},
    verdict::Level,
};

/// The subject of the certificate that limits an expiry, and whether it is the leaf.
fn limiting(case: &Case) -> (&str, bool) {
    let Case::Expiry { limiting, is_leaf, .. } = case else { panic!("{case:?} is no expiry") };
    (&limiting.subject, *is_leaf)
}

#[test]
fn both_ends_of_the_validity_count() {
    let root = Authority::root("Root");
    let leaf = root.leaf();
    let kinds = |now| given([&leaf]).trusting(&root.der).when(now).kinds();
    assert_eq!(kinds("2026-04-30T23:59:59.999Z"), ["not_yet_valid"]);
    assert_eq!(kinds("2026-05-01T00:00:00Z"), [""; 0]);
    assert_eq!(kinds("2026-07-29T23:59:59.999Z"), ["expiring"]);
    assert_eq!(kinds("2026-07-30T00:00:00Z"), ["expired"]);
}

#[test]
fn a_rung_is_crossed_one_second_after_it_is_reached() {
    let root = Authority::root("Root");
    let leaf = root.leaf();
    let verdict = |now| given([&leaf]).trusting(&root.der).when(now).verdict();
    assert_eq!(verdict("2026-06-29T23:59:58Z").severity, Level::Ok);
    assert_eq!(verdict("2026-06-29T23:59:59Z").severity, Level::Ok, "exactly at the rung");
    assert_eq!(verdict("2026-06-30T00:00:00Z").severity, Level::Warning);
    assert_eq!(verdict("2026-07-26T23:59:59Z").severity, Level::Warning, "exactly 3 days left");
    assert_eq!(verdict("2026-07-27T00:00:00Z").severity, Level::Critical);
}

#[test]
fn expired_takes_the_place_of_expiring_and_names_the_leaf() {
    let root = Authority::root("Root");
    let scene = given([&root.leaf()]).trusting(&root.der).when("2026-08-01T00:00:00Z");
    assert_eq!(scene.kinds(), ["expired"]);
    assert_eq!(limiting(&scene.evidence(Kind::Expired)), ("CN=example.com", true));
}

#[test]
fn own_rungs_count_by_the_lifetime_or_by_the_clock() {
    let root = Authority::root("Root");
    let own = [OwnRung::LifetimeBasisPoints(5_000), OwnRung::Seconds(86_400)];
    let scene = given([&root.leaf()]).trusting(&root.der).rungs(&own).when("2026-06-14T23:59:59Z");
    assert_eq!(scene.kinds(), [""; 0], "exactly half of the 90 days is left");
    let scene = scene.when("2026-06-15T00:00:00Z");
    let Case::Expiry { rung, .. } = scene.evidence(Kind::Expiring) else { panic!() };
    assert_eq!(rung.unwrap().as_hours(), 45 * 24);
}

#[test]
fn an_expired_intermediate_that_every_path_needs_is_named() {
    let root = Authority::root("Root");
    let issuer = root.below_with("Old", "2024-01-01T00:00:00Z", "2026-06-01T00:00:00Z", |_| {});
    let scene = given([&issuer.leaf(), &issuer.der]).trusting(&root.der);
    assert_eq!(scene.kinds(), ["expired"]);
    assert_eq!(limiting(&scene.evidence(Kind::Expired)), ("CN=Old", false));

    let later = scene.when("2026-08-01T00:00:00Z");
    assert_eq!(later.kinds(), ["expired"]);
    assert_eq!(limiting(&later.evidence(Kind::Expired)), ("CN=example.com", true));
}

#[test]
fn an_intermediate_that_ends_first_is_told_by_the_rungs_of_the_leaf() {
    let root = Authority::root("Root");
    let issuer = root.below_with("Old", "2024-01-01T00:00:00Z", "2026-06-20T00:00:00Z", |_| {});
    let scene = given([&issuer.leaf(), &issuer.der]).trusting(&root.der);
    assert_eq!(scene.kinds(), ["expiring"]);
    assert_eq!(limiting(&scene.evidence(Kind::Expiring)), ("CN=Old", false));
    assert_eq!(scene.verdict().anomalies[0].severity, Severity::Warning);
}

#[test]
fn an_authority_shorter_lived_than_its_leaf_is_told_by_its_own_rungs() {
    let root =
        Authority::root_with("Brief", "2026-05-01T00:00:00Z", "2026-05-30T23:59:59Z", |_| {});
    let scene = given([&root.leaf()]).trusting(&root.der);
    let issued = scene.when("2026-05-01T00:00:01Z");
    assert_eq!(issued.kinds(), [""; 0], "nothing is expiring the moment it is issued");
    let third = issued.when("2026-05-20T23:59:59Z");
    assert_eq!(third.kinds(), [""; 0]);
    assert_eq!(third.when("2026-05-21T00:00:00Z").kinds(), ["expiring"]);
}

#[test]
fn an_expired_intermediate_and_a_known_newer_one_are_two_findings() {
    let root = Authority::root("Root");
    let old = root.below_with("Issuer", "2024-01-01T00:00:00Z", "2026-06-01T00:00:00Z", |_| {});
    let new = root.cross_sign(&old, "2026-01-01T00:00:00Z", "2034-01-01T00:00:00Z");
    let scene = given([&old.leaf(), &old.der]).trusting(&root.der).knowing(&new);
    assert_eq!(scene.kinds(), ["expired", "chain_incomplete"]);
}

#[test]
fn an_intermediate_that_begins_later_is_not_yet_valid() {
    let root = Authority::root("Root");
    let issuer = root.below_with("Early", "2026-07-01T00:00:00Z", "2034-01-01T00:00:00Z", |_| {});
    let scene = given([&issuer.leaf(), &issuer.der]).trusting(&root.der);
    assert_eq!(scene.kinds(), ["not_yet_valid"]);
    assert_eq!(limiting(&scene.evidence(Kind::NotYetValid)), ("CN=Early", false));
    assert_eq!(scene.when("2026-07-01T00:00:00Z").kinds(), ["expiring"]);
}

#[test]
fn certificates_that_are_never_valid_together_are_judged_by_their_dates() {
    let root = Authority::root("Root");
    let over = root.below_with("Over", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", |_| {});
    let scene = given([&over.leaf(), &over.der]).trusting(&root.der);
    assert_eq!(scene.kinds(), ["expired"]);
    assert_eq!(limiting(&scene.evidence(Kind::Expired)), ("CN=Over", false));

    let later = root.below_with("Later", "2027-01-01T00:00:00Z", "2034-01-01T00:00:00Z", |_| {});
    let scene = given([&later.leaf(), &later.der]).trusting(&root.der);
    assert_eq!(scene.kinds(), ["not_yet_valid"]);
    assert_eq!(limiting(&scene.evidence(Kind::NotYetValid)), ("CN=Later", false));
}

#[test]
fn a_trust_anchor_that_has_ended_ends_its_paths() {
    let root = Authority::root_with("Root", "2016-01-01T00:00:00Z", "2026-06-01T00:00:00Z", |_| {});
    let scene = given([&root.leaf()]).trusting(&root.der);
    assert_eq!(scene.kinds(), ["expired"]);
    assert_eq!(limiting(&scene.evidence(Kind::Expired)), ("CN=Root", false));
}

#[test]
fn two_paths_that_follow_each_other_are_one_span() {
    let root = Authority::root("Root");
    let old = root.below_with("Issuer", "2024-01-01T00:00:00Z", "2026-06-01T00:00:00Z", |_| {});
    let new = root.cross_sign(&old, "2026-05-15T00:00:00Z", "2034-01-01T00:00:00Z");
    let scene = given([&old.leaf(), &old.der, &new]).trusting(&root.der);
    for now in ["2026-05-10T00:00:00Z", "2026-06-01T00:00:00Z", "2026-06-01T00:00:01Z"] {
        let assessment = scene.assessment();
        let timing = assessment.clock().unwrap().timing(at(now));
        let ends = at("2026-07-29T23:59:59Z");
        assert!(matches!(timing, Timing::Valid { ends: found, .. } if found == ends), "{timing:?}");
    }
}

#[test]
fn between_two_paths_it_has_expired() {
    let root = Authority::root("Root");
    let old = root.below_with("Issuer", "2024-01-01T00:00:00Z", "2026-06-01T00:00:00Z", |_| {});
    let new = root.cross_sign(&old, "2026-07-01T00:00:00Z", "2034-01-01T00:00:00Z");
    let scene = given([&old.leaf(), &old.der, &new]).trusting(&root.der);
    let assessment = scene.assessment();
    let (clock, ladder) =
        (assessment.clock().unwrap(), Ladder::new(jiff::SignedDuration::ZERO, &[]));
    let timing = |now| clock.timing(at(now));
    assert!(matches!(timing("2026-06-01T00:00:00Z"), Timing::Valid { .. }));
    assert!(matches!(timing("2026-06-15T00:00:00Z"), Timing::Expired { .. }));
    assert!(matches!(timing("2026-07-01T00:00:00Z"), Timing::Valid { .. }));
    let next = clock.next_instant(&ladder, at("2026-06-01T00:00:00Z"));
    assert_eq!(next, Some(at("2026-06-01T00:00:01Z")));
    let next = clock.next_instant(&ladder, at("2026-06-15T00:00:00Z"));
    assert_eq!(next, Some(at("2026-07-01T00:00:00Z")));
}

#[test]
fn a_leaf_that_ends_before_it_begins_is_malformed_and_expired() {
    let root = Authority::root("Root");
    let leaf =
        root.leaf_with(|params| valid(params, "2026-05-01T00:00:00Z", "2026-04-01T00:00:00Z"));
    let scene = given([&leaf]).trusting(&root.der);
    assert_eq!(scene.kinds(), ["expired", "untrusted"]);
}

#[test]
fn every_change_is_foretold_to_the_second() {
    let root = Authority::root("Root");
    let scene = given([&root.leaf()]).trusting(&root.der);
    let assessment = scene.assessment();
    let clock = assessment.clock().unwrap();
    let ladder = Ladder::new(clock.lifetime(), &[]);
    let mut now = at("2026-04-01T00:00:00Z");
    let mut told = Vec::new();
    while let Some(next) = clock.next_instant(&ladder, now) {
        let before = next - jiff::SignedDuration::from_nanos(1);
        let said = |when| (std::mem::discriminant(&clock.timing(when)), clock.rung(&ladder, when));
        assert_eq!(said(now), said(before), "nothing changes on the way to {next}");
        assert_ne!(said(before), said(next), "something changes at {next}");
        told.push(next.to_string());
        now = next;
    }
    let foretold = [
        "2026-05-01T00:00:00Z",
        "2026-06-30T00:00:00Z",
        "2026-07-16T00:00:00Z",
        "2026-07-23T00:00:00Z",
        "2026-07-27T00:00:00Z",
        "2026-07-29T00:00:00Z",
        "2026-07-30T00:00:00Z",
    ];
    assert_eq!(told, foretold);
}
