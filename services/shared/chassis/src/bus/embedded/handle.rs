//! The bus as a service sees it.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use proto::{
    stream::{Service, Stream},
    subject::Token,
};

use super::{
    Embedded,
    command::{Command, Write},
    deliveries::Taking,
    following::Along,
    leases::Wish,
    tables::Tables,
};
use crate::bus::{
    Append, AppendError, Appended, Bus, BusError, Consumer, Deliveries, Following, From, Lease,
    Message,
};

/// One service's way to the store.
pub(super) struct Handle {
    store: Arc<Embedded>,
    service: Service,
}

impl Handle {
    /// The way of a service.
    pub(super) fn new(store: Arc<Embedded>, service: Service) -> Self {
        Self { store, service }
    }

    async fn lease(&self, wish: Wish) -> Result<Option<Lease>, BusError> {
        self.store.ask(|reply| Command::Lease(wish, reply)).await?
    }
}

#[async_trait]
impl Bus for Handle {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        append.fits()?;
        let bytes = u32::try_from(append.bytes()).ok().and_then(NonZeroU32::new);
        let bytes = bytes.map_or(1, NonZeroU32::get);
        let room = self.store.room.clone().acquire_many_owned(bytes).await;
        let subject = append.subject.clone();
        let Ok(room) = room else {
            return Err(AppendError::Failed { subject, source: BusError::Closed });
        };
        let write = |reply| Command::Write(Write::Append { append, reply, _room: room });
        match self.store.ask(write).await {
            Ok(answer) => answer,
            Err(source) => Err(AppendError::Failed { subject, source }),
        }
    }

    async fn load(
        &self,
        stream: &'static Stream,
        subject: &str,
        above: u64,
    ) -> Result<Vec<Message>, BusError> {
        let subject = subject.to_owned();
        let load = move |tables: Tables| tables.load(&subject, above);
        let loaded =
            self.store.read("load", |read| Tables::open(read, stream)?.map(load).transpose());
        Ok(loaded.await?.unwrap_or_default())
    }

    async fn last(
        &self,
        stream: &'static Stream,
        subject: &str,
    ) -> Result<Option<Message>, BusError> {
        let subject = subject.to_owned();
        let last = move |tables: Tables| tables.last(&subject);
        let found =
            self.store.read("last", |read| Tables::open(read, stream)?.map(last).transpose());
        Ok(found.await?.flatten())
    }

    async fn latest(
        &self,
        stream: &'static Stream,
        pattern: &str,
    ) -> Result<Vec<Message>, BusError> {
        let pattern = pattern.to_owned();
        let latest = move |tables: Tables| tables.latest(&pattern);
        let found =
            self.store.read("latest", |read| Tables::open(read, stream)?.map(latest).transpose());
        Ok(found.await?.unwrap_or_default())
    }

    async fn consume(&self, consumer: Consumer) -> Result<Box<dyn Deliveries>, BusError> {
        check_token("consume", &consumer.name)?;
        let taking = Taking::new(self.store.clone(), self.service, consumer).await?;
        Ok(Box::new(taking))
    }

    async fn follow(
        &self,
        stream: &'static Stream,
        pattern: &str,
        from: From,
    ) -> Result<Box<dyn Following>, BusError> {
        Ok(Box::new(Along::new(self.store.clone(), stream, pattern, from)?))
    }

    async fn purge(
        &self,
        stream: &'static Stream,
        subject: &str,
        keep: u32,
    ) -> Result<(), BusError> {
        let subject = subject.to_owned();
        let purge = |reply| Command::Write(Write::Purge { stream, subject, keep, reply });
        self.store.ask(purge).await?
    }

    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        limit: Duration,
    ) -> Result<Option<Lease>, BusError> {
        check_token("acquire", lease)?;
        let (name, holder) = (lease.to_owned(), holder.to_owned());
        self.lease(Wish::Acquire(Lease { name, holder, fence: 0, limit })).await
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Lease>, BusError> {
        self.lease(Wish::Renew(lease.clone())).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), BusError> {
        self.lease(Wish::Release(lease.clone())).await.map(|_| ())
    }

    async fn holder(&self, lease: &str) -> Result<Option<String>, BusError> {
        check_token("holder", lease)?;
        self.store.ask(|reply| Command::Holder(lease.to_owned(), reply)).await?
    }

    async fn now(&self) -> Result<Timestamp, BusError> {
        Ok(self.store.clock.now())
    }
}

/// Whether a name is a single token, as brokers want them.
fn check_token(operation: &str, name: &str) -> Result<(), BusError> {
    let token: Result<Token, _> = name.parse();
    token.map(drop).map_err(|invalid| BusError::Refused {
        operation: operation.to_owned(),
        source: invalid.into(),
    })
}
