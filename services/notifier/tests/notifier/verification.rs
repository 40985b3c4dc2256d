//! An address is written to only after somebody who reads there said so.

use lab::mail::{Manner, Reply};
use proto::{
    subject::Entity,
    v1::{
        AddressVerified, ContactAddress, Kind, SendAgain, SendTest, SendVerification,
        inventory_event::Event as Ordered, request::Wish,
    },
};

use crate::world::{World, eventually, opened, ops, verified};

const MAILBOX: &str = "ops@example.com";
const LINK: &str = "https://tls.example.com/verify?token=abc";

fn verification(world: &World, address: &str) -> Wish {
    Wish::SendVerification(SendVerification {
        contact_id: ops().to_string(),
        channel: "email".to_owned(),
        address: address.to_owned(),
        sealed_link: world.seal().seal(LINK.as_bytes()).unwrap().into(),
    })
}

async fn unverified() -> World {
    let world = World::new().await;
    let address = ContactAddress { verified: false, ..verified(MAILBOX) };
    world.save(ops(), "Ops", vec![address]).await;
    world
}

#[tokio::test]
async fn only_the_question_goes_there_until_it_is_answered() {
    let world = unverified().await;
    let notifier = world.start("one");
    world.happens(&opened("a.example.com", Kind::Expired)).await;
    world.wish(verification(&world, MAILBOX)).await;
    let mails = world.until_mails(1).await;
    assert_eq!(mails[0].subject(), "[TLS] Confirm this address");
    assert!(mails[0].text().contains(LINK), "{}", mails[0].text());
    world.until_story("email", &["due: cause_verification", "attempted 1", "delivered"]).await;

    let said = AddressVerified { channel: "email".to_owned(), address: MAILBOX.to_owned() };
    world.order(&Entity::Contact(ops()), Ordered::AddressVerified(said)).await;
    // Orders and events are read along two ways: what happens at once may still be before it.
    let mut number = 0;
    let happens = async || {
        number += 1;
        world.happens(&opened(&format!("b{number}.example.com"), Kind::Expired)).await;
        world.sink.mails()
    };
    let mails = eventually(happens, |mails| mails.len() >= 2).await;
    assert!(mails[1].text().contains("certificate of b"), "{}", mails[1].text());
    notifier.stop().await;
}

#[tokio::test]
async fn a_question_that_was_parked_is_asked_with_another_link_only() {
    let world = unverified().await;
    let notifier = world.start("one");
    let refusal = Reply::new(550, "5.1.1 no such user");
    world.sink.behave(Manner::RefuseMailbox(MAILBOX.to_owned(), refusal));
    world.wish(verification(&world, MAILBOX)).await;
    let parked = ["due: cause_verification", "attempted 1", "parked"];
    world.until_story("email", &parked).await;
    world.sink.behave(Manner::Accept);
    let again = SendAgain {
        contact_id: ops().to_string(),
        channel: "email".to_owned(),
        domain_id: String::new(),
        delivery_id: world.steps("email").await[0].delivery_id.clone(),
    };
    world.wish(Wish::SendAgain(again)).await;
    world.wish(verification(&world, MAILBOX)).await;
    let asked = ["due: cause_verification", "attempted 1", "delivered"];
    world.until_story("email", &[parked, asked].concat()).await;
    let mails = world.until_mails(1).await;
    assert_eq!(mails[0].subject(), "[TLS] Confirm this address");
    notifier.stop().await;
}

#[tokio::test]
async fn a_question_that_overtakes_its_contact_is_asked_all_the_same() {
    let world = World::new().await;
    world.save(ops(), "Ops", vec![]).await;
    let notifier = world.start("one");
    world.wish(verification(&world, MAILBOX)).await;
    // Taken behind it, so that it has been looked at once.
    let channel = "internal".to_owned();
    world.wish(Wish::SendTest(SendTest { contact_id: ops().to_string(), channel })).await;
    world.until_story("internal", &["due: cause_test", "attempted 1", "delivered"]).await;
    let address = ContactAddress { verified: false, ..verified(MAILBOX) };
    world.save(ops(), "Ops", vec![address]).await;
    let mails = world.until_mails(1).await;
    assert_eq!(mails[0].subject(), "[TLS] Confirm this address");
    notifier.stop().await;
}

#[tokio::test]
async fn a_question_about_another_address_is_not_asked() {
    let world = unverified().await;
    let notifier = world.start("one");
    world.wish(verification(&world, "old@example.com")).await;
    world.wish(verification(&world, MAILBOX)).await;
    world.until_story("email", &["due: cause_verification", "attempted 1", "delivered"]).await;
    assert_eq!(world.sink.mails().len(), 1);
    notifier.stop().await;
}
