//! From an event to the mail and the inbox, whatever the mail server does.

use jiff::SignedDuration;
use lab::mail::{Manner, Reply, Step};
use notifier::{domain::plan::ThreadKey, shell::book};
use proto::{
    stream::Service,
    v1::{AnomalyTime, Kind, NotificationSetting, Repeat},
};

use crate::world::{World, domain, eventually, opened, ops, recovered, setting};

const HOST: &str = "shop.example.com";
const TOLD: [&str; 3] = ["due: cause_event", "attempted 1", "delivered"];

fn told_twice() -> Vec<&'static str> {
    [TOLD, TOLD].concat()
}

#[tokio::test]
async fn an_alarm_and_its_recovery_are_one_story_in_mail_and_inbox() {
    let world = World::new().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_mails(1).await;
    world.until_story("email", &TOLD).await;
    world.happens(&recovered(HOST, Kind::Expired)).await;
    let mails = world.until_mails(2).await;
    assert_eq!(mails[0].subject(), "[TLS] shop.example.com:443: certificate expired");
    assert_eq!(mails[1].subject(), "Re: [TLS] shop.example.com:443: certificate expired");
    assert_eq!(mails[1].references(), [mails[0].message_id()]);
    world.until_story("email", &told_twice()).await;
    world.until_story("internal", &told_twice()).await;
    let titles: Vec<_> = world.inbox().await.into_iter().map(|entry| entry.title).collect();
    let want = [
        "[TLS] shop.example.com:443: certificate expired",
        "[TLS] shop.example.com:443: recovered",
    ];
    assert_eq!(titles, want);
    assert_eq!(notifier.health.unready(), []);
    notifier.stop().await;
}

#[tokio::test]
async fn a_restart_repeats_nothing_and_goes_on() {
    let world = World::new().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &TOLD).await;
    notifier.stop().await;
    world.happens(&recovered(HOST, Kind::Expired)).await;
    let notifier = world.start("two");
    world.until_story("email", &told_twice()).await;
    assert_eq!(world.sink.mails().len(), 2, "the alarm was not told again");
    notifier.stop().await;
}

#[tokio::test]
async fn of_what_the_stream_has_forgotten_the_story_goes_on() {
    let world = World::new().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &TOLD).await;
    world.until_story("internal", &TOLD).await;
    let bus = world.store.bus(Service::Notifier);
    for channel in ["email", "internal"] {
        let (domain, channel) = (Some(domain(HOST)), channel.parse().unwrap());
        let place = book::place(&ThreadKey { domain, contact: ops(), channel });
        bus.purge(place.stream, &place.subject, 0).await.unwrap();
    }
    world.happens(&recovered(HOST, Kind::Expired)).await;
    world.until_mails(2).await;
    world.until_story("email", &TOLD).await;
    world.until_story("internal", &TOLD).await;
    notifier.stop().await;
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_the_same_mail_later() {
    let world = World::new().await;
    world.sink.behave(Manner::Refuse(Step::Recipient, Reply::new(450, "4.2.0 greylisted")));
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event", "attempted 1", "failed"]).await;
    world.sink.behave(Manner::Accept);
    assert_eq!(world.sink.mails().len(), 0);
    world.clock.leap(SignedDuration::from_mins(1));
    world.until_mails(1).await;
    let retried = ["due: cause_event", "attempted 1", "failed", "attempted 2", "delivered"];
    world.until_story("email", &retried).await;
    notifier.stop().await;
}

#[tokio::test]
async fn a_mail_of_which_nobody_knows_whether_it_came_comes_again_as_itself() {
    let world = World::new().await;
    world.sink.behave(Manner::KeepAndHangUp);
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    let unknown = ["due: cause_event", "attempted 1", "failed, perhaps told"];
    world.until_story("email", &unknown).await;
    world.sink.behave(Manner::Accept);
    world.clock.leap(SignedDuration::from_mins(1));
    let mails = world.until_mails(2).await;
    assert_eq!(mails[0].message_id(), mails[1].message_id());
    notifier.stop().await;
}

#[tokio::test]
async fn what_closed_while_the_server_was_away_is_not_told() {
    let world = World::new().await;
    world.sink.behave(Manner::Refuse(Step::Greeting, Reply::new(421, "4.3.2 down")));
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event", "attempted 1", "failed"]).await;
    world.happens(&recovered(HOST, Kind::Expired)).await;
    let dropped = "dropped: why_closed_before";
    let nothing =
        ["due: cause_event", "attempted 1", "failed", "due: cause_event", dropped, dropped];
    world.until_story("email", &nothing).await;
    world.until_story("internal", &told_twice()).await;
    notifier.stop().await;
}

#[tokio::test]
async fn a_mailbox_that_is_full_parks_the_mail_and_tells_the_inbox() {
    let world = World::new().await;
    let refusal = Reply::new(552, "5.2.2 mailbox full");
    world.sink.behave(Manner::RefuseMailbox("ops@example.com".to_owned(), refusal));
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event", "attempted 1", "parked"]).await;
    let inbox = eventually(async || world.inbox().await, |inbox| inbox.len() == 2).await;
    let note = inbox.iter().find(|entry| entry.text.contains("could not be delivered")).unwrap();
    assert!(note.text.contains("5.2.2 mailbox full"), "{}", note.text);
    assert!(note.text.contains("certificate of shop.example.com:443 expired"), "{}", note.text);
    notifier.stop().await;
}

#[tokio::test]
async fn a_mailbox_that_does_not_exist_is_left_alone_until_it_is_put_right() {
    let world = World::new().await;
    let refusal = Reply::new(550, "5.1.1 no such user");
    world.sink.behave(Manner::RefuseMailbox("ops@example.com".to_owned(), refusal));
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    let parked = ["due: cause_event", "attempted 1", "parked"];
    world.until_story("email", &parked).await;
    world.happens(&opened("b.example.com", Kind::Expired)).await;
    let waits = [&parked[..], &["due: cause_event"]].concat();
    let inbox = eventually(async || world.inbox().await, |inbox| inbox.len() == 3).await;
    let said = inbox.iter().filter(|entry| entry.text.contains("5.1.1 no such user")).count();
    assert_eq!(said, 1, "{inbox:#?}");
    world.until_story("email", &waits).await;
    world.save_contact("shop@example.com").await;
    let mails = world.until_mails(1).await;
    assert!(mails[0].text().contains("b.example.com"), "{}", mails[0].text());
    world.until_story("email", &[&waits[..], &["attempted 1", "delivered"]].concat()).await;
    notifier.stop().await;
}

#[tokio::test]
async fn what_is_given_up_after_a_day_is_parked_and_in_the_inbox() {
    let world = World::new().await;
    world.sink.behave(Manner::Refuse(Step::Recipient, Reply::new(450, "4.2.0 greylisted")));
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event", "attempted 1", "failed"]).await;
    world.clock.leap(SignedDuration::from_hours(25));
    let given_up = ["due: cause_event", "attempted 1", "failed", "attempted 2", "parked"];
    world.until_story("email", &given_up).await;
    let is_note = |entry: &proto::v1::InboxEntry| entry.text.contains("given up after 24 hours");
    let inbox = async || world.inbox().await;
    let inbox = eventually(inbox, |inbox| inbox.iter().any(is_note)).await;
    let note = inbox.into_iter().find(is_note).unwrap();
    assert!(note.text.contains("4.2.0 greylisted"), "{}", note.text);
    notifier.stop().await;
}

#[tokio::test]
async fn without_mail_the_inbox_says_once_what_to_set() {
    let world = World::without_mail().await;
    let notifier = world.start("one");
    for host in ["a.example.com", "b.example.com", "c.example.com"] {
        world.happens(&opened(host, Kind::Expired)).await;
    }
    let parked = async || world.story("email").await.iter().filter(|s| *s == "parked").count();
    // What would go the same way is held for a while, and then tried one by one.
    for count in 1..=3 {
        eventually(&parked, |parked| *parked == count).await;
        world.clock.leap(SignedDuration::from_mins(15));
    }
    let inbox = eventually(async || world.inbox().await, |inbox| inbox.len() == 4).await;
    let notes = inbox.iter().filter(|entry| entry.text.contains("set NOTIFIER_SMTP_URL"));
    assert_eq!(notes.count(), 1, "three anomalies are in the inbox, and one note");
    notifier.stop().await;
}

#[tokio::test]
async fn switching_off_stops_what_waits_to_be_tried_again() {
    let world = World::new().await;
    world.sink.behave(Manner::Refuse(Step::Greeting, Reply::new(421, "4.3.2 down")));
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event", "attempted 1", "failed"]).await;
    world.save_setting(NotificationSetting { enabled: false, ..setting() }).await;
    let dropped = ["due: cause_event", "attempted 1", "failed", "dropped: why_not_wanted"];
    world.until_story("email", &dropped).await;
    notifier.stop().await;
}

#[tokio::test]
async fn outside_the_anomaly_time_news_wait_for_it() {
    let world = World::new().await;
    // From an hour from now, for an hour.
    let soon = world.clock_minutes() + 60;
    let window = AnomalyTime {
        from_minute: soon % 1_440,
        to_minute: (soon + 60) % 1_440,
        time_zone: "UTC".to_owned(),
        critical_any_time: false,
    };
    world.save_setting(NotificationSetting { anomaly_time: Some(window), ..setting() }).await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event"]).await;
    world.until_story("internal", &["due: cause_event"]).await;
    world.clock.leap(SignedDuration::from_mins(61));
    world.until_mails(1).await;
    world.until_story("email", &TOLD).await;
    notifier.stop().await;
}

#[tokio::test]
async fn whoever_asks_for_reminders_later_gets_them() {
    let world = World::new().await;
    let never = Some(Repeat { days: 0 });
    world.save_setting(NotificationSetting { repeat: never, ..setting() }).await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &TOLD).await;
    world.clock.leap(SignedDuration::from_hours(48));
    world.save_setting(setting()).await;
    let mails = world.until_mails(2).await;
    assert!(mails[1].text().contains("Reminder: 1"), "{}", mails[1].text());
    notifier.stop().await;
}

#[tokio::test]
async fn an_anomaly_that_stays_open_is_told_again_each_day_in_its_thread() {
    let world = World::new().await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &TOLD).await;
    world.clock.leap(SignedDuration::from_hours(24));
    let mails = world.until_mails(2).await;
    assert_eq!(mails[1].references(), [mails[0].message_id()]);
    assert!(mails[1].text().contains("Reminder: 1"), "{}", mails[1].text());
    notifier.stop().await;
}
