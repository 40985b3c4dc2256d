//! A real mail server in trouble, from the event to the inbox.

use std::time::{Duration, Instant};

use harness::exim::{Door, Exim, Lock, UNKNOWN};
use jiff::SignedDuration;
use proto::v1::{InboxEntry, Kind};

use crate::{
    email::certified,
    relay::{Answer, Relay},
    world::{World, eventually, opened},
};

const HOST: &str = "shop.example.com";

async fn world_before(server: std::net::SocketAddr, more: &[(&'static str, &str)]) -> World {
    let settings = more.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    World::mailing_by(format!("smtp://{server}?tls=none"), settings).await
}

/// The note in the inbox that something was not delivered.
async fn note(world: &World, words: &str) -> InboxEntry {
    let is_it = |entry: &InboxEntry| entry.text.contains(words);
    let inbox = eventually(async || world.inbox().await, |inbox| inbox.iter().any(is_it)).await;
    inbox.into_iter().find(is_it).unwrap()
}

#[tokio::test]
async fn what_a_server_does_not_take_now_it_gets_later() {
    let server = Exim::start().await;
    server.set_busy(true);
    let world = world_before(server.address(), &[]).await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event", "attempted 1", "failed"]).await;
    server.set_busy(false);
    world.clock.leap(SignedDuration::from_mins(1));
    let retried = ["due: cause_event", "attempted 1", "failed", "attempted 2", "delivered"];
    world.until_story("email", &retried).await;
    let mails = eventually(async || server.mails(), |mails| !mails.is_empty()).await;
    assert_eq!(mails.len(), 1);
    notifier.stop().await;
}

#[tokio::test]
async fn a_recipient_whom_a_server_does_not_know_is_told_in_the_inbox() {
    let server = Exim::start().await;
    let world = world_before(server.address(), &[]).await;
    world.save_contact(&format!("{UNKNOWN}@example.com")).await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event", "attempted 1", "parked"]).await;
    let note = note(&world, "5.1.1 no such user").await;
    assert!(note.text.contains("Nothing can be delivered through email"), "{}", note.text);
    // It is the recipient who is at fault, and nobody else waits for it.
    world.save_contact("ops@example.com").await;
    world.happens(&opened("other.example.com", Kind::Expired)).await;
    eventually(async || server.mails().len(), |mails| *mails == 1).await;
    notifier.stop().await;
}

#[tokio::test]
async fn a_server_that_refuses_the_sign_in_is_out_of_order_for_all() {
    let (_, identity, ca) = certified();
    let wrong = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(wrong.path(), "wrong horse").unwrap();
    let sign_in = Some(("ops", "right horse battery"));
    let server = Exim::start_behind(&Door { lock: Lock::Implicit(identity), sign_in }).await;
    let settings = vec![
        ("NOTIFIER_SMTP_CA", ca.path().display().to_string()),
        ("NOTIFIER_SMTP_PASSWORD_FILE", wrong.path().display().to_string()),
    ];
    let world = World::mailing_by(format!("smtps://ops@{}", server.address()), settings).await;
    let notifier = world.start("one");
    world.happens(&opened(HOST, Kind::Expired)).await;
    world.until_story("email", &["due: cause_event", "attempted 1", "parked"]).await;
    let note = note(&world, "Nothing can be delivered through email").await;
    assert!(note.text.contains("535") && !note.text.contains("horse"), "{}", note.text);
    world.happens(&opened("other.example.com", Kind::Expired)).await;
    let held = ["due: cause_event", "attempted 1", "parked", "due: cause_event"];
    world.until_story("email", &held).await;
    notifier.stop().await;
}

/// Long enough for the server to take a mail on a busy machine: whoever hangs up before has it drop
/// the mail.
const SILENCE: &str = "5s";

/// Whether it was taken is unknown, and it was: it comes again as itself.
async fn comes_again_as_itself(answer: Answer) {
    let server = Exim::start().await;
    let relay = Relay::to(server.address(), answer);
    let world = world_before(relay.address, &[("NOTIFIER_SMTP_TIMEOUT", SILENCE)]).await;
    let notifier = world.start("one");
    let begun = Instant::now();
    world.happens(&opened(HOST, Kind::Expired)).await;
    let unknown = ["due: cause_event", "attempted 1", "failed, perhaps told"];
    world.until_story("email", &unknown).await;
    assert!(begun.elapsed() < Duration::from_secs(20), "{answer:?}: {:?}", begun.elapsed());
    relay.mend();
    world.clock.leap(SignedDuration::from_mins(1));
    let again = [&unknown[..], &["attempted 2", "delivered"]].concat();
    world.until_story("email", &again).await;
    let mails = eventually(async || server.mails(), |mails| mails.len() == 2).await;
    assert_eq!(mails[0].message_id(), mails[1].message_id(), "{answer:?}");
    notifier.stop().await;
}

#[tokio::test]
async fn a_connection_that_dies_behind_a_mail_has_it_sent_again() {
    comes_again_as_itself(Answer::Cut).await;
}

#[tokio::test]
async fn a_server_that_falls_silent_behind_a_mail_has_it_sent_again() {
    comes_again_as_itself(Answer::Held).await;
}
