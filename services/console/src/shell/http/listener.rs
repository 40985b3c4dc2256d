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
    time::{Instant, Sleep},
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
    /// How long a connection may be silent.
    silence: Duration,
    /// Connections whose handshake goes on; as many as there is room.
    shaking: FuturesUnordered<BoxFuture<'static, Option<Shaken>>>,
}

/// A connection whose handshake is done, whose it is, and the room that it takes.
type Shaken = (TlsStream<TcpStream>, SocketAddr, OwnedSemaphorePermit);

/// A connection, and the room that it takes.
pub struct Held {
    stream: Stream,
    silence: Silence,
    _room: OwnedSemaphorePermit,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Bounded {
    /// Bounds a socket; with an acceptor, connections begin with a handshake. A connection on which
    /// nothing comes or goes for as long as `silence` fails.
    pub fn new(listener: TcpListener, tls: Option<TlsAcceptor>, silence: Duration) -> Self {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { listener, room, tls, silence, shaking: FuturesUnordered::new() }
    }

    /// The next connection, after its handshake.
    pub async fn accept(&mut self) -> (Held, SocketAddr) {
        let Self { listener, room, tls, silence, shaking } = self;
        let silence = *silence;
        loop {
            let (stream, address, room) = tokio::select! {
                Some(shaken) = shaking.next() => match shaken {
                    Some((stream, address, room)) => {
                        let stream = Stream::Tls(Box::new(stream));
                        return (Held::new(stream, silence, room), address);
                    }
                    None => continue,
                },
                taken = take(listener, room) => taken,
            };
            match tls {
                None => return (Held::new(Stream::Plain(stream), silence, room), address),
                Some(tls) => shaking.push(Box::pin(shake(tls.clone(), stream, address, room))),
            }
        }
    }
}

impl Held {
    fn new(stream: Stream, silence: Duration, room: OwnedSemaphorePermit) -> Self {
        Self { stream, silence: Silence::new(silence), _room: room }
    }
}

/// How long nothing has come or gone.
struct Silence {
    max: Duration,
    end: Pin<Box<Sleep>>,
}

impl Silence {
    fn new(max: Duration) -> Self {
        Self { max, end: Box::pin(tokio::time::sleep(max)) }
    }

    /// What became of an attempt: one that came to something begins the silence anew, and one that
    /// waits fails when it has lasted too long. One task tries, so that one is woken.
    fn over<T>(
        &mut self,
        tried: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if tried.is_ready() {
            self.end.as_mut().reset(Instant::now() + self.max);
        }
        self.within(tried, context)
    }

    /// The same of an attempt with which nothing need come or go.
    fn within<T>(
        &mut self,
        tried: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match tried {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => {
                self.end.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
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
) -> Option<Shaken> {
    match tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some((stream, address, room)),
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
        let Self { stream, silence, .. } = self.get_mut();
        let tried = match stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        silence.over(tried, context)
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, silence, .. } = self.get_mut();
        let tried = match stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        };
        silence.over(tried, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, silence, .. } = self.get_mut();
        let tried = match stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        };
        silence.within(tried, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, silence, .. } = self.get_mut();
        let tried = match stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        };
        silence.within(tried, context)
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
        let Self { stream, silence, .. } = self.get_mut();
        let tried = match stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        };
        silence.over(tried, context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs::default_provider};
    use rustls_pki_types::PrivateKeyDer;
    use tokio::io::AsyncWriteExt;
    use tokio_rustls::{TlsConnector, client};

    use super::*;

    const SILENCE: Duration = Duration::from_hours(1);

    /// Both ends of a connection with TLS.
    async fn shaken() -> (Held, client::TlsStream<TcpStream>) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(default_provider());
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = TlsAcceptor::from(Arc::new(server));
        let mut bounded = Bounded::new(listener, Some(tls), SILENCE);
        let connect = async {
            let stream = TcpStream::connect(address).await.unwrap();
            let connector = TlsConnector::from(Arc::new(client));
            connector.connect("localhost".try_into().unwrap(), stream).await.unwrap()
        };
        let ((held, _), client) = tokio::join!(bounded.accept(), connect);
        (held, client)
    }

    #[tokio::test]
    async fn what_is_not_taken_is_not_flushed_for_ever() {
        let (mut held, _takes_nothing) = shaken().await;
        tokio::time::pause();
        let part = [0; 16 * 1024];
        let until_full = poll_fn(|context| {
            while Pin::new(&mut held).poll_write(context, &part).is_ready() {}
            Poll::Ready(())
        });
        // The runtime would interrupt it, which looks as if it were full.
        tokio::task::unconstrained(until_full).await;
        let flushed = tokio::time::timeout(2 * SILENCE, held.flush()).await;
        let error = flushed.expect("it is given up").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flush_with_nothing_to_do_does_not_begin_the_silence_anew() {
        let mut silence = Silence::new(SILENCE);
        tokio::time::sleep(SILENCE / 2).await;
        poll_fn(|context| silence.within(Poll::Ready(Ok(())), context)).await.unwrap();
        let begun = Instant::now();
        let over = poll_fn(|context| silence.within(Poll::<io::Result<()>>::Pending, context));
        assert_eq!(over.await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() < SILENCE);
    }

    #[tokio::test]
    async fn beyond_the_bound_one_waits_until_another_goes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bounded =
            Bounded { room: Arc::new(Semaphore::new(1)), ..Bounded::new(listener, None, SILENCE) };
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
