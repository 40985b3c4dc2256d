//! A loopback world to watch: an authority that issues any certificate, sites that behave as told,
//! a mail sink, and the demonstration made of them.
//!
//! Nothing here judges or monitors anything; it is what the product looks at, for newcomers
//! (`certherald up --demo`) and for tests. Everything listens on loopback only, unless told an
//! address. Start reading at [`demo`], then [`site`].

pub mod authority;
pub mod demo;
pub mod error;
pub mod filtered;
pub mod mail;
pub mod site;

mod attend;
