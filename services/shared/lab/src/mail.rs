//! A mail server that keeps what it is sent and passes nothing on.
//!
//! It speaks enough SMTP (RFC 5321) for a real client: EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP,
//! QUIT, and with an identity also STARTTLS or TLS from the first byte. It can be told to refuse,
//! or to hang up at the worst moment. Start reading at [`MailSink`].

mod kept;
mod manner;
mod session;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

pub use self::kept::Mail;
pub use self::manner::{Manner, Reply, Step};
use crate::attend::Attendance;
use crate::authority::identity::Identity;
use crate::error::LabError;
use crate::site::acceptor;

/// Mails kept; the oldest go first. Above what a thousand domains with ten contacts cause.
const MAILS_MAX: usize = 20_000;

/// A mail server on loopback. A clone is another handle to the same one; it closes with the last.
#[derive(Debug, Clone)]
pub struct MailSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    attendance: Arc<Attendance>,
}

/// What the sink and its sessions have in common.
#[derive(Debug)]
struct Shared {
    mails: watch::Sender<VecDeque<Arc<Mail>>>,
    manner: watch::Sender<Manner>,
}

/// How mail comes in.
#[derive(Debug, Clone)]
pub enum Security {
    /// In the clear.
    Plain,
    /// In the clear until the client asks for TLS; mail before that is refused.
    StartTls(Identity),
    /// TLS from the first byte.
    Tls(Identity),
}

/// The mails that were waited for did not come.
#[derive(Debug, thiserror::Error)]
#[error("within {waited:?} came {} mails: {subjects:?}", subjects.len())]
pub struct MailsMissing {
    /// How long they were waited for.
    pub waited: Duration,
    /// Subjects of those that came.
    pub subjects: Vec<String>,
}

impl MailSink {
    /// A sink in the clear on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`LabError::Listen`] if no port can be had.
    pub async fn open() -> Result<Self, LabError> {
        Self::open_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Security::Plain).await
    }

    /// A sink on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// [`LabError::Listen`] if the address cannot be had, [`LabError::Key`] if the key is unusable.
    pub async fn open_at(address: SocketAddr, security: Security) -> Result<Self, LabError> {
        let door = match security {
            Security::Plain => Door::Plain,
            Security::StartTls(identity) => Door::StartTls(acceptor(identity)?),
            Security::Tls(identity) => Door::Tls(acceptor(identity)?),
        };
        let listen = |source| LabError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let shared = Arc::new(Shared {
            mails: watch::Sender::default(),
            manner: watch::Sender::new(Manner::Accept),
        });
        let kept = Arc::clone(&shared);
        let attendance = Attendance::begin(listener, move |stream| {
            session::hold(stream, door.clone(), Arc::clone(&kept))
        });
        Ok(Self { address, shared, attendance: Arc::new(attendance) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Treats what comes from now on in this manner, also on open connections.
    pub fn behave(&self, manner: Manner) {
        self.shared.manner.send_replace(manner);
    }

    /// Clients that are connected.
    pub fn connections(&self) -> usize {
        self.attendance.connections()
    }

    /// The mails accepted so far, oldest first.
    pub fn mails(&self) -> Vec<Arc<Mail>> {
        self.shared.mails.borrow().iter().cloned().collect()
    }

    /// Waits until the mails meet `condition`, and returns them.
    ///
    /// # Errors
    /// [`MailsMissing`] if they do not within `wait`.
    pub async fn until(
        &self,
        wait: Duration,
        condition: impl Fn(&[Arc<Mail>]) -> bool,
    ) -> Result<Vec<Arc<Mail>>, MailsMissing> {
        let mut mails = self.shared.mails.subscribe();
        let met = mails.wait_for(|mails| {
            let mails: Vec<_> = mails.iter().cloned().collect();
            condition(&mails)
        });
        match tokio::time::timeout(wait, met).await {
            Ok(Ok(mails)) => Ok(mails.iter().cloned().collect()),
            // The sender lives in `self`: only the deadline can end the wait.
            Ok(Err(_)) | Err(_) => Err(MailsMissing {
                waited: wait,
                subjects: self.mails().iter().map(|mail| mail.subject().to_owned()).collect(),
            }),
        }
    }

    /// Waits for the mail after the first `seen` ones; `None` when it can no longer come.
    pub async fn after(&self, seen: usize) -> Option<Arc<Mail>> {
        let mut mails = self.shared.mails.subscribe();
        let mails = mails.wait_for(|mails| mails.len() > seen).await.ok()?;
        mails.get(seen).cloned()
    }
}

impl Shared {
    fn keep(&self, mail: Mail) {
        self.mails.send_modify(|mails| {
            if mails.len() == MAILS_MAX {
                mails.pop_front();
            }
            mails.push_back(Arc::new(mail));
        });
    }

    fn manner(&self) -> Manner {
        self.manner.borrow().clone()
    }
}

/// [`Security`] made ready.
#[derive(Clone)]
enum Door {
    Plain,
    StartTls(TlsAcceptor),
    Tls(TlsAcceptor),
}
