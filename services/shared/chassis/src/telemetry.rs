//! Logs and metrics.

use std::{convert::Infallible, io::IsTerminal, str::FromStr, time::Duration};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{
    EnvFilter,
    filter::{LevelFilter, ParseError},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Noise of libraries that is kept down unless asked for. lettre would log the sign-in of SMTP.
const QUIET: &str = "lettre=info,hyper=info,rustls=info,h2=info,async_nats=warn,sled=warn";

/// How often samples are gathered into their histograms: until then, each takes memory of its own.
const GATHER_EVERY: Duration = Duration::from_secs(5);

/// What is logged: levels, and `target=level`, with commas between.
///
/// Invariant: the subscriber understands it, beside what is quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

/// Says what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want a level (error, warn, info, debug, trace, off) or `target=level`, commas between")]
pub struct InvalidLogFilter;

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = InvalidLogFilter;

    fn from_str(text: &str) -> Result<Self, InvalidLogFilter> {
        // A word that is no level would be taken for a target of which everything is logged.
        let is_level = |item: &str| !item.is_empty() && item.parse::<LevelFilter>().is_ok();
        let fits = |item: &str| is_level(item) || item.contains(['=', '[']);
        let items: Vec<_> = text.split(',').map(str::trim).collect();
        let filter = Self(items.join(","));
        let is_understood = items.into_iter().all(fits) && filter.built().is_ok();
        if is_understood { Ok(filter) } else { Err(InvalidLogFilter) }
    }
}

impl LogFilter {
    fn built(&self) -> Result<EnvFilter, ParseError> {
        EnvFilter::builder().parse(format!("{QUIET},{}", self.0))
    }
}

/// Says that logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Something in this process has begun already.
    #[error("telemetry has begun already")]
    Begun,
}

/// Begins to log to standard error: JSON unless it is a terminal. Answers the metrics.
///
/// # Errors
///
/// When telemetry has begun already.
///
/// # Panics
///
/// Never: a filter is understood.
pub fn begin(filter: &LogFilter) -> Result<PrometheusHandle, TelemetryError> {
    let filter = filter.built().expect("it was built when it was read");
    let registry = tracing_subscriber::registry().with(filter);
    let begun = if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(std::io::stderr).with_target(false)).try_init()
    } else {
        registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()
    };
    begun.map_err(|_| TelemetryError::Begun)?;
    PrometheusBuilder::new().install_recorder().map_err(|_| TelemetryError::Begun)
}

/// Gathers samples into their histograms until the process stops. Asking for the metrics does so as
/// well; but nobody may ever ask.
///
/// # Errors
///
/// Never.
pub async fn gather(
    metrics: PrometheusHandle,
    stopping: CancellationToken,
) -> Result<(), Infallible> {
    loop {
        tokio::select! {
            () = stopping.cancelled() => return Ok(()),
            () = sleep(GATHER_EVERY) => metrics.run_upkeep(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_levels_and_targets_with_levels() {
        for text in ["info", "WARN", "off", "debug,hyper=trace", "info, console=debug", "[a]=info"]
        {
            assert!(text.parse::<LogFilter>().is_ok(), "{text}");
        }
        for text in ["", "inf", "a=b", "info,", "debug,console", "info,a=loud"] {
            assert_eq!(text.parse::<LogFilter>(), Err(InvalidLogFilter), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn samples_are_gathered_though_nobody_asks_for_the_metrics() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || metrics::histogram!("looked").record(1.0));
        // Rendering would gather, too: only what the recorder shows of itself tells.
        let gathered = || format!("{recorder:?}").contains("RollingSummary");
        assert!(!gathered(), "{recorder:?}");
        let stopping = CancellationToken::new();
        let stop = async {
            sleep(GATHER_EVERY * 2).await;
            stopping.cancel();
        };
        let (gathering, ()) = tokio::join!(gather(recorder.handle(), stopping.clone()), stop);
        gathering.unwrap();
        assert!(gathered(), "{recorder:?}");
    }
}
