//! The console in a real Chromium: what a person does, and what they see.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod ending;
mod entering;
mod living;
mod looking;
mod notifying;
mod telling;
