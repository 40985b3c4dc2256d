//! The time zones that a form offers; any other that has an IANA name may be typed.

use std::sync::LazyLock;

/// Names of zones as people know them: a region and a place.
static ZONES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let known = jiff::tz::db().available().map(|name| name.as_str().to_owned());
    let mut zones: Vec<_> = known.filter(|name| is_place(name)).collect();
    zones.sort_unstable();
    zones.insert(0, "UTC".to_owned());
    zones
});

/// Regions of the time zone database; the others are names of its past.
const REGIONS: [&str; 10] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
];

fn is_place(name: &str) -> bool {
    name.split_once('/').is_some_and(|(region, _)| REGIONS.contains(&region))
}

/// What a form offers, `UTC` first.
pub fn all() -> &'static [String] {
    &ZONES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inventory::contact::time_zone;

    #[test]
    fn each_zone_that_is_offered_is_taken() {
        assert_eq!(all()[0], "UTC");
        assert!(all().iter().any(|zone| zone == "Asia/Shanghai"));
        assert!(all().iter().all(|zone| time_zone("time_zone", zone).is_ok()));
    }
}
