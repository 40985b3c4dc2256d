//! `certherald check` builds paths from the set that is presented, and tells incomplete from
//! untrusted.

use harness::check::{Check, Verdict};
use harness::external::{Recipe, Software};
use harness::scene::{DAY, Scene, ninety_days};
use harness::surroundings::now;
use lab::authority::identity::Identity;
use lab::authority::{Authority, Leaf, Validity};
use lab::site::{Behaviour, Site};

#[tokio::test]
async fn a_missing_intermediate_that_is_known_is_named_and_handed_over() {
    let scene = Scene::new();
    let known = scene.file("known.pem", &scene.intermediate.pem());
    each(
        &scene,
        &scene.good("a.test").leaf_only(),
        &["--intermediate", known.to_str().unwrap()],
        |verdict| {
            verdict.must_be("abnormal", &["chain_incomplete"], 2);
            let evidence = verdict.evidence("chain_incomplete");
            assert_eq!(
                evidence["pem"].as_str().unwrap().trim(),
                scene.intermediate.pem().replace("\r\n", "\n").trim()
            );
            assert_eq!(evidence["source"], "configured");
        },
    )
    .await;
}

#[tokio::test]
async fn a_missing_intermediate_is_fetched_from_where_the_leaf_says() {
    let scene = Scene::new();
    let life = Validity::of_an_authority(now());
    let intermediate = scene.root.intermediate("Announced", life).unwrap();
    let shelf = Site::open(Behaviour::issuer(intermediate.certificate())).await.unwrap();
    let url = format!("http://{}/issuer.der", shelf.address());
    let intermediate = intermediate.announced_at(&url);
    let identity = intermediate.issue(&Leaf::named("a.test", ninety_days(DAY * 80))).unwrap();

    each(&scene, &identity.leaf_only(), &[], |verdict| {
        verdict.must_be("abnormal", &["chain_incomplete"], 2);
        assert_eq!(verdict.evidence("chain_incomplete")["source"], url);
    })
    .await;

    let fetched = shelf.connections();
    each(&scene, &identity.leaf_only(), &["--no-aia"], |verdict| {
        verdict.must_be("abnormal", &["untrusted"], 2);
        assert_eq!(verdict.evidence("untrusted")["incomplete_excluded"], false);
    })
    .await;
    assert_eq!(shelf.connections(), fetched, "--no-aia forbids fetching");
}

#[tokio::test]
async fn the_order_of_the_chain_is_a_remark() {
    let scene = Scene::new();
    let lower = scene.intermediate.intermediate("Lower", Validity::of_an_authority(now())).unwrap();
    let mut identity = lower.issue(&Leaf::named("a.test", ninety_days(DAY * 80))).unwrap();
    identity.chain.swap(1, 2);
    each(&scene, &identity, &[], |verdict| {
        verdict.must_be("secure", &[], 0);
        assert!(verdict.remarks().to_lowercase().contains("order"), "{:#}", verdict.json);
    })
    .await;
}

#[tokio::test]
async fn an_expired_cross_sign_that_another_path_does_not_need_is_harmless() {
    let scene = Scene::new();
    let life = Validity::around(now(), DAY * 4_000, -DAY);
    let old = Authority::root("Old Root", life).unwrap();
    let cross = scene.root.cross_signed_by(&old, life).unwrap();
    let mut identity = scene.good("a.test");
    identity.chain.extend([cross, old.certificate().clone()]);
    each(&scene, &identity, &[], |verdict| {
        verdict.must_be("secure", &[], 0);
        assert!(
            !verdict.remarks().is_empty(),
            "what is not needed is remarked: {:#}",
            verdict.json
        );
    })
    .await;
}

#[tokio::test]
async fn an_expired_certificate_that_every_path_needs_is_expired() {
    let scene = Scene::new();
    let life = Validity::around(now(), DAY * 400, -DAY);
    let stale = scene.root.intermediate("Stale", life).unwrap();
    let identity = stale.issue(&Leaf::named("a.test", ninety_days(DAY * 80))).unwrap();
    each(&scene, &identity, &[], |verdict| {
        verdict.must_be("abnormal", &["expired"], 2);
        let limiting = verdict.evidence("expired")["limiting"]["subject"].as_str().unwrap();
        assert!(limiting.contains("Stale"), "{:#}", verdict.json);
    })
    .await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_untrusted_as_such() {
    let scene = Scene::new();
    let identity = Leaf::named("a.test", ninety_days(DAY * 80)).self_signed().unwrap();
    each(&scene, &identity, &[], |verdict| {
        verdict.must_be("abnormal", &["untrusted"], 2);
        assert_eq!(verdict.evidence("untrusted")["cause"], "self_signed");
    })
    .await;
}

#[tokio::test]
async fn a_root_that_nobody_knows_is_untrusted_as_such() {
    let (scene, stranger) = (Scene::new(), Scene::new());
    let mut identity = stranger.good("a.test");
    identity.chain.push(stranger.root.certificate().clone());
    each(&scene, &identity, &[], |verdict| {
        verdict.must_be("abnormal", &["untrusted"], 2);
        assert_eq!(verdict.evidence("untrusted")["cause"], "unknown_root");
    })
    .await;
}

#[tokio::test]
async fn without_a_root_of_ones_own_the_systems_are_trusted() {
    let scene = Scene::new();
    let server = Software::Openssl.serve(&Recipe::of(&scene.good("a.test"))).await;
    let verdict = Check::of("a.test").at(server.address()).run().await;
    verdict.must_be("abnormal", &["untrusted"], 2);
}

/// Checks `a.test` on each software, trusting the root of the scene.
async fn each(scene: &Scene, identity: &Identity, arguments: &[&str], judge: impl Fn(Verdict)) {
    for software in Software::ALL {
        let server = software.serve(&Recipe::of(identity)).await;
        let check = Check::of("a.test").at(server.address()).trusting(scene.root_file());
        judge(arguments.iter().fold(check, Check::arg).run().await);
    }
}
