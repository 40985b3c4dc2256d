//! One notifier is active; another takes over when it is gone.

use std::time::{Duration, Instant};

use proto::v1::Kind;

use crate::world::{World, opened};

const TOLD: [&str; 3] = ["due: cause_event", "attempted 1", "delivered"];

#[tokio::test]
async fn two_notifiers_tell_once() {
    let world = World::new().await;
    let (one, two) = (world.start("one"), world.start("two"));
    for number in 0..20 {
        world.happens(&opened(&format!("host-{number}.example.com"), Kind::Expired)).await;
    }
    world.until_mails(20).await;
    let told: Vec<_> = (0..20).flat_map(|_| TOLD).collect();
    let mut want = told.clone();
    want.sort_unstable();
    let sorted = async || {
        let mut story = world.story("email").await;
        story.sort_unstable();
        story
    };
    crate::world::eventually(sorted, |story| {
        story.iter().map(String::as_str).eq(want.iter().copied())
    })
    .await;
    assert_eq!(world.sink.mails().len(), 20);
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_standby_takes_over() {
    let world = World::new().await;
    let one = world.start("one");
    world.happens(&opened("a.example.com", Kind::Expired)).await;
    world.until_mails(1).await;
    let two = world.start("two");
    one.stop().await;
    let begun = Instant::now();
    world.happens(&opened("b.example.com", Kind::Expired)).await;
    world.until_mails(2).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(world.sink.mails().len(), 2);
    two.stop().await;
}
