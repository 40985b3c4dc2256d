//! What one durable consumer has been delivered and has not acknowledged. Pure: the caller reads
//! and writes the store, and tells the time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::moment::Moment;

/// The place of a consumer in its stream.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// All up to here have been delivered once, or do not match.
    cursor: u64,
    pending: BTreeMap<u64, Pending>,
    /// When each pending message is delivered again.
    due: BTreeSet<(Instant, u64)>,
    /// What the store does not know yet.
    unsaved: BTreeSet<u64>,
    cursor_unsaved: bool,
}

/// A message that was delivered and not acknowledged.
#[derive(Debug)]
struct Pending {
    attempts: u32,
    due: Instant,
    /// Until when it rests, if it was answered with a retry.
    rests_until: Option<Timestamp>,
    /// Whether the store has a row of it.
    saved: bool,
}

/// A row of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// How often it was delivered.
    pub(super) attempts: u32,
    /// Until when it rests; `None`: somebody held it, who is gone when the row is read.
    pub(super) rests_until: Option<Timestamp>,
}

/// What the store must be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// The new place.
    pub(super) cursor: Option<u64>,
    /// Rows to write, or to remove.
    pub(super) rows: Vec<(u64, Option<Row>)>,
}

impl Queue {
    /// As the store has it.
    pub(super) fn restore(
        cursor: u64,
        rows: impl IntoIterator<Item = (u64, Row)>,
        moment: Moment,
    ) -> Self {
        let mut queue = Self { cursor, ..Self::default() };
        for (sequence, Row { attempts, rests_until }) in rows {
            let due = rests_until.map_or(moment.now, |until| moment.at(until));
            queue.due.insert((due, sequence));
            queue.pending.insert(sequence, Pending { attempts, due, rests_until, saved: true });
        }
        queue
    }

    /// All up to here have been delivered once, or do not match.
    pub(super) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// When the next message is delivered again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Those that are to be delivered again by now, longest due first.
    pub(super) fn overdue(&self, now: Instant, most: usize) -> Vec<u64> {
        let overdue = self.due.iter().take_while(|(due, _)| *due <= now);
        overdue.map(|(_, sequence)| *sequence).take(most).collect()
    }

    /// Delivers a message. Answers how often it has been by now.
    pub(super) fn deliver(&mut self, sequence: u64, due: Instant) -> u32 {
        let (attempts, saved) = match self.take(sequence) {
            Some(before) => (before.attempts.saturating_add(1), before.saved),
            None => (1, false),
        };
        self.put(sequence, Pending { attempts, due, rests_until: None, saved });
        self.pass(sequence);
        attempts
    }

    /// Passes over messages that do not match.
    pub(super) fn pass(&mut self, through: u64) {
        if through > self.cursor {
            self.cursor = through;
            self.cursor_unsaved = true;
        }
    }

    /// A message is done with, or gone.
    pub(super) fn done(&mut self, sequence: u64) {
        if let Some(Pending { saved, .. }) = self.take(sequence) {
            if saved {
                self.unsaved.insert(sequence);
            } else {
                self.unsaved.remove(&sequence);
            }
        }
    }

    /// Its `attempt`-th delivery is to be followed by another, after a while. A later delivery is
    /// on its own.
    pub(super) fn retry_in(&mut self, sequence: u64, attempt: u32, wait: Duration, at: Moment) {
        if let Some(pending) = self.take_attempt(sequence, attempt) {
            let rests_until = Some(at.wall_after(wait));
            self.put(sequence, Pending { due: at.after(wait), rests_until, ..pending });
        }
    }

    /// Its `attempt`-th delivery is still being worked on.
    pub(super) fn hold(&mut self, sequence: u64, attempt: u32, due: Instant) {
        if let Some(pending) = self.take_attempt(sequence, attempt) {
            self.put(sequence, Pending { due, ..pending });
        }
    }

    /// Its `attempt`-th delivery never reached anybody.
    pub(super) fn give_back(&mut self, sequence: u64, attempt: u32, now: Instant) {
        if let Some(pending) = self.take_attempt(sequence, attempt) {
            self.put(sequence, Pending { attempts: attempt - 1, due: now, ..pending });
        }
    }

    /// Whether the store is behind.
    pub(super) fn is_unsaved(&self) -> bool {
        self.cursor_unsaved || !self.unsaved.is_empty()
    }

    /// What the store must be told, if these are done with as well.
    pub(super) fn changes(&self, done: &BTreeSet<u64>) -> Changes {
        let row = |sequence: &u64| match self.pending.get(sequence) {
            Some(_) if done.contains(sequence) => None,
            Some(pending) => {
                Some(Row { attempts: pending.attempts, rests_until: pending.rests_until })
            }
            None => None,
        };
        let saved = |sequence: &&u64| self.pending.get(sequence).is_none_or(|is| is.saved);
        let news = self.unsaved.iter().filter(|sequence| !done.contains(sequence));
        let gone = done.iter().filter(saved);
        Changes {
            cursor: self.cursor_unsaved.then_some(self.cursor),
            rows: news.map(|at| (*at, row(at))).chain(gone.map(|at| (*at, None))).collect(),
        }
    }

    /// The store has been told, and these are done with.
    pub(super) fn saved(&mut self, done: &BTreeSet<u64>) {
        for sequence in std::mem::take(&mut self.unsaved) {
            if let Some(pending) = self.pending.get_mut(&sequence) {
                pending.saved = true;
            }
        }
        for sequence in done {
            self.take(*sequence);
        }
        self.cursor_unsaved = false;
    }

    /// What the store knows is not known any more: it is told everything anew.
    pub(super) fn doubt(&mut self) {
        self.cursor_unsaved = true;
        for (sequence, pending) in &mut self.pending {
            pending.saved = true;
            self.unsaved.insert(*sequence);
        }
    }

    fn take(&mut self, sequence: u64) -> Option<Pending> {
        let pending = self.pending.remove(&sequence)?;
        self.due.remove(&(pending.due, sequence));
        Some(pending)
    }

    fn take_attempt(&mut self, sequence: u64, attempt: u32) -> Option<Pending> {
        let is_last = self.pending.get(&sequence)?.attempts == attempt;
        if is_last { self.take(sequence) } else { None }
    }

    fn put(&mut self, sequence: u64, pending: Pending) {
        self.due.insert((pending.due, sequence));
        self.pending.insert(sequence, pending);
        self.unsaved.insert(sequence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(30);

    fn moment() -> Moment {
        Moment { now: Instant::now(), wall: Timestamp::UNIX_EPOCH }
    }

    /// What a store that was told all changes would give back.
    fn reread(queue: &Queue, before: &[(u64, Row)], at: Moment) -> Queue {
        let changes = queue.changes(&BTreeSet::new());
        let mut rows: BTreeMap<_, _> = before.iter().copied().collect();
        for (sequence, row) in changes.rows {
            match row {
                Some(row) => rows.insert(sequence, row),
                None => rows.remove(&sequence),
            };
        }
        Queue::restore(changes.cursor.unwrap_or_default(), rows, at)
    }

    #[test]
    fn what_is_not_answered_comes_again_and_counts() {
        let at = moment();
        let mut queue = Queue::default();
        assert_eq!(queue.deliver(4, at.after(WAIT)), 1);
        assert!(queue.overdue(at.now, 9).is_empty());
        assert_eq!(queue.overdue(at.after(WAIT), 9), [4]);
        assert_eq!(queue.deliver(4, at.after(WAIT * 2)), 2);
        queue.done(4);
        assert_eq!((queue.next_due(), queue.cursor()), (None, 4));
    }

    #[test]
    fn an_answer_to_an_older_delivery_moves_nothing_but_its_ack_counts() {
        let at = moment();
        let mut queue = Queue::default();
        queue.deliver(1, at.now);
        queue.deliver(1, at.after(WAIT));
        queue.retry_in(1, 1, Duration::ZERO, at);
        queue.hold(1, 1, at.now);
        queue.give_back(1, 1, at.now);
        assert!(queue.overdue(at.now, 9).is_empty());
        queue.done(1);
        assert_eq!(queue.next_due(), None);
    }

    #[test]
    fn a_rest_outlives_the_process_and_a_hold_does_not() {
        let at = moment();
        let mut queue = Queue::default();
        queue.deliver(1, at.after(WAIT));
        queue.deliver(2, at.after(WAIT));
        queue.retry_in(2, 1, WAIT, at);
        let again = reread(&queue, &[], at);
        assert_eq!(again.cursor(), 2);
        assert_eq!(again.overdue(at.now, 9), [1]);
        assert_eq!(again.overdue(at.after(WAIT), 9), [1, 2]);
    }

    #[test]
    fn what_never_reached_anybody_was_not_delivered() {
        let at = moment();
        let mut queue = Queue::default();
        queue.deliver(1, at.after(WAIT));
        queue.give_back(1, 1, at.now);
        assert_eq!(queue.overdue(at.now, 9), [1]);
        assert_eq!(queue.deliver(1, at.after(WAIT)), 1);
    }

    #[test]
    fn the_store_is_told_only_what_it_does_not_know() {
        let at = moment();
        let mut queue = Queue::default();
        queue.deliver(1, at.after(WAIT));
        queue.deliver(2, at.after(WAIT));
        let done = BTreeSet::from([1]);
        let row = Row { attempts: 1, rests_until: None };
        let changes = Changes { cursor: Some(2), rows: vec![(2, Some(row))] };
        assert_eq!(queue.changes(&done), changes, "a row that was never written is not removed");
        queue.saved(&done);
        assert!(!queue.is_unsaved());

        let done = BTreeSet::from([2]);
        assert_eq!(queue.changes(&done), Changes { cursor: None, rows: vec![(2, None)] });
        queue.done(2);
        assert_eq!(queue.changes(&BTreeSet::new()).rows, [(2, None)], "gone without an answer");
    }

    #[test]
    fn after_a_doubt_the_store_is_told_all() {
        let at = moment();
        let mut queue = Queue::default();
        queue.deliver(1, at.after(WAIT));
        queue.saved(&BTreeSet::new());
        queue.doubt();
        let row = Row { attempts: 1, rests_until: None };
        assert_eq!(
            queue.changes(&BTreeSet::new()),
            Changes { cursor: Some(1), rows: vec![(1, Some(row))] }
        );
    }
}
