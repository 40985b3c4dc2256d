//! Starts the world for a test: the built binary, real processes, a real broker, real TLS servers.
//!
//! Nothing is simulated here. Processes are started with a log of their own, waited for by their
//! state, and killed when they are dropped; a test that fails prints the end of each log. What
//! cannot be had on this machine is named, with the way to get it. Start reading at [`fleet`] for
//! the system as a whole, at [`check`] for one verdict.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![allow(clippy::missing_panics_doc, reason = "in a test, a panic is the report")]

pub mod api;
pub mod binary;
pub mod check;
pub mod eventually;
pub mod exim;
pub mod external;
pub mod fleet;
pub mod nameserver;
pub mod nats;
pub mod openid;
pub mod process;
pub mod robots;
pub mod scene;
pub mod surroundings;
