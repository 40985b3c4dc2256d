//! Probers are added at will: each job is done once, and the load is shared.

use std::collections::BTreeMap;

use harness::eventually::{eventually, eventually_within};
use harness::fleet::{Fleet, Plan, RECOVERY, Role, Shape};
use harness::nats::Stored;
use harness::scene::{DAY, ninety_days};
use lab::authority::Leaf;
use lab::site::{Behaviour, Site};
use proto::v1::ScanFact;
use serde_json::{Value, json};

/// Domains of one run.
const DOMAINS: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn one_prober_does_each_job_once() {
    each_job_is_done_once_by(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_probers_share_the_jobs() {
    each_job_is_done_once_by(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_probers_share_the_jobs() {
    each_job_is_done_once_by(4).await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the counts are part of what is promised")]
async fn what_a_killed_prober_held_is_done_once_more_by_the_other() {
    let mut fleet = Plan::new(Shape::Nats).probers(2).start().await;
    let leaf = Leaf::named("*.many.test", ninety_days(DAY * 80));
    let site = Site::open(Behaviour::Serve(fleet.scene.issue(&leaf))).await.unwrap();
    fleet.watch_all(many(&site)).await;
    eventually("it works", async || if site.connections() > 100 { Ok(()) } else { Err("not yet") })
        .await;
    fleet.kill(Role::Prober, 1).await;
    // What the dead prober held is among it: nobody else has been given that yet.
    let held = unanswered(&fleet).await;
    all_secure(&fleet).await;

    let facts = facts(&fleet).await;
    let (looks, done) = (looks(&facts), facts.len() as u64);
    let again = site.connections() - done;
    println!("{done} facts of {DOMAINS} domains, and {again} looks that a dead prober had begun");
    println!("{held} jobs were with a prober when it died");
    let twice: Vec<_> = looks.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "looks with more than one fact: {twice:?}");
    assert!(again <= held, "each that was held at most once more: {again} of {held}");
}

#[expect(clippy::print_stdout, reason = "the counts are part of what is promised")]
async fn each_job_is_done_once_by(probers: usize) {
    let fleet = Plan::new(Shape::Nats).probers(probers).start().await;
    let leaf = Leaf::named("*.many.test", ninety_days(DAY * 80));
    let site = Site::open(Behaviour::Serve(fleet.scene.issue(&leaf))).await.unwrap();
    fleet.watch_all(many(&site)).await;
    all_secure(&fleet).await;

    // Some may be looked at once more just now.
    let facts = eventually("each look is one connection", async || {
        let (facts, connections) = (facts(&fleet).await, site.connections());
        let is_each_one = connections == facts.len() as u64;
        is_each_one.then_some(()).ok_or(format!("{} facts, {connections}", facts.len()))?;
        Ok::<_, String>(facts)
    })
    .await;
    let looks = looks(&facts);
    let mut shares: BTreeMap<String, usize> = BTreeMap::new();
    for fact in &facts {
        *shares.entry(fact.prober.clone()).or_default() += 1;
    }
    println!("{} facts of {DOMAINS} domains by {probers} probers: {shares:?}", facts.len());
    let twice: Vec<_> = looks.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "looks with more than one fact: {twice:?}");
    assert_eq!(shares.len(), probers, "every prober has its share");
    let least = facts.len() / probers / 4;
    assert!(shares.values().all(|share| *share >= least), "each at least {least}: {shares:?}");
}

async fn facts(fleet: &Fleet) -> Vec<ScanFact> {
    let stored = fleet.nats.as_ref().unwrap().messages("FACTS").await;
    stored.iter().map(Stored::decoded).collect()
}

/// How many jobs were handed to a prober and have not been answered.
async fn unanswered(fleet: &Fleet) -> u64 {
    let bus = async_nats::jetstream::new(fleet.nats.as_ref().unwrap().client().await);
    let jobs = bus.get_stream("JOBS").await.unwrap();
    let probers = jobs.consumer_info("prober-default").await.unwrap();
    probers.num_ack_pending as u64
}

/// How many facts there are of each look of each domain.
fn looks(facts: &[ScanFact]) -> BTreeMap<(&str, u64), usize> {
    let mut looks = BTreeMap::new();
    for fact in facts {
        *looks.entry((fact.domain_id.as_str(), fact.look)).or_default() += 1;
    }
    looks
}

/// A thousand names at one site.
fn many(site: &Site) -> Value {
    let options = json!({ "fixed_address": site.address().ip().to_string() });
    let domain = |number| json!({ "name": format!("d{number}.many.test:{}", site.port()), "options": options });
    (0..DOMAINS).map(domain).collect()
}

async fn all_secure(fleet: &Fleet) {
    eventually_within(RECOVERY, "every domain is secure", async || {
        let secure = fleet.api.all("/domains?state=secure").await?;
        if secure.len() == DOMAINS { Ok(()) } else { Err(format!("{} are", secure.len())) }
    })
    .await;
}
