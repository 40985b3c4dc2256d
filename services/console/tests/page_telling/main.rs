//! The pages about telling against a console on the embedded bus: real HTTP, real streams, no other
//! service.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod contacts;
mod deliveries;
mod inbox;
mod notification;
mod page;
#[path = "../api/stage.rs"]
#[expect(dead_code, reason = "the tests of the API say more to it")]
mod stage;
