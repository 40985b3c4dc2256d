//! What stands on NATS, beyond the contract of the bus: a broker that dies, streams that are
//! deleted under their readers or lose their end, permissions as deployed, leaders that are frozen,
//! decisions that race, answers that mislead.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod cluster;
mod deciding;
mod full;
mod guarded;
mod interrupted;
mod large;
mod leading;
mod lost;
mod misled;
mod script;
mod secured;
mod server;
mod working;
mod world;
