//! A bus that takes everything and holds nothing.

use std::time::Duration;

use async_trait::async_trait;
use chassis::bus::{
    Append, AppendError, Appended, Bus, BusError, Consumer, Deliveries, Following, From, Lease,
    Message,
};
use jiff::Timestamp;
use proto::stream::Stream;

/// Nothing.
pub(crate) struct Nothing;

#[async_trait]
impl Bus for Nothing {
    async fn append(&self, _: Append) -> Result<Appended, AppendError> {
        Ok(Appended { sequence: u64::MAX, repeated: false })
    }

    async fn load(&self, _: &'static Stream, _: &str, _: u64) -> Result<Vec<Message>, BusError> {
        Ok(vec![])
    }

    async fn last(&self, _: &'static Stream, _: &str) -> Result<Option<Message>, BusError> {
        Ok(None)
    }

    async fn latest(&self, _: &'static Stream, _: &str) -> Result<Vec<Message>, BusError> {
        Ok(vec![])
    }

    async fn consume(&self, _: Consumer) -> Result<Box<dyn Deliveries>, BusError> {
        Err(BusError::Closed)
    }

    async fn follow(
        &self,
        _: &'static Stream,
        _: &str,
        _: From,
    ) -> Result<Box<dyn Following>, BusError> {
        Err(BusError::Closed)
    }

    async fn purge(&self, _: &'static Stream, _: &str, _: u32) -> Result<(), BusError> {
        Ok(())
    }

    async fn acquire(&self, _: &str, _: &str, _: Duration) -> Result<Option<Lease>, BusError> {
        Ok(None)
    }

    async fn renew(&self, _: &Lease) -> Result<Option<Lease>, BusError> {
        Ok(None)
    }

    async fn release(&self, _: &Lease) -> Result<(), BusError> {
        Ok(())
    }

    async fn holder(&self, _: &str) -> Result<Option<String>, BusError> {
        Ok(None)
    }

    async fn now(&self) -> Result<Timestamp, BusError> {
        Err(BusError::Closed)
    }
}
