//! Tells the right people, and knows whether they were told.

pub mod domain;
