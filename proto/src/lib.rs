//! The contract between the services: messages, streams, subjects, identifiers. Pure data, no I/O.
//!
//! Start reading at [`stream`]: the streams are the system's memory, and each has one writer. Then
//! [`subject`], the only place that spells one, and the messages in [`v1`].

pub mod address;
pub mod chain;
pub mod cloudevent;
pub mod host;
pub mod id;
pub mod kind;
pub mod name;
pub mod stream;
pub mod subject;
pub mod time;

/// The messages, generated from `certherald/v1/*.proto` by the test `generated`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated code; the documentation of each field stands in its .proto file"
)]
pub mod v1 {
    include!("generated/certherald.v1.rs");
}
