//! The side that is measured: a detector.

use std::{error::Error, path::Path, sync::Arc, time::Duration};

use bench::child;
use chassis::{
    bus::nats::{Nats, NatsOptions},
    clock::SystemClock,
    context::Context,
    dice::Dice,
    health::Health,
    tasks::Tasks,
};
use detector::config::Config;
use proto::stream::Service;
use tokio::signal::unix::{SignalKind, signal};

use crate::town;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Pause between looks whether it is ready.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Runs a detector until it is told to stop, or killed. Says when it is ready.
pub(crate) async fn sit(url: &str, data: &Path) -> Outcome<()> {
    let nats = Nats::connect(NatsOptions::new(url)).await?;
    let (tasks, health) = (Tasks::new(), Health::new());
    let context = Context {
        service: Service::Detector,
        instance: "bench".parse()?,
        bus: nats.bus(Service::Detector),
        clock: Arc::new(SystemClock),
        dice: Arc::new(Dice::fresh()),
        tasks: tasks.clone(),
        health: health.clone(),
        data: data.join("detector"),
    };
    let config = Config {
        // The longest that there is: looks that are asked for are not what is measured.
        interval: Duration::from_hours(7 * 24),
        region: "default".parse()?,
        ca_bundle: Some(town::bundle(data)),
        intermediates: None,
        snapshot: true,
    };
    health.check("detector");
    tasks.spawn("detector", detector::run(context, config));
    while !health.unready().is_empty() {
        if tasks.stopping().is_cancelled() {
            return Err(tasks.ended().await.unwrap_or_default().into());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    child::announce(&[])?;
    signal(SignalKind::terminate())?.recv().await;
    tasks.stop();
    tasks.ended().await.map_or(Ok(()), |failure| Err(failure.into()))
}
