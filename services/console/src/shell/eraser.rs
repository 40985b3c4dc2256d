//! Erases contacts: what the streams hold of one that was removed is purged from them, but for the
//! bare record that it was.
//!
//! Done when it is removed, and again at each start and each hour: whoever died in the act, and
//! whoever wrote of a contact at that moment, leaves nothing behind.

use std::{pin::pin, time::Duration};

use chassis::{
    bus::{BusError, SharedBus},
    clock::SharedClock,
    context::Context,
    error::Chain,
};
use proto::{
    id::ContactId,
    stream::{DELIVERIES, INVENTORY},
    subject::{self, Entity},
};
use tokio::sync::mpsc;
use tracing::warn;

use super::{http::contacts::ordering::CONTACTS_IN_ALL_MAX, mirror::Mirror};

/// How often all who were removed are looked at again.
const EVERY: Duration = Duration::from_hours(1);
/// Contacts that wait to be erased: as many as there may be. More are erased within the hour.
const WAITING_MAX: usize = CONTACTS_IN_ALL_MAX;

/// Has contacts erased.
#[derive(Clone)]
pub struct Eraser(mpsc::Sender<ContactId>);

impl Eraser {
    /// Erases whoever was removed, now and from time to time, as a task of the service.
    pub fn begin(context: &Context, mirror: Mirror) -> Self {
        let (eraser, removed) = mpsc::channel(WAITING_MAX);
        let purging = Purging { bus: context.bus.clone(), clock: context.clock.clone(), mirror };
        let stopping = context.tasks.stopping();
        context.tasks.spawn("console erases contacts", async move {
            let purging = purging.run(removed);
            stopping.run_until_cancelled(purging).await.unwrap_or(Ok::<_, BusError>(()))
        });
        Self(eraser)
    }

    /// Has a contact erased that was removed. Nobody waits for it: there may be much to purge.
    pub fn erase(&self, contact: ContactId) {
        if self.0.try_send(contact).is_err() {
            warn!(%contact, "What is held of `{contact}` is purged within the hour.");
        }
    }
}

/// Purges.
struct Purging {
    bus: SharedBus,
    clock: SharedClock,
    mirror: Mirror,
}

impl Purging {
    async fn run(self, mut removed: mpsc::Receiver<ContactId>) -> Result<(), BusError> {
        loop {
            self.erase_all().await;
            let mut again = pin!(self.clock.sleep(EVERY));
            loop {
                tokio::select! {
                    () = &mut again => break,
                    Some(contact) = removed.recv() => self.erase(contact).await,
                }
            }
        }
    }

    async fn erase_all(&self) {
        let removed: Vec<_> = self.mirror.board().read().removed_contacts().collect();
        for contact in removed {
            self.erase(contact).await;
        }
    }

    /// Purges what the streams hold of a contact that was removed. What cannot be purged now is
    /// within the hour.
    async fn erase(&self, contact: ContactId) {
        if let Err(error) = self.purge(contact).await {
            warn!(%contact, error = %Chain(&error), "What is held of `{contact}` is purged later.");
        }
    }

    async fn purge(&self, contact: ContactId) -> Result<(), BusError> {
        let orders = subject::inventory(&Entity::Contact(contact));
        if self.bus.load(&INVENTORY, &orders, 0).await?.len() > 1 {
            self.bus.purge(&INVENTORY, &orders, 1).await?;
        }
        let marks = subject::inventory(&Entity::Inbox(contact));
        if self.bus.last(&INVENTORY, &marks).await?.is_some() {
            self.bus.purge(&INVENTORY, &marks, 0).await?;
        }
        for last in self.bus.latest(&DELIVERIES, &subject::deliveries_to(&contact)).await? {
            self.bus.purge(&DELIVERIES, &last.subject, 0).await?;
        }
        Ok(())
    }
}
