//! News that come close together travel together.

use std::time::Duration;

use jiff::SignedDuration;
use lab::mail::{Manner, Reply, Step};
use proto::v1::Kind;

use crate::world::{World, eventually, opened, recovered};

#[tokio::test]
async fn many_domains_within_the_window_are_one_mail() {
    let world = World::grouping("2s").await;
    let notifier = world.start("one");
    let hosts: Vec<_> = (0..40).map(|number| format!("host-{number}.example.com")).collect();
    for host in &hosts {
        world.happens(&opened(host, Kind::Expired)).await;
    }
    let delivered =
        async || world.story("email").await.iter().filter(|s| *s == "delivered").count();
    eventually(&delivered, |count| *count == hosts.len()).await;
    let mails = world.until_mails(1).await;
    assert!(mails.len() < 5, "they came within the window: {} mails", mails.len());
    let told =
        |host: &String| mails.iter().any(|mail| mail.text().contains(&format!("{host}:443")));
    assert!(hosts.iter().all(told), "every domain is named");

    let alarm = mails.iter().find(|mail| mail.text().contains("host-7.example.com:443")).unwrap();
    world.happens(&recovered("host-7.example.com", Kind::Expired)).await;
    let mails = world.until_mails(mails.len() + 1).await;
    let over = mails.last().unwrap();
    assert!(over.text().contains("host-7.example.com:443 is well again"), "{}", over.text());
    assert_eq!(over.references(), [alarm.message_id()], "it answers to the mail that told it");
    notifier.stop().await;
}

#[tokio::test]
async fn what_opens_and_closes_within_the_window_is_not_told() {
    let world = World::grouping("5m").await;
    let notifier = world.start("one");
    world.happens(&opened("a.example.com", Kind::Expired)).await;
    world.until_story("email", &["due: cause_event"]).await;
    world.happens(&recovered("a.example.com", Kind::Expired)).await;
    let dropped = [
        "due: cause_event",
        "due: cause_event",
        "dropped: why_closed_before",
        "dropped: why_closed_before",
    ];
    eventually(async || world.story("email").await, |story| story.len() == 4).await;
    assert_eq!(world.story("email").await, dropped);
    notifier.stop().await;
}

#[tokio::test]
async fn what_failed_together_is_tried_again_together() {
    let world = World::grouping("2s").await;
    world.sink.behave(Manner::Refuse(Step::Greeting, Reply::new(421, "4.3.2 down")));
    let notifier = world.start("one");
    for host in ["a.example.com", "b.example.com", "c.example.com"] {
        world.happens(&opened(host, Kind::Expired)).await;
    }
    let failed = async || world.story("email").await.iter().filter(|s| *s == "failed").count();
    eventually(&failed, |count| *count == 3).await;
    world.sink.behave(Manner::Accept);
    world.clock.leap(SignedDuration::try_from(Duration::from_mins(2)).unwrap());
    let delivered =
        async || world.story("email").await.iter().filter(|s| *s == "delivered").count();
    eventually(&delivered, |count| *count == 3).await;
    assert_eq!(world.until_mails(1).await.len(), 1);
    notifier.stop().await;
}
