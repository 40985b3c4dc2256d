//! The bus on NATS JetStream.
//!
//! A connection is made once and kept for ever: it is made again whenever it is lost, and every
//! call answers within a bound, with an error that says so where the broker cannot be reached.
//! Streams and consumers that are missing are made by whichever call needs them. Start reading at
//! [`Nats::connect`], then `link`, on which all else stands.
//!
//! One thing is narrower than the contract says, since the server keeps it so: a repeat that
//! expects no version is known by its id for two minutes, on whatever subject of the stream the id
//! was used before. Ids are therefore never used twice. A repeat at a version is known for ever.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use proto::stream::{Retention, Service, Stream};

use super::{
    Append, AppendError, Appended, Bus, BusError, Consumer, Deliveries, Following, From, Lease,
    Message, SharedBus,
};
use crate::config::Secret;
use link::Link;

mod acks;
mod append;
mod consume;
mod fault;
mod follow;
mod latest;
mod lease;
mod link;
mod message;
mod pull;
mod queue;
mod read;
mod streams;

pub use lease::{LEASES, lease_subject};

/// How to reach a NATS server.
#[derive(Debug, Clone)]
pub struct NatsOptions {
    /// One or more URLs with commas between: `nats://host:4222`, `tls://host:4222`.
    pub url: String,
    /// What the connection is called in the server's own lists.
    pub name: String,
    /// Who we are.
    pub credentials: Credentials,
    /// PEM file of the authorities that may have signed the server's certificate, in place of those
    /// of the system.
    pub authority: Option<PathBuf>,
    /// Whether a connection without TLS is refused.
    pub tls: bool,
    /// First part of the subjects on which answers are received, if permissions demand one of our
    /// own.
    pub inbox: Option<String>,
    /// Copies of each stream that is made: 1 on a single server, 3 in a cluster.
    pub replicas: usize,
}

/// Who we are to the server.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Nobody in particular.
    None,
    /// Whoever holds a token.
    Token(Secret),
    /// A user with a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A user with a key, by a file of a JWT and its seed.
    File(PathBuf),
}

impl NatsOptions {
    /// A single server, nobody in particular, no TLS unless the URL says so.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            name: "certherald".to_owned(),
            credentials: Credentials::None,
            authority: None,
            tls: false,
            inbox: None,
            replicas: 1,
        }
    }
}

/// A connection to NATS that makes itself anew.
#[derive(Clone)]
pub struct Nats {
    link: Arc<Link>,
}

impl Nats {
    /// Begins to connect, and goes on for ever: this does not wait for a server to be there.
    ///
    /// # Errors
    ///
    /// When the options make no sense: a URL or a file that cannot be read.
    pub async fn connect(options: NatsOptions) -> Result<Self, BusError> {
        Ok(Self { link: Arc::new(Link::open(options).await?) })
    }

    /// The bus of one service. It parks in the service's name.
    pub fn bus(&self, service: Service) -> SharedBus {
        Arc::new(NatsBus { link: self.link.clone(), service })
    }

    /// Whether the server is reachable at this moment.
    pub fn connected(&self) -> bool {
        self.link.connected()
    }

    /// Sends what is on its way and ends the connection.
    ///
    /// # Errors
    ///
    /// When it is gone already.
    pub async fn close(&self) -> Result<(), BusError> {
        self.link.close().await
    }
}

struct NatsBus {
    link: Arc<Link>,
    service: Service,
}

#[async_trait]
impl Bus for NatsBus {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        append::append(&self.link, append).await
    }

    async fn load(
        &self,
        stream: &'static Stream,
        subject: &str,
        above: u64,
    ) -> Result<Vec<Message>, BusError> {
        read::load(&self.link, stream, subject, above).await
    }

    async fn last(
        &self,
        stream: &'static Stream,
        subject: &str,
    ) -> Result<Option<Message>, BusError> {
        read::last(&self.link, stream, subject).await
    }

    async fn latest(
        &self,
        stream: &'static Stream,
        pattern: &str,
    ) -> Result<Vec<Message>, BusError> {
        match stream.retention {
            Retention::Work(_) => queue::all(&self.link, stream, pattern).await,
            Retention::Kept | Retention::Latest { .. } | Retention::Age(_) => {
                latest::latest(&self.link, stream, pattern).await
            }
        }
    }

    async fn consume(&self, consumer: Consumer) -> Result<Box<dyn Deliveries>, BusError> {
        let consuming = consume::Consuming::begin(&self.link, self.service, consumer).await?;
        Ok(Box::new(consuming))
    }

    async fn follow(
        &self,
        stream: &'static Stream,
        pattern: &str,
        from: From,
    ) -> Result<Box<dyn Following>, BusError> {
        match stream.retention {
            Retention::Work(_) => {
                Ok(Box::new(queue::Looking::begin(&self.link, stream, pattern, from).await?))
            }
            Retention::Kept | Retention::Latest { .. } | Retention::Age(_) => {
                Ok(Box::new(follow::Follow::begin(&self.link, stream, pattern, from).await?))
            }
        }
    }

    async fn purge(
        &self,
        stream: &'static Stream,
        subject: &str,
        keep: u32,
    ) -> Result<(), BusError> {
        read::purge(&self.link, stream, subject, keep).await
    }

    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        limit: Duration,
    ) -> Result<Option<Lease>, BusError> {
        lease::acquire(&self.link, lease, holder, limit).await
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Lease>, BusError> {
        lease::renew(&self.link, lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), BusError> {
        lease::release(&self.link, lease).await
    }

    async fn holder(&self, lease: &str) -> Result<Option<String>, BusError> {
        lease::holder(&self.link, lease).await
    }

    async fn now(&self) -> Result<Timestamp, BusError> {
        lease::now(&self.link).await
    }
}
