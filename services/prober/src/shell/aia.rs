//! Fetches the issuers that a chain lacks from where its certificates say they are.
//!
//! The URL comes from a stranger's certificate, so it may reach no more than any domain may: plain
//! HTTP, guarded addresses, checked where they are dialled; no redirects, small bodies, little
//! time. What came, and that nothing came, is remembered by URL for all scans.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::future::{Either, join, select};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use moka::{Expiry, future::Cache};
use proto::v1::{self, FetchedCertificate};
use tokio::{
    net::TcpStream,
    sync::Semaphore,
    time::{Instant, timeout},
};
use tracing::debug;
use url::{Host, Url};

use super::{
    dial::Dialer,
    resolve::{Family, Resolver},
};
use crate::domain::{
    issuer::{Search, body},
    miss::{Fault, Miss},
};

/// Time for all fetches of one scan. It comes on top of the scan's deadline, and both stay below
/// the time in which a job must be acknowledged.
const SCAN_BUDGET: Duration = Duration::from_secs(5);
/// Time for one fetch, shorter than the budget: so that a server which hangs is remembered as such
/// before the scan gives up.
const FETCH_DEADLINE: Duration = Duration::from_secs(3);
/// Time for its lookups, of which one family may hang.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(1);
/// Bytes of a body. Certificates have two kilobytes, bundles some tens.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the head of a reply.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Addresses tried for one URL.
const ATTEMPTS_MAX: usize = 4;
/// Fetches at the same time: a few authorities serve them all.
const FETCHES_MAX: usize = 32;
/// Bytes remembered, keys and bodies: all intermediates of the public web are about 5 MiB.
const CACHE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How long a body is good. An issuer's certificate behind a URL practically never changes.
const GOOD_FOR: Duration = Duration::from_hours(6);
/// How long a failure keeps us from asking again.
const BAD_FOR: Duration = Duration::from_mins(5);
/// Certificates fetched for all chains of one fact.
const FETCHED_MAX: usize = 16;

type Bodies = Arc<[Bytes]>;

/// Fetches issuers. Cheap to clone; the clones share what they remember.
#[derive(Clone)]
pub struct Fetcher {
    resolver: Resolver,
    dialer: Dialer,
    slots: Arc<Semaphore>,
    remembered: Cache<String, Bodies>,
}

/// Why a fetch brought nothing.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("this is no URL that may be fetched")]
    Url,
    #[error("its host has no address")]
    NoAddress,
    #[error("no connection: {}", .0.detail)]
    Dial(Miss),
    #[error("no reply")]
    Http(#[from] hyper::Error),
    #[error("the reply has status {0}")]
    Status(StatusCode),
    #[error("the body cannot be read, or is above 64 KiB")]
    Body,
    #[error("no whole reply in time")]
    Late,
}

struct Remembrance;

impl Expiry<String, Bodies> for Remembrance {
    fn expire_after_create(
        &self,
        _url: &String,
        bodies: &Bodies,
        _created_at: std::time::Instant,
    ) -> Option<Duration> {
        Some(if bodies.is_empty() { BAD_FOR } else { GOOD_FOR })
    }
}

impl Fetcher {
    /// A fetcher that has forgotten everything.
    pub fn new(resolver: Resolver, dialer: Dialer) -> Self {
        let weight = |url: &String, bodies: &Bodies| {
            let bytes = url.len() + bodies.iter().map(Bytes::len).sum::<usize>();
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let remembered = Cache::builder()
            .max_capacity(CACHE_BYTES_MAX)
            .weigher(weight)
            .expire_after(Remembrance)
            .build();
        let slots = Arc::new(Semaphore::new(FETCHES_MAX));
        Self { resolver, dialer, slots, remembered }
    }

    /// Fetches what these chains lack, as far as it can be had within the budget.
    pub async fn complete(&self, chains: &[v1::Chain]) -> Vec<FetchedCertificate> {
        let give_up = Instant::now() + SCAN_BUDGET;
        let mut all: Vec<FetchedCertificate> = Vec::new();
        for chain in chains {
            let mut search = Search::begin(&chain.certificates);
            while let Some(url) = search.wanted() {
                let fetch = self.remembered.optionally_get_with_by_ref(&url, self.fetch(&url));
                let Ok(bodies) = tokio::time::timeout_at(give_up, fetch).await else { break };
                search.offer(&url, &bodies.unwrap_or_default());
            }
            for fetched in search.fetched() {
                let is_new = all.iter().all(|known| known.certificate != fetched.certificate);
                if is_new && all.len() < FETCHED_MAX {
                    all.push(fetched);
                }
            }
        }
        all
    }

    /// The certificates behind a URL. That there are none is an answer too, and is remembered; what
    /// fails by us is not.
    async fn fetch(&self, url: &str) -> Option<Bodies> {
        let _slot = self.slots.acquire().await.ok()?;
        let fetched = match timeout(FETCH_DEADLINE, self.get(url)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(FetchError::Late),
        };
        match fetched {
            Ok(bytes) => Some(body::certificates(&bytes).into()),
            Err(error) => {
                debug!(url, %error, "No issuer could be fetched from `{url}`.");
                let is_ours =
                    matches!(&error, FetchError::Dial(miss) if miss.fault != Fault::Theirs);
                (!is_ours).then(Arc::default)
            }
        }
    }

    async fn get(&self, url: &str) -> Result<Bytes, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Url)?;
        let port = url.port_or_known_default().ok_or(FetchError::Url)?;
        if url.scheme() != "http" || !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Url);
        }
        let addresses = self.addresses(url.host().ok_or(FetchError::Url)?).await;
        let deadline = Instant::now() + FETCH_DEADLINE;
        let mut last = FetchError::NoAddress;
        for address in addresses.into_iter().take(ATTEMPTS_MAX) {
            let turn = self.dialer.turn(deadline).await.map_err(FetchError::Dial)?;
            match self.dialer.dial(&turn, SocketAddr::new(address, port)).await {
                Ok(stream) => return exchange(stream, &url).await,
                Err(miss) => last = FetchError::Dial(miss),
            }
        }
        Err(last)
    }

    async fn addresses(&self, host: Host<&str>) -> Vec<IpAddr> {
        match host {
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![address.into()],
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                let v4 = self.resolver.lookup(name, Family::V4, LOOKUP_DEADLINE);
                let v6 = self.resolver.lookup(name, Family::V6, LOOKUP_DEADLINE);
                let (v4, v6) = join(v4, v6).await;
                [v4.addresses, v6.addresses].concat()
            }
        }
    }
}

async fn exchange(stream: TcpStream, url: &Url) -> Result<Bytes, FetchError> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    let talk = async move {
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let request = Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
            .header(header::HOST, host)
            .header(header::USER_AGENT, concat!("certherald/", env!("CARGO_PKG_VERSION")))
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|_| FetchError::Url)?;
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await;
        Ok(body.map_err(|_| FetchError::Body)?.to_bytes())
    };
    alongside(talk, connection).await
}

/// Runs a conversation together with the connection that carries it, until the conversation ends.
async fn alongside<T>(talk: impl Future<Output = T>, connection: impl Future) -> T {
    match select(Box::pin(talk), Box::pin(connection)).await {
        Either::Left((said, _)) => said,
        // The server has closed the connection; what it said before is still to be read.
        Either::Right((_, talk)) => talk.await,
    }
}
