//! The notifier against real counterparts: a bus on disk and mail servers on loopback.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod clock;
mod crash;
mod detour;
mod email;
mod email_server;
mod email_trouble;
mod escalation;
mod flow;
mod idle;
mod quiet;
mod relay;
mod robots;
mod script;
mod storm;
mod takeover;
mod together;
mod turn;
mod verification;
mod wishes;
mod world;
