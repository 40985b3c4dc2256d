//! Appends and consumes a second on both buses, beside the bare client and the bare store under
//! them. Messages of 500 bytes over 1,000 subjects; every write is synced to the device before it
//! is answered.

#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::{error::Error, hint::black_box, path::Path, time::Instant};

use async_nats::jetstream;
use bytes::Bytes;
use chassis::bus::{
    Append, Consumer, Expect, SharedBus,
    embedded::Embedded,
    nats::{Nats, NatsOptions},
};
use futures::{StreamExt, TryStreamExt, stream};
use proto::{
    id::DomainId,
    stream::{FACTS, LOG, Retention, Service, Stream},
    subject,
};
use redb::{Database, ReadableTable as _, TableDefinition};

/// Messages of one measurement.
const MESSAGES: usize = 10_000;
/// Appends that wait for their answer at the same time.
const IN_FLIGHT: usize = 64;
/// Bytes of a message.
const MESSAGE_BYTES: usize = 500;
/// Subjects, in turn.
const SUBJECTS: usize = 1_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    println!(
        "{MESSAGES} messages of {MESSAGE_BYTES} bytes, {IN_FLIGHT} appends in flight; a second:"
    );
    let directory = tempfile::tempdir()?;
    let (append, consume) = bare_redb(&directory.path().join("bare.redb"))?;
    println!(
        "bare redb     append {append:>8.0}   consume {consume:>8.0}   {IN_FLIGHT} to a transaction"
    );
    let embedded = Embedded::open(&directory.path().join("embedded"))?;
    ours("embedded", &embedded.bus(Service::Detector), &embedded.bus(Service::Prober)).await?;

    let server = harness::nats::Nats::start().await;
    let (append, consume) = bare_nats(&server.client().await).await?;
    println!("bare nats     append {append:>8.0}   consume {consume:>8.0}");
    let nats = Nats::connect(NatsOptions::new(server.url())).await?;
    ours("nats", &nats.bus(Service::Detector), &nats.bus(Service::Prober)).await
}

async fn ours(name: &str, detector: &SharedBus, prober: &SharedBus) -> Outcome<()> {
    let appended = appends(detector, &LOG, subject::log).await?;
    let consumed = consumes(detector, &LOG).await?;
    println!("{name:<13} append {appended:>8.0}   consume {consumed:>8.0}   LOG, synced");
    let appended = appends(prober, &FACTS, subject::fact).await?;
    let consumed = consumes(detector, &FACTS).await?;
    println!(
        "{name:<13} append {appended:>8.0}   consume {consumed:>8.0}   FACTS, outlives the process"
    );
    Ok(())
}

async fn appends(
    bus: &SharedBus,
    stream: &'static Stream,
    subject: fn(&DomainId) -> String,
) -> Outcome<f64> {
    let payload = Bytes::from(vec![b'x'; MESSAGE_BYTES]);
    let one = |number: usize| {
        let append = Append {
            stream,
            subject: subject(&DomainId::derive(&[&(number % SUBJECTS).to_string()])),
            id: format!("bench-{}-{number}", stream.name),
            expect: Expect::Any,
            headers: vec![],
            payload: payload.clone(),
        };
        bus.append(append)
    };
    let begun = Instant::now();
    stream::iter(0..MESSAGES)
        .map(one)
        .buffer_unordered(IN_FLIGHT)
        .try_for_each(async |_| Ok(()))
        .await?;
    Ok(rate(MESSAGES, begun))
}

/// Consumes as many as the stream still keeps, and acknowledges each.
async fn consumes(bus: &SharedBus, stream: &'static Stream) -> Outcome<f64> {
    let kept = bus.latest(stream, stream.subjects).await?.len();
    let per_subject = match stream.retention {
        Retention::Latest { per_subject, .. } => per_subject as usize,
        Retention::Kept | Retention::Age(_) | Retention::Work(_) => MESSAGES / SUBJECTS,
    };
    let expected = kept * per_subject.min(MESSAGES / SUBJECTS);
    let consumer = Consumer {
        stream,
        name: "bench".to_owned(),
        pattern: stream.subjects.to_owned(),
        ack_wait: std::time::Duration::from_secs(30),
        held_max: 1_000,
    };
    let mut deliveries = bus.consume(consumer).await?;
    let begun = Instant::now();
    let mut acknowledged = Vec::new();
    for _ in 0..expected {
        acknowledged.push(deliveries.next().await?.ack());
        if acknowledged.len() == IN_FLIGHT {
            futures::future::try_join_all(acknowledged.drain(..)).await?;
        }
    }
    futures::future::try_join_all(acknowledged).await?;
    Ok(rate(expected, begun))
}

async fn bare_nats(client: &async_nats::Client) -> Outcome<(f64, f64)> {
    let context = jetstream::new(client.clone());
    let config = jetstream::stream::Config {
        name: "BARE".to_owned(),
        subjects: vec!["bare.>".to_owned()],
        ..Default::default()
    };
    let stream = context.create_stream(config).await?;
    let payload = Bytes::from(vec![b'x'; MESSAGE_BYTES]);
    let begun = Instant::now();
    let publish = async |number: usize| -> Result<(), async_nats::Error> {
        context.publish(format!("bare.{}", number % SUBJECTS), payload.clone()).await?.await?;
        Ok(())
    };
    stream::iter(0..MESSAGES)
        .map(publish)
        .buffer_unordered(IN_FLIGHT)
        .try_for_each(async |()| Ok(()))
        .await
        .map_err(|error| error.to_string())?;
    let appended = rate(MESSAGES, begun);

    let config = jetstream::consumer::pull::Config {
        durable_name: Some("bare".to_owned()),
        max_ack_pending: -1,
        ..Default::default()
    };
    let mut messages = stream.create_consumer(config).await?.messages().await?;
    let begun = Instant::now();
    let mut held = Vec::new();
    for _ in 0..MESSAGES {
        held.push(messages.next().await.ok_or("the consumer ended")??);
        if held.len() == IN_FLIGHT {
            let answers = held.iter().map(jetstream::Message::double_ack);
            futures::future::try_join_all(answers).await.map_err(|error| error.to_string())?;
            held.clear();
        }
    }
    Ok((appended, rate(MESSAGES, begun)))
}

/// Rows by number, and how far they were read: what any log in redb costs at the least.
fn bare_redb(path: &Path) -> Outcome<(f64, f64)> {
    const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");
    const READ: TableDefinition<'_, (), u64> = TableDefinition::new("read");
    let database = Database::create(path)?;
    let payload = vec![b'x'; MESSAGE_BYTES];
    let batch = |first: usize| first as u64..MESSAGES.min(first + IN_FLIGHT) as u64;
    let batches = || (0..MESSAGES).step_by(IN_FLIGHT).map(batch);

    let begun = Instant::now();
    for batch in batches() {
        let transaction = database.begin_write()?;
        {
            let mut rows = transaction.open_table(ROWS)?;
            for number in batch {
                rows.insert(number, payload.as_slice())?;
            }
        }
        transaction.commit()?;
    }
    let appended = rate(MESSAGES, begun);

    let begun = Instant::now();
    for batch in batches() {
        let transaction = database.begin_write()?;
        {
            let rows = transaction.open_table(ROWS)?;
            for row in rows.range(batch.clone())? {
                black_box(row?.1.value().to_vec());
            }
            transaction.open_table(READ)?.insert((), batch.end)?;
        }
        transaction.commit()?;
    }
    Ok((appended, rate(MESSAGES, begun)))
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(messages: usize, begun: Instant) -> f64 {
    messages as f64 / begun.elapsed().as_secs_f64()
}
