//! Silences: nothing is told for a while, and then what is still so.

use jiff::SignedDuration;
use proto::{
    id::SilenceId,
    subject::Entity,
    time,
    v1::{
        Kind, SilenceLifted, SilenceSaved, inventory_event::Event as Ordered, silence_saved::Target,
    },
};

use crate::world::{World, domain, eventually, opened, recovered};

const HOST: &str = "shop.example.com";

async fn silenced() -> (World, Entity) {
    let world = World::new().await;
    let entity = Entity::Silence(SilenceId::from_bytes([3; 16]));
    let until = chassis::clock::Clock::now(&*world.clock) + SignedDuration::from_hours(2);
    let saved = SilenceSaved {
        target: Some(Target::DomainId(domain(HOST).to_string())),
        until: Some(time::write(until)),
        reason: "moving".to_owned(),
    };
    world.order(&entity, Ordered::SilenceSaved(saved)).await;
    (world, entity)
}

#[tokio::test]
async fn when_it_ends_what_is_still_open_is_told() {
    let (world, _) = silenced().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.happens(&opened("other.example.com", Kind::Expired)).await;
    let mails = world.until_mails(1).await;
    assert!(mails[0].text().contains("other.example.com"), "{}", mails[0].text());
    // A leap ends the term of the notifier: what was not yet recorded would be sent once more.
    let is_recorded = async || world.story("email").await.contains(&"delivered".to_owned());
    eventually(is_recorded, |is_recorded| *is_recorded).await;
    world.clock.leap(SignedDuration::from_hours(2));
    let mails = world.until_mails(2).await;
    assert!(mails[1].text().contains(HOST), "{}", mails[1].text());
    notifier.stop().await;
}

#[tokio::test]
async fn what_is_over_by_then_is_not_told() {
    let (world, _) = silenced().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event"]).await;
    world.happens(&recovered(HOST, Kind::Expired)).await;
    eventually(async || world.story("email").await.len(), |steps| *steps == 4).await;
    assert_eq!(world.sink.mails().len(), 0);
    notifier.stop().await;
}

#[tokio::test]
async fn one_that_is_lifted_ends_at_once() {
    let (world, entity) = silenced().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event"]).await;
    world.order(&entity, Ordered::SilenceLifted(SilenceLifted {})).await;
    world.until_mails(1).await;
    notifier.stop().await;
}
