//! The hands of the prober: sockets, name servers, TLS.
//!
//! Start reading at [`scan`]: it is one look from the job to the fact.

pub mod aia;
pub mod crew;
pub mod dial;
pub mod legacy;
pub mod limits;
pub mod recorder;
pub mod resolve;
pub mod scan;
pub mod self_test;
pub mod tls;
