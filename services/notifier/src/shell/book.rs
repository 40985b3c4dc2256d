//! What the notifier knows: contacts and settings, open anomalies, and every thread; folded from
//! the streams and kept nowhere else.
//!
//! The book answers what is to be done about a thread now, and which thread is to be looked at
//! when. Its lock is held for moments only, never while something is waited for.

mod agenda;
mod recent;
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
    ledger::{self, Entity as LedgerEntity, Known, LedgerError, Place},
    seal::Seal,
};
use jiff::Timestamp;
use parking_lot::Mutex;
use proto::{
    id::{ContactId, DomainId},
    stream,
    subject::{self, Token},
    time,
    v1::{DeliveryRecord, InventoryRecord},
};
use tokio::sync::Notify;

use self::{
    agenda::{Agenda, Turn, When},
    recent::Recent,
    roads::Roads,
};
pub use self::{
    agenda::{Lane, Nothing, Room},
    roads::Spot,
    taking::Haul,
    trip::Trip,
};
use super::channel::Pace;
use crate::domain::{
    anomalies::Anomalies,
    audience::{People, Recipient},
    detour,
    news::News,
    plan::{Inbox, ThreadKey},
    roster::{Address, Roster},
    thread::{
        Command, Thread,
        open::Open,
        step::{self, Step},
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
    /// The channels of all threads, each once in memory.
    channels: BTreeSet<Token>,
    recent: Recent,
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
    /// The inbox is to be told what cannot be sent now, and why.
    Excuse(Box<Trip>, String),
    /// Nothing, until an instant if there is one.
    Rest(Option<Timestamp>),
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
        let Pages { threads, agenda, gathering, roads, .. } = &mut *pages;
        gathering.clear();
        roads.begin_term();
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
            | subject::Entity::Link(_)
            | subject::Entity::Key => return,
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
        let Pages { threads, channels, .. } = &mut *pages;
        let page = page(threads, channels, key);
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
    ) -> Result<(), LedgerError<crate::domain::thread::Refusal>> {
        let mut pages = self.pages.lock();
        let Pages { roads, recent, threads, channels, .. } = &mut *pages;
        roads.read(&key.recipient(), message);
        let page = page(threads, channels, key);
        let before = page.known.version;
        ledger::take_in_as(&mut page.known, message, |step| recent.sharing(step))?;
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
        let knowing = |anomalies: &[&str]| -> Vec<ThreadKey> {
            let knows = |page: &Page| anomalies.iter().any(|one| page.known.state.knows(one));
            let of_domain = pages.threads_of(news.domain());
            of_domain.filter(|(_, page)| knows(page)).map(|(key, _)| key.clone()).collect()
        };
        if news.recovered().is_empty() {
            let people = self.people(&pages);
            // Whoever knows of what it supersedes must hear of its end, wanted or not. Those who
            // are told it if nobody acknowledges it hear of it then.
            let superseded: Vec<_> = news.supersedes().iter().map(String::as_str).collect();
            let (_, second) = people.escalation(news).unwrap_or_default();
            let later: BTreeSet<_> = second.into_iter().map(key).collect();
            let heirs = knowing(&superseded).into_iter().filter(|key| !later.contains(key));
            let wanting = people.audience(news).into_iter().map(key);
            return wanting.chain(heirs).collect::<BTreeSet<_>>().into_iter().collect();
        }
        // Whoever knows of what recovered, whatever is wanted now: each thread has its own end.
        knowing(&news.recovered().iter().map(|one| one.anomaly.as_str()).collect::<Vec<_>>())
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

    /// What is to be recorded, and where, so that a contact hears through another channel that this
    /// one of its own is out of order, if it is, and there is one: the first, or the next after one
    /// that did not take it.
    pub fn detour(
        &self,
        recipient: &Recipient,
        after: Option<&Token>,
        now: Timestamp,
    ) -> Option<(ThreadKey, Command)> {
        let Pages { roster, roads, .. } = &*self.pages.lock();
        let contact = roster.contact(&recipient.contact)?;
        let breakdown = roads.breakdown(recipient, roster)?;
        let is_broken = |channel: &Token| {
            let other = Recipient { contact: recipient.contact, channel: channel.clone() };
            roads.breakdown(&other, roster).is_some()
        };
        detour::detour(recipient, contact, breakdown, after, is_broken, now)
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

impl Page {
    fn turn(&self) -> Turn {
        Turn::of(&self.known.state)
    }
}

/// The page of a thread, a new one if there is none.
fn page<'a>(
    threads: &'a mut BTreeMap<ThreadKey, Page>,
    channels: &mut BTreeSet<Token>,
    key: &ThreadKey,
) -> &'a mut Page {
    let channel = channels.get(&key.channel).unwrap_or(&key.channel).clone();
    channels.insert(channel.clone());
    threads.entry(ThreadKey { channel, ..*key }).or_default()
}

impl Pages {
    /// The inbox of the contact of a thread.
    fn inbox(&self, key: &ThreadKey) -> Inbox<'_> {
        let Recipient { contact, channel } = Recipient::inbox(key.contact);
        let told = |domain| {
            let key = ThreadKey { domain, contact, channel: channel.clone() };
            self.threads.get(&key).map(|page| &page.known.state)
        };
        Inbox { of_domain: told(key.domain), apart: told(None) }
    }

    /// When the channels of a contact that a thread tells of were mended last.
    fn mended(&self, contact: ContactId, thread: &Thread) -> BTreeMap<Token, Timestamp> {
        let told = thread.open().iter().filter_map(Open::broken_channel);
        let at = |channel: Token| {
            let recipient = Recipient { contact, channel };
            let at = self.roads.mended_at(&recipient, &self.roster);
            (recipient.channel, at)
        };
        told.map(at).collect()
    }

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
