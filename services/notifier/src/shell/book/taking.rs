//! Threads in hand: taken out in turn, looked at by one courier, put back.

use std::time::Duration;

use jiff::Timestamp;
use proto::id::{DeliveryId, DomainId};

use super::{Book, Lane, Nothing, Page, Pages, Room, Spot, When};
use crate::{
    domain::{
        audience::Recipient,
        plan::ThreadKey,
        thread::{Command, outcome::Outcome},
    },
    shell::channel::Pace,
};

/// A thread that is to be looked at, and what may go with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Haul {
    /// The thread.
    pub key: ThreadKey,
    /// Whether others of its lane may go with it.
    pub gathers: bool,
    /// What is due by then may.
    pub until: Timestamp,
}

impl Book {
    /// Takes out what is to be looked at next, in a lane in which there is room: `pace` says at
    /// what pace, or that there is none. It must be put back.
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
        let Pages { agenda, roads, roster, threads, gathering, .. } = &mut *pages;
        let (lane, key) =
            agenda.take(now, |lane, urgency| match pace(lane, &roads.spot(&lane.recipient)) {
                Some(_) if gathering.contains(lane) => Room::Busy,
                Some(pace) => roads.room(&lane.recipient, urgency, roster, pace.limits, now),
                None => Room::Busy,
            })?;
        let pace = pace(&lane, &roads.spot(&lane.recipient));
        let groups = pace.is_some_and(|pace| pace.groups) && !self.config.group_window.is_zero();
        let is_limited = pace.is_some_and(|pace| !pace.limits.is_empty());
        let window = if groups { self.config.group_window } else { Duration::ZERO };
        let until = now.checked_add(window).unwrap_or(Timestamp::MAX);
        if let Some(page) = threads.get_mut(&key) {
            (page.taken, page.is_new) = (true, false);
        }
        let gathers = !lane.is_apart && (groups || is_limited);
        if gathers {
            gathering.insert(lane);
        }
        Ok(Haul { key, gathers, until })
    }

    /// A haul has all that goes with it: the next of its lane may be taken.
    pub fn gathered(&self, haul: &Haul) {
        self.pages.lock().gathering.remove(&Lane::of(&haul.key));
        self.changed.notify_one();
    }

    /// Takes out so many more that are to be looked at with a haul. They must be put back.
    pub fn take_more(&self, haul: &Haul, max: usize) -> Vec<ThreadKey> {
        let mut pages = self.pages.lock();
        let Pages { agenda, threads, .. } = &mut *pages;
        let keys = agenda.take_more(&Lane::of(&haul.key), haul.until, max);
        for key in &keys {
            if let Some(page) = threads.get_mut(key) {
                (page.taken, page.is_new) = (true, false);
            }
        }
        keys
    }

    /// The robot or the mailbox of a recipient.
    pub fn spot(&self, recipient: &Recipient) -> Spot {
        self.pages.lock().roads.spot(recipient)
    }

    /// Whether a recipient was not reached the last time.
    pub fn is_doubtful(&self, recipient: &Recipient) -> bool {
        self.pages.lock().roads.is_doubtful(recipient)
    }

    /// A message is on its way.
    pub fn sent(&self, recipient: &Recipient, message: DeliveryId, at: Timestamp) {
        self.pages.lock().roads.sent(recipient, message, at);
    }

    /// What came of it for others that are to go the same way: how long they must wait, if the
    /// address seems dead. When it is well again, they need not wait any more.
    pub fn concluded(
        &self,
        recipient: &Recipient,
        message: DeliveryId,
        outcome: &Outcome,
        chance: f64,
        at: Timestamp,
    ) -> Option<Duration> {
        let mut pages = self.pages.lock();
        let before = (pages.roads.well_since(recipient), pages.is_paused(recipient));
        let rest = pages.roads.concluded(recipient, message, outcome, chance, at);
        let after = (pages.roads.well_since(recipient), pages.is_paused(recipient));
        if after != before {
            let Pages { threads, roads, .. } = &*pages;
            let spot = roads.spot(recipient);
            let is_there = |key: &&ThreadKey| roads.spot(&key.recipient()) == spot;
            let keys: Vec<_> = threads.keys().filter(is_there).cloned().collect();
            pages.look(keys);
        }
        rest
    }

    /// Why a delivery would be given up with this command, if it would.
    pub fn gives_up(&self, key: &ThreadKey, command: &Command) -> Option<String> {
        self.pages.lock().threads.get(key)?.known.state.gives_up(command)
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
        self.put(key, at.map(When::At));
    }

    /// Puts a thread back from which something is to be sent as soon as there is room.
    pub fn put_back_at_once(&self, key: &ThreadKey) {
        self.put(key, Some(When::Now));
    }

    fn put(&self, key: &ThreadKey, when: Option<When>) {
        let mut pages = self.pages.lock();
        let Pages { agenda, threads, .. } = &mut *pages;
        let Some(page) = threads.get_mut(key) else { return };
        page.taken = false;
        if let Some(when) = if page.is_new { Some(When::Now) } else { when } {
            agenda.put(key, when, page.turn());
        }
    }

    /// The soonest instant at which a thread is to be looked at that is not yet.
    pub fn next_ripe(&self) -> Option<Timestamp> {
        self.pages.lock().agenda.next_ripe()
    }
}

impl Pages {
    fn is_paused(&self, recipient: &Recipient) -> bool {
        self.roads.pause(recipient, &self.roster).is_some()
    }

    /// Has a thread looked at, now or as soon as it is put back.
    pub(super) fn is_new(&mut self, key: &ThreadKey) {
        match self.threads.get_mut(key) {
            Some(page) if page.taken => page.is_new = true,
            Some(page) => self.agenda.put(key, When::Now, page.turn()),
            None => {}
        }
    }

    /// Has the threads of a domain looked at in which something is on its way, or to be reminded
    /// of.
    pub(super) fn look_again_at(&mut self, domain: DomainId) {
        let keys: Vec<_> = self.threads_of(Some(domain)).map(|(key, _)| key.clone()).collect();
        self.look(keys);
    }

    /// The same of all such threads that are concerned.
    pub(super) fn look_again(&mut self, is_concerned: impl Fn(&ThreadKey) -> bool) {
        let keys: Vec<_> = self.threads.keys().filter(|key| is_concerned(key)).cloned().collect();
        self.look(keys);
    }

    fn look(&mut self, keys: Vec<ThreadKey>) {
        let is_alive = |page: &Page| {
            let thread = &page.known.state;
            !thread.open().is_empty() || !thread.told().is_empty()
        };
        for key in keys {
            if self.threads.get(&key).is_some_and(is_alive) {
                self.is_new(&key);
            }
        }
    }
}
