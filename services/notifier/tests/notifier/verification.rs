//! An address is written to only after somebody who reads there said so.

use proto::{
    subject::Entity,
    v1::{
        AddressVerified, ContactAddress, Kind, SendVerification, inventory_event::Event as Ordered,
        request::Wish,
    },
};

use crate::world::{World, opened, ops, verified};

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
    world.happens(&opened("b.example.com", Kind::Expired)).await;
    let mails = world.until_mails(2).await;
    assert!(mails[1].text().contains("b.example.com"), "{}", mails[1].text());
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
