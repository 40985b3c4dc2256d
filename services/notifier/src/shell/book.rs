//! What the notifier knows: contacts and settings, open anomalies, and every thread; folded from
//! the streams and kept nowhere else.
//!
//! The book answers what is to be done about a thread now, and which thread is to be looked at
//! when. Its lock is held for moments only, never while something is waited for.

mod agenda;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chassis::ledger::{Entity as LedgerEntity, Known, Place};
use jiff::Timestamp;
use parking_lot::Mutex;
use proto::{
    id::DomainId,
    stream, subject,
    v1::{DeliveryRecord, InventoryEvent},
};
use tokio::sync::Notify;

use self::agenda::Agenda;
use super::channel::Parcel;
use crate::domain::{
    anomalies::Anomalies,
    audience::{People, Recipient},
    news::News,
    plan::{self, Plan, Sending, ThreadKey, World},
    roster::Roster,
    thread::{
        Command, Thread,
        step::{self, Cause, Step},
    },
    wording::{self, Brief, Letterhead},
};

/// When a thread is looked at of which something new was heard: at once.
const AT_ONCE: Timestamp = Timestamp::MIN;

/// The book.
pub struct Book {
    pages: Mutex<Pages>,
    letterhead: Letterhead,
    operator: Option<String>,
    changed: Notify,
}

#[derive(Default)]
struct Pages {
    roster: Roster,
    anomalies: Anomalies,
    threads: BTreeMap<ThreadKey, Page>,
    agenda: Agenda,
}

/// One thread.
#[derive(Default)]
struct Page {
    known: Known<Thread>,
    /// Whether a courier is on its way with it.
    taken: bool,
    /// Whether something was heard of it since it was taken.
    is_new: bool,
}

/// What is to be done about a thread now.
#[derive(Debug)]
pub enum Next {
    /// Something is to be recorded.
    Record(Command),
    /// Something is to be sent.
    Send(Box<Trip>),
    /// Nothing, until an instant if there is one.
    Rest(Option<Timestamp>),
}

/// A sending, with what must be known if it fails for good.
#[derive(Debug)]
pub struct Trip {
    /// What is sent.
    pub parcel: Parcel,
    /// The news in it.
    pub news: std::sync::Arc<News>,
    /// What asked for it.
    pub cause: Cause,
    /// Whether the inbox is told of these news in any case.
    pub is_in_inbox: bool,
}

impl LedgerEntity for Thread {
    type Record = DeliveryRecord;

    fn events(record: DeliveryRecord) -> Vec<Step> {
        let (steps, unreadable) = step::steps(record);
        for error in unreadable {
            tracing::warn!(error = %chassis::error::Chain(&error), "Skipping a step.");
        }
        steps
    }
}

/// Where a thread stands on the bus.
pub fn place(key: &ThreadKey) -> Place {
    let subject = subject::delivery(&key.channel, &key.contact, key.domain.as_ref());
    Place { stream: &stream::DELIVERIES, subject }
}

impl Book {
    /// An empty book. `operator` is as in [`People`].
    pub fn new(letterhead: Letterhead, operator: Option<String>) -> Self {
        let (pages, changed) = (Mutex::default(), Notify::new());
        Self { pages, letterhead, operator, changed }
    }

    /// Waits until there may be something to do that there was not before.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A term begins: nothing is in hand, whatever became of the one before, and every thread is
    /// looked at.
    pub fn begin_term(&self) {
        let mut pages = self.pages.lock();
        let Pages { threads, agenda, .. } = &mut *pages;
        for (key, page) in threads {
            page.taken = false;
            agenda.put_sooner(key, AT_ONCE);
        }
    }

    /// Takes in what was ordered of one entity. What is under way may have become unwanted, or
    /// wanted.
    pub fn order(&self, entity: &subject::Entity, events: &[InventoryEvent]) {
        let mut pages = self.pages.lock();
        for event in events {
            pages.roster.evolve(entity, event);
        }
        match entity {
            subject::Entity::Setting(domain) => pages.look_again(Some(*domain)),
            subject::Entity::Contact(_) | subject::Entity::DefaultSetting => pages.look_again(None),
            subject::Entity::Domain(_) | subject::Entity::Token(_) | subject::Entity::Inbox(_) => {
                return;
            }
        }
        self.changed.notify_one();
    }

    /// Takes in an event.
    pub fn hear(&self, news: &News) {
        self.pages.lock().anomalies.evolve(news);
    }

    /// What is known of a thread.
    pub fn known(&self, key: &ThreadKey) -> Known<Thread> {
        self.pages.lock().threads.get(key).map(|page| page.known.clone()).unwrap_or_default()
    }

    /// Learns how a thread stands, unless more is known.
    pub fn learn(&self, key: &ThreadKey, known: Known<Thread>) {
        let mut pages = self.pages.lock();
        let page = pages.threads.entry(key.clone()).or_default();
        if known.version <= page.known.version {
            return;
        }
        page.known = known;
        pages.is_new(key);
        self.changed.notify_one();
    }

    /// Takes in one message of a thread.
    ///
    /// # Errors
    ///
    /// When it is no record.
    pub fn read(
        &self,
        key: &ThreadKey,
        message: &chassis::bus::Message,
    ) -> Result<(), chassis::ledger::LedgerError<crate::domain::thread::Refusal>> {
        let mut pages = self.pages.lock();
        let page = pages.threads.entry(key.clone()).or_default();
        let before = page.known.version;
        chassis::ledger::take_in(&mut page.known, message)?;
        if page.known.version > before {
            pages.is_new(key);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Who is to be told of an event, each with the thread in which they are.
    pub fn audience(&self, news: &News) -> Vec<ThreadKey> {
        let pages = self.pages.lock();
        let key =
            |Recipient { contact, channel }| ThreadKey { domain: news.domain(), contact, channel };
        if news.recovered().is_empty() {
            return self.people(&pages).audience(news).into_iter().map(key).collect();
        }
        // Whoever knows of what recovered, whatever is wanted now: each thread has its own end.
        let knows =
            |page: &Page| news.recovered().iter().any(|one| page.known.state.knows(&one.anomaly));
        let of_domain = pages.threads_of(news.domain());
        of_domain.filter(|(_, page)| knows(page)).map(|(key, _)| key.clone()).collect()
    }

    /// What is to be done about a thread now.
    pub fn next(&self, key: &ThreadKey, now: Timestamp) -> Next {
        let pages = self.pages.lock();
        let Some(page) = pages.threads.get(key) else { return Next::Rest(None) };
        let people = self.people(&pages);
        let world = World { people, anomalies: &pages.anomalies, now };
        match plan::plan(&page.known.state, key, world) {
            Plan::Record(command) => Next::Record(command),
            Plan::Rest(until) => Next::Rest(until),
            Plan::Send(sending) => Next::Send(Box::new(self.trip(sending, key, people, now))),
        }
    }

    /// Takes out the next thread to be looked at, of a recipient for whom there is room. It must be
    /// put back.
    pub fn take(
        &self,
        now: Timestamp,
        has_room: impl FnMut(&Recipient) -> bool,
    ) -> Option<ThreadKey> {
        let mut pages = self.pages.lock();
        let key = pages.agenda.take(now, has_room)?;
        if let Some(page) = pages.threads.get_mut(&key) {
            (page.taken, page.is_new) = (true, false);
        }
        Some(key)
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

    fn people<'a>(&'a self, pages: &'a Pages) -> People<'a> {
        People { roster: &pages.roster, operator: self.operator.as_deref() }
    }

    fn trip(
        &self,
        sending: Sending<'_>,
        key: &ThreadKey,
        people: People<'_>,
        now: Timestamp,
    ) -> Trip {
        let open = sending.open;
        let brief = Brief {
            delivery: open.id,
            news: &open.news,
            cause: open.cause,
            reminder: open.reminder,
            contact: sending.contact,
            owner_note: sending.owner_note,
            roots: &sending.roots,
            now,
        };
        let inbox = Recipient { contact: key.contact, channel: inbox() };
        Trip {
            is_in_inbox: people.terms(&open.news, &inbox).is_ok(),
            news: open.news.clone(),
            cause: open.cause,
            parcel: Parcel {
                delivery: open.id,
                attempt: open.attempts + 1,
                at: now,
                name: sending.contact.name.clone(),
                address: sending.address,
                letter: wording::compose(&brief, &self.letterhead),
                roots: sending.roots,
            },
        }
    }
}

/// The channel of the inbox.
///
/// # Panics
///
/// Never: the constant is a token.
pub fn inbox() -> subject::Token {
    crate::domain::roster::INTERNAL.parse().expect("a constant that is a token")
}

impl Pages {
    fn threads_of(&self, domain: Option<DomainId>) -> impl Iterator<Item = (&ThreadKey, &Page)> {
        let first = ThreadKey {
            domain,
            contact: proto::id::ContactId::from_bytes([0; 16]),
            // Sorts before every other token.
            channel: "-".parse().expect("a constant that is a token"),
        };
        self.threads.range(first..).take_while(move |(key, _)| key.domain == domain)
    }

    /// Has a thread looked at, now or as soon as it is put back.
    fn is_new(&mut self, key: &ThreadKey) {
        match self.threads.get_mut(key) {
            Some(page) if page.taken => page.is_new = true,
            Some(_) => self.agenda.put_sooner(key, AT_ONCE),
            None => {}
        }
    }

    /// Has the threads of a domain, or all, looked at in which something is on its way.
    fn look_again(&mut self, domain: Option<DomainId>) {
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
