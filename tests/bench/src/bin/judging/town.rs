//! Domains that are well, each with a chain of its own, and the facts that say so again.

use std::{
    error::Error,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use chassis::{
    bus::{Append, Expect, nats::Nats},
    clock::{Clock, SystemClock},
};
use detector::{
    domain::{court::Court, news},
    shell::anchors::{self, AnchorSource},
};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use lab::authority::{Authority, Leaf, Validity};
use prost::Message;
use proto::{
    id::DomainId,
    stream::{EVENTS, FACTS, INVENTORY, LOG, Service, Stream},
    subject::{self, About, Entity},
    time,
    v1::{
        Chain, ChainLearned, DomainAdded, EndpointFact, EndpointSeen, Event, Handshake,
        InventoryEvent, InventoryRecord, Kind, LogEvent, LogRecord, Protocol, ScanFact, State,
        StateChanged, Watched, endpoint_fact, handshake, inventory_event, log_event,
    },
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Appends that wait for their answer at the same time.
const IN_FLIGHT: usize = 512;
/// Domains of which there are facts, at most; spread over all.
const LOOKED_AT_MAX: usize = 100_000;

/// What is kept of them.
pub(crate) struct Town {
    bus: Nats,
    known: Vec<Known>,
    /// Number of the first look that comes.
    next_look: u64,
}

/// What a fact of a domain says again.
struct Known {
    id: DomainId,
    /// Where it was ordered.
    revision: u64,
    chain: Bytes,
}

/// The file with the anchor of all chains.
pub(crate) fn bundle(data: &Path) -> PathBuf {
    data.join("ca.pem")
}

impl Town {
    /// Writes what is known of so many domains to the streams.
    pub(crate) async fn build(bus: Nats, data: &Path, domains: usize) -> Outcome<Self> {
        let now = SystemClock.now();
        let authority = Authority::root("Bench Root", Validity::of_an_authority(now))?;
        std::fs::write(bundle(data), authority.pem())?;
        let anchors = anchors::load(&AnchorSource::Bundle(bundle(data)))?;
        let judged_under = Court::new(anchors.into()).under(None);
        let next_look = u64::try_from(now.as_millisecond())? + 1;
        let mut town = Self { bus, known: Vec::new(), next_look };
        let settled = stream::iter(0..domains)
            .map(|number| town.settle(&authority, number, now, judged_under))
            .buffer_unordered(IN_FLIGHT);
        let settled: Vec<_> = settled.try_collect().await?;
        let stride = domains.div_ceil(LOOKED_AT_MAX).max(1);
        let last = settled.iter().map(|(_, logged)| *logged).max().unwrap_or_default();
        town.known = settled.into_iter().step_by(stride).map(|(known, _)| known).collect();
        town.tell(last).await?;
        Ok(town)
    }

    /// Domains that are looked at.
    pub(crate) fn looked_at(&self) -> usize {
        self.known.len()
    }

    /// Looks at each once more. Answers where the facts begin.
    pub(crate) async fn look(&mut self) -> Outcome<u64> {
        let look = self.next_look;
        self.next_look += 1;
        let said = stream::iter(&self.known).map(|known| {
            let letter = (subject::fact(&known.id), known.fact(look).encode_to_vec());
            self.append(Service::Prober, &FACTS, format!("{}-{look}", known.id), letter)
        });
        let places: Vec<_> = said.buffer_unordered(IN_FLIGHT).try_collect().await?;
        Ok(places.into_iter().min().unwrap_or_default())
    }

    /// Orders a domain, and writes what its first look showed.
    async fn settle(
        &self,
        authority: &Authority,
        number: usize,
        now: Timestamp,
        judged_under: u32,
    ) -> Outcome<(Known, u64)> {
        let host = format!("www.customer-{number}.example.com");
        let id = DomainId::of(&host.parse()?, 443, Protocol::Tls);
        let order = added(&host, now);
        let letter = (subject::inventory(&Entity::Domain(id)), order.encode_to_vec());
        let revision =
            self.append(Service::Console, &INVENTORY, format!("{id}-order"), letter).await?;
        let quarter = SignedDuration::from_hours(90 * 24);
        let validity = Validity::around(now, SignedDuration::from_hours(1), quarter);
        let presented = authority.issue(&Leaf::named(&host, validity))?.chain;
        let certificates: Vec<_> =
            presented.iter().map(|der| Bytes::copy_from_slice(der)).collect();
        let leaf = Bytes::copy_from_slice(&proto::chain::fingerprint(&certificates[..1]));
        let chain = Bytes::copy_from_slice(&proto::chain::fingerprint(&certificates));
        let record = LogRecord {
            recorded_at: Some(time::write(now)),
            look: 1,
            inventory_revision: revision,
            events: seen(Chain { fingerprint: chain.clone(), certificates }, leaf),
            host,
            port: 443,
            protocol: Protocol::Tls.into(),
            state: State::Secure.into(),
            wake_at: Some(time::write(now + SignedDuration::from_hours(60 * 24))),
            judged_under,
            undecided: false,
        };
        let letter = (subject::log(&id), record.encode_to_vec());
        let logged = self.append(Service::Detector, &LOG, format!("{id}-log"), letter).await?;
        Ok((Known { id, revision, chain }, logged))
    }

    /// Says that the log has been told to the world, so that nobody reads it again for that.
    async fn tell(&self, last: u64) -> Outcome<()> {
        let host = "told.example.com";
        let id = DomainId::of(&host.parse()?, 443, Protocol::Tls);
        let (id, event) = (news::id(&id, last, 0), Event { host: host.into(), ..Event::default() });
        let about = About::Domain(host.parse()?, 443);
        let letter = (subject::event(Kind::CertificateChanged, &about), event.encode_to_vec());
        self.append(Service::Detector, &EVENTS, id, letter).await.map(drop)
    }

    async fn append(
        &self,
        service: Service,
        stream: &'static Stream,
        id: String,
        (subject, payload): (String, Vec<u8>),
    ) -> Outcome<u64> {
        let (expect, headers, payload) = (Expect::Any, vec![], payload.into());
        let append = Append { stream, subject, id, expect, headers, payload };
        Ok(self.bus.bus(service).append(append).await?.sequence)
    }
}

impl Known {
    fn fact(&self, look: u64) -> ScanFact {
        let shown = Handshake {
            version: 0x0304,
            cipher_suite: 0x1301,
            chain: self.chain.clone(),
            proof: handshake::Proof::Proved.into(),
            ..Handshake::default()
        };
        let endpoint = EndpointFact {
            address: "192.0.2.1".to_owned(),
            port: 443,
            outcome: Some(endpoint_fact::Outcome::Handshake(shown)),
            ..EndpointFact::default()
        };
        ScanFact {
            domain_id: self.id.to_string(),
            look,
            inventory_revision: self.revision,
            prober: "prober-1".to_owned(),
            region: "default".to_owned(),
            endpoints: vec![endpoint],
            ..ScanFact::default()
        }
    }
}

fn added(host: &str, now: Timestamp) -> InventoryRecord {
    let added = DomainAdded {
        host: host.to_owned(),
        port: 443,
        protocol: Protocol::Tls.into(),
        options: None,
    };
    InventoryRecord {
        recorded_at: Some(time::write(now)),
        actor: "system".to_owned(),
        events: vec![InventoryEvent { event: Some(inventory_event::Event::DomainAdded(added)) }],
    }
}

fn seen(chain: Chain, leaf: Bytes) -> Vec<LogEvent> {
    let endpoint = EndpointSeen {
        address: "192.0.2.1".to_owned(),
        port: 443,
        chain: chain.fingerprint.clone(),
        version: 0x0304,
        cipher_suite: 0x1301,
    };
    let learned = ChainLearned { chain: Some(chain), fetched: vec![], leaf };
    let changed = StateChanged { from: State::Enabling.into(), to: State::Secure.into() };
    let events = [
        log_event::Event::Watched(Watched { enabling: true }),
        log_event::Event::ChainLearned(learned),
        log_event::Event::EndpointSeen(endpoint),
        log_event::Event::StateChanged(changed),
    ];
    events.map(|event| LogEvent { event: Some(event) }).into()
}
