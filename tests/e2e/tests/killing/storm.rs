//! The part of the detector: it says that domains expire. And what was recorded of telling it.

use std::ops::Range;
use std::path::PathBuf;

use chassis::broker::BrokerConfig;
use chassis::bus::embedded::Embedded;
use chassis::bus::nats::Nats;
use chassis::bus::{Append, Expect, Followed, From, Message, SharedBus};
use chassis::config::Reader;
use futures::future::join_all;
use harness::fleet::Fleet;
use harness::surroundings::now;
use prost::Message as _;
use proto::id::DomainId;
use proto::stream::{DELIVERIES, EVENTS, Service};
use proto::v1::{Event, Kind, Protocol, Severity, event::Phase};
use proto::{cloudevent, subject, time};

/// What all names of a storm end with.
pub(super) const DOMAIN: &str = ".storm.test";

/// The name of a domain.
pub(super) fn host(number: usize) -> String {
    format!("host-{number}{DOMAIN}")
}

/// The id of a domain.
pub(super) fn id(number: usize) -> DomainId {
    DomainId::of(&host(number).parse().unwrap(), 443, Protocol::Tls)
}

/// The certificates of these domains have expired. An embedded store must be nobody else's now.
pub(super) async fn expire(fleet: &Fleet, domains: Range<usize>) {
    let events = domains.map(expired);
    let appends = events.map(|event| Append {
        stream: &EVENTS,
        subject: subject::event(Kind::Expired, &cloudevent::about(&event).unwrap()),
        id: event.id.clone(),
        expect: Expect::Any,
        headers: cloudevent::headers(&event),
        payload: event.encode_to_vec().into(),
    });
    let appends: Vec<_> = appends.collect();
    on_bus(fleet, Service::Detector, async |bus| {
        for appended in join_all(appends.into_iter().map(|append| bus.append(append))).await {
            appended.unwrap();
        }
    })
    .await;
}

fn expired(number: usize) -> Event {
    let now = Some(time::write(now()));
    Event {
        id: format!("expired-{number}"),
        domain_id: id(number).to_string(),
        anomaly_id: format!("anomaly-{number}"),
        host: host(number),
        port: 443,
        protocol: Protocol::Tls.into(),
        kind: Kind::Expired.into(),
        severity: Severity::Critical.into(),
        phase: Phase::Opened.into(),
        occurred_at: now,
        since: now,
        ..Event::default()
    }
}

/// All that was recorded of deliveries, in order.
pub(super) async fn records(fleet: &Fleet) -> Vec<Message> {
    on_bus(fleet, Service::Console, async |bus| {
        let from = From::Sequence(1);
        let mut following = bus.follow(&DELIVERIES, DELIVERIES.subjects, from).await.unwrap();
        let mut records = Vec::new();
        while let Followed::Message(message) = following.next().await.unwrap() {
            records.push(message);
        }
        records
    })
    .await
}

/// Does something on the bus of a fleet as a service of it.
async fn on_bus<T>(fleet: &Fleet, service: Service, work: impl AsyncFnOnce(SharedBus) -> T) -> T {
    let Some(nats) = &fleet.nats else {
        let directory = fleet.directory().join("up-1").join("bus");
        let store = open(directory).await;
        let done = work(store.bus(service)).await;
        store.close().await;
        return done;
    };
    let settings = nats.settings(service.token());
    let lookup =
        |key: &str| settings.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
    let BrokerConfig::Nats(options) = BrokerConfig::read(Reader::new(&lookup)).unwrap() else {
        unreachable!("there is a URL")
    };
    let nats = Nats::connect(options).await.unwrap();
    let done = work(nats.bus(service)).await;
    nats.close().await.unwrap();
    done
}

/// Opens a store where nobody waits for it: what a killed process left behind is mended first.
async fn open(directory: PathBuf) -> std::sync::Arc<Embedded> {
    tokio::task::spawn_blocking(move || Embedded::open(&directory).unwrap()).await.unwrap()
}
