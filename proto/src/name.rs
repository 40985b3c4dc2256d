//! What people write when they name a domain: `name`, `name:port`, `[v6]:port`, `https://name/…`.

use std::str::FromStr;

use crate::host::{Host, InvalidHost};

/// A domain as a person named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainName {
    /// The host.
    pub host: Host,
    /// The port, if one was written; the scheme `https` stands for 443.
    pub port: Option<u16>,
    /// Whether more was written than host and port (a path, a query, a sign-in), which is ignored.
    pub more_ignored: bool,
}

/// Why a text names no domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The host is none.
    #[error(transparent)]
    Host(#[from] InvalidHost),
    /// The port is none.
    #[error("`{0}` is no port: ports are 1 to 65535")]
    Port(String),
    /// A scheme other than `https`.
    #[error("`{0}://` is not understood: write a name, or an address that begins with `https://`")]
    Scheme(String),
    /// A bracket without its pair, or something else than a port behind it.
    #[error("`{0}` is not understood: IPv6 is written `[address]` or `[address]:port`")]
    Brackets(String),
}

/// Characters of a text that is worth reading; a longer one is refused by its host's length.
const SHOWN_MAX: usize = 80;

impl FromStr for DomainName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (authority, scheme_port, more) = match text.split_once("://") {
            None => (text, None, false),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (authority, tail) = rest.split_at(end);
                let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
                (host, Some(443), host.len() < authority.len() || !matches!(tail, "" | "/"))
            }
            Some((scheme, _)) => return Err(InvalidName::Scheme(shown(scheme))),
        };
        let (host, port) = divided(authority)?;
        let port = port.map(port_number).transpose()?.or(scheme_port);
        Ok(Self { host: host.parse()?, port, more_ignored: more })
    }
}

/// Host and port of an authority. An IPv6 address without brackets has no port.
fn divided(authority: &str) -> Result<(&str, Option<&str>), InvalidName> {
    let brackets = || InvalidName::Brackets(shown(authority));
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, tail) = rest.split_once(']').ok_or_else(brackets)?;
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(brackets());
        }
        return match tail.strip_prefix(':') {
            Some(port) => Ok((address, Some(port))),
            None if tail.is_empty() => Ok((address, None)),
            None => Err(brackets()),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) if !port.contains(':') => Ok((host, Some(port))),
        Some(_) | None => Ok((authority, None)),
    }
}

fn port_number(text: &str) -> Result<u16, InvalidName> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port > 0 => Ok(port),
        Ok(_) | Err(_) => Err(InvalidName::Port(shown(text))),
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(text: &str) -> (String, Option<u16>, bool) {
        let name: DomainName = text.parse().unwrap();
        (name.host.to_string(), name.port, name.more_ignored)
    }

    #[test]
    fn every_form_is_understood() {
        assert_eq!(named(" example.com "), ("example.com".into(), None, false));
        assert_eq!(named("example.com:8443"), ("example.com".into(), Some(8443), false));
        assert_eq!(named("[2001:db8::1]:8443"), ("2001:db8::1".into(), Some(8443), false));
        assert_eq!(named("[2001:db8::1]"), ("2001:db8::1".into(), None, false));
        assert_eq!(named("2001:db8::1"), ("2001:db8::1".into(), None, false));
        assert_eq!(named("192.0.2.1:25"), ("192.0.2.1".into(), Some(25), false));
        assert_eq!(named("https://example.com"), ("example.com".into(), Some(443), false));
        assert_eq!(named("https://example.com/"), ("example.com".into(), Some(443), false));
        assert_eq!(
            named("HTTPS://u:p@example.com:8443/a?b"),
            ("example.com".into(), Some(8443), true)
        );
        assert_eq!(named("https://[::1]:8443/x"), ("::1".into(), Some(8443), true));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, want) in [
            ("example.com:0", "`0` is no port: ports are 1 to 65535"),
            ("example.com:+1", "`+1` is no port: ports are 1 to 65535"),
            ("example.com:65536", "`65536` is no port: ports are 1 to 65535"),
            ("example.com:", "`` is no port: ports are 1 to 65535"),
        ] {
            assert_eq!(text.parse::<DomainName>().unwrap_err().to_string(), want);
        }
        let refusal = |text: &str| text.parse::<DomainName>().unwrap_err();
        assert!(matches!(refusal("ftp://example.com"), InvalidName::Scheme(_)));
        assert!(matches!(refusal("[::1"), InvalidName::Brackets(_)));
        assert!(matches!(refusal("[::1]8"), InvalidName::Brackets(_)));
        assert!(matches!(refusal("[example.com]:1"), InvalidName::Brackets(_)));
        assert!(matches!(refusal("https://"), InvalidName::Host(InvalidHost::Empty)));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,300}") {
            drop(text.parse::<DomainName>());
        }
    }
}
