//! The side that asks: each route many times, and how long its first byte took.

use std::{
    error::Error,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Client;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::routes::Route;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Times that a route is asked for.
const ASKED: usize = 400;
/// Callers that ask at the same time.
const CALLERS: usize = 8;
/// Pause between looks whether a port is open.
const BETWEEN_TRIES: Duration = Duration::from_millis(2);
/// Items of a page while the way to a deep one is gone.
const STRIDE: usize = 1_000;

/// Whoever asks.
pub(crate) struct Caller {
    base: String,
    token: String,
    client: Client,
}

impl Caller {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Outcome<Self> {
        // Another caller of this process may have installed it.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let client = Client::builder().no_proxy().build()?;
        Ok(Self { base: format!("http://{address}"), token: token.to_owned(), client })
    }

    /// Waits until a port is open.
    pub(crate) async fn opened(address: SocketAddr) {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    /// How long the first pages take that somebody sees.
    pub(crate) async fn first_pages(&self) -> Outcome<Duration> {
        let begun = Instant::now();
        for path in ["/", "/domains"] {
            self.first_byte(path).await?;
        }
        Ok(begun.elapsed())
    }

    /// Half of the time and all but a hundredth of it that the first byte of a route takes.
    pub(crate) async fn times(&self, route: &Route) -> Outcome<(Duration, Duration)> {
        let asked = stream::iter(0..ASKED).map(|_| self.first_byte(&route.path));
        let mut times: Vec<_> = asked.buffer_unordered(CALLERS).try_collect().await?;
        times.sort_unstable();
        Ok((times[ASKED / 2], times[ASKED * 99 / 100 - 1]))
    }

    /// How long the first byte of a path takes.
    pub(crate) async fn first_byte(&self, path: &str) -> Outcome<Duration> {
        let url = format!("{}{path}", self.base);
        let begun = Instant::now();
        let mut response =
            self.client.get(url).bearer_auth(&self.token).send().await?.error_for_status()?;
        response.chunk().await?;
        let took = begun.elapsed();
        // So that the connection can be used again.
        while response.chunk().await?.is_some() {}
        Ok(took)
    }

    /// What the API shows at a path.
    pub(crate) async fn json(&self, path: &str) -> Outcome<Value> {
        let url = format!("{}/api/v1/{path}", self.base);
        let response = self.client.get(url).bearer_auth(&self.token).send().await?;
        Ok(serde_json::from_slice(&response.error_for_status()?.bytes().await?)?)
    }

    /// The cursor half way through a list.
    pub(crate) async fn half_way(&self, list: &str, items: usize) -> Outcome<String> {
        let mut cursor = String::new();
        for _ in 0..(items / STRIDE / 2).max(1) {
            let page = self.json(&format!("{list}&limit={STRIDE}{cursor}")).await?;
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        Ok(cursor)
    }
}
