//! A second detector and notifier take over when the first dies or freezes, and the first is
//! fenced.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::eventually::eventually_within;
use harness::fleet::{Fleet, RECOVERY, Role, Shape, Watched};
use harness::nats::Stored;
use harness::surroundings::now;
use jiff::{SignedDuration, Timestamp};
use lab::authority::{Leaf, Validity};
use lab::site::{Behaviour, Site};
use proto::v1::delivery_event::Event as Step;
use proto::v1::{DeliveryRecord, Event, Kind, event::Phase};

/// One certificate expires each second, so that whoever is in charge always has something to do.
const EXPIRIES: usize = 40;

/// Until the first expires: long enough to look at all of them.
const LEAD: SignedDuration = SignedDuration::from_secs(20);

/// What may pass between an expiry and its event: five seconds to take over, one to tell, and one
/// since the last second of validity is part of it.
const LATE_MAX: SignedDuration = SignedDuration::from_secs(7);

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figure is part of what is promised")]
async fn a_standby_takes_over_within_five_seconds_and_nothing_is_told_twice() {
    let mut fleet = Fleet::start(Shape::Nats).await;
    // Hired later, so that it is known who is in charge first.
    fleet.hire(Role::Detector).await;
    fleet.hire(Role::Notifier).await;
    let (sites, domains) = expiring_each_second(&fleet).await;

    until_expired(&fleet, 5).await;
    fleet.kill(Role::Detector, 1).await;
    until_expired(&fleet, 12).await;
    fleet.revive(Role::Detector, 1).await;
    fleet.freeze(Role::Detector, 2);
    until_expired(&fleet, 20).await;
    fleet.thaw(Role::Detector, 2);
    fleet.kill(Role::Notifier, 1).await;
    until_expired(&fleet, 28).await;
    fleet.revive(Role::Notifier, 1).await;
    fleet.freeze(Role::Notifier, 2);
    until_expired(&fleet, 36).await;
    fleet.thaw(Role::Notifier, 2);
    until_expired(&fleet, EXPIRIES).await;

    let late = lateness(&fleet).await;
    println!("Longest from an expiry to its event, over two take-overs: {late:?}.");
    assert!(late <= Duration::try_from(LATE_MAX).unwrap(), "{late:?}");
    for domain in &domains {
        fleet.until_told(domain, "expired", 0).await;
    }
    let untold = untold(&fleet).await;
    println!("Longest from an event to its first attempt, over two take-overs: {untold:?}.");
    for domain in &domains {
        let letters = fleet.letters(domain).await.unwrap();
        let told = letters.iter().filter(|letter| letter["kind"] == "expired").count();
        assert_eq!(told, 1, "{letters:#?}");
    }
    drop(sites);
}

/// Sites whose certificates end a second after one another.
async fn expiring_each_second(fleet: &Fleet) -> (Vec<Site>, Vec<Watched>) {
    let first = Timestamp::from_second((now() + LEAD).as_second()).unwrap();
    let (mut sites, mut domains) = (Vec::new(), Vec::new());
    for (number, offset) in (0..EXPIRIES).zip(0_i64..) {
        let host = format!("e{number}.test");
        let end = first + SignedDuration::from_secs(offset);
        let validity = Validity::between(end - SignedDuration::from_hours(24), end);
        let identity = fleet.scene.issue(&Leaf::named(&host, validity));
        let site = Site::open(Behaviour::Serve(identity)).await.unwrap();
        domains.push(fleet.watch(&host, &site).await);
        sites.push(site);
    }
    (sites, domains)
}

async fn until_expired(fleet: &Fleet, count: usize) {
    eventually_within(RECOVERY, &format!("{count} have expired"), async || {
        let seen = expiries(fleet).await.len();
        if seen >= count { Ok(()) } else { Err(format!("{seen} have")) }
    })
    .await;
}

/// When each expiry was stored, by domain; none is stored twice.
async fn expiries(fleet: &Fleet) -> BTreeMap<String, (Timestamp, Event)> {
    let mut expiries = BTreeMap::new();
    for message in fleet.nats.as_ref().unwrap().messages("EVENTS").await {
        let event: Event = Stored::decoded(&message);
        if is_expiry(&event) {
            let twice = expiries.insert(event.domain_id.clone(), (message.at, event));
            assert!(twice.is_none(), "told twice: {twice:?}");
        }
    }
    expiries
}

/// The longest that an event came after the end of its certificate.
async fn lateness(fleet: &Fleet) -> Duration {
    let expiries = expiries(fleet).await;
    let late = expiries.values().map(|(stored, event)| {
        let end = event.evidence.as_ref().unwrap().leaf.as_ref().unwrap().not_after.unwrap();
        stored.duration_since(Timestamp::from_second(end.seconds).unwrap())
    });
    Duration::try_from(late.max().unwrap()).unwrap()
}

/// The longest that the first attempt to mail an event came after it.
async fn untold(fleet: &Fleet) -> Duration {
    let expiries = expiries(fleet).await;
    // By delivery: when its event was stored, until it is attempted.
    let mut due = BTreeMap::new();
    let mut untold = Vec::new();
    for message in fleet.nats.as_ref().unwrap().messages("DELIVERIES").await {
        let record: DeliveryRecord = message.decoded();
        let is_mail = message.subject.starts_with("certherald.deliveries.email.");
        for step in record.events.into_iter().filter(|_| is_mail) {
            if let Some(Step::Due(due_now)) = &step.event
                && let Some(event) = due_now.event.as_ref().filter(|event| is_expiry(event))
            {
                due.insert(step.delivery_id, expiries[&event.domain_id].0);
            } else if let Some(Step::Attempted(_)) = step.event
                && let Some(stored) = due.remove(&step.delivery_id)
            {
                untold.push(message.at.duration_since(stored));
            }
        }
    }
    assert_eq!((due.len(), untold.len()), (0, EXPIRIES), "still due: {due:?}");
    Duration::try_from(untold.into_iter().max().unwrap()).unwrap()
}

fn is_expiry(event: &Event) -> bool {
    event.kind() == Kind::Expired && event.phase() == Phase::Opened
}
