//! Says which addresses may be dialled.
//!
//! Names and URLs come from strangers, and so do the addresses behind them: without this rule, a
//! domain or a webhook that resolves to a metadata service would make us its messenger. The
//! question is asked of the address that is dialled, after every resolution.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What is not public in IPv4 (IANA IPv4 Special-Purpose Address Registry).
const CLOSED_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),       // "this network"
    v4([10, 0, 0, 0], 8),      // private
    v4([100, 64, 0, 0], 10),   // carrier-grade NAT, and some metadata services
    v4([127, 0, 0, 0], 8),     // loopback
    v4([169, 254, 0, 0], 16),  // link-local, and most metadata services
    v4([172, 16, 0, 0], 12),   // private
    v4([192, 0, 0, 0], 24),    // IETF protocol assignments
    v4([192, 0, 2, 0], 24),    // documentation
    v4([192, 88, 99, 0], 24),  // 6to4 relays
    v4([192, 168, 0, 0], 16),  // private
    v4([198, 18, 0, 0], 15),   // benchmarking
    v4([198, 51, 100, 0], 24), // documentation
    v4([203, 0, 113, 0], 24),  // documentation
    v4([224, 0, 0, 0], 4),     // multicast
    v4([240, 0, 0, 0], 4),     // reserved, and broadcast
];

/// What is not public in IPv6 (IANA IPv6 Special-Purpose Address Registry). `::ffff:0:0/96` is not
/// among them: such an address is judged as the IPv4 address that it means.
const CLOSED_V6: [Ipv6Net; 13] = [
    v6(0, 96),                     // unspecified, loopback, IPv4-compatible
    v6(0x0064_ff9b_0000_0000, 96), // NAT64: reaches any IPv4 address
    v6(0x0064_ff9b_0001_0000, 48), // local NAT64
    v6(0x0100_0000_0000_0000, 64), // discard
    v6(0x2001_0000_0000_0000, 23), // IETF protocol assignments, Teredo among them
    v6(0x2001_0db8_0000_0000, 32), // documentation
    v6(0x2002_0000_0000_0000, 16), // 6to4: reaches any IPv4 address
    v6(0x3fff_0000_0000_0000, 20), // documentation
    v6(0x5f00_0000_0000_0000, 16), // segments of routes (SRv6)
    v6(0xfc00_0000_0000_0000, 7),  // unique local
    v6(0xfe80_0000_0000_0000, 10), // link-local
    v6(0xfec0_0000_0000_0000, 10), // site-local, deprecated and yet routed by some
    v6(0xff00_0000_0000_0000, 8),  // multicast
];

/// Admits public addresses, and those of the ranges that the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allowed: Vec<IpNet>,
}

impl Guard {
    /// A guard that admits these ranges beside what is public.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether the address may be dialled. An IPv4 address in IPv6 dress is undressed first.
    pub fn admits(&self, address: IpAddr) -> bool {
        is_public(address.to_canonical()) || self.allows(address)
    }

    /// Whether the operator allows the address, be it public or not.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|range| range.contains(&address))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !CLOSED_V4.iter().any(|range| range.contains(&v4)),
        IpAddr::V6(v6) => !CLOSED_V6.iter().any(|range| range.contains(&v6)),
    }
}

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// The range that begins with these 64 bits.
const fn v6(start: u64, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_bits((start as u128) << 64), prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(allowed: &[&str], address: &str) -> bool {
        let allowed = allowed.iter().map(|range| range.parse().unwrap()).collect();
        Guard::new(allowed).admits(address.parse().unwrap())
    }

    #[test]
    fn what_is_public_is_admitted_and_yet_not_allowed() {
        let guard = Guard::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let asked = ["1.1.1.1", "10.1.2.3", "::ffff:10.1.2.3", "192.168.1.1"].map(|address| {
            let address = address.parse().unwrap();
            (guard.admits(address), guard.allows(address))
        });
        assert_eq!(asked, [(true, false), (true, true), (true, true), (false, false)]);
    }

    #[test]
    fn public_addresses_are_admitted() {
        for address in
            ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "2a00::1"]
        {
            assert!(admits(&[], address), "{address}");
        }
    }

    #[test]
    fn the_inside_is_closed() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.19.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "feff::1",
            "ff02::1",
        ] {
            assert!(!admits(&[], address), "{address}");
        }
    }

    #[test]
    fn a_mapped_address_is_judged_as_what_it_means() {
        assert!(!admits(&[], "::ffff:127.0.0.1"));
        assert!(!admits(&[], "::ffff:169.254.169.254"));
        assert!(admits(&[], "::ffff:1.1.1.1"));
        assert!(admits(&["127.0.0.0/8"], "::ffff:127.0.0.1"));
    }

    #[test]
    fn an_allowed_range_opens_nothing_beside_itself() {
        assert!(admits(&["10.1.0.0/16"], "10.1.255.1"));
        assert!(!admits(&["10.1.0.0/16"], "10.2.0.1"));
        assert!(admits(&["::1/128", "127.0.0.1/32"], "::1"));
        assert!(!admits(&["127.0.0.1/32"], "127.0.0.2"));
    }
}
