//! Mail, one message for each recipient, by the server that the operator names.

mod message;
mod post;
mod reply;
mod waiting;

use std::{io, path::PathBuf, time::Duration};

use async_trait::async_trait;
use chassis::clock::SharedClock;
use kernel::backoff::Backoff;

use self::post::Post;
use super::{Channel, Pace, Parcel};
use crate::{
    config::MailConfig,
    domain::{roster::Address, thread::outcome::Outcome},
};

/// First wait and longest wait: what mail servers that ask for patience (greylisting) expect.
const BACKOFF: Backoff = Backoff { base: Duration::from_mins(1), cap: Duration::from_hours(1) };

/// Mail.
pub struct Email {
    post: Option<Post>,
    connections: usize,
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
    pub fn open(config: Option<&MailConfig>, clock: SharedClock) -> Result<Self, EmailError> {
        let connections = config.map_or(1, |config| config.connections);
        let post = config.map(|config| Post::open(config, clock)).transpose()?;
        Ok(Self { post, connections })
    }
}

#[async_trait]
impl Channel for Email {
    fn token(&self) -> &'static str {
        "email"
    }

    fn pace(&self) -> Pace {
        Pace {
            at_once: self.connections,
            at_once_each: self.connections,
            backoff: BACKOFF,
            groups: true,
            limits: &[],
        }
    }

    async fn send(&self, parcel: &Parcel) -> Outcome {
        let Some(post) = &self.post else {
            let reply = "mail is not configured: set NOTIFIER_SMTP_URL and NOTIFIER_MAIL_FROM";
            return Outcome::Unready { reply: reply.to_owned() };
        };
        let Address::Clear(mailbox) = &parcel.address else {
            return Outcome::Never { reply: "the contact has no mailbox".to_owned() };
        };
        match message::compose(parcel, mailbox, post.from()) {
            Ok(message) => post.send(message).await,
            Err(error) => Outcome::Never { reply: chassis::error::Chain(&error).to_string() },
        }
    }

    async fn tend(&self) {
        if let Some(post) = &self.post {
            post.tend().await;
        }
    }
}
