//! Any process may die at any instant: no event is lost, none is told of twice.

use std::collections::BTreeMap;

use harness::eventually::eventually_within;
use harness::fleet::{Fleet, Plan, RECOVERY, Role, Shape};
use harness::nats::Stored;
use harness::scene::{DAY, ninety_days};
use lab::authority::Leaf;
use lab::site::{Behaviour, Site};
use proto::v1::{Event, event::Phase};
use serde_json::{Value, json};

/// Domains, each of them expired.
const DOMAINS: usize = 1_000;

/// What dies, each when so many events have been published.
const DEATHS: [(u64, Victim); 4] = [
    (100, Victim::Service(Role::Prober)),
    (300, Victim::Service(Role::Detector)),
    (500, Victim::Service(Role::Notifier)),
    (700, Victim::Broker),
];

#[derive(Debug, Clone, Copy)]
enum Victim {
    Service(Role),
    Broker,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_expiries_outlive_the_death_of_every_process() {
    let mut fleet = Plan::new(Shape::Nats).probers(2).telling_one_by_one().start().await;
    let site = Site::open(Behaviour::Serve(expired(&fleet))).await.unwrap();
    fleet.watch_all(many(&site, DOMAINS)).await;

    for (events, victim) in DEATHS {
        until_events(&fleet, events).await;
        match victim {
            Victim::Service(role) => {
                fleet.kill(role, 1).await;
                fleet.revive(role, 1).await;
            }
            Victim::Broker => {
                let nats = fleet.nats.as_mut().unwrap();
                nats.kill().await;
                nats.restart().await;
            }
        }
    }
    until_events(&fleet, DOMAINS as u64).await;
    all_told(&fleet, DOMAINS).await;

    let events = fleet.nats.as_ref().unwrap().messages("EVENTS").await;
    let opened = opened(events.iter().map(Stored::decoded));
    let twice: Vec<_> = opened.iter().filter(|(_, count)| **count > 1).collect();
    assert_eq!((opened.len(), twice.len()), (DOMAINS, 0), "opened twice: {twice:?}");
    each_was_mailed(&fleet, DOMAINS, DEATHS.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_process_may_die_in_the_middle_as_often_as_it_likes() {
    const FEW: usize = 200;
    const KILLS: usize = 5;
    let mut fleet = Plan::new(Shape::Embedded).telling_one_by_one().start().await;
    let site = Site::open(Behaviour::Serve(expired(&fleet))).await.unwrap();
    fleet.watch_all(many(&site, FEW)).await;

    for kill in 1..=KILLS {
        let wanted = kill * FEW / (KILLS + 1);
        eventually_within(RECOVERY, "some have been told", async || {
            let told = fleet.post.mails().len();
            if told >= wanted { Ok(()) } else { Err(format!("{told} mails of {wanted}")) }
        })
        .await;
        fleet.kill(Role::All, 1).await;
        fleet.revive(Role::All, 1).await;
    }
    all_told(&fleet, FEW).await;

    let events = fleet.api.all("/events").await.unwrap();
    let mut opened: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events.iter().filter(|event| event["phase"] == "opened") {
        *opened.entry(event["domain_id"].as_str().unwrap()).or_default() += 1;
    }
    let twice: Vec<_> = opened.iter().filter(|(_, count)| **count > 1).collect();
    assert_eq!((opened.len(), twice.len()), (FEW, 0), "opened twice: {twice:?}");
    each_was_mailed(&fleet, FEW, KILLS).await;
}

fn expired(fleet: &Fleet) -> lab::authority::identity::Identity {
    fleet.scene.issue(&Leaf::named("*.many.test", ninety_days(-DAY)))
}

fn many(site: &Site, count: usize) -> Value {
    let options = json!({ "fixed_address": site.address().ip().to_string() });
    let domain = |number| json!({ "name": format!("d{number}.many.test:{}", site.port()), "options": options });
    (0..count).map(domain).collect()
}

async fn until_events(fleet: &Fleet, count: u64) {
    eventually_within(RECOVERY, &format!("{count} events"), async || {
        let seen = fleet.nats.as_ref().unwrap().count("EVENTS").await?;
        if seen >= count { Ok(()) } else { Err(format!("{seen} events")) }
    })
    .await;
}

/// Every delivery has come to its end.
async fn all_told(fleet: &Fleet, domains: usize) {
    eventually_within(RECOVERY, "every domain has been told of", async || {
        let mailed = fleet.api.all("/deliveries?method=email&state=delivered").await?.len();
        if mailed >= domains { Ok(()) } else { Err(format!("{mailed} delivered")) }
    })
    .await;
}

fn opened(events: impl Iterator<Item = Event>) -> BTreeMap<String, usize> {
    let mut opened = BTreeMap::new();
    for event in events.filter(|event| event.phase() == Phase::Opened) {
        *opened.entry(event.domain_id).or_default() += 1;
    }
    opened
}

/// Each delivery reached the mail server at least once, and no more of them came again than there
/// were kills.
#[expect(clippy::print_stdout, reason = "the counts are part of what is promised")]
async fn each_was_mailed(fleet: &Fleet, domains: usize, kills: usize) {
    let letters = fleet.api.all("/deliveries?method=email").await.unwrap();
    let mails = fleet.post.mails();
    let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
    for mail in &mails {
        *copies.entry(mail.message_id()).or_default() += 1;
    }
    let extra = mails.len() - copies.len();
    println!(
        "{domains} domains, {kills} kills: {} mails, of which {extra} came again",
        mails.len()
    );
    assert_eq!((letters.len(), copies.len()), (domains, domains), "one mail for each domain");
    assert!(extra <= kills, "at most one extra for each kill: {extra}");
}
