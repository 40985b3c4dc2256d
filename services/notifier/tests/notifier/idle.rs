//! The connection to the mail server between two mails.

use jiff::SignedDuration;
use proto::v1::Kind;

use crate::world::{World, eventually, opened, recovered};

#[tokio::test]
async fn a_connection_waits_a_minute_for_the_next_mail() {
    let host = "shop.example.com";
    let world = World::new().await;
    let notifier = world.start("one");
    let told = ["due: cause_event", "attempted 1", "delivered"];
    world.happens(&opened(host, Kind::Expired)).await;
    world.until_story("email", &told).await;
    world.clock.leap(SignedDuration::from_secs(50));
    world.happens(&recovered(host, Kind::Expired)).await;
    world.until_story("email", &[told, told].concat()).await;
    assert_eq!(world.sink.connections(), 1, "one took both");
    world.clock.leap(SignedDuration::from_secs(60));
    eventually(async || world.sink.connections(), |connections| *connections == 0).await;
    notifier.stop().await;
}
