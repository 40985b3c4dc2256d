//! Whether this process lives, is ready, and what it counts: `/live`, `/ready`, `/metrics`.

use std::{collections::BTreeMap, io, net::SocketAddr, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::RwLock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What must be so for a process to be ready.
#[derive(Debug, Clone, Default)]
pub struct Health {
    checks: Arc<RwLock<BTreeMap<String, Option<String>>>>,
}

/// One thing that must be so.
#[derive(Debug, Clone)]
pub struct Check {
    name: String,
    health: Health,
}

impl Health {
    /// Ready, as nothing is required yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires one more thing, which is not so yet. `service` and `name` tell it apart.
    pub fn check(&self, name: impl Into<String>) -> Check {
        let check = Check { name: name.into(), health: self.clone() };
        check.not_ready("starting");
        check
    }

    /// What is not as it must be, with the reason; empty if ready.
    pub fn unready(&self) -> Vec<(String, String)> {
        let checks = self.checks.read();
        checks.iter().filter_map(|(name, why)| Some((name.clone(), why.clone()?))).collect()
    }
}

impl Check {
    /// It is so.
    pub fn ready(&self) {
        self.health.checks.write().insert(self.name.clone(), None);
    }

    /// It is not so.
    pub fn not_ready(&self, reason: &str) {
        self.health.checks.write().insert(self.name.clone(), Some(reason.to_owned()));
    }
}

/// Answers on the admin port until the process stops.
///
/// # Errors
///
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    health: Health,
    metrics: PrometheusHandle,
    stopping: CancellationToken,
) -> io::Result<()> {
    let router = Router::new()
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(ready))
        .with_state(health)
        .route("/metrics", get(move || async move { metrics.render() }));
    axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned()).await
}

/// Opens the admin port.
///
/// # Errors
///
/// When the address cannot be bound; the error names it.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let remedy = "CERTHERALD_ADMIN names another address for the admin port";
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}; {remedy}"))
    })
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let unready = health.unready();
    if unready.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let lines: Vec<_> = unready.iter().map(|(name, why)| format!("{name}: {why}\n")).collect();
    (StatusCode::SERVICE_UNAVAILABLE, lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_that_every_check_is() {
        let health = Health::new();
        assert_eq!(health.unready(), []);
        let bus = health.check("bus");
        assert_eq!(health.unready(), [("bus".to_owned(), "starting".to_owned())]);
        bus.ready();
        assert_eq!(health.unready(), []);
        bus.not_ready("clock_skew");
        assert_eq!(health.unready(), [("bus".to_owned(), "clock_skew".to_owned())]);
    }
}
