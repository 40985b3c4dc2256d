//! Every page, in both languages, at a desk and on the way, light and dark.

use browser::{Browser, House, Looks, PHONE, SCREEN};
use harness::{eventually::eventually, scene::DAY};
use lab::site::{Behaviour, Site};
use serde_json::{Value, json};

/// Every page that is there for everybody and speaks of all, with the name of its picture.
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
const SETTINGS: (&str, &str) = ("/settings", "settings");

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_read_and_used() {
    let house = House::open(&[]).await;
    let (pages, _sites) = furnished(&house).await;
    house.enter("first", SCREEN).await.close().await;
    let chinese = |looks| Looks { language: "zh-CN", ..looks };
    let dark = |looks| Looks { dark: true, ..looks };
    let desk = [("en", SCREEN), ("zh", chinese(SCREEN)), ("dark", dark(SCREEN))];
    let way = [("phone", PHONE), ("phone-zh", chinese(PHONE)), ("phone-dark", dark(PHONE))];
    // Two at a time: each waits for its browser, and the console has time for both.
    tokio::join!(all_seen(&house, &pages, desk), all_seen(&house, &pages, way));
}

async fn all_seen(house: &House, pages: &[(String, &str)], ways: [(&str, Looks); 3]) {
    for (name, looks) in ways {
        let browser = house.enter(name, looks).await;
        for (path, picture) in pages {
            seen(&browser, path, picture).await;
        }
        browser.client.delete_all_cookies().await.unwrap();
        seen(&browser, "/sign-in", "sign-in").await;
        browser.close().await;
    }
}

async fn seen(browser: &Browser, path: &str, picture: &str) {
    browser.visit(path).await;
    assert_eq!(browser.at().await, path, "the page is there");
    assert!(browser.has("main h1").await, "{path} has a headline");
    browser.look(picture).await;
}

/// Domains of several states, one of them with a story. The pages to look at, with the names of
/// their pictures; and the sites that must stay open.
async fn furnished(house: &House) -> (Vec<(String, &'static str)>, Vec<Site>) {
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
    let contact = fleet.api.all("/contacts").await.unwrap()[0]["id"].clone();
    let delivery = fleet.api.all("/deliveries").await.unwrap()[0]["id"].clone();
    let of = |template: &str, id: &Value| template.replace("{}", id.as_str().unwrap());
    let story = json!(story);
    let own = [
        (of("/domains/{}", &story), "domain"),
        (of("/domains/{}/options", &story), "domain-options"),
        (of("/notification?edit={}", &story), "notification-domain"),
        (of("/contacts/{}", &contact), "contact"),
        (of("/deliveries/{}", &delivery), "delivery"),
        ("/nowhere".to_owned(), "absent"),
    ];
    let pages = PAGES.into_iter().chain([SETTINGS]);
    (pages.map(|(path, picture)| (path.to_owned(), picture)).chain(own).collect(), sites)
}
