//! The pure half: who hears of what, in which words, and what is still to be said.
//!
//! Start reading at [`audience`], then [`thread`] (what one contact was and is to be told of one
//! domain through one channel) and [`plan`] (what to do about it now).

pub mod anomalies;
pub mod audience;
pub mod detour;
pub mod excuse;
pub mod news;
pub mod pace;
pub mod plan;
pub mod roster;
pub mod thread;
pub mod wording;

#[cfg(test)]
pub(crate) mod sample;
