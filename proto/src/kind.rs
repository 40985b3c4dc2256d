//! The tokens of the enumerations: how a kind, a reason, a state is spelled in subjects, in the API
//! and on the command line.

use crate::v1::{Kind, Protocol, Purpose, Reason, Severity, State};

/// Builds `token` and `from_token` from one table, so that the two cannot part.
macro_rules! tokens {
    ($type:ident { $($variant:ident = $token:literal,)* }) => {
        impl $type {
            /// Every value but the unspecified one, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The one spelling of the value; `unspecified` if a newer sender has set none.
            pub fn token(self) -> &'static str {
                match self {
                    Self::Unspecified => "unspecified",
                    $(Self::$variant => $token,)*
                }
            }

            /// The value of a spelling, or `None` if it is none of them.
            pub fn from_token(token: &str) -> Option<Self> {
                match token {
                    $($token => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

tokens!(Kind {
    EnableFailed = "enable_failed",
    Expired = "expired",
    Expiring = "expiring",
    ChainIncomplete = "chain_incomplete",
    NameMismatch = "name_mismatch",
    Recovered = "recovered",
    Untrusted = "untrusted",
    NotYetValid = "not_yet_valid",
    Revoked = "revoked",
    Unreachable = "unreachable",
    MixedCertificates = "mixed_certificates",
    Weak = "weak",
    RenewalOverdue = "renewal_overdue",
    NotObserved = "not_observed",
    CertificateChanged = "certificate_changed",
    ProberBlind = "prober_blind",
});

tokens!(Severity { Info = "info", Warning = "warning", Critical = "critical", });

tokens!(Reason {
    DnsNoAddress = "dns_no_address",
    DnsFailure = "dns_failure",
    AddressNotAllowed = "address_not_allowed",
    ConnectRefused = "connect_refused",
    ConnectTimeout = "connect_timeout",
    NotTls = "not_tls",
    HandshakeFailed = "handshake_failed",
    NoCertificate = "no_certificate",
});

tokens!(State {
    Enabling = "enabling",
    Secure = "secure",
    Abnormal = "abnormal",
    EnableFailed = "enable_failed",
    Unknown = "unknown",
    Disabled = "disabled",
});

tokens!(Protocol {
    Tls = "tls",
    Smtp = "smtp",
    Imap = "imap",
    Pop3 = "pop3",
    Ftp = "ftp",
    Ldap = "ldap",
    Xmpp = "xmpp",
    Postgres = "postgres",
    Mysql = "mysql",
    Sieve = "sieve",
    Nntp = "nntp",
});

tokens!(Purpose {
    Scheduled = "scheduled",
    Confirm = "confirm",
    Requested = "requested",
    Enabling = "enabling",
});

impl Kind {
    /// Whether it stays open until it is closed. The others happen at an instant.
    pub fn is_anomaly(self) -> bool {
        !matches!(self, Self::Unspecified | Self::Recovered | Self::CertificateChanged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_reads_as_it_is_written() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_token(kind.token()), Some(*kind));
        }
        for reason in Reason::ALL {
            assert_eq!(Reason::from_token(reason.token()), Some(*reason));
        }
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::from_token(protocol.token()), Some(*protocol));
        }
    }

    #[test]
    fn the_tables_are_whole() {
        assert_eq!(Kind::ALL.len(), 16);
        assert!(Kind::ALL.iter().all(|kind| Kind::try_from(*kind as i32) == Ok(*kind)));
        assert_eq!(Kind::try_from(17).ok(), None, "a new kind belongs in the table and here");
        assert_eq!(Reason::try_from(9).ok(), None, "a new reason belongs in the table and here");
    }
}
