//! What is said on the bus: by people, by a prober, and by a detector that is played.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use chassis::bus::Consumer;
use jiff::SignedDuration;
use lab::authority::{Leaf, Validity};
use prost::Message;
use proto::{
    cloudevent,
    id::DomainId,
    stream::{EVENTS, JOBS, Service},
    subject::{self, Entity},
    time,
    v1::{
        Chain, DomainAdded, EndpointFact, Event, Handshake, Job, Kind, Protocol, ScanFact,
        Severity, endpoint_fact, event::Phase, handshake, inventory_event::Event as Ordered,
    },
};

use crate::stage::{Stage, now};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Jobs that are held at the same time.
const HELD_MAX: usize = 64;

impl Stage {
    /// The detector says that a certificate has expired.
    pub(crate) async fn happens(&self, number: usize) -> Outcome<()> {
        let (host, at) = (host(number), Some(time::write(now())));
        let event = Event {
            id: format!("{host}-1-0"),
            domain_id: domain(&host)?.to_string(),
            anomaly_id: format!("{host}-expired-1"),
            host,
            port: 443,
            protocol: Protocol::Tls.into(),
            kind: Kind::Expired.into(),
            severity: Severity::Critical.into(),
            phase: Phase::Opened.into(),
            occurred_at: at,
            since: at,
            ..Event::default()
        };
        let about = cloudevent::about(&event).ok_or("the event is about nothing")?;
        let letter = (subject::event(Kind::Expired, &about), event.encode_to_vec());
        self.append(Service::Detector, &EVENTS, letter).await
    }

    /// Adds domains, and takes the jobs that the detector makes of them.
    pub(crate) async fn jobs(&self, domains: usize) -> Outcome<Vec<Job>> {
        let consumer = Consumer {
            stream: &JOBS,
            name: "prober".to_owned(),
            pattern: subject::JOBS_ALL.to_owned(),
            ack_wait: Duration::from_secs(30),
            held_max: HELD_MAX,
        };
        let mut deliveries = self.keeper.bus(Service::Prober).consume(consumer).await?;
        let mut jobs = Vec::new();
        for number in 0..domains {
            let host = host(number);
            let entity = Entity::Domain(domain(&host)?);
            let (protocol, options) = (Protocol::Tls.into(), None);
            let added = DomainAdded { host, port: 443, protocol, options };
            self.order(&entity, Ordered::DomainAdded(added)).await?;
            let delivery = deliveries.next().await?;
            jobs.push(Job::decode(delivery.message.payload.clone())?);
            delivery.ack().await?;
        }
        Ok(jobs)
    }

    /// What a look shows at an expired certificate.
    pub(crate) fn fact(&self, job: &Job) -> Outcome<(String, Vec<u8>)> {
        let (age, left) = (SignedDuration::from_hours(48), SignedDuration::from_hours(-1));
        let leaf = Leaf::named(&job.host, Validity::around(now(), age, left));
        let presented = self.authority.issue(&leaf)?.chain;
        let certificates: Vec<_> =
            presented.iter().map(|der| Bytes::copy_from_slice(der)).collect();
        let fingerprint = Bytes::copy_from_slice(&proto::chain::fingerprint(&certificates));
        let shown = Handshake {
            version: 0x0304,
            cipher_suite: 0x1301,
            chain: fingerprint.clone(),
            proof: handshake::Proof::Proved.into(),
            ..Handshake::default()
        };
        let endpoint = EndpointFact {
            address: "192.0.2.1".to_owned(),
            port: job.port,
            outcome: Some(endpoint_fact::Outcome::Handshake(shown)),
            ..EndpointFact::default()
        };
        let fact = ScanFact {
            domain_id: job.domain_id.clone(),
            look: job.look,
            inventory_revision: job.inventory_revision,
            prober: "bench".to_owned(),
            region: "default".to_owned(),
            endpoints: vec![endpoint],
            chains: vec![Chain { fingerprint, certificates }],
            ..ScanFact::default()
        };
        Ok((subject::fact(&job.domain_id.parse()?), fact.encode_to_vec()))
    }
}

fn host(number: usize) -> String {
    format!("host-{number}.example.com")
}

fn domain(host: &str) -> Outcome<DomainId> {
    Ok(DomainId::of(&host.parse()?, 443, Protocol::Tls))
}
