//! What the console asks for: a test, and once more what was parked.

use lab::mail::{Manner, Reply, Step};
use proto::v1::{
    Kind, NotificationSetting, SendAgain, SendTest, delivery_event::Event as Deed, request::Wish,
};

use crate::world::{World, domain, opened, ops, setting};

const HOST: &str = "shop.example.com";

fn test(channel: &str) -> Wish {
    Wish::SendTest(SendTest { contact_id: ops().to_string(), channel: channel.to_owned() })
}

#[tokio::test]
async fn a_test_takes_the_path_of_news_even_where_news_are_switched_off() {
    let world = World::new().await;
    world.save_setting(NotificationSetting { enabled: false, ..setting() }).await;
    let notifier = world.start("one");
    world.wish(test("email")).await;
    let mails = world.until_mails(1).await;
    assert_eq!(mails[0].subject(), "[TLS] test message");
    world.until_story("email", &["due: cause_test", "attempted 1", "delivered"]).await;
    let steps = world.steps("email").await;
    let Some(Deed::Delivered(delivered)) = &steps[2].event else { panic!("{steps:?}") };
    assert_eq!(delivered.reply, "250 Kept", "the channel's own words");
    notifier.stop().await;
}

#[tokio::test]
async fn a_test_that_fails_says_why_at_once_and_is_over() {
    let world = World::new().await;
    world.sink.behave(Manner::Refuse(Step::Sender, Reply::new(451, "4.3.0 busy")));
    let notifier = world.start("one");
    world.wish(test("email")).await;
    world.until_story("email", &["due: cause_test", "attempted 1", "parked"]).await;
    assert_eq!(world.inbox().await, [], "who asked for it sees the answer");
    notifier.stop().await;
}

#[tokio::test]
async fn a_channel_that_does_not_exist_is_named() {
    let world = World::new().await;
    let notifier = world.start("one");
    world.wish(test("pigeon")).await;
    world.until_story("pigeon", &["due: cause_test", "dropped: why_no_address"]).await;
    notifier.stop().await;
}

#[tokio::test]
async fn what_was_parked_can_be_sent_again() {
    let world = World::new().await;
    let refusal = Reply::new(552, "5.2.2 mailbox full");
    world.sink.behave(Manner::RefuseMailbox("ops@example.com".to_owned(), refusal));
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event", "attempted 1", "parked"]).await;
    world.sink.behave(Manner::Accept);
    let parked = world.steps("email").await[0].delivery_id.clone();
    let again = SendAgain {
        contact_id: ops().to_string(),
        channel: "email".to_owned(),
        domain_id: domain(HOST).to_string(),
        delivery_id: parked.clone(),
    };
    world.wish(Wish::SendAgain(again)).await;
    let mails = world.until_mails(1).await;
    assert_eq!(mails[0].subject(), "[TLS] shop.example.com:443: certificate expired");
    assert!(!mails[0].message_id().starts_with(&parked), "another delivery");
    notifier.stop().await;
}
