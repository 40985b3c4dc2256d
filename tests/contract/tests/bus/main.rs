//! What every bus promises: each test runs on JetStream, on a real `nats-server`, and on the
//! embedded bus. Start reading at [`world`], then at any promise.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod append;
mod consume;
mod follow;
mod lease;
mod model;
mod read;
mod retention;
mod trouble;
mod work;
mod world;
