//! What is typed, and read from files, as values.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use certificate::{
    Certificate,
    pem::{self, PemError},
};
use detector::{
    domain::assess::{
        anchors::Anchors,
        pool::{Pool, Source},
    },
    shell::anchors::{self, AnchorSource, LoadError},
};

use crate::cli::Trust;

/// Bytes of a PEM file that is read: far beyond any chain.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// An address to dial, and perhaps a port.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connect {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
}

/// Says that a text is no address to dial.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no address: want ADDR, ADDR:PORT or [V6]:PORT")]
pub(crate) struct InvalidConnect(String);

impl FromStr for Connect {
    type Err = InvalidConnect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self { address, port: None });
        }
        match text.parse::<SocketAddr>() {
            Ok(socket) if socket.port() > 0 => {
                Ok(Self { address: socket.ip(), port: Some(socket.port()) })
            }
            Ok(_) | Err(_) => Err(InvalidConnect(text.to_owned())),
        }
    }
}

/// A span in seconds, 1 to 60.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

/// Says that a text is no such span.
#[derive(Debug, thiserror::Error)]
#[error("`{0}`: want a number of seconds from 1 to 60")]
pub(crate) struct InvalidSeconds(String);

impl FromStr for Seconds {
    type Err = InvalidSeconds;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(seconds @ 1..=60) => Ok(Self(Duration::from_secs(seconds))),
            Ok(_) | Err(_) => Err(InvalidSeconds(text.to_owned())),
        }
    }
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} holds no certificates", path.display())]
    Malformed { path: PathBuf, source: PemError },
    #[error("no trust anchors")]
    Anchors(#[from] LoadError),
}

impl Trust {
    /// The anchors: those of the files, or the system's if none is named.
    pub(crate) fn anchors(&self) -> Result<Anchors, InputError> {
        if self.ca.is_empty() {
            return Ok(anchors::load(&AnchorSource::System)?);
        }
        let mut anchors = Anchors::default();
        for path in &self.ca {
            certificates(path)?.into_iter().for_each(|certificate| anchors.insert(certificate));
        }
        Ok(anchors)
    }

    /// The intermediates of the files.
    pub(crate) fn pool(&self) -> Result<Pool, InputError> {
        let mut pool = Pool::default();
        for path in &self.intermediate {
            for certificate in certificates(path)? {
                pool.insert(Arc::new(certificate), Source::Configured);
            }
        }
        Ok(pool)
    }
}

/// The certificates of a PEM file, in their order; `-` is standard input.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, InputError> {
    pem::certificates(&text(path)?)
        .map_err(|source| InputError::Malformed { path: path.to_owned(), source })
}

/// The text of a PEM file; `-` is standard input.
pub(crate) fn text(path: &Path) -> Result<String, InputError> {
    let read = || -> io::Result<String> {
        let file: Box<dyn io::Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(fs::File::open(path)?)
        };
        io::read_to_string(io::Read::take(file, FILE_BYTES_MAX))
    };
    read().map_err(|source| InputError::Read { path: path.to_owned(), source })
}
