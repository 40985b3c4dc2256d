//! The side that is measured: streams that are filled, and a console upon them.

use std::{error::Error, path::Path, sync::Arc};

use bench::child;
use bytes::Bytes;
use chassis::{
    bus::{Append, Expect, SharedBus, embedded::Embedded},
    clock::{Clock, SystemClock},
    config::Reader,
    context::Context,
    dice::Dice,
    health::Health,
    tasks::Tasks,
};
use console::domain::board::Heard;
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use proto::{
    stream::{DELIVERIES, EVENTS, FACTS, INVENTORY, LOG, Service},
    subject::{self, About},
};

use crate::town::Town;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Appends that wait for their answer at the same time.
const IN_FLIGHT: usize = 512;

/// Fills the streams in a data directory with a town.
pub(crate) async fn fill(data: &Path, domains: usize) -> Outcome<()> {
    let store = Embedded::open(&data.join("bus"))?;
    let bus = |service| store.bus(service);
    let buses = Buses {
        console: bus(Service::Console),
        detector: bus(Service::Detector),
        notifier: bus(Service::Notifier),
        prober: bus(Service::Prober),
    };
    let mut town = Town::new(SystemClock.now());
    let said = (0..domains).flat_map(move |number| {
        town.said(number).into_iter().enumerate().map(move |(at, heard)| (number, at, heard))
    });
    stream::iter(said)
        .map(|(number, at, heard)| buses.append(format!("{number}-{at}"), heard))
        .buffer_unordered(IN_FLIGHT)
        .try_for_each(async |()| Ok(()))
        .await?;
    store.close().await;
    Ok(())
}

struct Buses {
    console: SharedBus,
    detector: SharedBus,
    notifier: SharedBus,
    prober: SharedBus,
}

impl Buses {
    async fn append(&self, id: String, heard: Heard) -> Outcome<()> {
        let (bus, stream, subject, payload) = match heard {
            Heard::Ordered(entity, record) => {
                (&self.console, &INVENTORY, subject::inventory(&entity), record.encode_to_vec())
            }
            Heard::Logged(id, record) => {
                (&self.detector, &LOG, subject::log(&id), record.encode_to_vec())
            }
            Heard::Happened(event) => {
                let about = About::Domain(event.host.parse()?, 443);
                let subject = subject::event(event.kind(), &about);
                (&self.detector, &EVENTS, subject, event.encode_to_vec())
            }
            Heard::Told { channel, contact, domain, record } => {
                let subject = subject::delivery(&channel, &contact, domain.as_ref());
                (&self.notifier, &DELIVERIES, subject, record.encode_to_vec())
            }
            Heard::Looked(id, fact) => {
                (&self.prober, &FACTS, subject::fact(&id), fact.encode_to_vec())
            }
        };
        let payload = Bytes::from(payload);
        let append = Append { stream, subject, id, expect: Expect::Any, headers: vec![], payload };
        bus.append(append).await?;
        Ok(())
    }
}

/// Runs a console upon a data directory until it is told to stop, or killed.
pub(crate) async fn run(data: &Path) -> Outcome<()> {
    let store = Embedded::open(&data.join("bus"))?;
    let tasks = Tasks::new();
    let context = Context {
        service: Service::Console,
        instance: "bench".parse()?,
        bus: store.bus(Service::Console),
        clock: Arc::new(SystemClock),
        dice: Arc::new(Dice::fresh()),
        tasks: tasks.clone(),
        health: Health::new(),
        data: data.join("console"),
    };
    let lookup = |key: &str| match key {
        "CONSOLE_TOKEN_FILE" => Some(data.join("admin-token").display().to_string()),
        "CERTHERALD_KEY_FILE" => Some(data.join("key").display().to_string()),
        _ => None,
    };
    let config = console::Config::read(Reader::new(&lookup))?;
    let reserved = console::reserve(([127, 0, 0, 1], 0).into())?;
    child::announce(&[reserved.local_addr()?])?;
    let (invited, _) = tokio::sync::oneshot::channel();
    tasks.spawn("console", console::serve(context, config, reserved, invited));
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?.recv().await;
    tasks.stop();
    tasks.ended().await;
    store.close().await;
    Ok(())
}
