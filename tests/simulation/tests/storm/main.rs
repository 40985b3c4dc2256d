//! Everything breaks at once, and everybody is told: by the notifier alone, through robots that
//! count, in virtual time.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::unimplemented,
    reason = "in a test, a panic is the report"
)]

// The world of the month, of which a storm needs less.
#[expect(dead_code, reason = "nothing dies in a storm")]
#[path = "../month/bus.rs"]
mod bus;
#[path = "../month/clock.rs"]
mod clock;
#[expect(dead_code, reason = "nothing dies in a storm")]
#[path = "../month/mortal.rs"]
mod mortal;
#[path = "../month/store.rs"]
mod store;

mod dead;
mod memory;
mod robot;
mod told;
mod world;
