//! The scanner against real counterparts: OpenSSL, rustls, name servers, web servers, and servers
//! that mean harm.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test, a panic is the report")]
#![allow(clippy::print_stdout, reason = "what was skipped, and how to replay, is said aloud")]
#![allow(clippy::disallowed_methods, reason = "servers of a test end with its runtime")]

mod world;

mod openssl;
mod table;

mod hostile;
mod issuers;
mod limbo;
mod names;
mod old_tls;
mod proofs;
