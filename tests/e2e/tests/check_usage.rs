//! `certherald check` refuses what it cannot do with words that help, and exits as monitoring
//! plugins do.

use harness::check::Check;
use harness::scene::Scene;
use lab::site::{Behaviour, Site};

#[tokio::test]
async fn bad_usage_is_unknown_and_names_what_is_wrong() {
    for (domain, arguments, named) in [
        ("-", &[][..], "-"),
        ("*.a.test", &[], "*.a.test"),
        ("a..test", &[], "a..test"),
        ("a.test:0", &[], "a.test:0"),
        ("a.test:70000", &[], "70000"),
        ("a.test", &["--connect", "nonsense:1:2"], "nonsense:1:2"),
        ("a.test", &["--allow", "10.0.0.0/33"], "10.0.0.0/33"),
        ("a.test", &["--ca", "absent.pem"], "absent.pem"),
        ("a.test", &["--timeout", "soon"], "soon"),
        ("a.test", &["--protocol", "gopher"], "gopher"),
    ] {
        let check = Check::of(domain);
        let verdict = arguments.iter().fold(check, Check::arg).run().await;
        let seen = format!("{domain} {arguments:?}: {:#}\n{}", verdict.json, verdict.stderr);
        assert_eq!(verdict.code, 3, "{seen}");
        assert!(seen.split_once("]: ").unwrap().1.contains(named), "must name `{named}`: {seen}");
    }
}

#[tokio::test]
async fn a_bundle_that_is_none_is_refused_by_name() {
    let scene = Scene::new();
    let file = scene.file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    let verdict = Check::of("a.test").trusting(&file).run().await;
    assert_eq!(verdict.code, 3, "{}", verdict.stderr);
    assert!(verdict.stderr.contains("broken.pem"), "{}", verdict.stderr);
}

#[tokio::test]
async fn a_url_is_taken_for_the_domain_in_it() {
    let scene = Scene::new();
    let site = Site::open(Behaviour::Serve(scene.good("a.test"))).await.unwrap();
    let check = Check::of("https://a.test/path?query").at(site.address());
    check.trusting(scene.root_file()).run().await.must_be("secure", &[], 0);
}
