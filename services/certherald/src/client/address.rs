//! Where the console of a data directory answers: `up` writes it, the commands read it.

use std::{io, net::SocketAddr, path::Path};

/// Name of the file.
const FILE: &str = "console-address";

/// Notes where the console answers.
pub(crate) fn write(data: &Path, scheme: &str, address: SocketAddr) -> io::Result<()> {
    // Every address is this host, too.
    let host = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("127.0.0.1:{}", v4.port()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("[::1]:{}", v6.port()),
        SocketAddr::V4(_) | SocketAddr::V6(_) => address.to_string(),
    };
    std::fs::write(data.join(FILE), format!("{scheme}://{host}\n"))
}

/// Where the console of a data directory answers, if that was ever noted.
pub(crate) fn read(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join(FILE)).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_found() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(read(data.path()), None);
        write(data.path(), "http", "0.0.0.0:8081".parse().unwrap()).unwrap();
        assert_eq!(read(data.path()).as_deref(), Some("http://127.0.0.1:8081"));
        write(data.path(), "https", "192.0.2.1:80".parse().unwrap()).unwrap();
        assert_eq!(read(data.path()).as_deref(), Some("https://192.0.2.1:80"));
    }
}
