//! One connection to a site, from the first byte to the last.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::Tally;
use super::behaviour::Conduct;

/// Bytes of a request that are read before it is answered. What is longer is answered unread.
const REQUEST_BYTES_MAX: usize = 8 * 1024;

/// Between two bytes of a site that trickles.
const TRICKLE_PAUSE: Duration = Duration::from_secs(1);

/// Header of a handshake record that announces 16 KiB, the greatest size (RFC 8446, section 5.1).
const RECORD_HEADER: [u8; 5] = [0x16, 0x03, 0x03, 0x40, 0x00];

/// Answers one connection as `conduct` says. `turn` counts the connections of the site.
pub(super) async fn answer(
    mut stream: TcpStream,
    conduct: Arc<Conduct>,
    turn: u64,
    tally: Arc<Tally>,
) -> io::Result<()> {
    match &*conduct {
        Conduct::Tls(acceptors) => handshake(stream, in_turn(acceptors, turn), &tally).await,
        Conduct::PlainHttp(response) => {
            read_request(&mut stream).await?;
            stream.write_all(response).await?;
            finish(stream).await
        }
        Conduct::Silent => copy(&mut stream, &mut sink()).await.map(drop),
        Conduct::Reset => {
            stream.read_u8().await?;
            stream.set_zero_linger()
        }
        Conduct::Trickle => trickle(stream).await,
        Conduct::Garbage => {
            stream.read_u8().await?;
            stream.write_all(&[0xff; 64]).await?;
            finish(stream).await
        }
    }
}

fn in_turn(acceptors: &[TlsAcceptor], turn: u64) -> Option<&TlsAcceptor> {
    let index = usize::try_from(turn).ok()?.checked_rem(acceptors.len())?;
    acceptors.get(index)
}

async fn handshake(
    stream: TcpStream,
    acceptor: Option<&TlsAcceptor>,
    tally: &Tally,
) -> io::Result<()> {
    let acceptor = acceptor.ok_or_else(|| io::Error::other("there is no identity to serve"))?;
    let stream = acceptor.accept(stream).await?;
    tally.handshakes.fetch_add(1, Ordering::Relaxed);
    finish(stream).await
}

/// Reads to the end of an HTTP head, or as far as it takes to see that this is none.
async fn read_request(stream: &mut TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    while request.len() < REQUEST_BYTES_MAX {
        let is_http = request.first().is_none_or(u8::is_ascii_uppercase);
        if !is_http || request.windows(4).any(|window| window == b"\r\n\r\n") {
            return Ok(());
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

async fn trickle(mut stream: TcpStream) -> io::Result<()> {
    stream.read_u8().await?;
    for byte in RECORD_HEADER.into_iter().chain(std::iter::repeat(0)) {
        stream.write_all(&[byte]).await?;
        tokio::time::sleep(TRICKLE_PAUSE).await;
    }
    Ok(())
}

/// Says goodbye, and reads until the other side has done so too: closing with unread bytes would
/// reset the connection, and could take what was sent with it.
async fn finish(mut stream: impl AsyncRead + AsyncWriteExt + Unpin) -> io::Result<()> {
    stream.shutdown().await?;
    copy(&mut stream, &mut sink()).await.map(drop)
}
