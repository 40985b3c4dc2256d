//! Where the detector meets the world.

pub mod anchors;

mod along;
mod errands;
pub mod gauge;
mod intake;
mod keep;
mod lead;
mod partition;
mod posts;
mod relay;
pub(crate) mod run;
mod shared;
