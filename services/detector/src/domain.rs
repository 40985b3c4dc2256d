//! What the detector knows and decides, without a clock, a file or a network.

pub mod assess;
pub mod blind;
pub mod court;
pub mod coverage;
pub mod news;
pub mod rule;
pub mod schedule;
pub mod sight;
pub mod watch;
pub mod wish;
