//! The settings of the prober: each its own manual.

use std::{
    net::{AddrParseError, IpAddr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use chassis::config::{ConfigError, Reader};
use ipnet::IpNet;
use proto::subject::Token;

use crate::shell::tls::PostQuantum;

/// Port of name servers (RFC 1035, section 4.2).
const DNS_PORT: u16 = 53;
/// Default of `PROBER_DEADLINE`.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// Default of `PROBER_SCANS_MAX`: slow servers that one process shall be able to wait for.
const SCANS_MAX: u64 = 10_000;

/// How to look, and how much at a time.
#[derive(Debug, Clone)]
pub struct Config {
    /// `PROBER_REGION`: region whose jobs are taken, a single token. Default `default`.
    pub region: Token,
    /// `PROBER_DEADLINE`: how long one scan may take, from the first lookup to the last byte of the
    /// last handshake. Waiting for a socket or for a lookup's turn may add 5 s each, fetching
    /// missing issuers 5 s. Default 10 s, allowed 1 s to 60 s.
    pub deadline: Duration,
    /// `PROBER_ALLOW`: ranges (CIDR, commas between) that may be dialled although they are not
    /// public: `10.0.0.0/8,fd00::/8`. Default none.
    pub allow: Vec<IpNet>,
    /// `PROBER_NAME_SERVERS`: name servers to ask (addresses, with a port if it is not 53, commas
    /// between). Default: those of the system.
    pub name_servers: Vec<SocketAddr>,
    /// `PROBER_POST_QUANTUM`: whether the group X25519MLKEM768 is offered, `true` or `false`. It
    /// makes the hello 1.2 kB longer, which some middleboxes do not let pass. Default `false`.
    pub post_quantum: PostQuantum,
    /// `PROBER_AIA`: whether an issuer that a server forgot is fetched from where its certificate
    /// says, `true` or `false`. Without it, an incomplete chain is proved only by intermediates
    /// seen elsewhere. Default `true`.
    pub aia: bool,
    /// `PROBER_SCANS_MAX`: scans at the same time. Default 10,000, allowed 1 to 100,000; fewer if
    /// the limit of open files is lower.
    pub scans_max: usize,
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
        let deadlines = Duration::from_secs(1)..=Duration::from_mins(1);
        let servers: Vec<NameServer> = reader.list("PROBER_NAME_SERVERS");
        let scans_max = reader.number("PROBER_SCANS_MAX", SCANS_MAX, 1..=100_000);
        let config = Self {
            region: reader
                .parsed("PROBER_REGION", "default".parse().expect("`default` is a token")),
            deadline: reader.duration("PROBER_DEADLINE", DEADLINE, deadlines),
            allow: reader.ranges("PROBER_ALLOW"),
            name_servers: servers.into_iter().map(|server| server.0).collect(),
            post_quantum: if reader.flag("PROBER_POST_QUANTUM", false) {
                PostQuantum::Offered
            } else {
                PostQuantum::Omitted
            },
            aia: reader.flag("PROBER_AIA", true),
            scans_max: usize::try_from(scans_max).unwrap_or(usize::MAX),
        };
        reader.finish(config)
    }
}

/// The address of a name server, read with or without a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameServer(pub SocketAddr);

impl FromStr for NameServer {
    type Err = AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let without_port =
            |text: &str| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, DNS_PORT));
        text.parse().or_else(|_| without_port(text)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let lookup = |key: &str| {
            pairs.iter().find(|(name, _)| *name == key).map(|(_, text)| (*text).to_owned())
        };
        Config::read(Reader::new(&lookup))
    }

    #[test]
    fn every_default_is_right_on_a_laptop() {
        let config = read(&[]).unwrap();
        assert_eq!(config.region.as_str(), "default");
        assert_eq!(config.deadline, Duration::from_secs(10));
        assert!(config.allow.is_empty() && config.name_servers.is_empty() && config.aia);
        assert_eq!(config.post_quantum, PostQuantum::Omitted);
        assert_eq!(config.scans_max, 10_000);
    }

    #[test]
    fn name_servers_are_read_in_every_form() {
        let pairs = [("PROBER_NAME_SERVERS", "192.0.2.1, 192.0.2.1:5353, 2001:db8::1, [::1]:54")];
        let servers: Vec<_> =
            read(&pairs).unwrap().name_servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["192.0.2.1:53", "192.0.2.1:5353", "[2001:db8::1]:53", "[::1]:54"]);
    }

    #[test]
    fn each_mistake_is_named_with_what_is_allowed() {
        let error = read(&[
            ("PROBER_DEADLINE", "90s"),
            ("PROBER_ALLOW", "10.0.0.0/40"),
            ("PROBER_NAME_SERVERS", "resolver"),
            ("PROBER_REGION", "a.b"),
        ])
        .unwrap_err()
        .to_string();
        assert!(error.contains("PROBER_DEADLINE=90s: want 1s to 1m"), "{error}");
        assert!(error.contains("PROBER_ALLOW: 10.0.0.0/40: "), "{error}");
        assert!(error.contains("PROBER_NAME_SERVERS: resolver: "), "{error}");
        assert!(error.contains("PROBER_REGION=a.b: "), "{error}");
    }
}
