//! Judges what was seen, remembers it, and says what has changed.
//!
//! It owns when to look and what is wrong. The rules are in [`domain`], without a clock or a bus;
//! `shell` brings facts, orders and time to them and carries what they decide to the streams. Start
//! reading at [`domain::watch`].

pub mod config;
pub mod domain;
pub mod shell;

pub use shell::run::{RunError, run};
