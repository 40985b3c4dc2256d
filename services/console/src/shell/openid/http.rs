//! How the provider is spoken to: through TLS, in a bounded time, without following it elsewhere.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

use axum::http::{StatusCode, header};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Certificate, Client, Response, redirect};

use crate::config::openid::is_guarded;

/// How long one question may take: somebody waits at the door.
const WITHIN: Duration = Duration::from_secs(10);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of an answer. Those of large providers are some ten thousand.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// How we present ourselves.
const USER_AGENT: &str = concat!("certherald/", env!("CARGO_PKG_VERSION"));

/// A client that speaks to the provider.
pub struct Http(Client);

/// Why it cannot be made as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file with the certificates cannot be read.
    #[error("cannot read CONSOLE_OPENID_CA={}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// There is no certificate in it.
    #[error("CONSOLE_OPENID_CA={}: want certificates as PEM", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The client cannot be made.
    #[error("cannot set up HTTP for the OpenID provider")]
    Client(#[from] reqwest::Error),
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Others could read along.
    #[error("it would have us speak to {host} in the clear")]
    InTheClear {
        /// To whom.
        host: String,
    },
    /// It has trouble of its own.
    #[error("it answers {0}")]
    Trouble(StatusCode),
    /// It answers without end.
    #[error("it answers more than {ANSWER_BYTES_MAX} bytes")]
    Endless,
    /// It does not answer.
    #[error("it does not answer")]
    Silent(#[from] reqwest::Error),
    /// It answers what is no HTTP.
    #[error("it answers what is no HTTP")]
    Garbled(#[from] axum::http::Error),
}

impl Http {
    /// Makes the client; it believes the certificates of a file beside those of the system.
    pub(super) fn open(ca: Option<&Path>) -> Result<Self, OpenError> {
        let mut builder = Client::builder()
            .no_proxy()
            .user_agent(USER_AGENT)
            // A provider that sends us elsewhere is not the one that was configured.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .timeout(WITHIN);
        if let Some(path) = ca {
            let read = |source| OpenError::Read { path: path.to_owned(), source };
            let certificates = Certificate::from_pem_bundle(&std::fs::read(path).map_err(read)?)?;
            if certificates.is_empty() {
                return Err(OpenError::Empty { path: path.to_owned() });
            }
            for certificate in certificates {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self(builder.build()?))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        if !is_guarded(request.url()) {
            let host = request.url().host_str().unwrap_or_default().to_owned();
            return Err(HttpError::InTheClear { host });
        }
        // Libraries that log headers keep it to themselves.
        if let Some(value) = request.headers_mut().get_mut(header::AUTHORIZATION) {
            value.set_sensitive(true);
        }
        let response = self.0.execute(request).await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        if status.is_server_error() {
            return Err(HttpError::Trouble(status));
        }
        let media_type = response.headers().get(header::CONTENT_TYPE).cloned();
        let mut answer = axum::http::Response::builder().status(status);
        if let Some(media_type) = media_type {
            answer = answer.header(header::CONTENT_TYPE, media_type);
        }
        Ok(answer.body(read(response).await?)?)
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(HttpError::Endless);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
