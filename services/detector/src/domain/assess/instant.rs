//! Whole seconds, in which certificates count.

use certificate::Certificate;
use jiff::Timestamp;

/// Seconds since 1970, UTC. The dates of certificates have no fractions, and their last second
/// counts in full.
pub(super) type Seconds = i64;

/// The second in which an instant lies.
pub(super) fn second(instant: Timestamp) -> Seconds {
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}

/// The instant at which a second begins, moved to the limits of what a timestamp holds.
pub(super) fn begin(second: Seconds) -> Timestamp {
    let limit = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(limit)
}

/// First second of validity.
pub(super) fn not_before(certificate: &Certificate) -> Seconds {
    second(certificate.validity().not_before)
}

/// Last second of validity.
pub(super) fn not_after(certificate: &Certificate) -> Seconds {
    second(certificate.validity().not_after)
}

pub(super) fn is_valid_at(certificate: &Certificate, at: Seconds) -> bool {
    not_before(certificate) <= at && at <= not_after(certificate)
}
