//! The bus: what services append to streams, load from them, consume and follow; and leases.
//!
//! One contract, two buses: `nats` on JetStream and `embedded` in this process. A service cannot
//! tell them apart; the tests in `tests/contract` run word for word against both. Start reading at
//! [`Bus`].

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use proto::stream::Stream;

pub mod append;
pub mod embedded;
mod error;
pub mod nats;

pub use error::{AppendError, BusError};

/// A bus that is shared by the tasks of a service.
pub type SharedBus = Arc<dyn Bus>;

/// Streams and leases, whoever keeps them.
///
/// The version of a subject is the sequence of its last message, 0 if there is none. Sequences grow
/// along a stream and are never used twice. Streams and consumers that are missing are made by
/// whichever call needs them, at any time.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Appends one message; when it answers, the message is as durable as its stream promises.
    ///
    /// A message whose id equals that of its subject's last message is a repeat: nothing is
    /// appended and [`Appended::repeated`] says so, whatever version was expected.
    ///
    /// # Errors
    ///
    /// See [`AppendError`].
    async fn append(&self, append: Append) -> Result<Appended, AppendError>;

    /// All messages of one subject above a version, in order.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn load(
        &self,
        stream: &'static Stream,
        subject: &str,
        above: u64,
    ) -> Result<Vec<Message>, BusError>;

    /// The last message of one subject.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn last(
        &self,
        stream: &'static Stream,
        subject: &str,
    ) -> Result<Option<Message>, BusError>;

    /// The last message of each subject that matches a pattern, in the order of their sequences.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn latest(
        &self,
        stream: &'static Stream,
        pattern: &str,
    ) -> Result<Vec<Message>, BusError>;

    /// Takes part in a durable consumer: each message goes to one of those who take part, until one
    /// of them acknowledges it. Begins with the oldest message kept when the consumer is first
    /// made.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn consume(&self, consumer: Consumer) -> Result<Box<dyn Deliveries>, BusError>;

    /// Reads along, keeping no place: from a sequence on (1: from the oldest), or from the end.
    ///
    /// Of a work queue it brings what stays: what is appended and done with again may not be seen.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn follow(
        &self,
        stream: &'static Stream,
        pattern: &str,
        from: From,
    ) -> Result<Box<dyn Following>, BusError>;

    /// Forgets all messages of one subject but the last so many; their sequences are not used
    /// again.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn purge(
        &self,
        stream: &'static Stream,
        subject: &str,
        keep: u32,
    ) -> Result<(), BusError>;

    /// Takes a lease that nobody holds. `None` if somebody does.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        limit: Duration,
    ) -> Result<Option<Lease>, BusError>;

    /// Holds a lease for another while. `None` if it ran out and may be another's: stop at once.
    ///
    /// # Errors
    ///
    /// When the bus does not answer; the lease may then run out.
    async fn renew(&self, lease: &Lease) -> Result<Option<Lease>, BusError>;

    /// Gives a lease back, so that a standby need not wait for it to run out.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn release(&self, lease: &Lease) -> Result<(), BusError>;

    /// Who holds a lease now; `None`: nobody.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn holder(&self, lease: &str) -> Result<Option<String>, BusError>;

    /// The time by the clock that all who use this bus share.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn now(&self) -> Result<Timestamp, BusError>;
}

/// One message on its way to a stream.
#[derive(Debug, Clone)]
pub struct Append {
    /// Where it goes.
    pub stream: &'static Stream,
    /// Its subject, within those of the stream.
    pub subject: String,
    /// Its id, unique for ever: `Nats-Msg-Id`.
    pub id: String,
    /// The version its subject must have.
    pub expect: Expect,
    /// Headers for readers outside, beside the id.
    pub headers: Vec<(&'static str, String)>,
    /// Its content.
    pub payload: Bytes,
}

/// Which version a subject must have for an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Any.
    Any,
    /// The sequence of its last message; 0: it has none.
    Version(u64),
}

/// What an append came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Sequence of the message, its subject's new version.
    pub sequence: u64,
    /// Whether it had been appended before.
    pub repeated: bool,
}

/// One message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its subject.
    pub subject: String,
    /// Its place in the stream.
    pub sequence: u64,
    /// Its id.
    pub id: String,
    /// When the bus stored it.
    pub stored_at: Timestamp,
    /// Its headers beside the id, in the order of their names.
    pub headers: Vec<(String, String)>,
    /// Its content.
    pub payload: Bytes,
}

/// A durable consumer, the same for all who take part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// What it reads.
    pub stream: &'static Stream,
    /// Its name on the stream: a single token.
    pub name: String,
    /// Which subjects it reads.
    pub pattern: String,
    /// How long a delivery may go unanswered before it is made again.
    pub ack_wait: Duration,
    /// How many deliveries one who takes part may hold unanswered: its back-pressure.
    pub held_max: usize,
}

/// Where following begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// With the first message at or above this sequence.
    Sequence(u64),
    /// With the next message.
    End,
}

/// The deliveries of a consumer to one who takes part.
#[async_trait]
pub trait Deliveries: Send {
    /// The next delivery; waits for one. Survives interruptions of the connection.
    ///
    /// # Errors
    ///
    /// When the bus is gone for good.
    async fn next(&mut self) -> Result<Delivery, BusError>;
}

/// A message that waits for an answer. Dropped without one, it is delivered again after the
/// consumer's `ack_wait`.
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// How often it has been delivered, 1 for the first time.
    pub attempt: u32,
    answer: Box<dyn Answer>,
}

/// How a delivery is answered, on one bus.
#[async_trait]
pub trait Answer: Send + Sync {
    /// It is done with; when this returns, the bus knows it. A broker that is killed within the
    /// next moment may forget it, and delivers again.
    ///
    /// # Errors
    ///
    /// When the bus does not answer; the message may then be delivered again.
    async fn ack(&self) -> Result<(), BusError>;

    /// It is to be delivered again after a while.
    ///
    /// # Errors
    ///
    /// When the bus does not answer; it is then delivered again after `ack_wait`.
    async fn retry_in(&self, wait: Duration) -> Result<(), BusError>;

    /// It is still being worked on: `ack_wait` begins anew.
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    async fn hold(&self) -> Result<(), BusError>;

    /// It goes to `PARKED` with the reason, and is done with.
    ///
    /// # Errors
    ///
    /// When the bus does not answer; it is then delivered again.
    async fn park(&self, message: &Message, reason: &str) -> Result<(), BusError>;
}

impl Message {
    /// Reads its content. What is kept of that is a copy: a part of the content itself would keep
    /// all of it in memory, and with it whatever else the connection had read by then.
    ///
    /// # Errors
    ///
    /// When it is no such record.
    pub fn read<M: prost::Message + Default>(&self) -> Result<M, prost::DecodeError> {
        M::decode(&*self.payload)
    }
}

impl Delivery {
    /// Joins a message and the way it is answered.
    pub fn new(message: Message, attempt: u32, answer: Box<dyn Answer>) -> Self {
        Self { message, attempt, answer }
    }

    /// See [`Answer::ack`].
    ///
    /// # Errors
    ///
    /// When the bus does not answer; the message may then be delivered again.
    pub async fn ack(self) -> Result<(), BusError> {
        self.answer.ack().await
    }

    /// See [`Answer::retry_in`].
    ///
    /// # Errors
    ///
    /// When the bus does not answer; it is then delivered again after `ack_wait`.
    pub async fn retry_in(self, wait: Duration) -> Result<(), BusError> {
        self.answer.retry_in(wait).await
    }

    /// See [`Answer::hold`].
    ///
    /// # Errors
    ///
    /// When the bus does not answer.
    pub async fn hold(&self) -> Result<(), BusError> {
        self.answer.hold().await
    }

    /// See [`Answer::park`].
    ///
    /// # Errors
    ///
    /// When the bus does not answer; it is then delivered again.
    pub async fn park(self, reason: &str) -> Result<(), BusError> {
        self.answer.park(&self.message, reason).await
    }
}

/// What reading along brings.
#[async_trait]
pub trait Following: Send {
    /// The next item; waits for one. Survives interruptions of the connection without a gap.
    ///
    /// # Errors
    ///
    /// When the bus is gone for good.
    async fn next(&mut self) -> Result<Followed, BusError>;
}

/// One item of reading along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// A message, in the order of the stream.
    Message(Message),
    /// All that was on the stream when following began has been read. Said once.
    CaughtUp,
}

/// A lease that is held until its limit passes without renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for: a single token.
    pub name: String,
    /// Who holds it.
    pub holder: String,
    /// Grows with every taking and renewing: whoever has a smaller one has been overtaken.
    pub fence: u64,
    /// How long it holds from its last renewal.
    pub limit: Duration,
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use proto::v1::Intermediate;

    use super::*;

    #[test]
    fn what_is_kept_of_a_message_keeps_nothing_else() {
        let known =
            Intermediate { certificate: Bytes::from_static(b"der"), ..Intermediate::default() };
        let message = Message {
            subject: "certherald.intermediates.x".to_owned(),
            sequence: 1,
            id: "one".to_owned(),
            stored_at: Timestamp::UNIX_EPOCH,
            headers: vec![],
            payload: known.encode_to_vec().into(),
        };
        let read: Intermediate = message.read().unwrap();
        assert_eq!(read, known);
        assert!(message.payload.is_unique(), "the certificate is a copy");
    }
}
