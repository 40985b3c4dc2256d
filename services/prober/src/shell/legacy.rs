//! Has old servers show their chain, where the TLS library cannot: see
//! [`old_tls`](crate::domain::old_tls).

use std::{io, sync::Arc};

use bytes::{Bytes, BytesMut};
use proto::v1::{Reason, handshake::Proof};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use crate::domain::{
    miss::Miss,
    old_tls::answer::{Answer, Garbled, Progress, Reader},
    presented::Presented,
};

/// Answers read at the same time. Each may take half a megabyte, so this bounds them all to 64 MiB;
/// few servers are that old.
const READERS_MAX: usize = 128;

/// Bytes taken from the socket at a time.
const READ_LEN: usize = 4096;

/// Reads the chains of old servers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LegacyReader {
    slots: Arc<Semaphore>,
}

impl Default for LegacyReader {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(READERS_MAX)) }
    }
}

impl LegacyReader {
    /// Waits for one of the slots; `None` once the deadline has passed.
    pub async fn slot(&self, deadline: Instant) -> Option<SemaphorePermit<'_>> {
        timeout_at(deadline, self.slots.acquire()).await.ok()?.ok()
    }
}

/// Says an old hello over a fresh connection and reads what comes, until a deadline.
///
/// # Errors
///
/// When no chain was presented.
pub async fn read_chain(
    stream: TcpStream,
    hello: &[u8],
    deadline: Instant,
) -> Result<Presented, Miss> {
    let mut reader = Reader::default();
    let remark = match timeout_at(deadline, converse(stream, hello, &mut reader)).await {
        Ok(Ok(())) => String::new(),
        Ok(Err(broken)) => broken.to_string(),
        Err(_) => "the answer was not complete in time".into(),
    };
    present(reader.answer(), remark)
}

/// Why the conversation ended early.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the server closed the connection")]
    Closed,
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Garbled(#[from] Garbled),
}

async fn converse(mut stream: TcpStream, hello: &[u8], reader: &mut Reader) -> Result<(), Broken> {
    stream.write_all(hello).await?;
    // On the heap: as an array it would be part of every scan, also of those that never come here.
    let mut buffer = BytesMut::with_capacity(READ_LEN);
    loop {
        buffer.clear();
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(Broken::Closed);
        }
        match reader.feed(&buffer)? {
            Progress::More => {}
            Progress::Done => return Ok(()),
        }
    }
}

fn present(answer: Answer, remark: String) -> Result<Presented, Miss> {
    let (version, cipher_suite) = answer.chosen.unwrap_or_default();
    match answer.chain {
        Some(chain) if !chain.certificates.is_empty() => Ok(Presented {
            version,
            cipher_suite,
            group: answer.group,
            ocsp: Bytes::new(),
            chain,
            proof: Proof::Unknown,
            client_certificate_requested: answer.client_certificate_requested,
            legacy: true,
            remark,
        }),
        Some(_) => Err(Miss::theirs(Reason::NoCertificate, "the server presented an empty chain")),
        None => Err(Miss::theirs(Reason::HandshakeFailed, remark)),
    }
}
