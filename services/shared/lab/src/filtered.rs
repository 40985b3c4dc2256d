//! A port that swallows connections, as one behind a firewall does.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::error::LabError;

/// Connections that fill the queue. The kernel admits one more than the backlog of 0; the rest
/// is for kernels that round up.
const FILLERS: usize = 16;

/// How long one filler may take. A connection over loopback that is not there by then is swallowed.
const FILLER_WAIT: std::time::Duration = std::time::Duration::from_millis(200);

/// A port on which a connection is neither accepted nor refused, without touching a firewall: its
/// queue of waiting connections is full and nobody takes any out.
#[derive(Debug)]
pub struct FilteredPort {
    address: SocketAddr,
    _listener: TcpListener,
    _fillers: Vec<TcpStream>,
}

impl FilteredPort {
    /// Opens one on 127.0.0.1.
    ///
    /// # Errors
    /// [`LabError::Listen`] if no port can be had.
    pub async fn open() -> Result<Self, LabError> {
        let wanted = SocketAddr::from(([127, 0, 0, 1], 0));
        let listen = |source| LabError::Listen { address: wanted, source };
        let socket = TcpSocket::new_v4().map_err(listen)?;
        socket.bind(wanted).map_err(listen)?;
        let listener = socket.listen(0).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let mut fillers = Vec::new();
        for _ in 0..FILLERS {
            match tokio::time::timeout(FILLER_WAIT, TcpStream::connect(address)).await {
                Ok(Ok(filler)) => fillers.push(filler),
                Ok(Err(_)) | Err(_) => break,
            }
        }
        Ok(Self { address, _listener: listener, _fillers: fillers })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_neither_accepted_nor_refused() {
        let port = FilteredPort::open().await.unwrap();
        let waited = tokio::time::timeout(FILLER_WAIT * 4, TcpStream::connect(port.address()));
        assert!(waited.await.is_err(), "the connection must still be pending");
    }
}
