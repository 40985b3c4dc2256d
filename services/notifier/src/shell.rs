//! The half that does things: hears events and wishes, keeps the book, speaks to channels.
//!
//! It holds no rule. Start reading at [`courier`], which carries out what
//! [`plan`](crate::domain::plan) says.

pub mod book;
pub mod channel;
pub mod courier;
pub mod intake;
pub mod lead;
pub mod pen;
pub mod reading;
