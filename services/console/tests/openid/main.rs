//! Signing in through an `OpenID` provider: a console, a provider on loopback, and a browser.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod believing;
mod browser;
mod entering;
mod leaving;
#[path = "../api/stage.rs"]
#[expect(dead_code, reason = "the tests of the API use more of it")]
mod stage;
mod world;
