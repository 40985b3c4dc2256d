//! The inbox: what it keeps travels in the record that says it was delivered.

use std::time::Duration;

use async_trait::async_trait;
use kernel::backoff::Backoff;

use super::{Channel, Pace, Parcel};
use crate::domain::{roster::INTERNAL, thread::outcome::Outcome};

/// The inbox of every contact.
pub struct Internal;

#[async_trait]
impl Channel for Internal {
    fn token(&self) -> &'static str {
        INTERNAL
    }

    fn pace(&self) -> Pace {
        Pace {
            // Bounded by the appends only: as many as a bus answers well at once.
            at_once: 64,
            at_once_each: 64,
            // It does not fail.
            backoff: Backoff { base: Duration::from_secs(2), cap: Duration::from_mins(1) },
            // Each entry can be read and answered for itself.
            groups: false,
            limits: &[],
        }
    }

    async fn send(&self, parcel: &Parcel) -> Outcome {
        Outcome::Delivered { reply: String::new(), inbox: Some(parcel.letter.inbox_entry()) }
    }
}
