//! The mail server that the fleet sends through.

use std::net::SocketAddr;
use std::sync::Arc;

use lab::mail::{Mail, MailSink};

use crate::exim::Exim;

/// A mail server, and what it has taken.
#[derive(Debug)]
pub enum Post {
    /// The lab's, which shares our idea of SMTP.
    Sink(MailSink),
    /// One that is not ours.
    Real(Box<Exim>),
}

impl Post {
    pub(super) async fn open(is_real: bool) -> Self {
        if is_real {
            Self::Real(Box::new(Exim::start().await))
        } else {
            Self::Sink(MailSink::open().await.unwrap())
        }
    }

    /// Where it takes mail, in the clear.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Sink(sink) => sink.address(),
            Self::Real(exim) => exim.address(),
        }
    }

    /// What it has taken, the first first.
    pub fn mails(&self) -> Vec<Arc<Mail>> {
        match self {
            Self::Sink(sink) => sink.mails(),
            Self::Real(exim) => exim.mails().into_iter().map(Arc::new).collect(),
        }
    }
}
