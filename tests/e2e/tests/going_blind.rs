//! Our own blindness is one self-alert, never a storm about domains that are fine.

use std::time::Duration;

use harness::api::Body;
use harness::eventually::{eventually_within, throughout};
use harness::fleet::{Fleet, NO_ROUTE, Plan, RECOVERY, Role, Shape, Watched};
use harness::scene::{DAY, ninety_days};
use lab::authority::Leaf;
use lab::site::{Behaviour, Site};
use proto::v1::{Event, Kind};
use reqwest::Method;
use serde_json::{Value, json};

/// Domains that fail in the same moment; twenty make a judgement of their prober.
const DOMAINS: usize = 25;

/// Longer than the three rounds after which a domain that is believed would be unreachable.
const THREE_ROUNDS: Duration = Duration::from_secs(75);

/// Longer than three periods of a minute, each with its scan deadline.
const THREE_PERIODS: Duration = Duration::from_mins(7);

#[tokio::test(flavor = "multi_thread")]
async fn a_prober_in_one_process_that_sees_nothing_but_failures_accuses_itself() {
    let fleet = a_prober_that_sees_nothing_but_failures_accuses_itself(Shape::Embedded).await;
    assert_eq!(accused(&fleet).await.unwrap(), ["up-1"], "told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prober_on_nats_that_sees_nothing_but_failures_accuses_itself() {
    let fleet = a_prober_that_sees_nothing_but_failures_accuses_itself(Shape::Nats).await;
    assert_eq!(accused(&fleet).await.unwrap(), ["prober-1"], "told once");
    let mut events = fleet.nats.as_ref().unwrap().messages("EVENTS").await;
    events.retain(|message| message.decoded::<Event>().kind() == Kind::ProberBlind);
    let subjects: Vec<_> = events.iter().map(|event| event.subject.as_str()).collect();
    assert_eq!(subjects, ["certherald.events.prober_blind.prober-1.0"]);
}

/// The mail server is not ours.
async fn a_prober_that_sees_nothing_but_failures_accuses_itself(shape: Shape) -> Fleet {
    let fleet = Plan::new(shape).with_a_real_mail_server().start().await;
    let (site, domains) = many_fine(&fleet).await;

    site.close().await.unwrap();
    for domain in &domains {
        fleet.scan(domain).await;
    }
    until_self_alert(RECOVERY, &fleet).await;
    throughout(THREE_ROUNDS, "nothing is said of the domains", || no_word_of_them(&fleet)).await;
    site.open_again().await.unwrap();
    for domain in &domains {
        fleet.scan(domain).await;
        fleet.until_state(domain, "secure").await;
    }
    no_word_of_them(&fleet).await.unwrap();
    fleet
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_prober_dead_there_is_one_self_alert() {
    let mut fleet = Fleet::start(Shape::Nats).await;
    let (_site, domains) = many_fine(&fleet).await;

    fleet.kill(Role::Prober, 1).await;
    until_self_alert(THREE_PERIODS, &fleet).await;
    for domain in &domains {
        fleet.until_state(domain, "unknown").await;
    }

    fleet.revive(Role::Prober, 1).await;
    for domain in &domains {
        fleet.until_state(domain, "secure").await;
    }
    no_word_of_them(&fleet).await.unwrap();
    assert_eq!(accused(&fleet).await.unwrap().len(), 1, "told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_domain_that_cannot_be_seen_is_told_of_by_one_process() {
    one_domain_that_cannot_be_seen_is_told_of(Shape::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_domain_that_cannot_be_seen_is_told_of_over_nats() {
    one_domain_that_cannot_be_seen_is_told_of(Shape::Nats).await;
}

/// The prober has no route to it, and says so: nothing is known of the domain, and nothing is wrong
/// with the prober, which sees all the others. The mail server is not ours.
async fn one_domain_that_cannot_be_seen_is_told_of(shape: Shape) {
    let fleet = Plan::new(shape).with_a_real_mail_server().start().await;
    let site = Site::open(Behaviour::Serve(fleet.scene.good("a.test"))).await.unwrap();
    let stranded = fleet.watch("a.test", &site).await;
    for port in [site.port(), site.port() - 1, site.port() + 1] {
        let options = json!({ "fixed_address": "127.0.0.1", "interval_seconds": 60 });
        fleet.watch_with("other.a.test", port, options).await;
    }
    fleet.until_state(&stranded, "secure").await;

    dial(&fleet, &stranded, NO_ROUTE).await;
    fleet.until_open_within(THREE_PERIODS, &stranded, &["not_observed"]).await;
    fleet.until_state(&stranded, "unknown").await;
    let told = fleet.until_told(&stranded, "not_observed", 0).await.mail;

    dial(&fleet, &stranded, "127.0.0.1").await;
    fleet.until_state(&stranded, "secure").await;
    let over = fleet.until_told(&stranded, "recovered", 0).await.mail;
    assert!(over.references().contains(&told.message_id()), "{:?}", over.references());
    let events = fleet.events(&stranded).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["not_observed", "recovered"]);
}

/// From now on, a domain is looked at there.
async fn dial(fleet: &Fleet, domain: &Watched, address: &str) {
    let options = json!({ "fixed_address": address });
    let change = Body::Json(&options);
    let path = format!("/domains/{}", domain.id);
    let answer = fleet.api.ask(Method::PATCH, &path, change).await.unwrap();
    assert!(answer.status.is_success(), "{}", answer.text);
}

/// Many domains at one site, looked at once a minute, all secure.
async fn many_fine(fleet: &Fleet) -> (Site, Vec<Watched>) {
    let leaf = Leaf::named("*.many.test", ninety_days(DAY * 80));
    let site = Site::open(Behaviour::Serve(fleet.scene.issue(&leaf))).await.unwrap();
    let options = json!({
        "fixed_address": site.address().ip().to_string(), "interval_seconds": 60,
    });
    let name = |number| format!("d{number}.many.test:{}", site.port());
    let list: Vec<_> =
        (0..DOMAINS).map(|number| json!({ "name": name(number), "options": options })).collect();
    let domains = fleet.watch_all(json!(list)).await;
    for domain in &domains {
        fleet.until_state(domain, "secure").await;
    }
    (site, domains)
}

/// Waits until a self-alert is published, and told by mail and in the inbox.
async fn until_self_alert(within: Duration, fleet: &Fleet) {
    eventually_within(within, "a self-alert", async || {
        let accused = accused(fleet).await?;
        if accused.is_empty() {
            Err(format!("{:#?}", fleet.api.all("/events").await?))
        } else {
            Ok(())
        }
    })
    .await;
    let accused = accused(fleet).await.unwrap();
    eventually_within(RECOVERY, "a mail and an inbox entry about it", async || {
        let is_alert = |news: &&Value| news["kind"] == "prober_blind";
        let (letters, entries) =
            (fleet.api.all("/deliveries?method=email").await?, fleet.api.all("/inbox").await?);
        let letter = letters.iter().find(is_alert).ok_or(format!("mails: {letters:#?}"))?;
        let mails = fleet.mails_of(letter);
        let [mail] = &mails[..] else { return Err(format!("mails: {mails:#?}")) };
        let entry = entries.iter().find(is_alert).ok_or(format!("inbox: {entries:#?}"))?;
        assert!(mail.subject().contains(&accused[0]), "{}", mail.subject());
        assert!(entry["title"].as_str().unwrap().contains(&accused[0]), "{entry:#}");
        Ok(())
    })
    .await;
}

/// Whom the self-alerts so far accuse.
async fn accused(fleet: &Fleet) -> Result<Vec<String>, String> {
    let mut events = fleet.api.all("/events").await?;
    events.retain(|event| event["kind"] == "prober_blind");
    Ok(events.iter().map(|event| event["host"].as_str().unwrap().to_owned()).collect())
}

/// That a prober sees again is news of ours, and may be told.
async fn no_word_of_them(fleet: &Fleet) -> Result<(), String> {
    let mut said = fleet.api.all("/events").await?;
    said.retain(|event| event["host"].as_str().unwrap().ends_with(".many.test"));
    if said.is_empty() { Ok(()) } else { Err(format!("{said:#?}")) }
}
