//! A robot that is out of order: whoever it belongs to hears of it through another channel.

use harness::robots::{Fault, Setup, Vendor};
use jiff::SignedDuration;
use lab::mail::{Manner, Reply, Step};
use proto::v1::NotificationSetting;

use crate::{
    robots::{BROKEN, SECRET, Scene},
    world::{eventually, ops, setting, verified},
};

/// What a notice goes through.
const TOLD: [&str; 3] = ["due: cause_channel_broken", "attempted 1", "delivered"];

/// Ops also has a mailbox, which no setting asks for.
async fn scene() -> Scene {
    let scene = Scene::open().await;
    save(&scene).await;
    scene
}

async fn save(scene: &Scene) {
    let addresses = vec![scene.address(SECRET), verified("ops@example.com")];
    scene.world.save(ops(), "Ops", addresses).await;
}

#[tokio::test]
async fn a_mail_says_that_the_robot_is_out_of_order_once() {
    let scene = scene().await;
    // Without the inbox among them it excuses each: another notice would come before an excuse.
    let methods = vec!["dingtalk".to_owned()];
    scene.world.save_setting(NotificationSetting { methods, ..setting() }).await;
    scene.break_down().await;
    scene.world.until_story("email", &TOLD).await;
    until_excused(&scene, 2).await;
    let mails = scene.world.until_mails(1).await;
    assert_eq!(mails[0].subject(), "[TLS] DingTalk: nothing can be delivered");
    let text = mails[0].text();
    for part in ["to Ops through DingTalk", "400102 robot stopped", "/contacts"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The test fails as well: who pressed the button sees it.
    scene.test().await;
    let tested = [&BROKEN[..], &["due: cause_test", "attempted 1", "parked"]].concat();
    scene.until_story(&tested).await;
    scene.world.clock.leap(SignedDuration::from_hours(1));
    scene.happens("c.example.com").await;
    scene.until_story(&[&tested[..], &["due: cause_event"]].concat()).await;
    until_excused(&scene, 3).await;
    scene.robot.mend();
    scene.test().await;
    let delivered = |story: &Vec<String>| story.iter().filter(|step| *step == "delivered").count();
    eventually(async || scene.world.story("dingtalk").await, |story| delivered(story) == 3).await;
    scene.robot.fail(Fault::Code(400_102, "robot stopped".to_owned()));
    scene.happens("d.example.com").await;
    until_excused(&scene, 4).await;
    scene.world.until_story("email", &[TOLD, TOLD].concat()).await;
    assert_eq!(scene.world.sink.mails().len(), 2, "once each time that it breaks");
    scene.notifier.stop().await;
}

/// Waits until the inbox says of so many that they cannot be delivered.
async fn until_excused(scene: &Scene, count: usize) {
    eventually(async || scene.world.inbox().await, |inbox| inbox.len() == count).await;
}

#[tokio::test]
async fn what_the_mailbox_does_not_take_goes_on_to_another_robot() {
    let scene = Scene::open().await;
    let other = scene.robots.add(Setup::of(Vendor::WeCom, "01234567-89ab-cdef-0123-456789abcdef"));
    let [one, another] = [scene.address(SECRET), scene.address_of(&other, "")];
    let addresses = vec![one, verified("ops@example.com"), another];
    scene.world.save(ops(), "Ops", addresses).await;
    let refusal = Reply::new(552, "5.2.2 mailbox full");
    scene.world.sink.behave(Manner::RefuseMailbox("ops@example.com".to_owned(), refusal));
    scene.break_down().await;
    scene.world.until_story("email", &["due: cause_channel_broken", "attempted 1", "parked"]).await;
    scene.world.until_story("wecom", &TOLD).await;
    let text = other.taken()[0].message().text.clone();
    assert!(text.contains("400102 robot stopped"), "{text}");
    scene.notifier.stop().await;
}

#[tokio::test]
async fn what_breaks_anew_after_it_was_mended_is_told_anew() {
    let scene = scene().await;
    scene.break_down().await;
    scene.world.until_story("email", &TOLD).await;
    scene.robot.mend();
    scene.test().await;
    scene.robot.until_taken(2).await;
    scene.robot.fail(Fault::Code(400_102, "robot stopped".to_owned()));
    scene.happens("c.example.com").await;
    scene.world.until_story("email", &[TOLD, TOLD].concat()).await;
    scene.notifier.stop().await;
}

#[tokio::test]
async fn what_was_mended_before_it_could_be_told_is_not_told() {
    let scene = scene().await;
    scene.world.sink.behave(Manner::Refuse(Step::Greeting, Reply::new(421, "4.3.2 down")));
    scene.break_down().await;
    let failed = ["due: cause_channel_broken", "attempted 1", "failed"];
    scene.world.until_story("email", &failed).await;
    scene.robot.mend();
    save(&scene).await;
    let dropped = [&failed[..], &["dropped: why_closed_before"]].concat();
    scene.world.until_story("email", &dropped).await;
    scene.notifier.stop().await;
}
