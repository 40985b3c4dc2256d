//! Time zones by their names (IANA), as the program carries them: the same on every host.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone of a name, if there is one.
pub fn named(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_name() {
        assert!(named("Asia/Shanghai").is_some());
        assert!(named("Mars/Base").is_none());
    }
}
