//! The rules by which looks become anomalies, one file each. What a certificate itself shows is
//! judged in [`assess`](super::assess); these are about domains, their endpoints and their rounds.

pub mod change;
pub mod confirm;
pub mod findings;
pub mod mixed;
pub mod reach;
