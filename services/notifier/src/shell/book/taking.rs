//! Threads in hand: taken out in turn, looked at by one courier, put back.

use std::time::Duration;

use jiff::Timestamp;
use proto::id::{DeliveryId, DomainId};

use super::{AT_ONCE, Book, Lane, Nothing, Page, Pages, Room, Spot};
use crate::{
    domain::{audience::Recipient, plan::ThreadKey, thread::outcome::Outcome},
    shell::channel::Pace,
};

/// Threads that are looked at together at most: more than fit into one message of any channel.
const HAUL_MAX: usize = 400;

/// Threads of one lane, to be looked at together.
#[derive(Debug, PartialEq, Eq)]
pub struct Haul {
    /// The threads, in order.
    pub keys: Vec<ThreadKey>,
    /// What is due by then may go with the rest.
    pub until: Timestamp,
}

impl Haul {
    /// To whom all of them go.
    ///
    /// # Panics
    ///
    /// Never: there is at least one.
    pub fn recipient(&self) -> Recipient {
        self.keys.first().expect("a haul holds at least one thread").recipient()
    }
}

impl Book {
    /// Takes out what is to be looked at next, in a lane in which there is room: `pace` says at what
    /// pace, or that there is none. It must be put back.
    ///
    /// # Errors
    ///
    /// When nothing can be taken now: from when on it can.
    pub fn take(
        &self,
        now: Timestamp,
        pace: impl Fn(&Lane, &Spot) -> Option<Pace>,
    ) -> Result<Haul, Nothing> {
        let mut pages = self.pages.lock();
        let Pages { agenda, roads, roster, threads, .. } = &mut *pages;
        let (lane, key) =
            agenda.take(now, |lane| match pace(lane, &roads.spot(&lane.recipient)) {
                Some(pace) => roads.room(lane, roster, pace.limits, now),
                None => Room::Busy,
            })?;
        let pace = pace(&lane, &roads.spot(&lane.recipient));
        let groups = pace.is_some_and(|pace| pace.groups) && !self.config.group_window.is_zero();
        let is_limited = pace.is_some_and(|pace| !pace.limits.is_empty());
        let window = if groups { self.config.group_window } else { Duration::ZERO };
        let until = now.checked_add(window).unwrap_or(Timestamp::MAX);
        let mut keys = vec![key];
        if !lane.is_apart && (groups || is_limited) {
            keys.extend(agenda.take_more(&lane, until, HAUL_MAX));
        }
        for key in &keys {
            if let Some(page) = threads.get_mut(key) {
                (page.taken, page.is_new) = (true, false);
            }
        }
        Ok(Haul { keys, until })
    }

    /// The robot or the mailbox of a recipient.
    pub fn spot(&self, recipient: &Recipient) -> Spot {
        self.pages.lock().roads.spot(recipient)
    }

    /// A message is on its way.
    pub fn sent(&self, recipient: &Recipient, message: DeliveryId, at: Timestamp) {
        self.pages.lock().roads.sent(recipient, message, at);
    }

    /// What came of it for others that are to go the same way.
    pub fn concluded(&self, recipient: &Recipient, outcome: &Outcome, at: Timestamp) {
        self.pages.lock().roads.concluded(recipient, outcome, at);
    }

    /// Has a thread travel alone from now on, or no longer.
    pub fn set_alone(&self, key: &ThreadKey, is_alone: bool) {
        if let Some(page) = self.pages.lock().threads.get_mut(key) {
            page.is_alone = is_alone;
        }
    }

    /// Puts a thread back, to be looked at again at an instant if there is one, and at once if
    /// something new was heard of it.
    pub fn put_back(&self, key: &ThreadKey, at: Option<Timestamp>) {
        let mut pages = self.pages.lock();
        let Some(page) = pages.threads.get_mut(key) else { return };
        page.taken = false;
        let at = if page.is_new { Some(AT_ONCE) } else { at };
        if let Some(at) = at {
            pages.agenda.put(key, at);
        }
    }

    /// The soonest instant after now at which a thread is to be looked at.
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.pages.lock().agenda.next_after(now)
    }
}

impl Pages {
    /// Has a thread looked at, now or as soon as it is put back.
    pub(super) fn is_new(&mut self, key: &ThreadKey) {
        match self.threads.get_mut(key) {
            Some(page) if page.taken => page.is_new = true,
            Some(_) => self.agenda.put_sooner(key, AT_ONCE),
            None => {}
        }
    }

    /// Has the threads of a domain, or all, looked at in which something is on its way.
    pub(super) fn look_again(&mut self, domain: Option<DomainId>) {
        let is_concerned = |(key, page): &(&ThreadKey, &Page)| {
            (domain.is_none() || key.domain == domain) && !page.known.state.open().is_empty()
        };
        let keys: Vec<_> = match domain {
            Some(_) => {
                self.threads_of(domain).filter(is_concerned).map(|(k, _)| k.clone()).collect()
            }
            None => self.threads.iter().filter(is_concerned).map(|(k, _)| k.clone()).collect(),
        };
        for key in &keys {
            self.is_new(key);
        }
    }
}
