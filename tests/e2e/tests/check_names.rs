//! `certherald check` compares names as RFC 9525 says: SAN only, one label for a wildcard.

use harness::check::{Check, Verdict};
use harness::external::{Recipe, Software};
use harness::scene::{DAY, Scene, ninety_days};
use lab::authority::Leaf;
use serde_json::json;

#[tokio::test]
async fn another_name_is_a_mismatch_that_names_both() {
    each("b.test", &["a.test", "www.a.test"], |verdict| {
        verdict.must_be("abnormal", &["name_mismatch"], 2);
        let evidence = verdict.evidence("name_mismatch");
        assert_eq!(evidence["expected"], "b.test");
        assert_eq!(evidence["presented"], json!(["a.test", "www.a.test"]));
    })
    .await;
}

#[tokio::test]
async fn a_wildcard_covers_one_label() {
    let secure = |verdict: Verdict| verdict.must_be("secure", &[], 0);
    each("www.a.test", &["*.a.test"], secure).await;
}

#[tokio::test]
async fn a_wildcard_covers_neither_two_labels_nor_none() {
    for host in ["x.www.a.test", "a.test"] {
        let mismatch = |verdict: Verdict| verdict.must_be("abnormal", &["name_mismatch"], 2);
        each(host, &["*.a.test"], mismatch).await;
    }
}

#[tokio::test]
async fn a_common_name_without_san_covers_nothing() {
    let scene = Scene::new();
    let leaf = Leaf::named("a.test", ninety_days(DAY * 80)).with_names(&[]);
    for software in Software::ALL {
        let server = software.serve(&Recipe::of(&scene.issue(&leaf))).await;
        let check = Check::of("a.test").at(server.address()).trusting(scene.root_file());
        check.run().await.must_be("abnormal", &["name_mismatch"], 2);
    }
}

#[tokio::test]
async fn an_address_needs_an_address_among_the_names() {
    for (ip, text) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")] {
        let scene = Scene::new();
        let named = scene.issue(&Leaf::named(ip, ninety_days(DAY * 80)));
        let other = scene.good("a.test");
        for software in Software::ALL {
            for (identity, kinds, code) in [(&named, vec![], 0), (&other, vec!["name_mismatch"], 2)]
            {
                let recipe = Recipe::of(identity).on(ip.parse().unwrap());
                let server = software.serve(&recipe).await;
                let domain = format!("{text}:{}", server.address().port());
                let verdict = Check::of(&domain).trusting(scene.root_file()).run().await;
                let state = if code == 0 { "secure" } else { "abnormal" };
                verdict.must_be(state, &kinds, code);
            }
        }
    }
}

#[tokio::test]
async fn an_international_name_is_the_same_in_both_forms() {
    for host in ["bücher.test", "xn--bcher-kva.test", "BÜCHER.test."] {
        let secure = |verdict: Verdict| verdict.must_be("secure", &[], 0);
        each(host, &["xn--bcher-kva.test"], secure).await;
    }
}

/// Checks `host` against a certificate with `names` on each software.
async fn each(host: &str, names: &[&str], judge: impl Fn(Verdict)) {
    let scene = Scene::new();
    let leaf = Leaf::named("leaf.test", ninety_days(DAY * 80)).with_names(names);
    let identity = scene.issue(&leaf);
    for software in Software::ALL {
        let server = software.serve(&Recipe::of(&identity)).await;
        let check = Check::of(host).at(server.address()).trusting(scene.root_file());
        judge(check.run().await);
    }
}
