//! The pure half: what may be ordered, how lists of names are read, and what is shown.
//!
//! Start reading at [`inventory`], then [`board`].

pub mod board;
pub mod chain;
pub mod explain;
pub mod export;
pub mod intake;
pub mod inventory;
pub mod language;
pub mod live;
pub mod openid;
pub mod pulse;
pub mod refusal;
pub mod repeat;
pub mod sentence;
pub mod session;
pub mod timeline;
pub mod verification;
pub mod want;
