//! The key that seals secrets is changed while everything runs: whoever has the file follows it,
//! and no secret is lost.

use harness::fleet::{Plan, Shape};
use harness::robots::Vendor;

use crate::robots::Crowd;
use crate::typing::typed;

#[tokio::test(flavor = "multi_thread")]
async fn every_robot_is_reached_after_the_key_was_changed() {
    let crowd = Crowd::gather().await;
    let fleet = Plan::new(Shape::Nats).told(crowd.robots.settings()).start().await;
    crowd.join(&fleet).await;
    let before = std::fs::read_to_string(fleet.key_file()).unwrap();
    for verb in ["rotate", "retire"] {
        let done = typed(&fleet, &["key", verb]).await;
        assert_eq!(done.code, 0, "{done:?}");
    }
    let after = std::fs::read_to_string(fleet.key_file()).unwrap();
    assert_eq!(after.lines().count(), 1, "the newest alone is left");
    assert_ne!(before, after);
    for vendor in Vendor::ALL {
        let test = ["contacts", "test", "Ops", "--method", vendor.method()];
        let told = typed(&fleet, &test).await;
        assert_eq!(told.code, 0, "{vendor:?}: {told:?}");
    }
}
