//! A bus on which nothing is written after the term is over.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use proto::stream::Stream;

use super::Term;
use crate::bus::{
    Append, AppendError, Appended, Bus, BusError, Consumer, Deliveries, Following, From, Lease,
    Message, SharedBus,
};

/// A bus for the length of a term.
pub(super) struct Fenced {
    pub(super) term: Term,
    pub(super) bus: SharedBus,
}

impl Fenced {
    fn held(&self, operation: &str) -> Result<(), BusError> {
        if self.term.holds() {
            return Ok(());
        }
        // To let go of it now is right in any case: a process that was frozen may get here before
        // the task that renews has run again.
        self.term.end();
        let source = "the lease is not held any more".into();
        // As if there were no bus: what was heard is not to be parked, but to be handled by the
        // next.
        Err(BusError::Unreachable { operation: operation.to_owned(), source })
    }
}

#[async_trait]
impl Bus for Fenced {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        match self.held("append") {
            Ok(()) => self.bus.append(append).await,
            Err(source) => Err(AppendError::Failed { subject: append.subject, source }),
        }
    }

    async fn load(
        &self,
        stream: &'static Stream,
        subject: &str,
        above: u64,
    ) -> Result<Vec<Message>, BusError> {
        self.bus.load(stream, subject, above).await
    }

    async fn last(
        &self,
        stream: &'static Stream,
        subject: &str,
    ) -> Result<Option<Message>, BusError> {
        self.bus.last(stream, subject).await
    }

    async fn latest(
        &self,
        stream: &'static Stream,
        pattern: &str,
    ) -> Result<Vec<Message>, BusError> {
        self.bus.latest(stream, pattern).await
    }

    async fn consume(&self, consumer: Consumer) -> Result<Box<dyn Deliveries>, BusError> {
        self.held("consume")?;
        self.bus.consume(consumer).await
    }

    async fn follow(
        &self,
        stream: &'static Stream,
        pattern: &str,
        from: From,
    ) -> Result<Box<dyn Following>, BusError> {
        self.bus.follow(stream, pattern, from).await
    }

    async fn purge(
        &self,
        stream: &'static Stream,
        subject: &str,
        keep: u32,
    ) -> Result<(), BusError> {
        self.held("purge")?;
        self.bus.purge(stream, subject, keep).await
    }

    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        limit: Duration,
    ) -> Result<Option<Lease>, BusError> {
        self.bus.acquire(lease, holder, limit).await
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Lease>, BusError> {
        self.bus.renew(lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), BusError> {
        self.bus.release(lease).await
    }

    async fn holder(&self, lease: &str) -> Result<Option<String>, BusError> {
        self.bus.holder(lease).await
    }

    async fn now(&self) -> Result<Timestamp, BusError> {
        self.bus.now().await
    }
}
