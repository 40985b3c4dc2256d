//! The bus as one process of a simulated world knows it, with the faults of that process.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chassis::{
    bus::{
        Answer, Append, AppendError, Appended, Bus, BusError, Consumer, Deliveries, Delivery,
        Followed, Following, From, Lease, Message,
    },
    dice::Dice,
};
use jiff::Timestamp;
use proto::stream::Stream;

use crate::{
    mortal::{Life, Mortal},
    store::{Store, Take},
};

/// How often things go wrong, in appends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    /// Nothing is stored, and no answer comes.
    pub(crate) lost: f64,
    /// It is stored, and no answer comes.
    pub(crate) unanswered: f64,
    /// The bus says that it cannot.
    pub(crate) refused: f64,
    /// The process dies before it is stored.
    pub(crate) dies_before: f64,
    /// The process dies after it was stored.
    pub(crate) dies_after: f64,
}

impl Faults {
    pub(crate) fn none() -> Self {
        Self { lost: 0.0, unanswered: 0.0, refused: 0.0, dies_before: 0.0, dies_after: 0.0 }
    }

    pub(crate) fn harsh() -> Self {
        Self { lost: 0.01, unanswered: 0.01, refused: 0.01, dies_before: 0.004, dies_after: 0.004 }
    }
}

/// The bus of one process.
pub(crate) struct Wire {
    pub(crate) store: Arc<Store>,
    pub(crate) mortal: Arc<Mortal>,
    pub(crate) dice: Arc<Dice>,
    pub(crate) faults: Faults,
}

#[async_trait]
impl Bus for Wire {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.mortal.live().await;
        let subject = append.subject.clone();
        let silent = || AppendError::Silent { subject: subject.clone(), waited: Duration::ZERO };
        let Faults { lost, unanswered, refused, dies_before, dies_after } = self.faults;
        let mut chance = self.dice.chance();
        let mut happens = |part: f64| {
            chance -= part;
            chance < 0.0
        };
        if happens(lost) {
            return Err(silent());
        } else if happens(unanswered) {
            drop(self.store.append(append));
            return Err(silent());
        } else if happens(refused) {
            let source =
                BusError::Unreachable { operation: "append".into(), source: "fault".into() };
            return Err(AppendError::Failed { subject, source });
        } else if happens(dies_before) {
            self.mortal.become_(Life::Dead);
        } else if happens(dies_after) {
            drop(self.store.append(append.clone()));
            self.mortal.become_(Life::Dead);
        }
        self.mortal.live().await;
        self.store.append(append)
    }

    async fn load(
        &self,
        stream: &'static Stream,
        subject: &str,
        above: u64,
    ) -> Result<Vec<Message>, BusError> {
        self.mortal.live().await;
        Ok(self.store.of_subject(stream, subject, above))
    }

    async fn last(
        &self,
        stream: &'static Stream,
        subject: &str,
    ) -> Result<Option<Message>, BusError> {
        self.mortal.live().await;
        Ok(self.store.of_subject(stream, subject, 0).pop())
    }

    async fn latest(&self, _: &'static Stream, _: &str) -> Result<Vec<Message>, BusError> {
        unimplemented!("the detector does not ask for the latest of many subjects")
    }

    async fn consume(&self, consumer: Consumer) -> Result<Box<dyn Deliveries>, BusError> {
        self.mortal.live().await;
        let (store, mortal) = (self.store.clone(), self.mortal.clone());
        Ok(Box::new(Consuming { store, mortal, consumer }))
    }

    async fn follow(
        &self,
        stream: &'static Stream,
        pattern: &str,
        from: From,
    ) -> Result<Box<dyn Following>, BusError> {
        self.mortal.live().await;
        let end = self.store.end(stream);
        let above = match from {
            From::Sequence(sequence) => sequence.saturating_sub(1),
            From::End => end,
        };
        Ok(Box::new(Reading {
            store: self.store.clone(),
            mortal: self.mortal.clone(),
            stream,
            pattern: pattern.to_owned(),
            above,
            end: Some(end),
            ahead: Vec::new(),
        }))
    }

    async fn purge(&self, _: &'static Stream, _: &str, _: u32) -> Result<(), BusError> {
        unimplemented!("the detector purges nothing")
    }

    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        _: Duration,
    ) -> Result<Option<Lease>, BusError> {
        self.mortal.live().await;
        Ok(self.store.lease(lease, holder, None))
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Lease>, BusError> {
        self.mortal.live().await;
        Ok(self.store.lease(&lease.name, &lease.holder, Some(lease.fence)))
    }

    async fn release(&self, lease: &Lease) -> Result<(), BusError> {
        self.mortal.live().await;
        self.store.release(lease);
        Ok(())
    }

    async fn holder(&self, _: &str) -> Result<Option<String>, BusError> {
        unimplemented!("the detector asks nobody who leads")
    }

    async fn now(&self) -> Result<Timestamp, BusError> {
        self.mortal.live().await;
        Ok(self.store.now())
    }
}

struct Consuming {
    store: Arc<Store>,
    mortal: Arc<Mortal>,
    consumer: Consumer,
}

#[async_trait]
impl Deliveries for Consuming {
    async fn next(&mut self) -> Result<Delivery, BusError> {
        loop {
            self.mortal.live().await;
            let changed = self.store.change(self.consumer.stream);
            match self.store.take(&self.consumer) {
                Take::Message(message, attempt) => {
                    let answer = Answering {
                        store: self.store.clone(),
                        mortal: self.mortal.clone(),
                        consumer: self.consumer.clone(),
                        sequence: message.sequence,
                    };
                    return Ok(Delivery::new(message, attempt, Box::new(answer)));
                }
                Take::Wait(None) => changed.await,
                Take::Wait(Some(due)) => {
                    // Either way it is asked again.
                    tokio::time::timeout_at(due, changed).await.unwrap_or_default();
                }
            }
        }
    }
}

struct Answering {
    store: Arc<Store>,
    mortal: Arc<Mortal>,
    consumer: Consumer,
    sequence: u64,
}

#[async_trait]
impl Answer for Answering {
    async fn ack(&self) -> Result<(), BusError> {
        self.mortal.live().await;
        self.store.answer(&self.consumer, self.sequence, None);
        Ok(())
    }

    async fn retry_in(&self, wait: Duration) -> Result<(), BusError> {
        self.mortal.live().await;
        self.store.answer(&self.consumer, self.sequence, Some(wait));
        Ok(())
    }

    async fn hold(&self) -> Result<(), BusError> {
        self.mortal.live().await;
        self.store.answer(&self.consumer, self.sequence, Some(self.consumer.ack_wait));
        Ok(())
    }

    async fn park(&self, message: &Message, reason: &str) -> Result<(), BusError> {
        panic!("{} was parked: {reason}", message.subject)
    }
}

struct Reading {
    store: Arc<Store>,
    mortal: Arc<Mortal>,
    stream: &'static Stream,
    pattern: String,
    above: u64,
    /// Where the stream ended when reading began, until that is said.
    end: Option<u64>,
    /// What was read and not yet handed on, the next last.
    ahead: Vec<Message>,
}

#[async_trait]
impl Following for Reading {
    async fn next(&mut self) -> Result<Followed, BusError> {
        loop {
            self.mortal.live().await;
            let changed = self.store.change(self.stream);
            if self.ahead.is_empty() {
                self.ahead = self.store.above(self.stream, &self.pattern, self.above);
                self.ahead.reverse();
            }
            let next = self.ahead.last().map(|message| message.sequence);
            if self.end.is_some_and(|end| next.is_none_or(|next| next > end)) {
                self.end = None;
                return Ok(Followed::CaughtUp);
            }
            if let Some(message) = self.ahead.pop() {
                self.above = message.sequence;
                return Ok(Followed::Message(message));
            }
            changed.await;
        }
    }
}
