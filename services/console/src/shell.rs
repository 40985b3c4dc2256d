//! The half that does things: follows the streams, stores orders, answers HTTP.
//!
//! Start reading at [`http`], then [`store`]: how an order becomes a record.

pub mod entry;
pub mod eraser;
pub mod first_start;
pub mod http;
pub mod live;
pub mod mirror;
pub mod openid;
pub mod pace;
pub mod page;
pub mod passwords;
pub mod pulse;
pub mod requests;
pub mod resealing;
pub mod session;
pub mod store;
pub mod verifier;
