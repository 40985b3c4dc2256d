//! Every setting of the console.

pub mod access;
pub mod openid;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use chassis::config::{ConfigError, Reader};
use url::Url;

use self::access::Access;
use crate::domain::inventory::options::{INTERVAL_MAX, INTERVAL_MIN};

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
    /// `CONSOLE_URL`: where people reach the console, as `https://host`; links in mail begin with
    /// it. Default: the address it listens on.
    pub url: Option<ConsoleUrl>,
    /// `CONSOLE_ROBOT_HOSTS`: hosts of robots beside the vendors' own, as `host` or `host:port`
    /// with commas between: private deployments and proxies. Addresses there may have ports, a host
    /// without one any, and may be `http`. Default: none.
    pub robot_hosts: Vec<String>,
    /// `CERTHERALD_KEY_FILE`: the key that seals addresses which are secrets, and links in mail.
    /// The notifier must have the same. Default: `key` in the console's data directory, made at
    /// the first start.
    pub key_file: Option<PathBuf>,
    /// `DETECTOR_INTERVAL`: the interval of domains that have none of their own, as the detector
    /// has it: when no look comes in for much longer, the overview says so. Default 10 min, allowed
    /// 1 min to 7 days.
    pub interval: Duration,
    /// Who reaches the console, and how.
    pub access: Access,
    /// Where the console notes its address for whoever speaks to it from this machine; no setting.
    pub address_file: Option<PathBuf>,
}

/// Where people reach the console: scheme and host, and perhaps a port and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleUrl(Url);

/// Says what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want http://host or https://host")]
pub struct InvalidConsoleUrl;

impl FromStr for ConsoleUrl {
    type Err = InvalidConsoleUrl;

    fn from_str(text: &str) -> Result<Self, InvalidConsoleUrl> {
        let url = Url::parse(text).map_err(|_| InvalidConsoleUrl)?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if is_web && is_plain { Ok(Self(url)) } else { Err(InvalidConsoleUrl) }
    }
}

impl ConsoleUrl {
    /// The console at the address it listens on.
    ///
    /// # Panics
    ///
    /// Never: an address and a port make a URL.
    pub fn at(scheme: &str, address: SocketAddr) -> Self {
        // Every address is this host, too.
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
        };
        let address = SocketAddr::new(ip, address.port());
        Self(format!("{scheme}://{address}").parse().expect("an address and its port make a URL"))
    }

    /// A place of the console.
    pub fn place(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let path = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    /// A page of the console, with one parameter.
    pub fn page(&self, name: &str, (key, value): (&str, &str)) -> Url {
        let mut url = self.place(name);
        url.query_pairs_mut().append_pair(key, value);
        url
    }

    /// The URL as it was set, or is assumed.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The origin of its pages, as browsers send it (RFC 6454).
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl Config {
    /// Where people reach the console that listens on an address.
    pub fn url_at(&self, address: SocketAddr) -> ConsoleUrl {
        let scheme = if self.access.tls.is_some() { "https" } else { "http" };
        self.url.clone().unwrap_or_else(|| ConsoleUrl::at(scheme, address))
    }

    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// All mistakes in them.
    pub fn read(reader: Reader<'_>) -> Result<Self, ConfigError> {
        let count = |key, default, range| {
            usize::try_from(reader.number(key, default, range)).unwrap_or(usize::MAX)
        };
        let listen = reader.parsed("CONSOLE_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080)));
        let url = reader.optional("CONSOLE_URL");
        let access = Access::read(&reader, listen, url.as_ref());
        let config = Self {
            listen,
            token_file: reader.path("CONSOLE_TOKEN_FILE"),
            domains_max: count("CONSOLE_DOMAINS_MAX", 1_000_000, 1..=10_000_000),
            streams_max: count("CONSOLE_STREAMS_MAX", 256, 1..=10_000),
            url,
            robot_hosts: reader.list("CONSOLE_ROBOT_HOSTS"),
            key_file: reader.path("CERTHERALD_KEY_FILE"),
            interval: reader.duration(
                "DETECTOR_INTERVAL",
                Duration::from_mins(10),
                INTERVAL_MIN..=INTERVAL_MAX,
            ),
            access,
            address_file: None,
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

    #[test]
    fn pages_stand_below_the_address_of_the_console() {
        let page = |text: &str| {
            text.parse::<ConsoleUrl>().map(|url| url.page("verify", ("token", "a=b")).to_string())
        };
        assert_eq!(page("https://tls.example").unwrap(), "https://tls.example/verify?token=a%3Db");
        assert_eq!(
            page("http://a.example:8080/tls/").unwrap(),
            "http://a.example:8080/tls/verify?token=a%3Db"
        );
        for wrong in ["ftp://x", "tls.example", "https://ada@x", "https://x?y", "https://x#y"] {
            assert_eq!(page(wrong), Err(InvalidConsoleUrl), "{wrong}");
        }
        let here = ConsoleUrl::at("http", SocketAddr::from(([127, 0, 0, 1], 80)));
        assert_eq!(here.page("verify", ("token", "x")).as_str(), "http://127.0.0.1/verify?token=x");
        let all = ConsoleUrl::at("https", SocketAddr::from(([0, 0, 0, 0], 8080)));
        assert_eq!(all.as_str(), "https://127.0.0.1:8080/");
    }
}
