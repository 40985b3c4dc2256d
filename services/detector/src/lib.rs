//! Judges what was seen, remembers it, and says what has changed.

pub mod domain;
pub mod shell;
