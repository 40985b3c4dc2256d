//! The pages as a browser without JavaScript asks for them: a console on the embedded bus, somebody
//! who is signed in, forms as they stand in the page.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod adding;
mod anomalies;
mod domain;
mod domains;
mod guest;
mod oops;
mod options;
mod overview;
mod returning;
#[path = "../api/stage.rs"]
#[expect(dead_code, reason = "the stage serves the tests of the API as well")]
mod stage;
