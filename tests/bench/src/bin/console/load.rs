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

use crate::town::Town;

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

/// What is asked for, and how it is called in the table.
pub(crate) struct Route {
    pub(crate) name: &'static str,
    path: String,
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

    async fn json(&self, path: &str) -> Outcome<Value> {
        let url = format!("{}/api/v1/{path}", self.base);
        let response = self.client.get(url).bearer_auth(&self.token).send().await?;
        Ok(serde_json::from_slice(&response.error_for_status()?.bytes().await?)?)
    }

    /// The cursor half way through a list.
    async fn half_way(&self, list: &str, items: usize) -> Outcome<String> {
        let mut cursor = String::new();
        for _ in 0..(items / STRIDE / 2).max(1) {
            let page = self.json(&format!("{list}&limit={STRIDE}{cursor}")).await?;
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        Ok(cursor)
    }

    /// Everything that is asked for.
    pub(crate) async fn routes(&self, domains: usize) -> Outcome<Vec<Route>> {
        let route = |name, path: &str| Route { name, path: format!("/api/v1/{path}") };
        let page = |name, path: &str| Route { name, path: path.to_owned() };
        let list = self.json("domains?limit=1").await?;
        let issuer = list["items"][0]["issuer"].as_str().unwrap_or_default();
        let issuer: String = url::form_urlencoded::byte_serialize(issuer.as_bytes()).collect();
        let one = Town::id(domains / 2);
        let deep = self.half_way("domains?sort=name", domains).await?;
        let deep_expiry = self.half_way("domains?sort=-expires", domains).await?;
        let deep_delivery =
            self.half_way("deliveries?method=internal", domains.min(50_000)).await?;
        let far = "expires_from=2000-01-01T00:00:00Z&expires_before=2100-01-01T00:00:00Z";
        Ok(vec![
            route("overview", "overview"),
            route("domains", "domains"),
            route("  by expiry", "domains?sort=expires"),
            route("  by state", "domains?sort=state"),
            route("  by adding, latest first", "domains?sort=-added"),
            route("  1,000 of them", "domains?limit=1000"),
            route("  half way", &format!("domains?sort=name{deep}")),
            route("  half way by expiry", &format!("domains?sort=-expires{deep_expiry}")),
            route("  in a state", "domains?state=abnormal&sort=expires"),
            route("  with a tag", "domains?tag=team-7"),
            route("  with a kind", "domains?kind=expired&sort=state"),
            route("  of a severity", "domains?severity=warning"),
            route("  of an issuer", &format!("domains?issuer={issuer}&sort=-expires")),
            route("  that expire in a century", &format!("domains?{far}")),
            route("  named 9999", "domains?text=9999"),
            route("  named example", "domains?text=example&sort=state"),
            route("  named like none", "domains?text=zzz"),
            route(
                "  of all these",
                &format!("domains?state=secure&tag=team-3&text=1&issuer={issuer}"),
            ),
            route("export", "domains.csv"),
            route("export of a tag", "domains.csv?tag=team-7"),
            route("one domain", &format!("domains/{one}")),
            route("its events", &format!("domains/{one}/events")),
            route("anomalies", "anomalies"),
            route("  critical ones", "anomalies?severity=critical"),
            route("  closed ones", "anomalies?state=closed"),
            route("inbox", "inbox"),
            route("  unread", "inbox?unread=true"),
            route("deliveries", "deliveries"),
            route("  half way", &format!("deliveries?method=internal{deep_delivery}")),
            route("  parked ones", "deliveries?state=parked"),
            route("events", "events"),
            route("contacts", "contacts"),
            route("settings", "settings"),
            route("system", "system"),
            page("page: overview", "/"),
            page("page: domains", "/domains"),
            page("  in a state", "/domains?state=abnormal&sort=expires"),
            page("  named example", "/domains?text=example&sort=state"),
            page("page: one domain", &format!("/domains/{one}")),
            page("page: anomalies", "/anomalies"),
        ])
    }
}
