//! A bus to test, of either kind, and what tests need to speak with it.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use chassis::bus::{
    Append, Appended, Consumer, Deliveries, Delivery, Expect, Followed, Following, Message,
    SharedBus,
    embedded::Embedded,
    nats::{Nats, NatsOptions},
};
use proto::stream::{Durability, Retention, Service, Stream};
use tempfile::TempDir;
use tokio::time::timeout;

/// How long something may take that must happen. A passing test never waits for it.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// How long a test watches that something does not happen. The shorter, the weaker the test; but it
/// never fails without a reason.
pub(crate) const A_WHILE: Duration = Duration::from_millis(400);

/// Makes each test function a test on both buses.
macro_rules! on_both_buses {
    ($($test:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(crate::world::World::embedded().await).await;
                }
            )+
        }
        mod nats {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(crate::world::World::nats().await).await;
                }
            )+
        }
    };
}
pub(crate) use on_both_buses;

/// One bus, with nothing on it.
pub(crate) enum World {
    Embedded { store: Arc<Embedded>, directory: TempDir },
    Nats { nats: Nats, server: Box<harness::nats::Nats> },
}

impl World {
    #[expect(clippy::unused_async, reason = "as for the other kind, where starting takes a while")]
    pub(crate) async fn embedded() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::Embedded { store: Embedded::open(directory.path()).unwrap(), directory }
    }

    pub(crate) async fn nats() -> Self {
        let server = Box::new(harness::nats::Nats::start().await);
        let nats = Nats::connect(NatsOptions::new(server.url())).await.unwrap();
        Self::Nats { nats, server }
    }

    /// The bus as the detector speaks on it.
    pub(crate) fn bus(&self) -> SharedBus {
        self.bus_of(Service::Detector)
    }

    /// The bus as a service speaks on it.
    pub(crate) fn bus_of(&self, service: Service) -> SharedBus {
        match self {
            Self::Embedded { store, .. } => store.bus(service),
            Self::Nats { nats, .. } => nats.bus(service),
        }
    }

    /// Whoever keeps the streams ends in order, and begins again with what was stored. Handles from
    /// before are of no use any more.
    pub(crate) async fn restart(&mut self) {
        if let Self::Nats { server, .. } = self {
            server.process().terminate().await;
        }
        self.crash().await;
    }

    /// The same at this instant, without any order. (In one process, the embedded bus cannot end
    /// without it; `tests/embedded` kills one in another process.)
    pub(crate) async fn crash(&mut self) {
        match self {
            Self::Embedded { store, directory } => {
                store.close().await;
                *store = Embedded::open(directory.path()).unwrap();
            }
            Self::Nats { nats, server } => {
                server.kill().await;
                server.restart().await;
                *nats = Nats::connect(NatsOptions::new(server.url())).await.unwrap();
            }
        }
    }

    /// Whoever keeps the streams is gone, until [`World::crash`] brings it back.
    pub(crate) async fn cut(&mut self) {
        match self {
            Self::Embedded { store, .. } => store.close().await,
            Self::Nats { server, .. } => server.kill().await,
        }
    }

    /// Leaves a stream on NATS only so many bytes of room.
    pub(crate) async fn limit(&self, stream: &Stream, bytes: Option<i64>) {
        let Self::Nats { server, .. } = self else { panic!("only a broker has such a limit") };
        let client = async_nats::jetstream::new(server.client().await);
        let config = client.get_stream(stream.name).await.unwrap().cached_info().config.clone();
        let max_bytes = bytes.unwrap_or(-1);
        let discard = async_nats::jetstream::stream::DiscardPolicy::New;
        let limited = async_nats::jetstream::stream::Config { max_bytes, discard, ..config };
        client.update_stream(limited).await.unwrap();
    }

    /// All that was stored of a stream vanishes, and the stream itself. Handles from before are of
    /// no use any more.
    pub(crate) async fn lose(&mut self, stream: &Stream) {
        match self {
            Self::Embedded { store, directory } => {
                // A stream is a part of one file here: it can vanish only with all others.
                store.close().await;
                fs::remove_dir_all(directory.path()).unwrap();
                *store = Embedded::open(directory.path()).unwrap();
            }
            Self::Nats { server, .. } => {
                let client = async_nats::jetstream::new(server.client().await);
                client.delete_stream(stream.name).await.unwrap();
            }
        }
    }
}

/// A stream for one test, on which everything is kept.
pub(crate) static KEPT: Stream = stream("KEPT", "test.kept.>", Retention::Kept);

/// A work queue.
pub(crate) static WORK: Stream = stream("WORK", "test.work.>", Retention::Work(None));

/// A stream of a retention, written by the detector.
pub(crate) const fn stream(
    name: &'static str,
    subjects: &'static str,
    retention: Retention,
) -> Stream {
    Stream {
        name,
        subjects,
        writers: &[Service::Detector],
        readers: &[Service::Detector],
        retention,
        durability: Durability::Synced,
    }
}

/// An id that no other message has.
pub(crate) fn fresh_id() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("message-{}", LAST.fetch_add(1, Ordering::Relaxed))
}

/// A message with its subject's last token as content, expecting nothing.
pub(crate) fn message(stream: &'static Stream, subject: &str) -> Append {
    let content = subject.rsplit('.').next().unwrap().to_owned();
    Append {
        stream,
        subject: subject.to_owned(),
        id: fresh_id(),
        expect: Expect::Any,
        headers: vec![],
        payload: Bytes::from(content),
    }
}

/// The same message, expecting a version.
pub(crate) fn at(version: u64, append: Append) -> Append {
    Append { expect: Expect::Version(version), ..append }
}

/// Appends a message that is not a repeat. Answers its sequence.
pub(crate) async fn put(bus: &SharedBus, append: Append) -> u64 {
    let Appended { sequence, repeated } = bus.append(append).await.unwrap();
    assert!(!repeated);
    sequence
}

/// Appends a plain message to a subject. Answers its sequence.
pub(crate) async fn put_to(bus: &SharedBus, stream: &'static Stream, subject: &str) -> u64 {
    put(bus, message(stream, subject)).await
}

/// A consumer of all of a stream, with all the time in the world.
pub(crate) fn consumer(stream: &'static Stream) -> Consumer {
    Consumer {
        stream,
        name: "reader".to_owned(),
        pattern: stream.subjects.to_owned(),
        ack_wait: SOON,
        held_max: 16,
    }
}

/// The next delivery, which must come.
pub(crate) async fn next(deliveries: &mut Box<dyn Deliveries>) -> Delivery {
    timeout(SOON, deliveries.next()).await.expect("a delivery").unwrap()
}

/// Watches that nothing is delivered.
pub(crate) async fn nothing(deliveries: &mut Box<dyn Deliveries>) {
    if let Ok(delivery) = timeout(A_WHILE, deliveries.next()).await {
        panic!("not to be delivered: {:?}", delivery.unwrap().message);
    }
}

/// The next item, which must come.
pub(crate) async fn follow(following: &mut Box<dyn Following>) -> Followed {
    timeout(SOON, following.next()).await.expect("an item").unwrap()
}

/// Sequences of messages.
pub(crate) fn sequences(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.sequence).collect()
}
