//! Every page, in both languages, at a desk and on the way, light and dark.

use browser::{Browser, House, Looks, PHONE, SCREEN};
use harness::{eventually::eventually, scene::DAY};
use lab::site::{Behaviour, Site};
use serde_json::json;

/// Every page that is there for everybody, with the name of its picture.
const PAGES: [(&str, &str); 13] = [
    ("/", "overview"),
    ("/domains", "domains"),
    ("/domains/add", "domains-add"),
    ("/anomalies", "anomalies"),
    ("/anomalies?tab=silences", "silences"),
    ("/notification", "notification"),
    ("/notification?edit=default", "notification-edit"),
    ("/contacts", "contacts"),
    ("/contacts/add", "contacts-add"),
    ("/inbox", "inbox"),
    ("/deliveries", "deliveries"),
    ("/audit", "audit"),
    ("/account", "account"),
];

/// Only for administrators.
const SETTINGS: [(&str, &str); 1] = [("/settings", "settings")];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_read_and_used() {
    let house = House::open(&[]).await;
    let (domain, _sites) = furnished(&house).await;
    let chinese = Looks { language: "zh-CN", ..SCREEN };
    let dark = Looks { dark: true, ..SCREEN };
    let ways = [("en", SCREEN), ("zh", chinese), ("phone", PHONE), ("dark", dark)];
    for (name, looks) in ways {
        let browser = house.enter(name, looks).await;
        let of_domain = [
            (format!("/domains/{domain}"), "domain"),
            (format!("/domains/{domain}/options"), "domain-options"),
        ];
        for (path, picture) in PAGES.iter().chain(&SETTINGS) {
            seen(&browser, path, picture).await;
        }
        for (path, picture) in &of_domain {
            seen(&browser, path, picture).await;
        }
        browser.close().await;
    }
}

async fn seen(browser: &Browser, path: &str, picture: &str) {
    browser.visit(path).await;
    assert_eq!(browser.at().await, path, "the page is there");
    assert!(browser.has("main h1").await, "{path} has a headline");
    browser.look(picture).await;
}

/// Domains of several states, one of them with a story; and the sites that must stay open.
async fn furnished(house: &House) -> (String, Vec<Site>) {
    let fleet = &house.fleet;
    let mut sites = Vec::new();
    let mut story = String::new();
    let leaves = [
        ("shop.test", DAY * 80),
        ("old.test", -DAY),
        ("soon.test", DAY * 2),
        ("later.test", DAY * 20),
    ];
    for (host, left) in leaves {
        let identity = fleet.scene.with_left(host, left);
        let site = Site::open(Behaviour::Serve(identity)).await.unwrap();
        let options = json!({
            "fixed_address": site.address().ip().to_string(), "interval_seconds": 60,
            "tags": ["web", "production"], "owner_note": "Call Ada.\nRenew with certbot.",
        });
        let watched = fleet.watch_with(host, site.port(), options).await;
        if host == "old.test" {
            story.clone_from(&watched.id);
        }
        sites.push(site);
    }
    eventually("all are looked at and told", async || {
        let events = fleet.api.all("/events").await?;
        let inbox = fleet.api.all("/inbox").await?;
        let domains = fleet.api.all("/domains?state=enabling").await?;
        let is_there = events.len() >= 3 && inbox.len() >= 3 && domains.is_empty();
        if is_there { Ok(()) } else { Err(format!("{events:?} {inbox:?} {domains:?}")) }
    })
    .await;
    (story, sites)
}
