//! Instants and spans, between the wire and the types we compute with.

use std::time::Duration;

use crate::v1::Event;

/// Stands where the end of something is given that does not end by itself: the last instant that
/// there is.
pub const NO_END: jiff::Timestamp = jiff::Timestamp::MAX;

/// The instant of a wire timestamp (`google.protobuf.Timestamp`), or `None` if it lies outside the
/// years -9999 to 9999.
pub fn read(wire: &prost_types::Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::new(wire.seconds, wire.nanos).ok()
}

/// An instant as it travels.
pub fn write(instant: jiff::Timestamp) -> prost_types::Timestamp {
    let nanos = instant.subsec_nanosecond();
    let seconds = instant.as_second();
    // jiff counts the fraction of an instant before 1970 downwards, the wire always upwards.
    if nanos < 0 {
        prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

/// When an event was noticed. What was written before it said so was noticed when it happened, as
/// far as one can tell.
pub fn detected(event: &Event) -> Option<jiff::Timestamp> {
    event.detected_at.as_ref().or(event.occurred_at.as_ref()).and_then(read)
}

/// The span of a wire duration; a negative one counts as zero.
pub fn read_span(wire: &prost_types::Duration) -> Duration {
    Duration::try_from(*wire).unwrap_or(Duration::ZERO)
}

/// A span as it travels; one beyond 10,000 years, which nothing of ours reaches, is cut there.
pub fn write_span(span: Duration) -> prost_types::Duration {
    prost_types::Duration::try_from(span)
        .unwrap_or(prost_types::Duration { seconds: 315_576_000_000, nanos: 0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_not_say_when_it_was_noticed_says_when_it_happened() {
        let wire = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let instant = |second| jiff::Timestamp::from_second(second).ok();
        let event = Event { occurred_at: wire(40), ..Event::default() };
        assert_eq!(detected(&event), instant(40));
        assert_eq!(detected(&Event { detected_at: wire(50), ..event }), instant(50));
        assert_eq!(detected(&Event::default()), None);
    }

    proptest! {
        #[test]
        fn an_instant_survives_the_wire(
            seconds in -300_000_000_000_i64..250_000_000_000,
            nanos in 0..1_000_000_000_i32,
        ) {
            let wire = prost_types::Timestamp { seconds, nanos };
            let instant = read(&wire).unwrap();
            prop_assert_eq!(write(instant), wire);
        }

        #[test]
        fn a_span_survives_the_wire(millis in 0_u64..10_000_000_000_000) {
            let span = Duration::from_millis(millis);
            prop_assert_eq!(read_span(&write_span(span)), span);
        }
    }

    #[test]
    fn no_end_survives_the_wire() {
        assert_eq!(read(&write(NO_END)), Some(NO_END));
    }

    #[test]
    fn what_cannot_be_an_instant_is_none() {
        assert_eq!(read(&prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }), None);
        assert_eq!(read_span(&prost_types::Duration { seconds: -1, nanos: 0 }), Duration::ZERO);
    }
}
