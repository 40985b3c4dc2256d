//! Why the loopback world could not be built.

use std::io;
use std::net::SocketAddr;

/// Why an authority, a site or a mail sink could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The certificate cannot be made as asked, for example because a name is not ASCII.
    #[error("cannot issue a certificate for `{name}`")]
    Issue {
        /// Common name of the wanted certificate.
        name: String,
        /// What the encoder said.
        source: rcgen::Error,
    },
    /// The key cannot be used to serve TLS.
    #[error("cannot serve TLS with this key")]
    Key {
        /// What rustls said.
        source: rustls::Error,
    },
    /// The address is taken, or is not one of this machine.
    #[error("cannot listen on {address}")]
    Listen {
        /// The wanted address; port 0 stands for any.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}
