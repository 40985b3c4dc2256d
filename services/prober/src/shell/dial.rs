//! Opens TCP connections, to addresses that may be dialled and while sockets are left.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

use chassis::address::Guard;

use crate::domain::miss::{Miss, Stage};

/// How long a dial may wait for another to end and free its socket. Together with the scan's own
/// deadline it stays below the time in which a job must be acknowledged.
const QUEUE_WAIT: Duration = Duration::from_secs(5);

/// Opens connections. Cheap to clone; the clones share their sockets.
#[derive(Debug, Clone)]
pub struct Dialer {
    guard: Arc<Guard>,
    sockets: Arc<Semaphore>,
}

/// The right to have sockets open, one at a time, until a deadline.
#[derive(Debug)]
pub struct Turn {
    /// When all that is done with it must have ended.
    pub deadline: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Dialer {
    /// A dialer that has at most so many sockets open.
    pub fn new(guard: Guard, sockets: usize) -> Self {
        let sockets = Arc::new(Semaphore::new(sockets.clamp(1, Semaphore::MAX_PERMITS)));
        Self { guard: Arc::new(guard), sockets }
    }

    /// Whether the address may be dialled.
    ///
    /// # Errors
    ///
    /// The miss that says that it may not.
    pub fn check(&self, address: IpAddr) -> Result<(), Miss> {
        if self.guard.admits(address) { Ok(()) } else { Err(Miss::not_allowed()) }
    }

    /// Waits until a socket is free. The wait is ours, so it moves the deadline.
    ///
    /// # Errors
    ///
    /// When none becomes free for long.
    pub async fn turn(&self, deadline: Instant) -> Result<Turn, Miss> {
        let asked = Instant::now();
        match timeout(QUEUE_WAIT, Arc::clone(&self.sockets).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { deadline: deadline + asked.elapsed(), _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(Miss::crowded()),
        }
    }

    /// Connects. The address is checked here, where it is dialled, whatever was checked before.
    ///
    /// # Errors
    ///
    /// Why there is no connection.
    pub async fn dial(&self, turn: &Turn, to: SocketAddr) -> Result<TcpStream, Miss> {
        self.check(to.ip())?;
        let started = Instant::now();
        let stream = open(to).map_err(|error| Miss::connect(&error, Stage::Local, to.ip()))?;
        match timeout_at(turn.deadline, established(&stream)).await {
            Ok(Ok(())) => Ok(stream),
            Ok(Err(error)) => Err(Miss::connect(&error, Stage::Remote, to.ip())),
            Err(_) => Err(Miss::connect_timeout(started.elapsed())),
        }
    }
}

/// Sends the SYN. By hand, since only here an error of this host ("no route") can be told from the
/// same error sent by a router.
fn open(to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    // A reset on close leaves nothing behind: no TIME_WAIT for each of many thousand scans.
    socket.set_linger(Some(Duration::ZERO))?;
    match socket.connect(&SockAddr::from(to)) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        Err(error) => return Err(error),
    }
    TcpStream::from_std(socket.into())
}

async fn established(stream: &TcpStream) -> io::Result<()> {
    stream.writable().await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(()),
    }
}
