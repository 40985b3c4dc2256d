//! Adding, looking, and what happens while somebody looks.

use std::time::Duration;

use browser::{Browser, House, Looks, SCREEN};
use harness::{eventually::eventually, fleet::RECOVERY, scene::DAY};
use lab::site::{Behaviour, Site};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_anomaly_comes_is_taken_in_hand_and_goes_while_somebody_looks() {
    let house = House::open(&["shop.test", "old.test"]).await;
    let scene = &house.fleet.scene;
    let good = || Behaviour::Serve(scene.good("shop.test"));
    let shop = Site::open(good()).await.unwrap();
    let old = Behaviour::Serve(scene.with_left("old.test", -DAY));
    let old = Site::open(old).await.unwrap();
    let browser = house.enter("living", SCREEN).await;

    let names = format!("shop.test:{}, old.test:{}\n*.bad.test", shop.port(), old.port());
    added(&browser, &names).await;
    browser.sees("*.bad.test").await;
    browser.sees("wildcard").await;
    browser.look("added").await;

    browser.visit("/").await;
    browser.sees("old.test").await;
    browser.sees("Expired").await;
    // When, in absolute time as well: a phone and a keyboard have nothing to hover with.
    browser.sees(" UTC").await;
    browser.look("overview").await;

    browser.visit("/domains?text=shop").await;
    browser.press_text(&format!("shop.test:{}", shop.port())).await;
    browser.sees("Secure").await;
    shop.behave(Behaviour::Serve(scene.with_left("shop.test", -DAY))).unwrap();
    browser.press("form[action$='/scan'] button").await;
    browser.sees("Expired").await;
    browser.look("domain-abnormal").await;

    browser.write("[data-live='wrong'] input[name='reason']", "Ordered; comes at noon").await;
    browser.press("form[action$='/acknowledge'] button").await;
    browser.sees("Ordered; comes at noon").await;
    shop.behave(good()).unwrap();
    browser.press("form[action$='/scan'] button").await;
    browser.sees_within(RECOVERY, "Recovered").await;
    browser.look("domain-recovered").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_keeps_up_with_what_does_not_cease_to_come() {
    let house = House::open(&[]).await;
    house.fleet.api.post("/domains", &json!(["first.test"])).await.unwrap();
    let browser = house.enter("storm", SCREEN).await;
    browser.visit("/domains").await;
    browser.sees("first.test").await;
    let storm = async {
        // More often than a page waits for what comes together, and for longer than it may wait.
        for number in 1..=100 {
            let name = format!("host-{number}.test");
            house.fleet.api.post("/domains", &json!([name])).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = browser.sees("host-1.test") => {}
        () = storm => panic!("nothing was shown while it came"),
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_ago_something_was_is_told_anew_though_nothing_happens() {
    let house = House::open(&[]).await;
    let browser = house.enter("time", SCREEN).await;
    browser.hurry().await;
    browser.visit("/audit").await;
    // Once more may be the page that catches up with what came while it was made.
    for _ in 0..3 {
        let before = browser.find("main time").await.text().await.unwrap();
        eventually("the time goes on", async || {
            let now = browser.find("main time").await.text().await.unwrap_or_default();
            if now.ends_with("UTC") && now != before { Ok(()) } else { Err(now) }
        })
        .await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_domains_are_added_changed_and_removed() {
    let house = House::open(&[]).await;
    let plain = Looks { scripts: false, ..SCREEN };
    let browser = house.enter("plain", plain).await;
    added(&browser, "a.test, b.test:8443").await;
    browser.sees("a.test:443").await;
    browser.visit("/domains").await;
    browser.sees("b.test:8443").await;
    browser.look("domains").await;
    browser.press_text("a.test:443").await;
    browser.press_text("Options").await;
    browser.write("#owner_note", "Call <b>Ada</b>").await;
    browser.press("main form button.primary").await;
    browser.sees("Call <b>Ada</b>").await;
    browser.press("form[action$='/remove'] button").await;
    browser.find("table").await;
    browser.sees("b.test:8443").await;
    assert!(!browser.text().await.contains("a.test:443"), "it is gone");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_domains_come_from_a_file() {
    let house = House::open(&[]).await;
    let browser = house.enter("file", SCREEN).await;
    let rows = (1..=1_000).map(|number| format!("host-{number}.test,web;bulk\n"));
    let text = format!("name,tags\n{}not a name,\n", rows.collect::<Vec<_>>().concat());
    let file = house.fleet.scene.file("thousand.csv", &text);
    browser.visit("/domains/add").await;
    browser.find("#file").await.send_keys(&file.display().to_string()).await.unwrap();
    browser.press("main form button.primary").await;
    browser.sees("1,000").await;
    browser.sees("not a name").await;
    browser.look("thousand").await;
    browser.visit("/domains?tag=bulk&text=host-77").await;
    browser.sees("host-777.test").await;
    browser.look("found").await;
    browser.close().await;
}

async fn added(browser: &Browser, names: &str) {
    browser.visit("/domains/add").await;
    browser.write("#names", names).await;
    browser.press("main form button.primary").await;
    browser.find("#answer").await;
}
