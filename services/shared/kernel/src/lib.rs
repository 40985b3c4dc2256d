//! Pure ground for every domain: deciders, their scenarios, back-off, windows of time, outages.
//!
//! Nothing here performs I/O, asks for the time or draws a random number. Start reading at
//! [`decider::Decider`].

pub mod backoff;
pub mod decider;
pub mod outage;
pub mod scenario;
pub mod window;
pub mod zone;
