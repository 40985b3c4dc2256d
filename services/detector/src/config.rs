//! Every setting of the detector.

use std::{path::PathBuf, time::Duration};

use chassis::config::{ConfigError, Reader};
use proto::subject::Token;

use crate::domain::wish::{INTERVAL_MAX, INTERVAL_MIN};

/// How the detector works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `DETECTOR_INTERVAL`: time between two looks at a domain that has no interval of its own.
    /// Default 10 min, allowed 1 min to 7 days.
    pub interval: Duration,
    /// `DETECTOR_REGION`: region whose probers are asked to look. Default `default`; a token.
    pub region: Token,
    /// `DETECTOR_CA_BUNDLE`: file of PEM certificates that are trusted instead of those of the
    /// system. Default: none, the system's.
    pub ca_bundle: Option<PathBuf>,
    /// `DETECTOR_INTERMEDIATES`: file of PEM certificates that are known as intermediates from the
    /// start. Default: none.
    pub intermediates: Option<PathBuf>,
    /// `DETECTOR_SNAPSHOT`: whether state is kept in the data directory, so that a restart folds
    /// only what is new. Default true. Without, nothing but time is lost.
    pub snapshot: bool,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// All mistakes in them.
    ///
    /// # Panics
    ///
    /// Never: the default region is a token.
    pub fn read(reader: Reader<'_>) -> Result<Self, ConfigError> {
        let region = "default".parse().expect("`default` is a token");
        let config = Self {
            interval: reader.duration(
                "DETECTOR_INTERVAL",
                Duration::from_mins(10),
                INTERVAL_MIN..=INTERVAL_MAX,
            ),
            region: reader.parsed("DETECTOR_REGION", region),
            ca_bundle: reader.file("DETECTOR_CA_BUNDLE"),
            intermediates: reader.file("DETECTOR_INTERMEDIATES"),
            snapshot: reader.flag("DETECTOR_SNAPSHOT", true),
        };
        reader.finish(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_out_of_range_is_named_with_what_is_allowed() {
        let lookup = |key: &str| (key == "DETECTOR_INTERVAL").then(|| "5s".to_owned());
        let error = Config::read(Reader::new(&lookup)).unwrap_err();
        assert!(error.to_string().starts_with("DETECTOR_INTERVAL=5s: want "), "{error}");
    }

    #[test]
    fn defaults_are_right_on_a_laptop() {
        let config = Config::read(Reader::new(&|_| None)).unwrap();
        assert_eq!(config.interval, Duration::from_mins(10));
        assert_eq!(config.region.as_str(), "default");
        assert!(config.snapshot && config.ca_bundle.is_none());
    }
}
