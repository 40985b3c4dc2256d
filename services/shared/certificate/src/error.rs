//! What can be wrong with the writing of a certificate.

use std::fmt;

/// Why there is no certificate to speak of. Names the part that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Nothing there.
    #[error("the certificate is empty")]
    Empty,
    /// More than [`DER_BYTES_MAX`](crate::DER_BYTES_MAX).
    #[error("the certificate has {length} bytes, more than the {max} that are read")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The first byte begins no DER sequence.
    #[error("this is no DER certificate: it begins with byte {first:#04x} and not with 0x30")]
    NotDer {
        /// The first byte.
        first: u8,
    },
    /// The outer structure promises more than there is.
    #[error("the certificate is cut off")]
    Truncated,
    /// Bytes follow the certificate.
    #[error("{bytes} bytes follow the end of the certificate")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// The version is no number.
    #[error("the version cannot be read")]
    Version,
    /// The serial number is no integer.
    #[error("the serial number cannot be read")]
    Serial,
    /// An algorithm identifier is none.
    #[error("an algorithm identifier cannot be read")]
    Algorithm,
    /// The subject or the issuer is no distinguished name.
    #[error("the subject or the issuer cannot be read")]
    Name,
    /// `notBefore` or `notAfter` is no date.
    #[error("a date of the validity cannot be read")]
    Date,
    /// The public key is none.
    #[error("the public key cannot be read")]
    Key,
    /// The list of extensions is none.
    #[error("the extensions cannot be read")]
    Extensions,
    /// The signature is no bit string.
    #[error("the signature cannot be read")]
    Signature,
    /// Anything else that is not laid out as a certificate.
    #[error("the structure is not that of a certificate")]
    Structure,
}

/// An extension that cannot be read, in a certificate that otherwise can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The extension: its name if it is one of RFC 5280, else its number.
    pub extension: String,
    /// What is wrong with it.
    pub problem: DefectKind,
}

/// What can be wrong with an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefectKind {
    /// It does not have the structure that its number promises.
    Malformed,
    /// It stands there more than once (RFC 5280, section 4.2, forbids that).
    Repeated,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problem {
            DefectKind::Malformed => write!(f, "the extension {} cannot be read", self.extension),
            DefectKind::Repeated => write!(f, "the extension {} is repeated", self.extension),
        }
    }
}
