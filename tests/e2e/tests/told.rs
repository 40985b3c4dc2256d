//! Whatever is wrong with a domain is told by mail and in the inbox, and its recovery in the same
//! thread. The mail server is not ours.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use futures::future::join_all;
use harness::eventually::eventually;
use harness::external::{Recipe, Software};
use harness::fleet::{Fleet, MAILBOX, News, Plan, SENDER, Shape, Watched};
use harness::scene::{DAY, Scene, ninety_days};
use jiff::SignedDuration;
use lab::authority::Leaf;
use lab::authority::identity::Identity;
use lab::site::{Behaviour, Site};
use mail_parser::MimeHeaders;
use serde_json::json;

/// A name with two addresses.
const PAIR: &str = "pair.test";

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_and_its_recovery_are_told_by_one_process() {
    every_kind_and_its_recovery_are_told(Shape::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_and_its_recovery_are_told_over_nats() {
    every_kind_and_its_recovery_are_told(Shape::Nats).await;
}

/// All at once, since a recovery takes a minute to be believed.
async fn every_kind_and_its_recovery_are_told(shape: Shape) {
    let second = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let plan = Plan::new(shape).knowing(PAIR, Ipv4Addr::LOCALHOST.into()).knowing(PAIR, second);
    let fleet = &plan.with_a_real_mail_server().start().await;
    // Teaches the detector the intermediate, which proves the chain without it incomplete.
    let fine = Site::open(Behaviour::Serve(fleet.scene.good("fine.test"))).await.unwrap();
    let fine = fleet.watch("fine.test", &fine).await;
    fleet.until_state(&fine, "secure").await;

    tokio::join!(
        join_all(served(&fleet.scene).into_iter().map(|case| serve_then_mend(fleet, case))),
        closed_then_opened(fleet),
        good_then_closed_then_opened(fleet),
        weak_then_strong(fleet),
        two_then_one(fleet, second),
        changed(fleet),
    );
    assert!(fleet.inbox(&fine).await.unwrap().is_empty(), "nothing is wrong with it");
}

/// A site that serves something wrong, and then something right.
struct Case {
    kind: &'static str,
    wrong: Identity,
    right: Identity,
}

fn served(scene: &Scene) -> Vec<Case> {
    let soon = SignedDuration::from_mins(20);
    let stranger = scene.good("stranger.test");
    let alone = Leaf::named("untrusted.test", ninety_days(DAY * 80)).self_signed().unwrap();
    let case = |kind, name, wrong| Case { kind, wrong, right: scene.good(name) };
    let incomplete = scene.good("chain-incomplete.test");
    vec![
        case("expired", "expired.test", scene.with_left("expired.test", -soon)),
        case("expiring", "expiring.test", scene.with_left("expiring.test", soon)),
        case("name_mismatch", "name-mismatch.test", stranger),
        case("untrusted", "untrusted.test", alone),
        case("not_yet_valid", "not-yet-valid.test", scene.not_yet_valid("not-yet-valid.test")),
        Case { kind: "chain_incomplete", wrong: incomplete.leaf_only(), right: incomplete },
    ]
}

async fn serve_then_mend(fleet: &Fleet, Case { kind, wrong, right }: Case) {
    let site = Site::open(Behaviour::Serve(wrong)).await.unwrap();
    let domain = fleet.watch(&format!("{}.test", kind.replace('_', "-")), &site).await;
    let news = fleet.until_told(&domain, kind, 0).await;
    if kind == "chain_incomplete" {
        let files: Vec<_> =
            news.mail.message.attachments().map(MimeHeaders::attachment_name).collect();
        assert_eq!(files, [Some("missing-intermediates.pem")], "what is missing is attached");
    }
    fleet.until_state(&domain, "abnormal").await;
    site.serve(&right).unwrap();
    recovered(fleet, &domain, &news).await;
}

/// Nothing was ever served here.
async fn closed_then_opened(fleet: &Fleet) {
    let good = fleet.scene.good("enable-failed.test");
    let site = Site::closed(Behaviour::Serve(good)).unwrap();
    let domain = fleet.watch("enable-failed.test", &site).await;
    let news = fleet.until_told(&domain, "enable_failed", 0).await;
    assert!(news.mail.text().contains("closed"), "the reason is told: {}", news.mail.text());
    fleet.until_state(&domain, "enable_failed").await;
    site.open_again().await.unwrap();
    recovered(fleet, &domain, &news).await;
}

/// Something was served here once.
async fn good_then_closed_then_opened(fleet: &Fleet) {
    let good = fleet.scene.good("unreachable.test");
    let site = Site::open(Behaviour::Serve(good)).await.unwrap();
    let domain = fleet.watch("unreachable.test", &site).await;
    fleet.until_state(&domain, "secure").await;
    site.close().await.unwrap();
    fleet.scan(&domain).await;
    let news = fleet.until_told(&domain, "unreachable", 0).await;
    site.open_again().await.unwrap();
    recovered(fleet, &domain, &news).await;
}

/// Our own library signs with no key that is short enough.
async fn weak_then_strong(fleet: &Fleet) {
    let leaf = Leaf::named("weak.test", ninety_days(DAY * 80));
    let recipe = Recipe::with_rsa_key(&fleet.scene.intermediate, &leaf, 1_024).await;
    let server = Software::Openssl.serve(&recipe).await;
    let address = server.address();
    let at = json!({ "fixed_address": address.ip().to_string(), "interval_seconds": 60 });
    let domain = fleet.watch_with("weak.test", address.port(), at).await;
    let news = fleet.until_told(&domain, "weak", 0).await;
    drop(server);
    let strong = fleet.scene.good("weak.test");
    let open = async || Site::open_at(address, Behaviour::Serve(strong.clone())).await;
    let _site = eventually("the port is free again", open).await;
    recovered(fleet, &domain, &news).await;
}

/// One name, two addresses that disagree.
async fn two_then_one(fleet: &Fleet, second: IpAddr) {
    let (old, new) = (fleet.scene.good(PAIR), fleet.scene.good(PAIR));
    let first = Site::open(Behaviour::Serve(new.clone())).await.unwrap();
    let address = SocketAddr::new(second, first.port());
    let second = Site::open_at(address, Behaviour::Serve(old)).await.unwrap();
    let resolved = json!({ "interval_seconds": 60 });
    let domain = fleet.watch_with(PAIR, first.port(), resolved).await;
    let news = fleet.until_told(&domain, "mixed_certificates", 0).await;
    second.serve(&new).unwrap();
    recovered(fleet, &domain, &news).await;
}

/// Told only to those who ask for it, and never over.
async fn changed(fleet: &Fleet) {
    let site = Site::open(Behaviour::Serve(fleet.scene.good("changed.test"))).await.unwrap();
    let domain = fleet.watch("changed.test", &site).await;
    fleet.until_state(&domain, "secure").await;
    let default = fleet.api.get("/settings/default").await.unwrap();
    let setting = json!({
        "contacts": default["contacts"], "methods": default["methods"],
        "kinds": ["certificate_changed"],
    });
    fleet.api.put(&format!("/domains/{}/setting", domain.id), &setting).await.unwrap();
    let names = ["changed.test", "gained.test"];
    let leaf = Leaf::named("changed.test", ninety_days(DAY * 85)).with_names(&names);
    site.serve(&fleet.scene.issue(&leaf)).unwrap();
    fleet.scan(&domain).await;
    let news = fleet.until_told(&domain, "certificate_changed", 0).await;
    assert!(news.mail.text().contains("gained.test"), "{}", news.mail.text());
    fleet.until_state(&domain, "secure").await;
}

/// The trouble is over, and that is told once, to whom the trouble was told, in its thread.
async fn recovered(fleet: &Fleet, domain: &Watched, trouble: &News) {
    let news = fleet.until_told(domain, "recovered", 0).await;
    fleet.until_state(domain, "secure").await;
    let (told, over) = (&trouble.mail, &news.mail);
    assert!(over.references().contains(&told.message_id()), "{:?}", over.references());
    assert_eq!(told.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!((told.sender.as_str(), &told.recipients[..]), (SENDER, &[MAILBOX.to_owned()][..]));
    for mail in [told, over] {
        assert!(mail.text().contains(&domain.name), "{}", mail.text());
        assert!(mail.html().contains(&domain.name), "{}", mail.html());
    }
    let entries = fleet.inbox(domain).await.unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    let recoveries = kinds.iter().filter(|kind| **kind == "recovered").count();
    assert_eq!((recoveries, kinds.last()), (1, Some(&"recovered")), "{kinds:?}");
}
