//! A rollout that serves old and new certificates in turn is one anomaly and one recovery.

use harness::fleet::{Fleet, Shape};
use harness::scene::DAY;
use lab::site::{Behaviour, Site};

/// Looks while old and new alternate.
const LOOKS: usize = 50;

/// Each relapse doubles the clean looks that are needed, up to this many.
const CLEAN_LOOKS_MAX: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn one_process_tells_of_a_rollout_once() {
    a_rollout_is_told_once(Shape::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_tells_of_a_rollout_once() {
    a_rollout_is_told_once(Shape::Nats).await;
}

async fn a_rollout_is_told_once(shape: Shape) {
    let fleet = Fleet::start(shape).await;
    let (old, new) = (fleet.scene.with_left("a.test", -DAY), fleet.scene.good("a.test"));
    let turns = Behaviour::Alternate(vec![old, new.clone()]);
    let site = Site::open(turns).await.unwrap();
    let domain = fleet.watch("a.test", &site).await;
    let news = fleet.until_told(&domain, "expired", 0).await;

    for _ in 0..LOOKS {
        fleet.scan_and_see(&domain).await;
    }
    assert_eq!(
        phases(&fleet, &domain).await,
        ["opened"],
        "half of all looks still see the old one"
    );

    site.serve(&new).unwrap();
    let mut looks = 0;
    while phases(&fleet, &domain).await.len() < 2 {
        assert!(looks <= CLEAN_LOOKS_MAX, "{looks} clean looks closed nothing");
        fleet.scan_and_see(&domain).await;
        looks += 1;
    }
    let over = fleet.until_told(&domain, "recovered", 0).await;
    assert_eq!(phases(&fleet, &domain).await, ["opened", "recovered"]);
    assert!(over.mail.references().contains(&news.mail.message_id()));
    assert_eq!(fleet.letters(&domain).await.unwrap().len(), 2, "two mails in all");
}

/// What happened to the domain, change of certificate aside.
async fn phases(fleet: &Fleet, domain: &harness::fleet::Watched) -> Vec<String> {
    let events = fleet.events(domain).await.unwrap();
    let told = events.iter().filter(|event| event["kind"] != "certificate_changed");
    told.map(|event| event["phase"].as_str().unwrap().to_owned()).collect()
}
