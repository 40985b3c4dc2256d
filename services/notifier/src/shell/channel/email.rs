//! Mail, one message for each recipient, by the server that the operator names.
//!
//! The blocking transport is used on purpose: its connections honour their time limits, and one
//! that broke is never used again. The asynchronous one returns a half-used connection to its pool
//! when a sending is cancelled, and the next mail then reads the replies of the one before.
//!
//! The library writes the dot at the end of a mail apart and does not switch off Nagle's algorithm,
//! so that a mail costs the delay of an acknowledgement, some 40 ms: throughput is by connections.

mod message;
mod reply;

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::backoff::Backoff;
use lettre::{
    SmtpTransport, Transport,
    message::Mailbox,
    transport::smtp::{
        PoolConfig,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};

use tokio::sync::Semaphore;

use super::{Channel, Pace, Parcel};
use crate::{
    config::{MailConfig, Security},
    domain::{roster::Address, thread::outcome::Outcome},
};

/// First wait and longest wait: what mail servers that ask for patience (greylisting) expect.
const BACKOFF: Backoff = Backoff { base: Duration::from_mins(1), cap: Duration::from_hours(1) };

/// Mails in hand for each connection. While one is sent, what must be recorded before and after the
/// others is stored together.
const IN_HAND: usize = 8;

/// Mail.
pub struct Email {
    post: Option<Post>,
    in_hand: usize,
}

/// A server that takes our mail.
struct Post {
    /// There until the end.
    transport: Option<SmtpTransport>,
    from: Mailbox,
    /// How many connections there may be: the pool bounds only those that wait.
    connections: Arc<Semaphore>,
}

/// Why mail cannot be sent as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// The file with the certificate cannot be read.
    #[error("cannot read NOTIFIER_SMTP_CA={}", path.display())]
    ReadCa {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS to {relay}")]
    Tls {
        /// The server.
        relay: String,
        /// The cause.
        source: lettre::transport::smtp::Error,
    },
}

impl Email {
    /// Mail through a server, or none: what is to be sent then says so.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up as it is configured.
    pub fn open(config: Option<&MailConfig>) -> Result<Self, EmailError> {
        let connections = config.map_or(1, |config| config.connections);
        let post = config.map(Post::open).transpose()?;
        Ok(Self { post, in_hand: connections.saturating_mul(IN_HAND) })
    }
}

#[async_trait]
impl Channel for Email {
    fn token(&self) -> &'static str {
        "email"
    }

    fn pace(&self) -> Pace {
        Pace {
            at_once: self.in_hand,
            at_once_each: self.in_hand,
            backoff: BACKOFF,
            groups: true,
            limits: &[],
        }
    }

    async fn send(&self, parcel: &Parcel) -> Outcome {
        let Some(post) = &self.post else {
            let reply = "mail is not configured: set NOTIFIER_SMTP_URL and NOTIFIER_MAIL_FROM";
            return Outcome::Broken { reply: reply.to_owned() };
        };
        let Address::Clear(mailbox) = &parcel.address else {
            return Outcome::Never { reply: "the contact has no mailbox".to_owned() };
        };
        match message::compose(parcel, mailbox, &post.from) {
            Ok(message) => post.send(message).await,
            Err(error) => Outcome::Never { reply: chassis::error::Chain(&error).to_string() },
        }
    }
}

impl Post {
    fn open(config: &MailConfig) -> Result<Self, EmailError> {
        let relay = &config.relay;
        let failed = |source| EmailError::Tls { relay: relay.to_string(), source };
        let tls = match relay.security {
            Security::None => Tls::None,
            Security::StartTls => Tls::Required(trust(config)?.build().map_err(failed)?),
            Security::Implicit => Tls::Wrapper(trust(config)?.build().map_err(failed)?),
        };
        // "Dangerous" because it leaves TLS to its caller, who chose it above.
        let mut builder = SmtpTransport::builder_dangerous(&relay.host)
            .port(relay.port)
            .tls(tls)
            .timeout(Some(config.timeout))
            .pool_config(PoolConfig::new().max_size(pooled(config.connections)));
        if let (Some(user), Some(password)) = (&relay.user, &config.password) {
            let password = password.expose().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self {
            transport: Some(builder.build()),
            from: config.from.clone(),
            connections: Arc::new(Semaphore::new(config.connections)),
        })
    }

    /// Runs to its end even when nobody waits for it any more, so that no connection is left half
    /// used.
    async fn send(&self, message: lettre::Message) -> Outcome {
        // The semaphore is never closed.
        let place = self.connections.clone().acquire_owned().await.ok();
        let transport = self.transport.clone();
        let send = move || {
            let sent = transport.map(|transport| transport.send(&message));
            drop(place);
            sent
        };
        let reply = match tokio::task::spawn_blocking(send).await {
            Ok(Some(answer)) => return reply::outcome(answer),
            Ok(None) => "the notifier is ending".to_owned(),
            Err(join) => format!("the sending broke off: {join}"),
        };
        Outcome::Again { reply, wait_min: None, perhaps_told: true }
    }
}

impl Drop for Post {
    /// Says goodbye on each connection that waits, and waits for the answers: not on a thread that
    /// has other things to do, and nobody waits for it.
    fn drop(&mut self) {
        let transport = self.transport.take();
        std::thread::Builder::new().name("mail-goodbye".to_owned()).spawn(|| drop(transport)).ok();
    }
}

fn pooled(connections: usize) -> u32 {
    u32::try_from(connections).unwrap_or(u32::MAX)
}

fn trust(
    config: &MailConfig,
) -> Result<lettre::transport::smtp::client::TlsParametersBuilder, EmailError> {
    let mut builder = TlsParameters::builder(config.relay.host.clone());
    if let Some(path) = &config.ca {
        let read = |source| EmailError::ReadCa { path: path.clone(), source };
        let pem = fs::read(path).map_err(read)?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|source| EmailError::Tls { relay: config.relay.to_string(), source })?;
        builder = builder.add_root_certificate(certificate);
    }
    Ok(builder)
}
