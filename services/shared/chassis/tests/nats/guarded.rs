//! A broker with the permissions of the deployment: each service can do what it must, and no more.

use std::time::Duration;

use chassis::bus::{
    Consumer, Followed, From, SharedBus,
    nats::{Credentials, Nats, NatsOptions},
};
use chassis::config::{Reader, Secret};
use harness::nats::Nats as Server;
use proto::stream::{ALL, Retention, Service, Stream};
use tokio::time::timeout;

use crate::world::{PATIENCE, message};

async fn bus_of(server: &Server, service: Service) -> SharedBus {
    let settings = server.settings(service.token());
    let lookup =
        |key: &str| settings.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
    let password: Secret = Reader::new(&lookup).secret("CERTHERALD_NATS_PASSWORD").unwrap();
    let user = service.token().to_owned();
    let options = NatsOptions {
        credentials: Credentials::Password { user, password },
        inbox: lookup("CERTHERALD_NATS_INBOX"),
        ..NatsOptions::new(server.url())
    };
    Nats::connect(options).await.unwrap().bus(service)
}

fn subject_of(stream: &Stream, service: Service) -> String {
    // Of `PARKED`, each service has a part of its own.
    let part = if stream.name == "PARKED" { service.token() } else { "x" };
    stream.subjects.replace('>', &format!("{part}.x"))
}

/// Whether what is appended depends on what came before: then its writer looks that up.
fn is_decided_upon(stream: &Stream) -> bool {
    !matches!(stream.name, "FACTS" | "PARKED")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_writes_what_it_owns_and_reads_what_it_must() {
    let server = Server::start_guarded().await;
    for service in Service::ALL.iter().copied() {
        let bus = bus_of(&server, service).await;
        bus.now().await.unwrap();
        for stream in ALL.into_iter().filter(|stream| stream.writers.contains(&service)) {
            let subject = subject_of(stream, service);
            let id = format!("{}-{}", stream.name, service.token());
            bus.append(message(stream, &subject, &id)).await.unwrap();
            if is_decided_upon(stream) {
                assert_eq!(bus.last(stream, &subject).await.unwrap().unwrap().id, id);
            }
        }
    }
    for service in Service::ALL.iter().copied() {
        let bus = bus_of(&server, service).await;
        for stream in ALL.into_iter().filter(|stream| stream.readers.contains(&service)) {
            let mut pattern = stream.subjects.to_owned();
            if let Retention::Work(_) = stream.retention {
                // Its readers share it by a part that each has of its own.
                pattern = stream.subjects.replace('>', &format!("{}.>", service.token()));
                let writer = bus_of(&server, stream.writers[0]).await;
                let subject = pattern.replace('>', "work");
                let id = format!("{}-work-{}", stream.name, service.token());
                writer.append(message(stream, &subject, &id)).await.unwrap();
            }
            let subject = match stream.retention {
                Retention::Work(_) => pattern.replace('>', "work"),
                Retention::Kept | Retention::Latest { .. } | Retention::Age(_) => {
                    subject_of(stream, stream.writers[0])
                }
            };
            assert!(bus.last(stream, &subject).await.unwrap().is_some());
            assert_eq!(bus.load(stream, &subject, 0).await.unwrap().len(), 1);
            assert_eq!(bus.latest(stream, &subject).await.unwrap().len(), 1);
            read_all(&bus, stream, &pattern, service).await;
        }
    }
}

async fn read_all(bus: &SharedBus, stream: &'static Stream, pattern: &str, service: Service) {
    let mut following = bus.follow(stream, pattern, From::Sequence(1)).await.unwrap();
    let first = timeout(PATIENCE, following.next()).await.unwrap().unwrap();
    assert!(matches!(first, Followed::Message(_)), "{} of {}", stream.name, service.token());
    let consumer = Consumer {
        stream,
        name: format!("reader-{}", service.token()),
        pattern: pattern.to_owned(),
        ack_wait: PATIENCE,
        held_max: 1,
    };
    let mut deliveries = bus.consume(consumer).await.unwrap();
    let delivery = timeout(PATIENCE, deliveries.next()).await.unwrap().unwrap();
    delivery.hold().await.unwrap();
    let id = delivery.message.id.clone();
    delivery.retry_in(Duration::ZERO).await.unwrap();
    // Others may come in between.
    loop {
        let next = timeout(PATIENCE, deliveries.next()).await.unwrap().unwrap();
        if next.message.id == id {
            assert_eq!(next.attempt, 2);
            return next.park("no use").await.unwrap();
        }
        next.ack().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_held_by_those_who_lead() {
    let server = Server::start_guarded().await;
    for service in [Service::Detector, Service::Notifier] {
        let bus = bus_of(&server, service).await;
        let lease = bus.acquire(service.token(), "a", Duration::from_secs(3)).await;
        let lease = bus.renew(&lease.unwrap().unwrap()).await.unwrap().unwrap();
        bus.release(&lease).await.unwrap();
    }
}
