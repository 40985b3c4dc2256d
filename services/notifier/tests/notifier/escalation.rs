//! A critical anomaly that nobody acknowledges goes to the second contacts.

use jiff::SignedDuration;
use proto::{
    id::ContactId,
    subject::Entity,
    v1::{
        AnomalyAcknowledged, Escalation, Event, Kind, NotificationSetting, Severity,
        inventory_event::Event as Ordered,
    },
};

use crate::world::{World, domain, eventually, opened, recovered, setting, verified};

const HOST: &str = "shop.example.com";
const CHIEF: &str = "chief@example.com";

/// Who is not told at first, but after half an hour.
async fn world_with_a_chief() -> World {
    let world = World::new().await;
    let chief = ContactId::from_bytes([9; 16]);
    world.save(chief, "Chief", vec![verified(CHIEF)]).await;
    let escalation = Some(Escalation { minutes: 30, contacts: vec![chief.to_string()] });
    world.save_setting(NotificationSetting { escalation, ..setting() }).await;
    world
}

fn to_chief(world: &World) -> usize {
    let mails = world.sink.mails();
    mails.iter().filter(|mail| mail.recipients.contains(&CHIEF.to_owned())).count()
}

#[tokio::test]
async fn it_is_told_once_and_so_is_its_end() {
    let world = world_with_a_chief().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_mails(1).await;
    assert_eq!(to_chief(&world), 0);
    world.clock.leap(SignedDuration::from_mins(31));
    eventually(async || to_chief(&world), |mails| *mails == 1).await;
    world.happens(&recovered(HOST, Kind::Expired)).await;
    eventually(async || to_chief(&world), |mails| *mails == 2).await;
    notifier.stop().await;
}

#[tokio::test]
async fn what_is_worse_is_told_to_whom_the_lesser_was() {
    let world = world_with_a_chief().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expiring)).await;
    until_delivered(&world, 1).await;
    world.clock.leap(SignedDuration::from_mins(31));
    until_delivered(&world, 2).await;
    until_what_is_worse_is_told(&world, 2).await;
    notifier.stop().await;
}

#[tokio::test]
async fn what_is_worse_is_told_to_whom_the_lesser_was_to_be() {
    let world = world_with_a_chief().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expiring)).await;
    until_delivered(&world, 1).await;
    until_what_is_worse_is_told(&world, 1).await;
    notifier.stop().await;
}

/// What is worse takes the place of what was told so many times, and ends half an hour later.
async fn until_what_is_worse_is_told(world: &World, count: usize) {
    let told = to_chief(world);
    let supersedes = vec![format!("{HOST}-expiring")];
    world.happens(&Event { supersedes, ..opened(HOST, Kind::Expired) }).await;
    until_delivered(world, count + 1).await;
    world.clock.leap(SignedDuration::from_mins(31));
    eventually(async || to_chief(world), |mails| *mails == told + 1).await;
    world.happens(&recovered(HOST, Kind::Expired)).await;
    eventually(async || to_chief(world), |mails| *mails == told + 2).await;
}

/// Waits until so many mails are known to have arrived: a leap ends the term of whoever leads, and
/// what is under way then is sent again.
async fn until_delivered(world: &World, count: usize) {
    let delivered = async || {
        let story = world.story("email").await;
        story.iter().filter(|step| *step == "delivered").count()
    };
    eventually(delivered, |delivered| *delivered == count).await;
}

#[tokio::test]
async fn what_is_acknowledged_goes_no_further_and_is_not_told_again() {
    let world = world_with_a_chief().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_mails(1).await;
    let said = AnomalyAcknowledged {
        anomaly_id: format!("{HOST}-expired"),
        severity: Severity::Critical.into(),
        reason: "in hand".to_owned(),
    };
    let entity = Entity::Acknowledgement(domain(HOST));
    world.order(&entity, Ordered::AnomalyAcknowledged(said)).await;
    let dropped = async || world.story("email").await.contains(&"dropped: why_acknowledged".into());
    eventually(dropped, |dropped| *dropped).await;
    world.clock.leap(SignedDuration::from_hours(72));
    // News of another domain go the same way after it: what would be said of this one came before.
    world.happens(&opened("other.example.com", Kind::Weak)).await;
    let mails = world.until_mails(2).await;
    assert!(mails[1].text().contains("other.example.com"), "{}", mails[1].text());
    notifier.stop().await;
}

#[tokio::test]
async fn what_is_over_by_then_is_not_told() {
    let world = world_with_a_chief().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_mails(1).await;
    world.happens(&recovered(HOST, Kind::Expired)).await;
    world.until_mails(2).await;
    let dropped = async || {
        let story = world.story("email").await;
        story.iter().filter(|step| step.starts_with("dropped")).count()
    };
    eventually(dropped, |dropped| *dropped == 2).await;
    assert_eq!(to_chief(&world), 0);
    notifier.stop().await;
}
