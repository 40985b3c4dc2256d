//! Time needs no scan: `expired` is raised on time while every prober is down.

use harness::eventually::{eventually, eventually_within};
use harness::fleet::{Fleet, RECOVERY, Role, Shape, Watched};
use harness::nats::Stored;
use harness::surroundings::now;
use jiff::{SignedDuration, Timestamp};
use lab::authority::{Leaf, Validity};
use lab::site::{Behaviour, Site};
use proto::v1::{Event, Kind};

/// Until the end of validity, tried in turn: on a busy machine a first look and its mail may take
/// longer than the first allows.
const LEADS: [SignedDuration; 3] =
    [SignedDuration::from_secs(12), SignedDuration::from_secs(40), SignedDuration::from_mins(2)];

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figure is part of what is promised")]
async fn an_expiry_is_told_with_every_prober_dead() {
    let mut fleet = Fleet::start(Shape::Nats).await;
    let (_site, domain, end) = seen_before_its_end(&fleet).await;
    fleet.kill(Role::Prober, 1).await;
    assert!(now() < end, "the prober died too late to prove anything");

    let told = fleet.until_told(&domain, "expired", 0).await;

    assert!(told.mail.text().contains(&domain.name));
    let stored = eventually("the event is stored", async || {
        let messages = fleet.nats.as_ref().unwrap().messages("EVENTS").await;
        let is_expiry = |message: &&Stored| {
            let event: Event = message.decoded();
            event.kind() == Kind::Expired && event.domain_id == domain.id
        };
        messages.iter().find(is_expiry).cloned().ok_or("not yet")
    })
    .await;
    let event: Event = stored.decoded();
    let late = stored.at.duration_since(end);
    println!("The event was stored {late:#} after the last second of validity began.");
    assert!(late > SignedDuration::ZERO, "the last second of validity is part of it: {event:?}");
    fleet.until_open(&domain, &["expired"]).await;
}

/// A site whose certificate is known to end soon and has not ended yet, and when it ends.
async fn seen_before_its_end(fleet: &Fleet) -> (Site, Watched, Timestamp) {
    for (name, lead) in ["a.test", "b.test", "c.test"].into_iter().zip(LEADS) {
        let end = Timestamp::from_second((now() + lead).as_second()).unwrap();
        let validity = Validity::between(end - SignedDuration::from_hours(24), end);
        let identity = fleet.scene.issue(&Leaf::named(name, validity));
        let site = Site::open(Behaviour::Serve(identity)).await.unwrap();
        let domain = fleet.watch(name, &site).await;
        let first = eventually_within(RECOVERY, "the first look is told of", async || {
            let entries = fleet.inbox(&domain).await?;
            entries.first().cloned().ok_or_else(|| "nothing yet".to_owned())
        })
        .await;
        if first["kind"] == "expiring" && now() < end - SignedDuration::from_secs(2) {
            return (site, domain, end);
        }
    }
    panic!("this machine is too slow to look within {:#}", LEADS[LEADS.len() - 1]);
}
