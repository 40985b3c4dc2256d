//! `certherald check` warns of keys and protocols that no longer protect.

use harness::check::{Check, Verdict};
use harness::external::{Recipe, Software};
use harness::scene::{DAY, Scene, ninety_days};
use lab::authority::{KeyKind, Leaf};

#[tokio::test]
async fn nothing_better_than_tls_1_0_is_weak() {
    let scene = Scene::new();
    let recipe = Recipe::of(&scene.good("a.test")).tls_1_0_only();
    weak(&scene, &recipe, "TLS 1.0").await;
}

#[tokio::test]
async fn a_short_rsa_key_is_weak() {
    let scene = Scene::new();
    let leaf = Leaf::named("a.test", ninety_days(DAY * 80));
    let recipe = Recipe::with_rsa_key(&scene.intermediate, &leaf, 1_024).await;
    weak(&scene, &recipe, "1024").await;
}

#[tokio::test]
async fn an_rsa_key_of_2048_bits_is_not() {
    let scene = Scene::new();
    let leaf = Leaf::named("a.test", ninety_days(DAY * 80)).with_key(KeyKind::Rsa2048);
    for software in Software::ALL {
        let server = software.serve(&Recipe::of(&scene.issue(&leaf))).await;
        check(&scene, server.address()).await.must_be("secure", &[], 0);
    }
}

/// Checks `a.test` on each software, and that the weakness is named.
async fn weak(scene: &Scene, recipe: &Recipe, name: &str) {
    for software in Software::ALL {
        let server = software.serve(recipe).await;
        let verdict = check(scene, server.address()).await;
        verdict.must_be("abnormal", &["weak"], 1);
        let weaknesses = &verdict.evidence("weak")["weaknesses"];
        assert!(weaknesses.to_string().contains(name), "{software:?}: {weaknesses}");
    }
}

async fn check(scene: &Scene, address: std::net::SocketAddr) -> Verdict {
    Check::of("a.test").at(address).trusting(scene.root_file()).run().await
}
