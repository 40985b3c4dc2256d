//! What is odd about a chain or its connection, and no anomaly.

use std::fmt;

use certificate::error::{CertificateError, Defect};

/// One oddity, shown on the domain's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The list is not in the order of the path.
    Misordered,
    /// Certificates stand in the list more than once.
    Repeated(usize),
    /// Certificates that the path does not need.
    Extra {
        /// How many.
        count: usize,
        /// How many of them have expired.
        expired: usize,
    },
    /// A root, which clients have or do not trust.
    RootPresented,
    /// A certificate of the list that is none.
    Unreadable {
        /// Its place, counted from 1.
        place: usize,
        /// What is wrong with it.
        error: CertificateError,
    },
    /// Certificates beyond the number that is read.
    Ignored(usize),
    /// An extension of the leaf that cannot be read.
    Defect(Defect),
    /// The leaf has no subject alternative name; its common name does not count.
    NoNames,
    /// Trust could not be decided, and why.
    Undecided(String),
    /// The server asked for a client certificate.
    ClientCertificateRequested,
    /// Nobody has seen that the server holds the leaf's key.
    KeyNotProved,
    /// Anything else, as a sentence.
    Other(String),
}

impl Remark {
    /// Whether it says that trust could not be decided.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self, Self::Undecided(_))
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misordered => {
                f.write_str("The certificates are not presented in the order of the path.")
            }
            Self::Repeated(count) => write!(f, "{} presented more than once.", counted(*count)),
            Self::Extra { count, expired: 0 } => {
                write!(f, "{} presented that the path does not need.", counted(*count))
            }
            Self::Extra { count, expired } => write!(
                f,
                "{} presented that the path does not need, of which expired: {expired}.",
                counted(*count)
            ),
            Self::RootPresented => {
                f.write_str("A root is presented, which clients do not need to be sent.")
            }
            Self::Unreadable { place, error } => {
                write!(f, "Certificate {place} of the list cannot be read: {error}.")
            }
            Self::Ignored(count) => {
                write!(f, "{} not read: the list is too long.", counted(*count))
            }
            Self::Defect(defect) => write!(f, "In the certificate, {defect}."),
            Self::NoNames => f.write_str(
                "The certificate has no subject alternative name; clients ignore its common name.",
            ),
            Self::Undecided(why) => write!(f, "Whether the chain is trusted is unknown: {why}."),
            Self::ClientCertificateRequested => {
                f.write_str("The server asks for a client certificate.")
            }
            Self::KeyNotProved => {
                f.write_str("The server was not seen to prove that it holds the key.")
            }
            Self::Other(sentence) => f.write_str(sentence),
        }
    }
}

fn counted(count: usize) -> String {
    if count == 1 { "1 certificate is".to_owned() } else { format!("{count} certificates are") }
}
