//! The bus in this process, on redb: for one machine, with nothing else to run.
//!
//! One thread writes ([`engine`]): it stores all that was asked for meanwhile with one sync, and
//! only then answers. So many who append at the same time share the price of one, and what was
//! answered has been synced to the device: on every stream,
//! [`Durability::Process`](proto::stream::Durability) included. (Sparing those the sync would need
//! a second file that a power cut may tear, and parking would not be atomic any more.) Reading goes
//! beside it, from a state that does not change meanwhile.
//!
//! Start reading at [`Embedded::open`], then [`engine`]; [`layout`] says how streams lie in the
//! tables.

mod batch;
mod command;
mod deliveries;
mod disk;
mod engine;
mod following;
mod handle;
mod heads;
mod layout;
mod leases;
mod moment;
mod queue;
mod tables;

use std::{path::Path, sync::Arc, thread};

use proto::stream::Service;
use redb::ReadTransaction;
use tokio::{
    runtime,
    sync::{Semaphore, mpsc, oneshot},
};

use super::{BusError, SharedBus};
use crate::clock::{SharedClock, SystemClock};
use command::{Command, Reply};
use disk::Disk;
pub use disk::{Failure, OpenError};
use engine::Engine;
use handle::Handle;
use heads::Heads;

/// Commands that wait for the writing thread. Four full batches: beyond that, waiting in line here
/// is no faster than waiting for a place in it.
const QUEUE_MAX: usize = 4 * 1_024;

/// Bytes of messages that wait to be written.
const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A store of streams that is open in this process. The last handle that goes closes it.
pub struct Embedded {
    commands: mpsc::Sender<Command>,
    /// Room among what waits to be written, in bytes.
    room: Arc<Semaphore>,
    disk: Arc<Disk>,
    heads: Arc<Heads>,
    clock: SharedClock,
}

impl Embedded {
    /// Opens the store of a directory, and makes it if there is none. Blocks for the time of a
    /// check if it was not closed in order.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(directory: &Path) -> Result<Arc<Self>, OpenError> {
        Self::open_by(directory, Arc::new(SystemClock))
    }

    /// The same, by another clock than that of the host: it says when messages were stored and when
    /// they expire. Waits and leases go by the time that passes in this process.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open_by(directory: &Path, clock: SharedClock) -> Result<Arc<Self>, OpenError> {
        let disk = Arc::new(Disk::open(directory, clock.now())?);
        let heads = Arc::new(Heads::new());
        let engine = Engine::open(disk.clone(), heads.clone(), clock.clone())
            .map_err(|source| OpenError::Database { path: directory.to_owned(), source })?;
        let (sender, commands) = mpsc::channel(QUEUE_MAX);
        let unusable = |source| OpenError::File { path: directory.to_owned(), source };
        // A runtime of its own, on one thread, only to wait for commands and time: writing blocks
        // it, and nothing else runs there.
        let runtime =
            runtime::Builder::new_current_thread().enable_time().build().map_err(unusable)?;
        thread::Builder::new()
            .name("bus".to_owned())
            .spawn(move || runtime.block_on(engine::run(engine, commands)))
            .map_err(unusable)?;
        let room = Arc::new(Semaphore::new(QUEUE_BYTES_MAX));
        Ok(Arc::new(Self { commands: sender, room, disk, heads, clock }))
    }

    /// The bus as one service of this process speaks on it.
    pub fn bus(self: &Arc<Self>, service: Service) -> SharedBus {
        Arc::new(Handle::new(self.clone(), service))
    }

    /// Stores what was asked for, and lets go of the files. All handles are closed from then on.
    pub async fn close(&self) {
        let (closed, told) = oneshot::channel();
        if self.commands.send(Command::Close(closed)).await.is_ok() {
            // No answer: it ended in another way. It is closed all the same.
            told.await.ok();
        }
    }

    /// Asks the writing thread and waits for the answer; the outer error: it is gone.
    async fn ask<T, E>(
        &self,
        command: impl FnOnce(Reply<T, E>) -> Command,
    ) -> Result<Result<T, E>, BusError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| BusError::Closed)?;
        answer.await.map_err(|_| BusError::Closed)
    }

    /// Reads beside the writing thread, off the workers of the runtime.
    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        look: impl FnOnce(&ReadTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, BusError> {
        if self.commands.is_closed() {
            return Err(BusError::Closed);
        }
        let disk = self.disk.clone();
        let read = tokio::task::spawn_blocking(move || disk.read(look)).await;
        let read = read.map_err(|_| BusError::Closed)?;
        if read.is_err() {
            // If the line is full, whoever stands in it makes the thread look as well.
            self.commands.try_send(Command::Mend).ok();
        }
        read.map_err(|failure| failure.of(operation))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use bytes::Bytes;
    use jiff::Timestamp;
    use parking_lot::Mutex;
    use proto::stream::{FACTS, JOBS, Stream};

    use super::*;
    use crate::{
        bus::{Append, Consumer, Deliveries, Delivery, Expect},
        clock::Clock,
    };

    const SOON: Duration = Duration::from_secs(20);

    /// A clock that is set.
    struct Set(Mutex<Timestamp>);

    #[async_trait]
    impl Clock for Set {
        fn now(&self) -> Timestamp {
            *self.0.lock()
        }

        async fn sleep_until(&self, _: Timestamp) {
            unreachable!("nothing here sleeps by it")
        }
    }

    fn message(stream: &'static Stream, subject: &str, id: &str) -> Append {
        Append {
            stream,
            subject: subject.to_owned(),
            id: id.to_owned(),
            expect: Expect::Any,
            headers: vec![],
            payload: Bytes::from_static(b"content"),
        }
    }

    async fn next(deliveries: &mut Box<dyn Deliveries>) -> Delivery {
        tokio::time::timeout(SOON, deliveries.next()).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_day_later_the_facts_of_the_day_are_gone() {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(Set(Mutex::new(Timestamp::UNIX_EPOCH)));
        let store = Embedded::open_by(directory.path(), clock.clone()).unwrap();
        let bus = store.bus(Service::Prober);
        let append = |subject: &'static str, id| bus.append(message(&FACTS, subject, id));
        append("certherald.facts.1.a", "one").await.unwrap();
        *clock.0.lock() += Duration::from_hours(23);
        append("certherald.facts.1.b", "two").await.unwrap();
        *clock.0.lock() += Duration::from_hours(1);
        // The clock was set: whatever is asked for next makes the thread look at it.
        let three = append("certherald.facts.1.a", "three").await.unwrap();
        let swept = async {
            while bus.load(&FACTS, "certherald.facts.1.a", 0).await.unwrap().len() > 1 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, swept).await.expect("what is too old goes");
        let last = bus.last(&FACTS, "certherald.facts.1.a").await.unwrap();
        assert_eq!(last.unwrap().sequence, three.sequence);
        assert_eq!(bus.latest(&FACTS, FACTS.subjects).await.unwrap().len(), 2);
        assert_eq!(bus.now().await.unwrap(), clock.now());
    }

    #[tokio::test]
    async fn how_often_a_job_was_delivered_is_known_to_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        let consumer = || Consumer {
            stream: &JOBS,
            name: "prober".to_owned(),
            pattern: JOBS.subjects.to_owned(),
            ack_wait: SOON * 100,
            held_max: 1,
        };
        for attempt in 1..=3 {
            let store = Embedded::open(directory.path()).unwrap();
            let bus = store.bus(Service::Prober);
            bus.append(message(&JOBS, "certherald.jobs.any.a", "job")).await.unwrap();
            let mut deliveries = bus.consume(consumer()).await.unwrap();
            let delivery = next(&mut deliveries).await;
            assert_eq!(delivery.attempt, attempt, "who held it is gone with its process");
            store.close().await;
        }
    }

    #[tokio::test]
    async fn after_closing_every_call_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let store = Embedded::open(directory.path()).unwrap();
        let bus = store.bus(Service::Detector);
        let mut following =
            bus.follow(&FACTS, FACTS.subjects, crate::bus::From::End).await.unwrap();
        following.next().await.unwrap();
        let waiting = tokio::time::timeout(SOON, following.next());
        let (ended, ()) = tokio::join!(waiting, store.close());
        assert!(matches!(ended.unwrap(), Err(BusError::Closed)), "who waits is woken");
        assert!(matches!(bus.load(&FACTS, "x", 0).await, Err(BusError::Closed)));
        assert!(matches!(bus.purge(&FACTS, "x", 0).await, Err(BusError::Closed)));
        store.close().await;
    }
}
