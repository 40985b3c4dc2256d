//! What happens when the store fails: a full disk, most likely. All who waited are told the truth,
//! and the store is opened anew and tried again as often as it takes.

use std::time::{Duration, Instant};

use redb::ReadableTable;
use tracing::{error, info};

use super::{
    Engine, answer,
    commit::{Outcome, Trouble},
};
use crate::{
    bus::{
        AppendError, Lease,
        embedded::{
            command::{Reply, Write},
            disk::Failure,
            layout::STREAMS,
            leases::Wish,
            moment::Moment,
        },
    },
    error::Chain,
};

/// Time between attempts to store or read something after one failed: each may have to check the
/// whole store.
const RETRY_EVERY: Duration = Duration::from_millis(250);

/// A store that does not store.
pub(super) struct Failing {
    /// Why.
    because: Failure,
    /// Until when it is not tried again.
    pub(super) until: Instant,
}

impl Engine {
    /// Stores all writes, or none. Fails at once while it is too early to try again.
    pub(super) fn try_commit(
        &mut self,
        writes: &[Write],
        fences: Option<u64>,
        at: Moment,
    ) -> Result<Vec<Outcome>, Trouble> {
        if let Some(failing) = &self.failing
            && at.now < failing.until
        {
            return Err(Trouble::Early(failing.because.clone()));
        }
        let outcomes = self.commit(writes, fences, at)?;
        if self.failing.take().is_some() {
            info!("The store works again.");
        }
        Ok(outcomes)
    }

    /// Says to all who shared a write that it failed, and makes the store ready for another
    /// attempt.
    pub(super) fn refuse(
        &mut self,
        trouble: Trouble,
        writes: Vec<Write>,
        wishes: Vec<(Wish, Reply<Option<Lease>>)>,
        at: Moment,
    ) {
        let before = self.lasts.clone();
        let (failure, undone) = match trouble {
            Trouble::Early(failure) => (failure, true),
            Trouble::Undone(failure) => {
                self.failed(&failure);
                (failure, true)
            }
            Trouble::Unsure(failure) => {
                self.failed(&failure);
                // Opened anew, the store tells whether it has what was appended.
                (failure, self.disk.is_sound() && self.lasts == before)
            }
        };
        for write in writes {
            match write {
                Write::Append { append, reply, .. } => {
                    let subject = append.subject;
                    let error = if undone {
                        AppendError::Failed { subject, source: failure.clone().of("append") }
                    } else {
                        AppendError::Silent { subject, waited: at.now.elapsed() }
                    };
                    answer(reply, Err(error));
                }
                Write::Done { reply, .. } => answer(reply, Err(failure.clone().of("acknowledge"))),
                Write::Purge { reply, subject, .. } => {
                    answer(reply, Err(failure.clone().of(format!("purge {subject}"))));
                }
            }
        }
        for (_, reply) in wishes {
            answer(reply, Err(failure.clone().of("lease")));
        }
    }

    /// Opens a store anew that a reader met an error in.
    pub(super) fn mend(&mut self, at: Moment) {
        let early = self.failing.as_ref().is_some_and(|failing| at.now < failing.until);
        if !self.disk.is_sound() && !early {
            self.reopen();
        }
    }

    fn failed(&mut self, failure: &Failure) {
        if self.failing.is_none() {
            error!(error = %Chain(failure), "Cannot store: trying until it works again.");
        }
        self.disk.distrust();
        self.reopen();
        let until = self.moment().after(RETRY_EVERY);
        self.failing = Some(Failing { because: failure.clone(), until });
    }

    /// Takes note of whether what consumers wait for could be read. If not, the store is opened
    /// anew, and it is tried again after a while: appends go on meanwhile.
    pub(super) fn looked(&mut self, unread: Option<Failure>) {
        let before = self.look_after.take();
        match unread {
            Some(failure) => {
                if before.is_none() {
                    error!(error = %Chain(&failure), "Cannot read: trying until it works again.");
                }
                self.reopen();
                self.look_after = Some(self.moment().after(RETRY_EVERY));
            }
            None if before.is_some() => info!("The store is read again."),
            None => {}
        }
    }

    fn reopen(&mut self) {
        match self.disk.reopen().and_then(|()| self.reread()) {
            // What it had of consumers when it failed is uncertain.
            Ok(()) => self.places.iter_mut().for_each(|place| place.queue.doubt()),
            Err(because) => {
                self.disk.distrust();
                if self.failing.is_none() {
                    error!(error = %Chain(&because), "Cannot open the store anew: trying until it works.");
                }
                let until = self.moment().after(RETRY_EVERY);
                self.failing = Some(Failing { because, until });
            }
        }
    }

    /// Takes over what the store holds of sequences.
    pub(super) fn reread(&mut self) -> Result<(), Failure> {
        let at = self.moment();
        let lasts = self.disk.read(|read| {
            let mut lasts = Vec::new();
            for row in read.open_table(STREAMS)?.iter()? {
                let (name, last) = row?;
                lasts.push((name.value().to_owned(), last.value()));
            }
            Ok(lasts)
        })?;
        for (stream, last) in lasts {
            self.set_last(&stream, last, at);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proto::stream::JOBS;
    use redb::TableDefinition;
    use tokio::sync::oneshot;

    use super::*;
    use crate::{
        bus::{
            Consumer,
            embedded::{
                command::{Claim, Command},
                disk::Disk,
                heads::Heads,
            },
        },
        clock::{Clock, SystemClock},
    };

    /// A store that says that a job is there, and has something else in its place.
    fn spoilt(disk: &Disk) -> Result<(), Failure> {
        let write = disk.begin()?;
        write.open_table(STREAMS)?.insert(JOBS.name, 1)?;
        write.open_table(TableDefinition::<&str, u64>::new("messages.JOBS"))?;
        write.commit()?;
        Ok(())
    }

    #[test]
    fn what_cannot_be_read_is_tried_again_after_a_while_and_not_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Arc::new(Disk::open(directory.path(), SystemClock.now()).unwrap());
        spoilt(&disk).unwrap();
        let mut engine =
            Engine::open(disk.clone(), Arc::new(Heads::new()), Arc::new(SystemClock)).unwrap();
        let consumer = Consumer {
            stream: &JOBS,
            name: "prober".to_owned(),
            pattern: JOBS.subjects.to_owned(),
            ack_wait: Duration::from_mins(1),
            held_max: 1,
        };
        let seat = engine.enlist(consumer, engine.moment()).unwrap();
        let (reply, mut claimed) = oneshot::channel();
        let begun = Instant::now();
        engine.turn([Command::Claim(Claim { seat, most: 1, reply })].into_iter());
        assert!(claimed.try_recv().is_err(), "there is no job");
        let wake = engine.next_wake().expect("it is tried again");
        assert!(wake >= begun + RETRY_EVERY, "a thread that turns without end");
        assert!(disk.is_sound(), "appends go on");
    }
}
