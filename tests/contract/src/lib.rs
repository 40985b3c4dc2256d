//! The streams keep their promises on both buses.
//!
//! `tests/bus` is one suite, word for word the same on JetStream and on the embedded bus. `tests/embedded`
//! kills, starves and traces the embedded bus. `tests/golden.rs` reads every form of message that was
//! ever written.
