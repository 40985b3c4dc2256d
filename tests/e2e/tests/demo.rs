//! `certherald up --demo` shows a newcomer alerts and recoveries within two minutes.

use std::time::Duration;

use harness::api::Api;
use harness::binary;
use harness::eventually::eventually_within;
use harness::fleet::RECOVERY;
use harness::process::Process;
use serde_json::Value;
use tokio::process::Command;

/// What a newcomer has the patience for.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_sees_alerts_and_recoveries_within_two_minutes() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary::path());
    command.args(["up", "--demo", "--listen", "127.0.0.1:0"]).env_clear();
    command.env("TMPDIR", directory.path());
    let mut process = Process::start("up", command, directory.path());
    let base = process.said("The console answers on ", |c| c == '"').await;
    let kept = process.said("certherald-demo-", |c| !c.is_ascii_alphanumeric()).await;
    let token = directory.path().join(format!("certherald-demo-{kept}/admin-token"));
    let api = Api::new(base.trim_end_matches('.'), std::fs::read_to_string(token).unwrap().trim());

    let wanted = [
        ("expired.demo.test", "expired"),
        ("expiring.demo.test", "expiring"),
        ("incomplete.demo.test", "chain_incomplete"),
        ("wrong-name.demo.test", "name_mismatch"),
        ("self-signed.demo.test", "untrusted"),
        ("about-to-expire.demo.test", "expired"),
        ("closed.demo.test", "enable_failed"),
    ];
    let begun = tokio::time::Instant::now();
    eventually_within(PATIENCE, "every alert", async || {
        let events = api.all("/events").await?;
        let missing = wanted.iter().filter(|(host, kind)| !happened(&events, host, kind));
        nothing_of(&missing.collect::<Vec<_>>())
    })
    .await;
    let left = PATIENCE.saturating_sub(begun.elapsed());
    eventually_within(left, "recoveries of those that were mended early", async || {
        let events = api.all("/events").await?;
        let missing =
            wanted.iter().take(5).filter(|(host, _)| !happened(&events, host, "recovered"));
        nothing_of(&missing.collect::<Vec<_>>())
    })
    .await;
    let fine = api.get("/domains?text=fine.demo.test").await.unwrap();
    assert_eq!(fine["items"][0]["state"], "secure");
    let log = process.log();
    for (host, _) in wanted {
        assert!(log.contains(host), "`{host}` is shown to the newcomer:\n{log}");
    }

    eventually_within(RECOVERY, "the newcomer is told that this was all", async || {
        let log = process.log();
        if log.contains("That was all") { Ok(()) } else { Err(log) }
    })
    .await;

    assert!(process.terminate().await.success(), "{}", process.log());
    assert!(!process.log().contains("The snapshot is discarded"), "{}", process.log());
    let names =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let kept: Vec<_> =
        names.filter(|name| name.to_string_lossy().starts_with("certherald-demo-")).collect();
    assert!(kept.is_empty(), "nothing is kept: {kept:?}");
}

fn happened(events: &[Value], host: &str, kind: &str) -> bool {
    events.iter().any(|event| event["host"] == host && event["kind"] == kind)
}

fn nothing_of<T: std::fmt::Debug>(missing: &[T]) -> Result<(), String> {
    if missing.is_empty() { Ok(()) } else { Err(format!("missing: {missing:?}")) }
}
