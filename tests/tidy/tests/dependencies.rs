//! Which way dependencies run.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand};
use tidy::{root, sources};

const SERVICES: [&str; 4] = ["prober", "detector", "notifier", "console"];

/// What a package needs to be built, without its tests.
fn dependencies(package: &str) -> BTreeSet<String> {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let package = metadata.packages.iter().find(|p| p.name.as_str() == package).unwrap();
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        .map(|dependency| dependency.name.clone())
        .collect()
}

#[test]
fn the_contract_and_the_kernel_perform_no_io() {
    for package in ["proto", "kernel", "certificate"] {
        for forbidden in ["tokio", "futures", "reqwest", "hickory-resolver", "chassis", "tracing"] {
            assert!(!dependencies(package).contains(forbidden), "{package} needs {forbidden}");
        }
    }
    for ours in ["proto", "kernel"] {
        let known = dependencies(ours);
        let of_ours =
            known.iter().filter(|name| ["proto", "kernel", "chassis"].contains(&name.as_str()));
        assert_eq!(of_ours.count(), 0, "{ours} knows another crate of ours");
    }
}

#[test]
fn no_service_depends_on_another() {
    for service in SERVICES {
        for other in SERVICES {
            assert!(!dependencies(service).contains(other), "{service} needs {other}");
        }
        assert!(!dependencies(service).contains("lab"), "{service} needs what tests are made of");
    }
}

#[test]
fn a_domain_knows_no_io() {
    let forbidden = [
        "tokio",
        "async fn",
        ".await",
        "std::fs",
        "std::env",
        "std::io",
        "TcpStream",
        "UdpSocket",
        "chassis::",
        "reqwest",
        "lettre",
        "axum",
        "tracing::",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
    ];
    for service in SERVICES {
        for source in sources(&format!("services/{service}/src"), &[".rs"]) {
            if !source.path.contains("/src/domain") {
                continue;
            }
            let code: String = code_lines(source.without_tests()).collect();
            for word in forbidden {
                assert!(!code.contains(word), "{} says `{word}`", source.path);
            }
        }
    }
}

#[test]
fn each_store_and_broker_is_named_in_one_place() {
    let places = [
        ("async_nats", "services/shared/chassis/src/bus/nats"),
        ("redb", "services/shared/chassis/src/bus/embedded"),
        ("sled", "services/shared/chassis/src/snapshot"),
    ];
    for (library, place) in places {
        for source in sources("services", &[".rs"]) {
            if !source.path.contains("/src/") {
                continue;
            }
            let names = code_lines(&source.text).any(|line| line.contains(&format!("{library}::")));
            assert!(!names || source.path.starts_with(place), "{} names {library}", source.path);
        }
    }
}

/// Lines that are not comments.
fn code_lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n"))
}
