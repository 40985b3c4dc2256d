//! Services and their broker start in any order.

use harness::fleet::{Plan, Shape};
use harness::scene::DAY;
use lab::site::{Behaviour, Site};

#[tokio::test(flavor = "multi_thread")]
async fn services_that_started_before_their_broker_tell_of_a_domain() {
    let fleet = Plan::new(Shape::Nats).with_the_broker_last().start().await;
    let expired = Behaviour::Serve(fleet.scene.with_left("expired.test", -DAY));
    let site = Site::open(expired).await.unwrap();
    let domain = fleet.watch("expired.test", &site).await;
    fleet.until_told(&domain, "expired", 0).await;
}
