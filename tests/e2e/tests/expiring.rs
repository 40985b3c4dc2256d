//! Time needs no scan: `expired` is raised on time while every prober is down.

use harness::eventually::eventually;
use harness::fleet::{Fleet, Role, Shape};
use harness::nats::Stored;
use harness::surroundings::now;
use jiff::{SignedDuration, Timestamp};
use lab::authority::{Leaf, Validity};
use lab::site::{Behaviour, Site};
use proto::v1::{Event, Kind};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figure is part of what is promised")]
async fn an_expiry_is_told_with_every_prober_dead() {
    let mut fleet = Fleet::start(Shape::Nats).await;
    let end = Timestamp::from_second(now().as_second() + 12).unwrap();
    let validity = Validity::between(end - SignedDuration::from_hours(24), end);
    let identity = fleet.scene.issue(&Leaf::named("a.test", validity));
    let site = Site::open(Behaviour::Serve(identity)).await.unwrap();
    let domain = fleet.watch("a.test", &site).await;
    fleet.until_told(&domain, "expiring", 0).await;
    fleet.kill(Role::Prober, 1).await;
    assert!(now() < end, "this machine is too slow to look within 12 s");

    let told = fleet.until_told(&domain, "expired", 0).await;

    assert!(told.mail.text().contains(&domain.name));
    let stored = eventually("the event is stored", async || {
        let messages = fleet.nats.as_ref().unwrap().messages("EVENTS").await;
        let is_expiry = |message: &&Stored| message.decoded::<Event>().kind() == Kind::Expired;
        messages.iter().find(is_expiry).cloned().ok_or("not yet")
    })
    .await;
    let event: Event = stored.decoded();
    let late = stored.at.duration_since(end);
    println!("The event was stored {late:#} after the last second of validity began.");
    assert!(late > SignedDuration::ZERO, "the last second of validity is part of it: {event:?}");
    fleet.until_open(&domain, &["expired"]).await;
}
