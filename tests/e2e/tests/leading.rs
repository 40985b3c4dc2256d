//! The console says when no detector or no notifier works, and when one does again.

use harness::eventually::eventually;
use harness::fleet::{Fleet, Role, Shape};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_console_says_when_a_service_is_dead() {
    let mut fleet = Fleet::start(Shape::Nats).await;
    until(&fleet, |system| {
        system["troubles"] == json!([])
            && system["leaders"].as_array().unwrap().iter().all(|lead| lead["leads"] == true)
    })
    .await;
    for (role, service) in [(Role::Notifier, "notifier"), (Role::Detector, "detector")] {
        fleet.kill(role, 1).await;
        let dead = until(&fleet, |system| system["troubles"][0]["service"] == service).await;
        assert_eq!(dead["troubles"][0]["trouble"], "nobody_leads", "{dead}");
        assert_eq!(dead["ready"], true, "the console itself is well: {dead}");
        fleet.revive(role, 1).await;
        until(&fleet, |system| system["troubles"] == json!([])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_says_that_the_broker_is_dead_and_does_not_wait_for_it() {
    let mut fleet = Fleet::start(Shape::Nats).await;
    until(&fleet, |system| system["troubles"] == json!([])).await;
    fleet.nats.as_mut().unwrap().kill().await;
    until(&fleet, |system| system["troubles"][0]["trouble"] == "bus_silent").await;
    fleet.nats.as_mut().unwrap().restart().await;
    until(&fleet, |system| system["troubles"] == json!([])).await;
}

/// Waits until the console says of the system what it should.
async fn until(fleet: &Fleet, is_so: impl Fn(&Value) -> bool) -> Value {
    eventually("the console says how the system fares", async || {
        let system = fleet.api.get("/system").await?;
        if is_so(&system) { Ok(system) } else { Err(system.to_string()) }
    })
    .await
}
