//! The listening socket, with a bound on how many connections it holds, and TLS where it is
//! configured.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::debug;

/// Connections held at once. Each takes some dozen kilobytes and a file; whoever comes beyond waits
/// in the queue of the system.
const CONNECTIONS_MAX: usize = 1_024;
/// How long a handshake may take: a phone on a slow line, and nobody who only holds the room.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// A listening socket that takes a connection only when there is room.
pub struct Bounded {
    listener: TcpListener,
    room: Arc<Semaphore>,
    tls: Option<TlsAcceptor>,
    /// Connections whose handshake goes on; as many as there is room.
    shaking: FuturesUnordered<BoxFuture<'static, Option<(Held, SocketAddr)>>>,
}

/// A connection, and the room that it takes.
pub struct Held {
    stream: Stream,
    _room: OwnedSemaphorePermit,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Bounded {
    /// Bounds a socket; with an acceptor, connections begin with a handshake.
    pub fn new(listener: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { listener, room, tls, shaking: FuturesUnordered::new() }
    }
}

impl Listener for Bounded {
    type Io = Held;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Held, SocketAddr) {
        let Self { listener, room, tls, shaking } = self;
        loop {
            let (stream, address, room) = tokio::select! {
                Some(shaken) = shaking.next() => match shaken {
                    Some(accepted) => return accepted,
                    None => continue,
                },
                taken = take(listener, room) => taken,
            };
            match tls {
                None => return (Held { stream: Stream::Plain(stream), _room: room }, address),
                Some(tls) => shaking.push(Box::pin(shake(tls.clone(), stream, address, room))),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The next connection, once there is room.
async fn take(
    listener: &mut TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let room = room.clone().acquire_owned().await.expect("the semaphore is never closed");
    // Waits and tries again when the system has no file left.
    let (stream, address) = Listener::accept(listener).await;
    (stream, address, room)
}

/// The connection after its handshake, unless that fails.
async fn shake(
    tls: TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    room: OwnedSemaphorePermit,
) -> Option<(Held, SocketAddr)> {
    match tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            Some((Held { stream: Stream::Tls(Box::new(stream)), _room: room }, address))
        }
        Ok(Err(error)) => {
            debug!(%address, %error, "A handshake with a browser failed.");
            None
        }
        Err(_) => {
            debug!(%address, "A handshake with a browser took too long.");
            None
        }
    }
}

impl AsyncRead for Held {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_the_bound_one_waits_until_another_goes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bounded =
            Bounded { room: Arc::new(Semaphore::new(1)), ..Bounded::new(listener, None) };
        let _first = TcpStream::connect(address).await.unwrap();
        let _second = TcpStream::connect(address).await.unwrap();
        let (held, _) = bounded.accept().await;
        let waiting = tokio::time::timeout(Duration::from_millis(50), bounded.accept()).await;
        assert!(waiting.is_err(), "there is no room");
        drop(held);
        let taken = tokio::time::timeout(Duration::from_secs(10), bounded.accept()).await;
        assert!(taken.is_ok(), "there is room again");
    }
}
