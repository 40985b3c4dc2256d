//! Where the detector meets the world.

pub mod anchors;
