//! *Edit Notification*: what is saved in the panel stands in the table, and holds.

use browser::{Browser, House, SCREEN};
use harness::{
    eventually::eventually,
    fleet::{Fleet, RECOVERY, Watched},
    scene::DAY,
    surroundings::now,
};
use jiff::{SignedDuration, tz::Offset};
use lab::site::{Behaviour, Site};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_setting_of_a_domain_decides_who_is_told_of_what_and_how() {
    let house = House::open(&[]).await;
    let fleet = &house.fleet;
    fleet.api.post("/contacts", &json!({ "name": "Night shift" })).await.unwrap();
    let site = Site::open(Behaviour::Serve(fleet.scene.good("shop.test"))).await.unwrap();
    let domain = fleet.watch("shop.test", &site).await;
    fleet.until_state(&domain, "secure").await;

    let browser = house.enter("notifying", SCREEN).await;
    browser.press_text("Notification").await;
    browser.sees("Ops").await;
    browser.look("default").await;
    browser.press(&format!("a[href*='{}'][href*='edit']", domain.id)).await;
    browser.sees("It follows the default setting").await;
    browser.tick("Contact", "Ops").await;
    browser.tick("Contact", "Operator").await;
    browser.tick("Contact", "Night shift").await;
    browser.tick("Notification Method", "Email").await;
    if !browser.has("[name='methods'][value='internal']:checked").await {
        browser.tick("Notification Method", "Internal message").await;
    }
    browser.tick("Anomaly Time", "Only from").await;
    typed(&browser, "anomaly_time.from", "0800AM").await;
    typed(&browser, "anomaly_time.to", "0930PM").await;
    browser.write("#zone", "Asia/Shanghai").await;
    browser.tick("Repeat", "Every").await;
    browser.write("[name='repeat_days']", "5").await;
    browser.tick("Kinds", "Only these").await;
    browser.tick("Kinds", "Expired").await;
    browser.tick("Kinds", "Wrong name").await;
    browser.look("panel").await;
    browser.press(".panel .primary").await;
    browser.sees("The setting is saved").await;
    for said in [
        "Own",
        "Night shift",
        "Internal message",
        "08:00–21:30 Asia/Shanghai; critical at any time",
        "Every 5 days",
        "Wrong name",
    ] {
        browser.sees(said).await;
    }
    browser.look("own").await;

    site.serve(&fleet.scene.with_left("shop.test", -DAY)).unwrap();
    fleet.scan(&domain).await;
    until_told(fleet, &domain, [["Night shift", "internal", "expired", "delivered"]]).await;
    browser.visit(&format!("/deliveries?domain={}", domain.name)).await;
    let told = browser.find("main tbody").await.text().await.unwrap();
    assert!(told.contains("Night shift") && told.contains("Internal message"), "{told}");
    assert!(!told.contains("Ops") && !told.contains("Email"), "{told}");

    browser.visit(&format!("/notification?edit={}", domain.id)).await;
    browser.press("[name='enabled']").await;
    browser.press(".panel .primary").await;
    browser.sees("Off").await;
    site.serve(&fleet.scene.with_left("other.test", DAY * 80)).unwrap();
    fleet.scan(&domain).await;
    fleet.until_open(&domain, &["expired", "name_mismatch"]).await;
    browser.visit(&format!("/domains/{}", domain.id)).await;
    browser.sees("Not told").await;
    browser.look("off").await;
    until_told(fleet, &domain, [["Night shift", "internal", "expired", "delivered"]]).await;

    browser.visit(&format!("/notification?edit={}", domain.id)).await;
    browser.press_text("Use the default setting").await;
    browser.sees("The default setting applies again").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_setting_holds_what_comes_at_the_wrong_time() {
    let house = House::open(&[]).await;
    let fleet = &house.fleet;
    let browser = house.enter("default", SCREEN).await;
    browser.visit("/notification?edit=default").await;
    let hour = |away| {
        let at = now() + SignedDuration::from_hours(away);
        Offset::UTC.to_datetime(at).strftime("%I00%p").to_string()
    };
    browser.tick("Anomaly Time", "Only from").await;
    typed(&browser, "anomaly_time.from", &hour(6)).await;
    typed(&browser, "anomaly_time.to", &hour(8)).await;
    browser.tick("Anomaly Time", "critical").await;
    browser.press(".panel .primary").await;
    browser.sees("The setting is saved").await;

    let expired = fleet.scene.with_left("shop.test", -DAY);
    let site = Site::open(Behaviour::Serve(expired)).await.unwrap();
    let domain = fleet.watch("shop.test", &site).await;
    fleet.until_open(&domain, &["expired"]).await;
    browser.visit(&format!("/domains/{}", domain.id)).await;
    browser.sees("Waits").await;
    browser.look("held").await;
    assert!(fleet.post.mails().is_empty(), "{:#?}", fleet.post.mails());

    browser.visit("/notification?edit=default").await;
    browser.tick("Anomaly Time", "All day").await;
    browser.press(".panel .primary").await;
    browser.sees("All day").await;
    browser.visit(&format!("/domains/{}", domain.id)).await;
    browser.sees_within(RECOVERY, "Told").await;
    fleet.until_told(&domain, "expired", 0).await;
    browser.close().await;
}

/// Types a time as people do where this browser is from.
async fn typed(browser: &Browser, name: &str, keys: &str) {
    browser.find(&format!("[name='{name}']")).await.send_keys(keys).await.unwrap();
}

/// Waits until a domain has just these deliveries: contact, method, kind, state.
async fn until_told(fleet: &Fleet, domain: &Watched, want: [[&str; 4]; 1]) {
    eventually(&format!("`{}` is told of as {want:?}", domain.name), async || {
        let told = fleet.api.all(&format!("/deliveries?domain={}", domain.id)).await?;
        let part = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
        let have: Vec<_> = told
            .iter()
            .map(|one| ["contact", "method", "kind", "state"].map(|field| part(one, field)))
            .collect();
        let want = want.map(|one| one.map(str::to_owned));
        if have == want { Ok(()) } else { Err(format!("{told:#?}")) }
    })
    .await;
}
