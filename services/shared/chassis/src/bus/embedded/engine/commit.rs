//! One write: what many asked for at the same time shares one sync.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proto::stream::{Retention, Stream};
use redb::WriteTransaction;

use super::{
    Engine,
    place::{Place, due},
};
use crate::bus::{
    Appended,
    embedded::{
        batch::{Batch, Refused},
        command::{Seat, Write},
        disk::Failure,
        layout::{CURSORS, META, META_FENCES, PENDING},
        moment::Moment,
    },
};

/// Messages that expire in one write, for each stream.
const SWEEP_MAX: usize = 1_000;

/// Why a write did not complete.
pub(super) enum Trouble {
    /// It was not tried: an earlier one failed just now, for this reason.
    Early(Failure),
    /// Nothing of it is stored.
    Undone(Failure),
    /// It may be stored or not.
    Unsure(Failure),
}

/// What came of one of the writes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// An append.
    Appended(Result<Appended, Refused>),
    /// Anything else.
    Done,
}

/// What is to be remembered once it is stored.
#[derive(Default)]
struct Plan {
    outcomes: Vec<Outcome>,
    /// What each consumer is done with.
    done: BTreeMap<Seat, BTreeSet<u64>>,
    /// Last sequence of each stream that was appended to.
    lasts: BTreeMap<&'static str, u64>,
    /// When the next message of each stream that was swept expires.
    expiries: BTreeMap<&'static str, Option<Timestamp>>,
    /// Whether there is anything to store.
    changes: bool,
}

impl Engine {
    /// Stores all writes, or none; and with them what has not been saved yet, and what has expired.
    pub(super) fn commit(
        &mut self,
        writes: &[Write],
        fences: Option<u64>,
        at: Moment,
    ) -> Result<Vec<Outcome>, Trouble> {
        let write = self.disk.begin().map_err(Trouble::Undone)?;
        let plan = self.stage(&write, writes, fences, at).map_err(Trouble::Undone)?;
        if plan.changes {
            let begun = std::time::Instant::now();
            write.commit().map_err(|error| Trouble::Unsure(error.into()))?;
            metrics::histogram!("certherald_bus_commit_seconds").record(begun.elapsed());
            metrics::counter!("certherald_bus_writes_total").increment(writes.len() as u64);
        } else {
            // Only repeats and refusals: what they speak of has been stored before.
            write.abort().map_err(|error| Trouble::Undone(error.into()))?;
        }
        Ok(self.remember(plan, fences, at))
    }

    fn stage(
        &self,
        write: &WriteTransaction,
        writes: &[Write],
        fences: Option<u64>,
        at: Moment,
    ) -> Result<Plan, Failure> {
        let mut plan = Plan { changes: fences.is_some(), ..Plan::default() };
        let mut batch = Batch::new(write, at.wall);
        for wanted in writes {
            let outcome = self.stage_one(&mut batch, wanted, &mut plan)?;
            plan.outcomes.push(outcome);
        }
        for (stream, age) in self.ages.expired(at) {
            plan.expiries.insert(stream.name, batch.sweep(stream, age, SWEEP_MAX)?);
            plan.changes = true;
        }
        plan.lasts = batch.finish()?;
        plan.changes |= !plan.lasts.is_empty();
        plan.changes |= self.save_places(write, &plan.done)?;
        if let Some(fences) = fences {
            write.open_table(META)?.insert(META_FENCES, fences)?;
        }
        Ok(plan)
    }

    fn stage_one(
        &self,
        batch: &mut Batch<'_>,
        wanted: &Write,
        plan: &mut Plan,
    ) -> Result<Outcome, Failure> {
        match wanted {
            Write::Append { append, .. } => return Ok(Outcome::Appended(batch.append(append)?)),
            Write::Done { ticket, parked, .. } => {
                if let Some(parked) = parked {
                    let parked = batch.append(parked)?;
                    debug_assert!(parked.is_ok(), "it expects nothing, so nothing refuses it");
                }
                if let Some(stream) = self.place(ticket.seat).and_then(work) {
                    batch.remove(stream, ticket.sequence)?;
                }
                plan.done.entry(ticket.seat).or_default().insert(ticket.sequence);
            }
            Write::Purge { stream, subject, keep, .. } => batch.purge(stream, subject, *keep)?,
        }
        plan.changes = true;
        Ok(Outcome::Done)
    }

    /// Writes where each consumer is; answers whether there was anything to write.
    fn save_places(
        &self,
        write: &WriteTransaction,
        done: &BTreeMap<Seat, BTreeSet<u64>>,
    ) -> Result<bool, Failure> {
        let none = BTreeSet::new();
        let mut any = false;
        for (seat, place) in self.places() {
            let done = done.get(&seat).unwrap_or(&none);
            if !done.is_empty() || place.queue.is_unsaved() {
                save_place(write, place, done)?;
                any = true;
            }
        }
        Ok(any)
    }

    /// Takes over into memory what has been stored.
    fn remember(&mut self, plan: Plan, fences: Option<u64>, at: Moment) -> Vec<Outcome> {
        if let Some(fences) = fences {
            self.leases.remembered(fences);
        }
        let none = BTreeSet::new();
        for (seat, place) in self.places_mut() {
            place.queue.saved(plan.done.get(&seat).unwrap_or(&none));
        }
        self.save_by = None;
        for (stream, next) in plan.expiries {
            self.ages.swept(stream, next, at);
        }
        for (stream, last) in plan.lasts {
            self.set_last(stream, last, at);
        }
        plan.outcomes
    }
}

/// Writes where one consumer is, when these are done with.
fn save_place(
    write: &WriteTransaction,
    place: &Place,
    done: &BTreeSet<u64>,
) -> Result<(), Failure> {
    let (stream, name) = (place.consumer.stream.name, place.consumer.name.as_str());
    let changes = place.queue.changes(done);
    if let Some(cursor) = changes.cursor {
        write.open_table(CURSORS)?.insert((stream, name), cursor)?;
    }
    let mut pending = write.open_table(PENDING)?;
    for (sequence, row) in changes.rows {
        let key = (stream, name, sequence);
        match row {
            Some(row) => drop(pending.insert(key, (row.attempts, due(row.rests_until)))?),
            None => drop(pending.remove(key)?),
        }
    }
    Ok(())
}

/// The stream of a consumer if it is a work queue: what is done with is forgotten there.
fn work(place: &Place) -> Option<&'static Stream> {
    let stream = place.consumer.stream;
    matches!(stream.retention, Retention::Work(_)).then_some(stream)
}
