//! The binary as it is typed: what it prints, and the code it exits with.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod assess;
mod check;
mod running;
mod typed;
mod usage;
