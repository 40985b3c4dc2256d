//! What every service stands on: settings, telemetry, health, shutdown, the bus. All I/O that is
//! not a service's own business lives here, and so do time, randomness and the environment.
//!
//! Start reading at [`bus::Bus`], then [`worker`]: the one loop that takes messages.

pub mod address;
pub mod broker;
pub mod bus;
pub mod clock;
pub mod config;
pub mod context;
pub mod dice;
pub mod error;
pub mod health;
pub mod lease;
pub mod ledger;
pub mod seal;
pub mod skew;
pub mod snapshot;
pub mod start;
pub mod tasks;
pub mod telemetry;
pub mod worker;
