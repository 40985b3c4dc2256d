//! Every setting of the console.

use std::{net::SocketAddr, path::PathBuf};

use chassis::config::{ConfigError, Reader};

/// What the console may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CONSOLE_LISTEN`: address and port of the API. Default 127.0.0.1:8080; port 0 takes a free
    /// one.
    pub listen: SocketAddr,
    /// `CONSOLE_TOKEN_FILE`: where the admin token is kept that is made at the first start.
    /// Default: `admin-token` in the console's data directory.
    pub token_file: Option<PathBuf>,
    /// `CONSOLE_DOMAINS_MAX`: how many domains may be monitored. Default 1,000,000, allowed 1 to
    /// 10,000,000: each takes about a kilobyte of the console's memory.
    pub domains_max: usize,
    /// `CONSOLE_STREAMS_MAX`: how many event streams may be open at once. Default 256, allowed 1 to
    /// 10,000: each holds a connection, and a place on the bus.
    pub streams_max: usize,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// All mistakes in them.
    pub fn read(reader: Reader<'_>) -> Result<Self, ConfigError> {
        let count = |key, default, range| {
            usize::try_from(reader.number(key, default, range)).unwrap_or(usize::MAX)
        };
        let config = Self {
            listen: reader.parsed("CONSOLE_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080))),
            token_file: reader.path("CONSOLE_TOKEN_FILE"),
            domains_max: count("CONSOLE_DOMAINS_MAX", 1_000_000, 1..=10_000_000),
            streams_max: count("CONSOLE_STREAMS_MAX", 256, 1..=10_000),
        };
        reader.finish(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_range_is_named_with_what_is_allowed() {
        let lookup = |key: &str| (key == "CONSOLE_STREAMS_MAX").then(|| "0".to_owned());
        let error = Config::read(Reader::new(&lookup)).unwrap_err();
        assert_eq!(error.to_string(), "CONSOLE_STREAMS_MAX=0: want 1 to 10000");
        let config = Config::read(Reader::new(&|_| None)).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    }
}
