//! A server on one port whose behaviour can be changed while it runs.
//!
//! A [`Site`] keeps its port for its whole life, also while the port is closed, so that a domain
//! can break and be mended at the same address. Start reading at [`Behaviour`].

mod behaviour;
mod connection;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Mutex, watch};

use self::behaviour::Conduct;
pub(crate) use self::behaviour::acceptor;
pub use self::behaviour::{Behaviour, HttpResponse};
use crate::attend::Attendance;
use crate::authority::identity::Identity;
use crate::error::LabError;

/// Connections that wait to be accepted. Enough for a burst of scans of a thousand domains that
/// all live on one site.
const BACKLOG: u32 = 1_024;

/// One listening address. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    conduct: watch::Sender<Arc<Conduct>>,
    tally: Arc<Tally>,
    door: Mutex<Door>,
}

/// What a site has seen, ever.
#[derive(Debug, Default)]
struct Tally {
    connections: AtomicU64,
    handshakes: AtomicU64,
}

/// Whether the port is open. A closed one stays bound without listening: connections are refused,
/// and nobody else gets the port.
#[derive(Debug)]
enum Door {
    Open(Attendance),
    Closed(TcpSocket),
    /// The port could not be had again after it was closed.
    Lost,
}

impl Site {
    /// A site on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`LabError::Key`] if the behaviour names an unusable key, [`LabError::Listen`] without a
    /// port.
    pub async fn open(behaviour: Behaviour) -> Result<Self, LabError> {
        Self::open_at(loopback(), behaviour).await
    }

    /// A site on `address`, such as 127.0.0.2 or `::1`; port 0 takes a free one.
    ///
    /// # Errors
    /// [`LabError::Key`] if the behaviour names an unusable key, [`LabError::Listen`] if the
    /// address cannot be had.
    pub async fn open_at(address: SocketAddr, behaviour: Behaviour) -> Result<Self, LabError> {
        let site = Self::closed_at(address, behaviour)?;
        site.open_again().await?;
        Ok(site)
    }

    /// A site whose port on 127.0.0.1 is closed until [`Site::open_again`].
    ///
    /// # Errors
    /// As [`Site::open`].
    pub fn closed(behaviour: Behaviour) -> Result<Self, LabError> {
        Self::closed_at(loopback(), behaviour)
    }

    /// A site on `address` whose port is closed until [`Site::open_again`].
    ///
    /// # Errors
    /// As [`Site::open_at`].
    pub fn closed_at(address: SocketAddr, behaviour: Behaviour) -> Result<Self, LabError> {
        let socket = bind(address)?;
        let bound = socket.local_addr().map_err(|source| LabError::Listen { address, source })?;
        Ok(Self {
            address: bound,
            conduct: watch::Sender::new(Arc::new(behaviour.prepare()?)),
            tally: Arc::default(),
            door: Mutex::new(Door::Closed(socket)),
        })
    }

    /// Serves TLS with `identity` from now on. Connections already begun end as they began.
    ///
    /// # Errors
    /// [`LabError::Key`] if the key cannot be used.
    pub fn serve(&self, identity: &Identity) -> Result<(), LabError> {
        self.behave(Behaviour::Serve(identity.clone()))
    }

    /// Behaves otherwise from now on. Connections already begun end as they began.
    ///
    /// # Errors
    /// [`LabError::Key`] if the behaviour names an unusable key.
    pub fn behave(&self, behaviour: Behaviour) -> Result<(), LabError> {
        self.conduct.send_replace(Arc::new(behaviour.prepare()?));
        Ok(())
    }

    /// Closes the port and all connections. Who connects is refused.
    ///
    /// # Errors
    /// [`LabError::Listen`] if the port cannot be held while closed.
    pub async fn close(&self) -> Result<(), LabError> {
        let mut door = self.door.lock().await;
        if let Door::Closed(_) = *door {
            return Ok(());
        }
        if let Door::Open(attendance) = std::mem::replace(&mut *door, Door::Lost) {
            attendance.end().await;
        }
        *door = Door::Closed(bind(self.address)?);
        Ok(())
    }

    /// Opens the same port again.
    ///
    /// # Errors
    /// [`LabError::Listen`] if somebody else has got the port meanwhile.
    pub async fn open_again(&self) -> Result<(), LabError> {
        let mut door = self.door.lock().await;
        let socket = match std::mem::replace(&mut *door, Door::Lost) {
            Door::Open(attendance) => {
                *door = Door::Open(attendance);
                return Ok(());
            }
            Door::Closed(socket) => socket,
            Door::Lost => bind(self.address)?,
        };
        let listener = socket
            .listen(BACKLOG)
            .map_err(|source| LabError::Listen { address: self.address, source })?;
        *door = Door::Open(self.attend(listener));
        Ok(())
    }

    /// Where the site is, or will be.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of [`Site::address`].
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// TLS handshakes completed so far.
    pub fn handshakes(&self) -> u64 {
        self.tally.handshakes.load(Ordering::Relaxed)
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.tally.connections.load(Ordering::Relaxed)
    }

    fn attend(&self, listener: TcpListener) -> Attendance {
        let conduct = self.conduct.subscribe();
        let tally = Arc::clone(&self.tally);
        Attendance::begin(listener, move |stream| {
            let turn = tally.connections.fetch_add(1, Ordering::Relaxed);
            let conduct = Arc::clone(&conduct.borrow());
            connection::answer(stream, conduct, turn, Arc::clone(&tally))
        })
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn bind(address: SocketAddr) -> Result<TcpSocket, LabError> {
    let bound = || {
        let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
        // The port may still have connections in TIME_WAIT from before it was closed.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    bound().map_err(|source| LabError::Listen { address, source })
}
