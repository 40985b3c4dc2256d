//! Looks at the endpoints behind a domain and reports exactly what it saw.
//!
//! The prober judges nothing: an expired certificate and a good one are the same kind of news here. It
//! keeps no schedule and no history either. Start reading at [`shell::scan`].

pub mod domain;
pub mod shell;
