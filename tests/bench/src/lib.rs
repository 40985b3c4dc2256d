//! Prints the figures that are promised, beside what they are compared with, in one run.
//!
//! Each is a program of its own: `cargo run --release -p bench --bin scan`. Figures are of one
//! machine on one day; read the ratios. Nothing here asserts a time.

pub mod child;
pub mod cpu;
