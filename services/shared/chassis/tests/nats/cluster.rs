//! Three servers with copies of each stream, of which one is killed: nothing that was answered is
//! lost, everybody goes on, and nobody believes a copy that lags.

use std::{collections::BTreeSet, fmt::Display, time::Duration};

use chassis::bus::{
    Append, Consumer, Expect, Followed, From, SharedBus,
    nats::{Nats, NatsOptions},
};
use futures::{StreamExt, stream};
use harness::eventually::eventually_within;
use proto::stream::{FACTS, JOBS, LOG, Service, Stream};
use tokio::time::timeout;

use crate::{
    server::{Server, free_port},
    world::{PATIENCE, insist, message},
};

/// How long three servers may take to elect whom they need, on a busy machine.
const ELECTION_MAX: Duration = Duration::from_mins(3);

/// Long enough for every election of the test.
const LEASE_LIMIT: Duration = Duration::from_mins(20);

struct Cluster(Vec<Server>);

impl Cluster {
    async fn start() -> Self {
        let routes: [u16; 3] = [free_port(), free_port(), free_port()];
        let all = routes.map(|port| format!("\"nats://127.0.0.1:{port}\"")).join(", ");
        let mut servers = Vec::new();
        for (n, route) in routes.into_iter().enumerate() {
            let more =
                format!("cluster {{ name: c, listen: \"127.0.0.1:{route}\", routes: [{all}] }}");
            servers.push(Server::start(&format!("n{n}"), "", &more).await);
        }
        Self(servers)
    }

    fn options(&self) -> NatsOptions {
        let urls: Vec<_> = self.0.iter().map(Server::address).collect();
        NatsOptions { replicas: 3, ..NatsOptions::new(urls.join(",")) }
    }

    /// The server that leads a stream, by its number, once each of the others has all that the
    /// stream holds. Before that, one may still have nothing at all, and servers elect nobody by
    /// the vote of such a one: with its leader the stream would be gone until that comes back.
    async fn leader(&self, stream: &Stream) -> usize {
        let urls: Vec<async_nats::ServerAddr> =
            self.0.iter().map(|server| server.address().parse().unwrap()).collect();
        let client = async_nats::connect(urls).await.unwrap();
        let jetstream = async_nats::jetstream::new(client);
        let leader = elected("somebody leads the stream", async || {
            let stream = jetstream.get_stream(stream.name).await.map_err(|e| e.to_string())?;
            let cluster = stream.cached_info().cluster.clone().ok_or("there is no cluster")?;
            if cluster.replicas.len() != 2 || !cluster.replicas.iter().all(|copy| copy.current) {
                return Err(format!("copies lag: {:?}", cluster.replicas));
            }
            cluster.leader.ok_or("nobody leads".to_owned())
        })
        .await;
        leader.strip_prefix('n').unwrap().parse().unwrap()
    }
}

/// Asks until it is answered: while a cluster elects it may answer nothing at all, which every
/// service takes as a reason to ask again.
async fn elected<T, E: Display>(what: &str, ask: impl AsyncFnMut() -> Result<T, E>) -> T {
    eventually_within(ELECTION_MAX, what, ask).await
}

async fn ready(options: &NatsOptions) -> SharedBus {
    let bus = Nats::connect(options.clone()).await.unwrap().bus(Service::Detector);
    elected("the cluster stores", async || {
        for stream in [&LOG, &FACTS] {
            let subject = stream.subjects.replace('>', "0.ready");
            match bus.append(message(stream, &subject, &format!("ready-{}", stream.name))).await {
                Ok(_) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => panic!("a cluster that is not ready yet refuses for good: {error:?}"),
            }
        }
        Ok(())
    })
    .await;
    bus
}

#[tokio::test(flavor = "multi_thread")]
async fn the_death_of_a_leader_loses_nothing_and_stops_nobody() {
    let mut cluster = Cluster::start().await;
    let bus = ready(&cluster.options()).await;
    let consumer = Consumer {
        stream: &FACTS,
        name: "reader".to_owned(),
        pattern: FACTS.subjects.to_owned(),
        ack_wait: Duration::from_secs(5),
        held_max: 16,
    };
    let mut deliveries =
        elected("somebody delivers", async || bus.consume(consumer.clone()).await).await;
    let mut following = elected("the log is followed", async || {
        bus.follow(&LOG, LOG.subjects, From::Sequence(1)).await
    })
    .await;
    let mut attempt = 0;
    let lease = elected("a lease is had", async || {
        // Each for another: an attempt that was not answered may have been granted all the same.
        attempt += 1;
        bus.acquire(&format!("lease-{attempt}"), "a", LEASE_LIMIT).await
    })
    .await
    .expect("nobody else asks for it");

    let mut version = 0;
    for n in 0..90_u32 {
        if n % 30 == 15 {
            let leader = cluster.leader(if n == 15 { &LOG } else { &FACTS }).await;
            cluster.0[leader].kill().await;
            write(&bus, n, &mut version).await;
            cluster.0[leader].restart().await;
        } else {
            write(&bus, n, &mut version).await;
        }
    }

    let logged =
        elected("the log is read", async || bus.load(&LOG, "certherald.log.0.x", 0).await).await;
    let ids: Vec<_> = logged.iter().map(|message| message.id.clone()).collect();
    assert_eq!(ids, (0..90).map(|n| format!("log-{n}")).collect::<Vec<_>>());
    let mut followed = Vec::new();
    while followed.len() < 90 {
        if let Followed::Message(message) =
            timeout(PATIENCE, following.next()).await.unwrap().unwrap()
            && message.id.starts_with("log-")
        {
            followed.push(message.id);
        }
    }
    assert_eq!(followed, ids, "who follows saw a gap, a repetition or another order");
    let facts =
        elected("the facts are read", async || bus.latest(&FACTS, FACTS.subjects).await).await;
    assert_eq!(facts.len(), 91, "what was answered is lost");
    let mut missing: BTreeSet<_> = facts.into_iter().map(|message| message.id).collect();
    while !missing.is_empty() {
        let next = timeout(PATIENCE, deliveries.next()).await;
        let delivery = next.unwrap_or_else(|_| panic!("not delivered: {missing:?}")).unwrap();
        missing.remove(&delivery.message.id);
        // What is not acknowledged now is delivered again, and acknowledged then.
        drop(delivery.ack().await);
    }
    let renewed = elected("the lease is renewed", async || bus.renew(&lease).await).await;
    assert!(renewed.expect("it is still ours").fence > lease.fence);
}

/// One message at a version, and one for the consumer.
async fn write(bus: &SharedBus, n: u32, version: &mut u64) {
    let append = message(&LOG, "certherald.log.0.x", &format!("log-{n}"));
    *version = insist(bus, Append { expect: Expect::Version(*version), ..append }).await;
    insist(bus, message(&FACTS, &format!("certherald.facts.0.{n}"), &format!("fact-{n}"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_lags_is_not_believed() {
    const SUBJECTS: u32 = 2_000;
    let mut cluster = Cluster::start().await;
    let bus = ready(&cluster.options()).await;
    insist(&bus, message(&JOBS, "certherald.jobs.0.ready", "ready-JOBS")).await;
    for stream in [&FACTS, &LOG, &JOBS] {
        cluster.leader(stream).await;
    }
    // Whoever it leads or follows: once back, it has much to catch up with.
    cluster.0[0].kill().await;
    stream::iter(0..SUBJECTS)
        .for_each_concurrent(256, async |n| {
            for (stream, name) in [(&FACTS, "facts"), (&LOG, "log"), (&JOBS, "jobs")] {
                let subject = format!("certherald.{name}.0.{n}");
                insist(&bus, message(stream, &subject, &format!("{name}-{n}"))).await;
            }
        })
        .await;
    cluster.0[0].restart().await;
    let written = SUBJECTS as usize + 1;
    for _ in 0..12 {
        for stream in [&FACTS, &LOG, &JOBS] {
            let latest =
                elected("it is read", async || bus.latest(stream, stream.subjects).await).await;
            assert_eq!(latest.len(), written, "the latest of {}", stream.name);
            let mut following = elected("it is followed", async || {
                bus.follow(stream, stream.subjects, From::Sequence(1)).await
            })
            .await;
            let mut followed = Vec::new();
            while let Followed::Message(message) =
                timeout(PATIENCE, following.next()).await.unwrap().unwrap()
            {
                followed.push(message);
            }
            assert_eq!(followed, latest, "all of {}", stream.name);
        }
    }
}
