//! Speaks just enough of TLS 1.2 and below to be shown a certificate.
//!
//! Up to TLS 1.2 a server sends its hello and its chain in the clear, before any key is agreed
//! upon. So a hello that offers everything ever used ([`client_hello`]) and a reader of the answer
//! ([`answer`]) bring the chain of servers with which no modern library can shake hands: TLS 1.0
//! and 1.1, static RSA, DHE, odd curves, chains above 64 KiB. Nothing is verified and nobody proves
//! that he holds the key: whoever uses this says so.

pub mod answer;
pub mod client_hello;
pub mod message;
