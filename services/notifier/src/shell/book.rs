//! What the notifier knows: contacts and settings, open anomalies, and every thread; folded from
//! the streams and kept nowhere else.
//!
//! The book answers what is to be done about a thread now, and which thread is to be looked at
//! when. Its lock is held for moments only, never while something is waited for.

mod agenda;
mod roads;
mod taking;
mod trip;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chassis::{
    error::Chain,
    ledger::{Entity as LedgerEntity, Known, Place},
    seal::Seal,
};
use jiff::Timestamp;
use parking_lot::Mutex;
use proto::{
    id::{ContactId, DomainId},
    stream, subject, time,
    v1::{DeliveryRecord, InventoryRecord},
};
use tokio::sync::Notify;

use self::{
    agenda::{Agenda, Turn, When},
    roads::Roads,
};
pub use self::{
    agenda::{Lane, Nothing, Room},
    roads::Spot,
    taking::Haul,
};
use super::channel::{Pace, Parcel};
use crate::domain::{
    anomalies::Anomalies,
    audience::{People, Recipient},
    news::News,
    plan::{self, Plan, ThreadKey, World},
    roster::{Address, Roster},
    thread::{
        Command, Thread,
        open::Urgency,
        step::{self, Cause, Step},
    },
    wording::Letterhead,
};

/// The book.
pub struct Book {
    pages: Mutex<Pages>,
    config: BookConfig,
    changed: Notify,
}

/// What the book is told once.
pub struct BookConfig {
    /// How the installation presents itself.
    pub letterhead: Letterhead,
    /// As in [`People`].
    pub operator: Option<String>,
    /// How long news are held so that others may join them.
    pub group_window: Duration,
    /// Opens what is sealed.
    pub seal: Seal,
}

#[derive(Default)]
struct Pages {
    roster: Roster,
    anomalies: Anomalies,
    threads: BTreeMap<ThreadKey, Page>,
    agenda: Agenda,
    roads: Roads,
    /// Lanes in which somebody gathers what goes together: whoever came between would take it
    /// apart.
    gathering: BTreeSet<Lane>,
}

/// One thread.
#[derive(Default)]
struct Page {
    known: Known<Thread>,
    /// Whether a courier is on its way with it.
    taken: bool,
    /// Whether something was heard of it since it was taken.
    is_new: bool,
    /// Whether it travels alone: a message that it was part of was refused.
    is_alone: bool,
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
    /// How soon it is to be told.
    pub urgency: Urgency,
    /// Since when it is due.
    pub due_at: Timestamp,
    /// Whether the inbox is told of these news in any case.
    pub is_in_inbox: bool,
    /// Whether it must not travel with others.
    pub is_alone: bool,
}

impl LedgerEntity for Thread {
    type Record = DeliveryRecord;

    fn events(record: DeliveryRecord) -> Vec<Step> {
        let (steps, unreadable) = step::steps(record);
        for error in unreadable {
            tracing::warn!(error = %Chain(&error), "Skipping a step.");
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
    /// An empty book.
    pub fn new(config: BookConfig) -> Self {
        Self { pages: Mutex::default(), config, changed: Notify::new() }
    }

    /// When news to a channel of this pace go at the earliest.
    pub fn goes_at(&self, pace: &Pace, now: Timestamp) -> Timestamp {
        let window = if pace.groups { self.config.group_window } else { Duration::ZERO };
        now.checked_add(window).unwrap_or(Timestamp::MAX)
    }

    /// Waits until there may be something to do that there was not before.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A term begins: nothing is in hand, whatever became of the one before, and every thread is
    /// looked at.
    pub fn begin_term(&self) {
        let mut pages = self.pages.lock();
        let Pages { threads, agenda, gathering, .. } = &mut *pages;
        gathering.clear();
        for (key, page) in threads {
            page.taken = false;
            agenda.put(key, When::Now, page.turn());
        }
    }

    /// Takes in what was ordered of one entity. What is under way may have become unwanted, or
    /// wanted.
    pub fn order(&self, entity: &subject::Entity, record: &InventoryRecord) {
        let at = record.recorded_at.as_ref().and_then(time::read).unwrap_or_default();
        let mut pages = self.pages.lock();
        for event in &record.events {
            pages.roster.evolve(entity, event, at);
        }
        if let subject::Entity::Contact(_) = entity {
            let robots = pages.roster.robots();
            pages.roads.share(robots, at);
        }
        match entity {
            // A domain may have lost the tag that was silenced.
            subject::Entity::Domain(domain)
            | subject::Entity::Setting(domain)
            | subject::Entity::Acknowledgement(domain) => pages.look_again_at(*domain),
            subject::Entity::Contact(_)
            | subject::Entity::DefaultSetting
            | subject::Entity::Silence(_) => pages.look_again(|_| true),
            subject::Entity::Token(_)
            | subject::Entity::Inbox(_)
            | subject::Entity::Account(_)
            | subject::Entity::Strangers
            | subject::Entity::Link(_) => return,
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
        pages.roads.read(&key.recipient(), message);
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

    /// Who is to be told of an event that nobody acknowledges, and from when on.
    pub fn escalation(&self, news: &News, now: Timestamp) -> Vec<(ThreadKey, Timestamp)> {
        let pages = self.pages.lock();
        let Some((after, second)) = self.people(&pages).escalation(news) else { return Vec::new() };
        let due_at = now.checked_add(after).unwrap_or(Timestamp::MAX);
        let at = |Recipient { contact, channel }| {
            let key = ThreadKey { domain: news.domain(), contact, channel };
            let waiting = pages.threads.get(&key).and_then(|page| page.known.state.waits(news));
            // What has become worse does not begin to wait anew.
            (key, waiting.map_or(due_at, |waiting| waiting.min(due_at)))
        };
        second.into_iter().map(at).collect()
    }

    /// What is to be done about a thread now. What is due until an instant may go with others.
    pub fn next(&self, key: &ThreadKey, now: Timestamp, together_until: Timestamp) -> Next {
        let pages = self.pages.lock();
        let Some(page) = pages.threads.get(key) else { return Next::Rest(None) };
        let people = self.people(&pages);
        let well_since = pages.roads.well_since(&key.recipient());
        let world = World { people, anomalies: &pages.anomalies, now, together_until, well_since };
        match plan::plan(&page.known.state, key, world) {
            Plan::Record(command) => Next::Record(command),
            Plan::Rest(until) => Next::Rest(until),
            Plan::Send(sending) => match self.trip(sending, key, people, now) {
                Ok(trip) => Next::Send(Box::new(Trip { is_alone: page.is_alone, ..trip })),
                Err(command) => Next::Record(*command),
            },
        }
    }

    /// Whether a recipient has this address, and it is to be verified.
    pub fn asks_at(&self, recipient: &Recipient, address: &str) -> bool {
        let pages = self.pages.lock();
        let contact = pages.roster.contact(&recipient.contact);
        let unverified = contact.and_then(|contact| contact.unverified(&recipient.channel));
        unverified == Some(Address::Clear(address.to_owned()))
    }

    fn people<'a>(&'a self, pages: &'a Pages) -> People<'a> {
        People { roster: &pages.roster, operator: self.config.operator.as_deref() }
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

impl Page {
    fn turn(&self) -> Turn {
        Turn::of(&self.known.state)
    }
}

impl Pages {
    fn threads_of(&self, domain: Option<DomainId>) -> impl Iterator<Item = (&ThreadKey, &Page)> {
        let first = ThreadKey {
            domain,
            contact: ContactId::from_bytes([0; 16]),
            // Sorts before every other token.
            channel: "-".parse().expect("a constant that is a token"),
        };
        self.threads.range(first..).take_while(move |(key, _)| key.domain == domain)
    }
}
