//! Logs and metrics.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Noise of libraries that is kept down unless asked for. lettre would log the sign-in of SMTP.
const QUIET: &str = "lettre=info,hyper=info,rustls=info,h2=info,async_nats=warn,sled=warn";

/// Says that logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is malformed.
    #[error("CERTHERALD_LOG={text}: want a level or `target=level` with commas between")]
    Filter {
        /// As it was given.
        text: String,
    },
    /// Something in this process has begun already.
    #[error("telemetry has begun already")]
    Begun,
}

/// Begins to log to standard error: JSON unless it is a terminal. Answers the metrics.
///
/// # Errors
///
/// When the filter is malformed, or telemetry has begun already.
pub fn begin(filter: &str) -> Result<PrometheusHandle, TelemetryError> {
    let malformed = |_| TelemetryError::Filter { text: filter.to_owned() };
    let filter = EnvFilter::builder().parse(format!("{QUIET},{filter}")).map_err(malformed)?;
    let registry = tracing_subscriber::registry().with(filter);
    let begun = if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(std::io::stderr).with_target(false)).try_init()
    } else {
        registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()
    };
    begun.map_err(|_| TelemetryError::Begun)?;
    PrometheusBuilder::new().install_recorder().map_err(|_| TelemetryError::Begun)
}
