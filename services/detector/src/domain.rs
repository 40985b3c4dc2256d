//! What the detector knows and decides, without a clock, a file or a network.

pub mod assess;
