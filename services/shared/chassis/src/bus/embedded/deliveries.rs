//! Taking part in a durable consumer.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use proto::stream::{Service, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    Embedded,
    command::{Claim, Claimed, Command, Seat, Ticket, Write},
};
use crate::bus::{Answer, Append, BusError, Consumer, Deliveries, Delivery, Message};

/// Messages that are asked for at a time: enough to make the way to the writing thread cheap, and
/// few enough that others get their share.
const CLAIM_MAX: usize = 64;

/// One who takes part.
pub(super) struct Taking {
    store: Arc<Embedded>,
    service: Service,
    stream: &'static Stream,
    seat: Seat,
    /// One permit for each delivery that it may hold.
    held: Arc<Semaphore>,
    /// Claimed, and not yet handed on.
    ready: VecDeque<Claimed>,
    /// Kept between calls, so that a call that is given up loses nothing.
    claim: Option<oneshot::Receiver<Vec<Claimed>>>,
}

impl Taking {
    /// Takes part from now on.
    pub(super) async fn new(
        store: Arc<Embedded>,
        service: Service,
        consumer: Consumer,
    ) -> Result<Self, BusError> {
        let held = consumer.held_max.clamp(1, Semaphore::MAX_PERMITS);
        let stream = consumer.stream;
        let seat = store.ask(|reply| Command::Enlist(consumer, reply)).await??;
        let held = Arc::new(Semaphore::new(held));
        Ok(Self { store, service, stream, seat, held, ready: VecDeque::new(), claim: None })
    }

    /// Asks for as many messages as may be held, one of which is about to be.
    async fn ask(&self) -> Result<oneshot::Receiver<Vec<Claimed>>, BusError> {
        let most = (1 + self.held.available_permits()).min(CLAIM_MAX);
        let place = self.store.commands.reserve().await.map_err(|_| BusError::Closed)?;
        let (reply, claim) = oneshot::channel();
        place.send(Command::Claim(Claim { seat: self.seat, most, reply }));
        Ok(claim)
    }
}

#[async_trait]
impl Deliveries for Taking {
    async fn next(&mut self) -> Result<Delivery, BusError> {
        let held = self.held.clone().acquire_owned().await.map_err(|_| BusError::Closed)?;
        loop {
            if let Some(Claimed { ticket, message }) = self.ready.pop_front() {
                let (store, service) = (self.store.clone(), self.service);
                let answer = Due { store, service, stream: self.stream, ticket, _held: held };
                return Ok(Delivery::new(message, ticket.attempt, Box::new(answer)));
            }
            if self.claim.is_none() {
                self.claim = Some(self.ask().await?);
            }
            if let Some(claim) = &mut self.claim {
                let claimed = claim.await;
                self.claim = None;
                self.ready.extend(claimed.map_err(|_| BusError::Closed)?);
            }
        }
    }
}

impl Drop for Taking {
    /// What was claimed and not handed on goes to others at once.
    fn drop(&mut self) {
        if let Some(mut claim) = self.claim.take() {
            claim.close();
            self.ready.extend(claim.try_recv().unwrap_or_default());
        }
        let tickets: Vec<_> = self.ready.iter().map(|claimed| claimed.ticket).collect();
        if !tickets.is_empty() {
            // If the line is full they are delivered again after the wait for an answer.
            self.store.commands.try_send(Command::GiveBack(tickets)).ok();
        }
    }
}

/// The answer to one delivery. As long as it lives, the delivery is held.
struct Due {
    store: Arc<Embedded>,
    service: Service,
    stream: &'static Stream,
    ticket: Ticket,
    _held: OwnedSemaphorePermit,
}

impl Due {
    async fn done(&self, parked: Option<Box<Append>>) -> Result<(), BusError> {
        let ticket = self.ticket;
        self.store.ask(|reply| Command::Write(Write::Done { ticket, parked, reply })).await?
    }
}

#[async_trait]
impl Answer for Due {
    async fn ack(&self) -> Result<(), BusError> {
        self.done(None).await
    }

    async fn retry_in(&self, wait: Duration) -> Result<(), BusError> {
        self.store.ask(|reply| Command::Retry(self.ticket, wait, reply)).await?
    }

    async fn hold(&self) -> Result<(), BusError> {
        self.store.ask(|reply| Command::Hold(self.ticket, reply)).await?
    }

    async fn park(&self, message: &Message, reason: &str) -> Result<(), BusError> {
        let parked = Append::parked(self.service, self.stream, message, reason);
        self.done(Some(Box::new(parked))).await
    }
}
