//! Whether a certificate covers a host (RFC 9525).
//!
//! Only subject alternative names count. A name matches label by label, without regard to case; a
//! wildcard is the whole first label, stands for exactly one, and has two or more labels behind it.
//! An address matches an address, never a name that looks like one.

use certificate::{Certificate, name::SubjectName};
use proto::host::Host;

/// Whether one of the certificate's names is the host's.
pub(super) fn covers(certificate: &Certificate, host: &Host) -> bool {
    match host {
        Host::Name(host) => certificate.names().any(|name| match name {
            SubjectName::Dns(name) => matches(name, host.as_str()),
            SubjectName::Ip(_) => false,
        }),
        Host::Address(address) => certificate.names().any(|name| match name {
            SubjectName::Ip(named) => named == *address,
            SubjectName::Dns(_) => false,
        }),
    }
}

/// Whether a presented name covers a host, which is in lower case and has no trailing dot.
fn matches(presented: &str, host: &str) -> bool {
    match presented.strip_prefix("*.") {
        None => presented.eq_ignore_ascii_case(host),
        Some(parent) => match host.split_once('.') {
            Some((_, rest)) => parent.contains('.') && parent.eq_ignore_ascii_case(rest),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_matches_without_regard_to_case() {
        assert!(matches("Example.COM", "example.com"));
        assert!(!matches("example.com.", "example.com"), "a presented name has no trailing dot");
        assert!(!matches("example.com", "www.example.com"));
        assert!(!matches("", "example.com"));
    }

    #[test]
    fn a_wildcard_is_the_first_label_and_stands_for_one() {
        assert!(matches("*.example.com", "www.example.com"));
        assert!(matches("*.EXAMPLE.com", "www.example.com"));
        assert!(!matches("*.example.com", "example.com"));
        assert!(!matches("*.example.com", "a.b.example.com"));
        assert!(!matches("w*.example.com", "www.example.com"));
        assert!(!matches("www.*.com", "www.example.com"));
        assert!(!matches("*.*.com", "www.example.com"));
        assert!(!matches("*", "localhost"));
        assert!(!matches("*.com", "example.com"), "too wide for anybody to hold");
    }

    #[test]
    fn an_address_needs_an_address() {
        let with = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let params = rcgen::CertificateParams::new(names).unwrap();
            let der = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            Certificate::parse(der.der()).unwrap()
        };
        let host = |text: &str| text.parse::<Host>().unwrap();
        let named = with(&["192.0.2.1", "2001:db8::1", "example.com"]);
        assert!(covers(&named, &host("192.0.2.1")));
        assert!(covers(&named, &host("2001:db8:0::1")));
        assert!(!covers(&named, &host("192.0.2.2")));
        assert!(!covers(&with(&["1.2.0.192.in-addr.arpa"]), &host("192.0.2.1")));
        assert!(covers(&named, &host("example.com")));
    }
}
