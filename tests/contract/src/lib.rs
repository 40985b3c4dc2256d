//! The streams keep their promises on both buses.
//!
//! `tests/bus` is one suite, word for word the same on JetStream and on the embedded bus.
//! `tests/embedded` kills, starves and traces a process that uses the embedded bus:
//! `src/bin/appender.rs`. `tests/golden` reads every form of message that was ever written, and
//! `tests/ownership` asks a guarded server who may write what.

pub mod traffic;
