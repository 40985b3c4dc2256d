//! The promises to a user, each kept by real processes on real sockets. One file per promise.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod alternating;
mod changing_the_key;
mod check_dates;
mod check_names;
mod check_paths;
mod check_reach;
mod check_strength;
mod check_usage;
mod demo;
mod describing;
mod dying;
mod expiring;
mod going_blind;
mod killing;
mod leading;
mod linking;
mod person;
mod refusing;
mod robots;
mod scaling;
mod secrets;
mod standing_by;
mod starting;
mod subscribing;
mod told;
mod two_consoles;
mod typing;
