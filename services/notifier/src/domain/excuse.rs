//! What the inbox says of what cannot be told otherwise, each thing once: where it is said, and
//! under which id.

use jiff::Timestamp;
use proto::id::{DeliveryId, DomainId};

use crate::domain::{plan::ThreadKey, roster::INTERNAL, wording::Undelivered};

/// One entry of an inbox about what another channel did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excuse {
    /// Its id.
    pub id: DeliveryId,
    /// The domain of which it speaks. None for what is said of the channel.
    pub domain: Option<DomainId>,
    /// What it is about.
    pub what: Undelivered,
}

impl Excuse {
    /// The entry about a delivery of a thread. Where the inbox has the news anyway, that all is out
    /// of order is said once a day, and not of each delivery.
    pub fn of(
        key: &ThreadKey,
        delivery: DeliveryId,
        what: Undelivered,
        is_in_inbox: bool,
        at: Timestamp,
    ) -> Self {
        let (about, domain, what) = match what {
            Undelivered::Channel | Undelivered::Waiting if is_in_inbox => {
                let about = format!("{} {}", key.channel, at.strftime("%Y-%m-%d"));
                (about, None, Undelivered::Channel)
            }
            Undelivered::Waiting => (delivery.to_string(), key.domain, what),
            Undelivered::Channel | Undelivered::Letter => {
                (delivery.to_string(), key.domain, Undelivered::Letter)
            }
        };
        Self { id: DeliveryId::of(&about, &key.contact, INTERNAL, 0), domain, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::{self, delivery, minute};

    #[test]
    fn each_thing_is_said_once() {
        let key = ThreadKey {
            domain: Some(sample::domain()),
            contact: sample::ops(),
            channel: "wecom".parse().unwrap(),
        };
        let excuse = |number, what, is_in_inbox, minutes| {
            Excuse::of(&key, delivery(number), what, is_in_inbox, minute(minutes))
        };
        let (broken, waiting) = (Undelivered::Channel, Undelivered::Waiting);
        let of_day = excuse(1, broken, true, 0);
        assert_eq!((of_day.domain, of_day.what), (None, broken));
        assert_eq!(excuse(2, waiting, true, 60), of_day, "one a day for all");
        assert_ne!(excuse(2, waiting, true, 24 * 60).id, of_day.id);
        let of_one = excuse(1, waiting, false, 0);
        assert_eq!((of_one.domain, of_one.what), (key.domain, waiting));
        assert_eq!(excuse(1, broken, false, 24 * 60).id, of_one.id, "one for each delivery");
        assert_ne!(excuse(2, waiting, false, 0).id, of_one.id);
    }
}
