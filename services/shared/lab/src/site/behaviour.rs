//! What a site does with a connection.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::authority::identity::Identity;
use crate::error::LabError;

/// What a site does with a connection.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Completes a TLS handshake (1.2 or 1.3) with this identity, whatever name is asked for.
    Serve(Identity),
    /// As [`Behaviour::Serve`], each connection with the next of these, in turn. Never empty.
    Alternate(Vec<Identity>),
    /// Answers any request, also a TLS hello, with one HTTP response in the clear.
    PlainHttp(HttpResponse),
    /// Accepts, and never says a word.
    Silent,
    /// Resets the connection at the first byte of the hello.
    Reset,
    /// Begins a TLS record of the greatest size and sends one byte of it a second.
    Trickle,
    /// Answers the hello with bytes that are no protocol at all.
    Garbage,
}

/// One answer in the clear, with status 200.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// Media type of the body.
    pub content_type: &'static str,
    /// What is sent.
    pub body: Bytes,
}

impl Behaviour {
    /// A web server that speaks no TLS.
    pub fn plain_http() -> Self {
        let body = Bytes::from_static(b"<h1>It works, without TLS.</h1>\n");
        Self::PlainHttp(HttpResponse { content_type: "text/html", body })
    }

    /// A place from where the certificate of an issuer can be fetched (AIA, `caIssuers`).
    pub fn issuer(certificate: &[u8]) -> Self {
        let body = Bytes::copy_from_slice(certificate);
        Self::PlainHttp(HttpResponse { content_type: "application/pkix-cert", body })
    }

    /// Does once what every connection needs.
    pub(super) fn prepare(self) -> Result<Conduct, LabError> {
        Ok(match self {
            Self::Serve(identity) => Conduct::Tls(vec![acceptor(identity)?]),
            Self::Alternate(identities) => {
                Conduct::Tls(identities.into_iter().map(acceptor).collect::<Result<_, _>>()?)
            }
            Self::PlainHttp(response) => Conduct::PlainHttp(response.bytes()),
            Self::Silent => Conduct::Silent,
            Self::Reset => Conduct::Reset,
            Self::Trickle => Conduct::Trickle,
            Self::Garbage => Conduct::Garbage,
        })
    }
}

impl HttpResponse {
    fn bytes(&self) -> Bytes {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            self.content_type,
            self.body.len(),
        );
        [head.as_bytes(), &self.body].concat().into()
    }
}

/// A behaviour made ready: nothing left to compute per connection.
pub(super) enum Conduct {
    /// One acceptor per identity, taken in turn.
    Tls(Vec<TlsAcceptor>),
    PlainHttp(Bytes),
    Silent,
    Reset,
    Trickle,
    Garbage,
}

impl fmt::Debug for Conduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls(_) => "Tls",
            Self::PlainHttp(_) => "PlainHttp",
            Self::Silent => "Silent",
            Self::Reset => "Reset",
            Self::Trickle => "Trickle",
            Self::Garbage => "Garbage",
        })
    }
}

/// Presents the same identity to everybody, consistent or not: a key that does not fit its
/// certificate is one of the things that the product must see.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// An acceptor that presents `identity`.
///
/// # Errors
/// [`LabError::Key`] if rustls cannot sign with its key.
pub(crate) fn acceptor(identity: Identity) -> Result<TlsAcceptor, LabError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let unusable = |source| LabError::Key { source };
    let key = provider.key_provider.load_private_key(identity.key()).map_err(unusable)?;
    let certified = CertifiedKey::new(identity.chain, key);
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(certified))));
    Ok(TlsAcceptor::from(Arc::new(config)))
}
