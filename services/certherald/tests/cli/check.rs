//! `check`: one look at a server on this machine.

use jiff::{SignedDuration, Timestamp};
use lab::{
    authority::{Authority, Leaf, Validity},
    site::{Behaviour, Site},
};
use serde_json::{Value, json};

use crate::typed::{Typed, program, typed};

const DAY: SignedDuration = SignedDuration::from_hours(24);

struct Scene {
    directory: tempfile::TempDir,
    root: Authority,
    now: Timestamp,
}

impl Scene {
    fn new() -> Self {
        let now = chassis::clock::Clock::now(&chassis::clock::SystemClock);
        let root = Authority::root("test root", Validity::of_an_authority(now)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("root.pem"), root.pem()).unwrap();
        Self { directory, root, now }
    }

    async fn site(&self, name: &str, until: Timestamp) -> Site {
        let validity = Validity { not_before: self.now - DAY * 30, not_after: until };
        let identity = self.root.issue(&Leaf::named(name, validity)).unwrap();
        Site::open(Behaviour::Serve(identity)).await.unwrap()
    }

    /// Checks names that are all served at one site; without waiting on the runtime that serves it.
    async fn check(&self, site: &Site, names: &[&str]) -> Typed {
        let mut arguments: Vec<String> =
            ["check", "--json", "--no-aia", "--allow", "127.0.0.0/8"].map(str::to_owned).into();
        let root = self.directory.path().join("root.pem");
        arguments.extend(["--ca".to_owned(), root.display().to_string()]);
        arguments.extend(["--connect".to_owned(), site.address().to_string()]);
        arguments.extend(names.iter().map(|name| (*name).to_owned()));
        let run = move || typed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    }
}

fn states(lines: &[Value]) -> Vec<(&str, &str)> {
    lines.iter().filter_map(|line| line["domain"].as_str().zip(line["state"].as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_server_is_secure_and_an_expired_one_critical() {
    let scene = Scene::new();
    let good = scene.site("a.example", scene.now + DAY * 300).await;
    let verdict = scene.check(&good, &["a.example"]).await.exited(0).json();
    assert_eq!((&verdict["state"], &verdict["severity"]), (&json!("secure"), &json!("ok")));
    let endpoint = &verdict["endpoints"][0];
    assert_eq!(endpoint["address"], good.address().to_string());
    assert_eq!(endpoint["chain"].as_array().unwrap().len(), 1);
    let expired = scene.site("a.example", scene.now - DAY).await;
    let verdict = scene.check(&expired, &["a.example"]).await.exited(2).json();
    assert_eq!(verdict["anomalies"][0]["kind"], "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_names_exit_with_the_worst_in_the_order_they_were_named() {
    let scene = Scene::new();
    let site = scene.site("a.example", scene.now + DAY * 300).await;
    let typed = scene.check(&site, &["b.example", "a.example"]).await.exited(2);
    let lines = typed.lines();
    assert_eq!(states(&lines), [("b.example:443", "abnormal"), ("a.example:443", "secure")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_is_the_servers_failure_and_a_forbidden_address_ours() {
    let scene = Scene::new();
    let site = scene.site("a.example", scene.now + DAY * 300).await;
    site.close().await.unwrap();
    let verdict = scene.check(&site, &["a.example"]).await.exited(2).json();
    assert_eq!(verdict["state"], "enable_failed");
    assert_eq!(verdict["anomalies"][0]["evidence"]["reason"], "connect_refused");
    let refused = typed(&["check", "--json", "127.0.0.1"]).exited(3).json();
    assert_eq!(refused["state"], "unknown");
    let malformed = typed(&["check", "--json", "*.example"]).exited(3).json();
    assert!(malformed["remarks"][0].as_str().unwrap().contains("wildcard"), "{malformed}");
}

#[test]
fn name_servers_are_read_as_the_prober_reads_them() {
    let check = |servers: &str| {
        let mut command = program(&["check", "127.0.0.1:1"]);
        Typed::from(command.env("PROBER_NAME_SERVERS", servers).output().unwrap())
    };
    // It looks, at an address that it may not dial.
    assert!(check("192.0.2.1, 192.0.2.1:5353").out.contains("127.0.0.1:1"));
    assert!(check("resolver").exited(3).err.contains("PROBER_NAME_SERVERS: resolver: "));
}
