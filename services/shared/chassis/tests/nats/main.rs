//! What the bus on NATS must bear beyond the contract: a broker that dies, streams that are deleted under
//! it, answers that are lost.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod broker;
mod interrupted;
mod large;
