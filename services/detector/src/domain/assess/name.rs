//! Whether a certificate covers a host (RFC 9525).
//!
//! Only subject alternative names count. A name matches label by label, without regard to case; a
//! wildcard is the whole first label, stands for exactly one, and has at least two labels behind it.
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
