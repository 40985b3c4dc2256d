//! Streams in memory, with the semantics of the bus contract and none of its durability: a store
//! that outlives every process of a simulated world.

use std::{collections::BTreeMap, time::Duration};

use chassis::bus::{Append, AppendError, Appended, Consumer, Expect, Lease, Message};
use jiff::Timestamp;
use parking_lot::Mutex;
use proto::{
    stream::{self, Retention, Stream},
    subject,
};
use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

use crate::clock::{self, PACE};

/// All streams and leases.
pub(crate) struct Store {
    pub(crate) begun: Instant,
    streams: BTreeMap<&'static str, Shelf>,
    leases: Mutex<BTreeMap<String, Held>>,
}

struct Shelf {
    kept: Mutex<Kept>,
    /// Wakes in the order of waiting, so that a seed replays.
    changed: Notify,
}

#[derive(Default)]
struct Kept {
    last: u64,
    messages: BTreeMap<u64, Message>,
    by_subject: BTreeMap<String, Vec<u64>>,
    consumers: BTreeMap<String, Taking>,
}

/// What a consumer has taken: all below `next`, but for what waits for an answer.
#[derive(Default)]
struct Taking {
    next: u64,
    unanswered: BTreeMap<u64, (Instant, u32)>,
}

#[derive(Clone)]
struct Held {
    holder: String,
    fence: u64,
    until: Instant,
}

/// What a consumer may take now, or when to ask again.
pub(crate) enum Take {
    Message(Message, u32),
    Wait(Option<Instant>),
}

impl Store {
    pub(crate) fn new() -> Self {
        let empty = || Shelf { kept: Mutex::default(), changed: Notify::new() };
        Self {
            begun: Instant::now(),
            streams: stream::ALL.iter().map(|stream| (stream.name, empty())).collect(),
            leases: Mutex::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        clock::now(self.begun)
    }

    pub(crate) fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let Append { stream, subject, id, expect, headers, payload } = append;
        let kept_in = &self.streams[stream.name];
        let mut kept = kept_in.kept.lock();
        let version = kept.last_of(&subject).map_or(0, |message| message.sequence);
        if let Some(last) = kept.last_of(&subject)
            && last.id == id
        {
            return Ok(Appended { sequence: last.sequence, repeated: true });
        }
        if matches!(stream.retention, Retention::Work(_)) && version > 0 {
            return Err(AppendError::Outstanding { subject });
        }
        if let Expect::Version(expected) = expect
            && expected != version
        {
            return Err(AppendError::Outrun { subject, expected });
        }
        kept.last += 1;
        let sequence = kept.last;
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let stored_at = self.now();
        let message =
            Message { subject: subject.clone(), sequence, id, stored_at, headers, payload };
        kept.messages.insert(sequence, message);
        kept.by_subject.entry(subject.clone()).or_default().push(sequence);
        if let Retention::Latest { per_subject, .. } = stream.retention {
            kept.trim(&subject, per_subject as usize);
        }
        drop(kept);
        kept_in.changed.notify_waiters();
        Ok(Appended { sequence, repeated: false })
    }

    /// Messages of a stream that match, above a position.
    pub(crate) fn above(&self, stream: &Stream, pattern: &str, above: u64) -> Vec<Message> {
        let kept = self.streams[stream.name].kept.lock();
        let later = kept.messages.range(above + 1..).map(|(_, message)| message);
        later.filter(|message| subject::matches(pattern, &message.subject)).cloned().collect()
    }

    pub(crate) fn of_subject(&self, stream: &Stream, subject: &str, above: u64) -> Vec<Message> {
        let kept = self.streams[stream.name].kept.lock();
        let sequences = kept.by_subject.get(subject).into_iter().flatten();
        let later = sequences.filter(|sequence| **sequence > above);
        later.filter_map(|sequence| kept.messages.get(sequence)).cloned().collect()
    }

    pub(crate) fn end(&self, stream: &Stream) -> u64 {
        self.streams[stream.name].kept.lock().last
    }

    /// The next change of a stream, from the moment of asking on.
    pub(crate) fn change(&self, stream: &Stream) -> Notified<'_> {
        self.streams[stream.name].changed.notified()
    }

    pub(crate) fn take(&self, consumer: &Consumer) -> Take {
        let mut kept = self.streams[consumer.stream.name].kept.lock();
        let Kept { messages, consumers, .. } = &mut *kept;
        let taking = consumers.entry(consumer.name.clone()).or_default();
        let now = Instant::now();
        taking.unanswered.retain(|sequence, _| messages.contains_key(sequence));
        let due = taking.unanswered.iter_mut().find(|(_, (due, _))| *due <= now);
        if let Some((sequence, (due, attempt))) = due {
            (*due, *attempt) = (now + consumer.ack_wait, *attempt + 1);
            return Take::Message(messages[sequence].clone(), *attempt);
        }
        let fresh = messages.range(taking.next..).map(|(_, message)| message);
        let mut fresh = fresh.filter(|m| subject::matches(&consumer.pattern, &m.subject));
        let Some(message) = fresh.next().cloned() else {
            return Take::Wait(taking.unanswered.values().map(|(due, _)| *due).min());
        };
        taking.next = message.sequence + 1;
        taking.unanswered.insert(message.sequence, (now + consumer.ack_wait, 1));
        Take::Message(message, 1)
    }

    /// A delivery is answered: done with, or to be made again after a while.
    pub(crate) fn answer(&self, consumer: &Consumer, sequence: u64, again: Option<Duration>) {
        let kept_in = &self.streams[consumer.stream.name];
        let mut kept = kept_in.kept.lock();
        let Some(taking) = kept.consumers.get_mut(&consumer.name) else { return };
        match (again, taking.unanswered.get_mut(&sequence)) {
            (Some(wait), Some((due, _))) => *due = Instant::now() + wait,
            (None, Some(_)) => {
                taking.unanswered.remove(&sequence);
                if matches!(consumer.stream.retention, Retention::Work(_)) {
                    kept.remove(sequence);
                }
            }
            (_, None) => {}
        }
        drop(kept);
        kept_in.changed.notify_waiters();
    }

    /// Taken or held for longer, if it is free or ours.
    pub(crate) fn lease(&self, name: &str, holder: &str, fence: Option<u64>) -> Option<Lease> {
        let limit = chassis::lease::LIMIT * PACE;
        let now = Instant::now();
        let mut leases = self.leases.lock();
        let held = leases.get(name).filter(|held| held.until > now).cloned();
        let next = match (held, fence) {
            (Some(held), Some(fence)) if held.fence == fence && held.holder == holder => fence + 1,
            (Some(_), _) | (None, Some(_)) => return None,
            (None, None) => leases.get(name).map_or(1, |held| held.fence + 1),
        };
        let held = Held { holder: holder.to_owned(), fence: next, until: now + limit };
        leases.insert(name.to_owned(), held);
        Some(Lease { name: name.to_owned(), holder: holder.to_owned(), fence: next, limit })
    }

    pub(crate) fn release(&self, lease: &Lease) {
        let mut leases = self.leases.lock();
        if let Some(held) = leases.get_mut(&lease.name).filter(|held| held.fence == lease.fence) {
            held.until = Instant::now();
        }
    }
}

impl Kept {
    fn last_of(&self, subject: &str) -> Option<&Message> {
        self.by_subject.get(subject)?.last().and_then(|sequence| self.messages.get(sequence))
    }

    fn remove(&mut self, sequence: u64) {
        if let Some(message) = self.messages.remove(&sequence)
            && let Some(sequences) = self.by_subject.get_mut(&message.subject)
        {
            sequences.retain(|other| *other != sequence);
        }
    }

    fn trim(&mut self, subject: &str, most: usize) {
        while let Some(sequences) = self.by_subject.get(subject)
            && sequences.len() > most
        {
            let oldest = sequences[0];
            self.remove(oldest);
        }
    }
}
