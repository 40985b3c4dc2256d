//! Where a request comes from, and whether through TLS.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};
use ipnet::IpNet;

use super::Api;

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Remote(SocketAddr);

impl From<SocketAddr> for Remote {
    fn from(address: SocketAddr) -> Self {
        Self(address)
    }
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The address of whoever asks, past the proxies that are trusted.
    pub address: IpAddr,
    /// Whether it came through TLS to us, or to a proxy that is trusted.
    pub encrypted: bool,
}

impl Peer {
    /// Who is behind a connection from an address, with these headers. What a header says is
    /// believed only from a proxy that is trusted, and of several the last that is not one.
    pub fn of(connected: IpAddr, headers: &HeaderMap, proxies: &[IpNet], own_tls: bool) -> Self {
        let is_proxy =
            |address: &IpAddr| proxies.iter().any(|range| range.contains(&address.to_canonical()));
        if !is_proxy(&connected) {
            return Self { address: connected.to_canonical(), encrypted: own_tls };
        }
        let lines = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        // The last hop first; what stands before one that is not understood is not believed.
        let hops = lines("x-forwarded-for").rev().flat_map(|line| line.rsplit(','));
        let mut hops = hops.map_while(hop).peekable();
        let mut address = connected;
        while let Some(hop) = hops.next_if(|_| is_proxy(&address)) {
            address = hop;
        }
        let protocol =
            lines("x-forwarded-proto").next_back().and_then(|line| line.rsplit(',').next());
        Self {
            address: address.to_canonical(),
            encrypted: own_tls || protocol.is_some_and(|protocol| protocol.trim() == "https"),
        }
    }
}

/// An address that a proxy names, perhaps with a port.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

impl FromRequestParts<Arc<Api>> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Infallible> {
        let remote = parts.extensions.get::<ConnectInfo<Remote>>();
        // There is no connection only where the router is called by itself.
        let connected = remote.map_or(Ipv4Addr::UNSPECIFIED.into(), |info| info.0.0.ip());
        let access = &api.config.access;
        Ok(Self::of(connected, &parts.headers, &access.proxies, access.tls.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(connected: &str, headers: &[(&'static str, &'static str)]) -> Peer {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let pairs =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Peer::of(connected.parse().unwrap(), &pairs.collect(), &proxies, false)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let said = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https")];
        let through =
            |address: &str, encrypted| Peer { address: address.parse().unwrap(), encrypted };
        assert_eq!(peer("10.0.0.1", &said), through("192.0.2.1", true));
        assert_eq!(peer("::ffff:10.0.0.1", &said), through("192.0.2.1", true));
        assert_eq!(peer("198.51.100.7", &said), through("198.51.100.7", false));
        assert_eq!(peer("10.0.0.1", &[]), through("10.0.0.1", false));
    }

    #[test]
    fn what_was_said_to_the_proxy_is_not_believed() {
        let address = |value| peer("10.0.0.1", &[("x-forwarded-for", value)]).address.to_string();
        assert_eq!(address("203.0.113.9, 192.0.2.1"), "192.0.2.1");
        assert_eq!(address("203.0.113.9, 192.0.2.1, 10.0.0.2"), "192.0.2.1");
        assert_eq!(address("10.0.0.3, 10.0.0.2"), "10.0.0.3");
        assert_eq!(address("unknown"), "10.0.0.1");
        assert_eq!(address("unknown, [2001:db8::1]:443"), "2001:db8::1");
        let twice = [("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")];
        assert!(!peer("10.0.0.1", &twice).encrypted);
    }
}
