//! What the embedded bus promises beyond the contract, seen from outside: a process is killed,
//! traced, and robbed of its disk.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod appender;
mod full;
mod held;
mod kill;
mod sync;
