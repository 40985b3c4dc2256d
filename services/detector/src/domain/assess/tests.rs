//! Given a list of certificates, when it is judged for a host at an instant, then these findings.

mod chains;
mod dates;
mod hostile;
mod list;
mod strength;
mod trust;
mod words;
