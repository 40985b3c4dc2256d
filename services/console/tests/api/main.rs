//! The API against a console on the embedded bus: real HTTP, real streams, no other service.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod accounts;
mod adding;
mod attending;
mod browser;
mod contacts;
mod describing;
mod domains;
mod entering;
mod explaining;
mod keeping;
mod living;
mod misspelling;
mod quieting;
mod repeating;
mod restarting;
mod robots;
mod roles;
mod serving;
mod sessions;
mod settings;
mod showing;
mod stage;
mod streaming;
mod verifying;
