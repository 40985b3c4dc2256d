//! A host as it is monitored: a name in its one spelling, or an address.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// Octets of a name without its trailing dot (RFC 1035, section 3.1, less the length bytes).
const NAME_LEN_MAX: usize = 253;
/// Octets of a label (RFC 1035, section 2.3.4).
const LABEL_LEN_MAX: usize = 63;

/// A host name or an address.
///
/// Invariant: a name is in A-labels and lower case, without a trailing dot; at most 253 octets in
/// labels of 1 to 63, each of `a`–`z`, `0`–`9`, `-` and `_`, with no hyphen at either end. Its last
/// label neither begins with `_` nor consists of digits, so that no name can be taken for an
/// address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name.
    Name(HostName),
    /// An address; an IPv4 address in IPv6 dress is undressed.
    Address(IpAddr),
}

/// The name of a host, in its one spelling. See [`Host`] for the invariant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

/// Why a text is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHost {
    /// Nothing there.
    #[error("the host is empty: write a name such as `example.com`, or an IP address")]
    Empty,
    /// A pattern, not a host.
    #[error(
        "`{0}` is a wildcard: name each host that it stands for, a scan needs one to connect to"
    )]
    Wildcard(String),
    /// Above 253 octets.
    #[error("the host has {length} bytes: at most 253 are allowed (RFC 1035)")]
    TooLong {
        /// Its octets as A-labels.
        length: usize,
    },
    /// A label above 63 octets.
    #[error("label `{label}` has {length} bytes: at most 63 are allowed (RFC 1035)")]
    LabelTooLong {
        /// Its beginning.
        label: String,
        /// Its octets.
        length: usize,
    },
    /// Two dots in a row, or one at the start.
    #[error("`{0}` has an empty label: between two dots stand 1 to 63 characters")]
    EmptyLabel(String),
    /// A character that no host name has, or a hyphen at an end of a label.
    #[error(
        "`{0}` is no host name: labels are letters, digits, `-` and `_`, with no `-` at an end"
    )]
    Malformed(String),
    /// The last label could be taken for a part of an address.
    #[error("`{0}` ends like an address but is none: an address is four numbers 0 to 255")]
    Numeric(String),
}

impl Host {
    /// The name, unless it is an address.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name.as_str()),
            Self::Address(_) => None,
        }
    }

    /// The address, unless it is a name.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::Address(address) => Some(*address),
        }
    }

    /// The name with IDN labels in Unicode (UTS 46), for people; an address as it is.
    pub fn to_unicode(&self) -> String {
        match self {
            Self::Name(name) => idna::domain_to_unicode(name.as_str()).0,
            Self::Address(address) => address.to_string(),
        }
    }

    /// Host and port as they are written together: an IPv6 address stands in brackets.
    pub fn with_port(&self, port: u16) -> String {
        match self {
            Self::Address(IpAddr::V6(address)) => format!("[{address}]:{port}"),
            Self::Name(_) | Self::Address(IpAddr::V4(_)) => format!("{self}:{port}"),
        }
    }
}

impl HostName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name.as_str()),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    /// Reads a name in any spelling (case, IDN, trailing dot), or an address without brackets.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(InvalidHost::Empty);
        }
        if text.contains('*') {
            return Err(InvalidHost::Wildcard(shortened(text)));
        }
        // Four times the limit: the longest that mapping may shrink; more is not worth mapping.
        if text.len() > 4 * NAME_LEN_MAX {
            return Err(InvalidHost::TooLong { length: text.len() });
        }
        let name = idna::domain_to_ascii(text).map_err(|_| {
            if text.split('.').any(str::is_empty) {
                InvalidHost::EmptyLabel(shortened(text))
            } else {
                InvalidHost::Malformed(shortened(text))
            }
        })?;
        let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
        check(&name)?;
        Ok(Self::Name(HostName(name.into())))
    }
}

impl From<Ipv6Addr> for Host {
    fn from(address: Ipv6Addr) -> Self {
        Self::Address(IpAddr::V6(address).to_canonical())
    }
}

fn check(name: &str) -> Result<(), InvalidHost> {
    if name.is_empty() {
        return Err(InvalidHost::Empty);
    }
    if name.len() > NAME_LEN_MAX {
        return Err(InvalidHost::TooLong { length: name.len() });
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(InvalidHost::EmptyLabel(shortened(name)));
        }
        if label.len() > LABEL_LEN_MAX {
            return Err(InvalidHost::LabelTooLong { label: shortened(label), length: label.len() });
        }
        let clean = label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        if !clean || label.starts_with('-') || label.ends_with('-') {
            return Err(InvalidHost::Malformed(shortened(name)));
        }
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InvalidHost::Numeric(shortened(name)));
    }
    if last.starts_with('_') {
        return Err(InvalidHost::Malformed(shortened(name)));
    }
    Ok(())
}

/// Enough to recognise it by, and no more of what may be an attack on whoever reads the error.
fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    text.chars().filter(|c| !c.is_control()).take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(text: &str) -> String {
        text.parse::<Host>().unwrap().to_string()
    }

    fn refusal(text: &str) -> InvalidHost {
        text.parse::<Host>().unwrap_err()
    }

    #[test]
    fn a_name_has_one_spelling() {
        assert_eq!(host("Example.COM."), "example.com");
        assert_eq!(host("bücher.example"), "xn--bcher-kva.example");
        assert_eq!(host("例え.テスト"), "xn--r8jz45g.xn--zckzah");
        assert_eq!(host("_dmarc.example.com"), "_dmarc.example.com");
        assert_eq!(host("nas1"), "nas1");
        assert_eq!("xn--bcher-kva.example".parse::<Host>().unwrap().to_unicode(), "bücher.example");
    }

    #[test]
    fn an_address_has_one_spelling() {
        assert_eq!(host("192.0.2.1"), "192.0.2.1");
        assert_eq!(host("2001:DB8:0::1"), "2001:db8::1");
        assert_eq!(host("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!("::1".parse::<Host>().unwrap().with_port(443), "[::1]:443");
    }

    #[test]
    fn what_is_no_host_is_refused_with_the_reason() {
        assert_eq!(refusal(""), InvalidHost::Empty);
        assert_eq!(refusal("."), InvalidHost::Empty);
        assert!(matches!(refusal("*.example.com"), InvalidHost::Wildcard(_)));
        assert!(matches!(refusal("a..b"), InvalidHost::EmptyLabel(_)));
        assert!(matches!(refusal(".a"), InvalidHost::EmptyLabel(_)));
        assert!(matches!(refusal("a b"), InvalidHost::Malformed(_)));
        assert!(matches!(refusal("-a.example"), InvalidHost::Malformed(_)));
        assert!(matches!(refusal("a.b-"), InvalidHost::Malformed(_)));
        assert!(matches!(refusal("256.1.1.1"), InvalidHost::Numeric(_)));
        assert!(matches!(refusal("example.123"), InvalidHost::Numeric(_)));
        assert!(matches!(refusal(&"a".repeat(64)), InvalidHost::LabelTooLong { length: 64, .. }));
        assert!(matches!(refusal(&["a"; 128].join(".")), InvalidHost::TooLong { length: 255 }));
        assert!(matches!(refusal(&"é".repeat(5000)), InvalidHost::TooLong { .. }));
    }

    #[test]
    fn the_longest_names_fit() {
        assert_eq!(host(&["a"; 127].join(".")).len(), 253);
        host(&format!("{}.example", "a".repeat(63)));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_again_the_same(text in "\\PC{0,80}") {
            if let Ok(host) = text.parse::<Host>() {
                prop_assert_eq!(host.to_string().parse::<Host>(), Ok(host));
            }
        }
    }
}
