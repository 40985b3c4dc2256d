//! One sixteenth of all domains: their folded state, their timers, and every decision on them.
//!
//! A partition is one task and owns its domains; whoever wants something of it writes a letter. All
//! detectors fold; only the one that leads has timers, decides and asks for looks. Start reading at
//! [`Partition::run`].

use std::{sync::Arc, time::Duration};

use chassis::{
    bus::{Message, SharedBus},
    clock::SharedClock,
    context::Context,
    dice::Dice,
    ledger::{self, Ledger},
};
use futures::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use proto::{
    id::DomainId,
    v1::{InventoryRecord, LogRecord, Purpose, ScanFact},
};
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use self::{
    desk::Desk,
    entries::Entries,
    entry::{About, Entry},
    jobs::{JOBS_MAX, Offer, Offered},
    timers::Timers,
};
use super::{
    errands::ErrandError,
    shared::{ALL_PROBERS, Shared},
};
use crate::domain::{
    schedule::{self, Plan, Turn},
    watch::command::{Ask, Extent},
    wish::Wish,
};

mod desk;
pub(crate) mod entries;
pub(crate) mod entry;
mod facts;
mod jobs;
pub(crate) mod kept;
#[cfg(test)]
mod tests;
mod timers;
mod turns;

pub(crate) use desk::DeskError;
pub(crate) use facts::FactError;

/// Letters that wait for a partition before their senders wait as well.
pub(crate) const LETTERS_MAX: usize = 256;

/// Due domains that are attended to before letters are read again, and the other way round.
const RUN_MAX: usize = 64;

/// How long until something that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is asked of a partition.
pub(crate) enum Letter {
    /// A message of `LOG`.
    Recorded(DomainId, Message),
    /// A record of `INVENTORY` on one domain, and its position.
    Ordered(DomainId, InventoryRecord, u64),
    /// A scan fact.
    Seen(DomainId, Box<ScanFact>, oneshot::Sender<Result<(), FactError>>),
    /// Somebody wants the domain looked at.
    ScanNow(DomainId, oneshot::Sender<()>),
    /// What is thought of a prober, by the id of its history and its name.
    OfProber(DomainId, String, Ask, oneshot::Sender<Result<(), ErrandError>>),
    /// This detector leads, and writes through this.
    Lead(SharedBus),
    /// It leads no more.
    Rest,
    /// Answer when all letters before this one have been read.
    Here(oneshot::Sender<()>),
    /// Answer then, with what has changed since the last time: to be kept.
    Keep(oneshot::Sender<Vec<kept::Change>>),
}

/// One sixteenth of all domains.
pub(crate) struct Partition {
    shared: Arc<Shared>,
    clock: SharedClock,
    dice: Arc<Dice>,
    /// Also those that were removed: what a history means can only be told from its beginning.
    entries: Entries,
    timers: Timers,
    office: Option<Office>,
    offers: FuturesUnordered<Offer>,
}

/// What the one who leads writes through.
struct Office {
    bus: SharedBus,
    ledger: Ledger,
}

impl Partition {
    pub(crate) fn new(context: &Context, shared: Arc<Shared>, entries: Entries) -> Self {
        let mut partition = Self {
            shared,
            clock: context.clock.clone(),
            dice: context.dice.clone(),
            entries,
            timers: Timers::default(),
            office: None,
            offers: FuturesUnordered::new(),
        };
        partition.entries.for_each(|_, entry| recount(&partition.shared, entry));
        partition
    }

    /// How many histories there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Reads letters and attends to what is due, until nobody can write any more.
    pub(crate) async fn run(mut self, mut letters: mpsc::Receiver<Letter>) {
        let mut batch = Vec::with_capacity(RUN_MAX);
        loop {
            self.attend().await;
            let next = self.next_due();
            let clock = self.clock.clone();
            let due = async {
                match next {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(offered) = self.offers.next() => self.offered(offered),
                read = letters.recv_many(&mut batch, RUN_MAX) => {
                    if read == 0 {
                        return;
                    }
                    for letter in batch.drain(..) {
                        self.read(letter).await;
                    }
                }
                () = due => {}
            }
        }
    }

    /// Reads one letter.
    pub(crate) async fn read(&mut self, letter: Letter) {
        match letter {
            Letter::Recorded(domain, message) => self.recorded(domain, &message),
            Letter::Ordered(domain, record, sequence) => self.ordered(domain, &record, sequence),
            Letter::Seen(domain, fact, answer) => {
                let judged = self.seen(domain, &fact).await;
                // Whoever asked may have been stopped: the fact will be delivered again.
                drop(answer.send(judged));
            }
            Letter::ScanNow(domain, answer) => {
                self.scan_now(domain);
                answered(answer);
            }
            Letter::OfProber(domain, name, ask, answer) => {
                let said = self.say_of_prober(domain, &name, ask).await;
                // Whoever asked may have been stopped: it is no longer its to say.
                drop(answer.send(said));
            }
            Letter::Lead(bus) => self.lead(bus),
            Letter::Rest => self.rest(),
            Letter::Here(answer) => answered(answer),
            Letter::Keep(answer) => drop(answer.send(self.changes())),
        }
    }

    /// Folds a record, unless it is our own and known already.
    fn recorded(&mut self, domain: DomainId, message: &Message) {
        let entry = self.entries.of(domain);
        if message.sequence <= entry.known.version {
            return;
        }
        if let About::Unknown = entry.about
            && let Some(name) = prober_of(message)
        {
            entry.about = About::Prober(name);
        }
        if let Err(error) = ledger::take_in(&mut entry.known, message) {
            let error = chassis::error::Chain(&error).to_string();
            error!(domain.id = %domain, %error, "A record of the log is passed over.");
            entry.known.version = message.sequence;
        }
        entry.dirty = true;
        self.settle(domain);
    }

    fn ordered(&mut self, domain: DomainId, record: &InventoryRecord, sequence: u64) {
        let known = self.entries.get_mut(&domain);
        let before = known.and_then(|entry| match std::mem::take(&mut entry.about) {
            About::Domain(wish) => Some(wish),
            About::Unknown | About::Prober(_) => None,
        });
        let Some(wish) = Wish::after(before, record, sequence) else { return };
        let entry = self.entries.of(domain);
        entry.about = About::Domain(wish);
        entry.dirty = true;
        if self.office.is_some() {
            let turn = Turn { at: self.clock.now(), purpose: Purpose::Enabling };
            entry.plan.get_or_insert_with(|| Plan::new(turn)).turn = turn;
        }
        self.settle(domain);
    }

    fn scan_now(&mut self, domain: DomainId) {
        let now = self.clock.now();
        if let Some(plan) = self.entries.get_mut(&domain).and_then(|entry| entry.plan.as_mut()) {
            plan.hurry(Purpose::Requested, now);
            self.settle(domain);
        }
    }

    /// Begins to decide: every domain gets a plan.
    fn lead(&mut self, bus: SharedBus) {
        let ledger = Ledger::on(bus.clone(), self.clock.clone(), self.dice.clone());
        self.office = Some(Office { bus, ledger });
        let now = self.clock.now();
        let Self { shared, dice, timers, entries, .. } = self;
        entries.for_each(|domain, entry| {
            let watch = &entry.known.state;
            if let About::Prober(name) = &entry.about {
                resume_blindness(shared, name, watch, now);
                return;
            }
            let interval = entry.interval(shared.config.interval);
            let turn = match entry.pending() {
                Some(_) => Turn { at: now, purpose: Purpose::Enabling },
                None => schedule::first(watch, &domain, interval, now, dice.chance()),
            };
            entry.plan = Some(Plan::resumed(watch, turn));
            if let Some(at) = entry.due() {
                timers.set(&mut entry.alarm, domain, at);
            }
        });
    }

    /// Decides no more: folding goes on.
    fn rest(&mut self) {
        self.office = None;
        self.timers.clear();
        self.offers.clear();
        self.entries.for_each(|_, entry| {
            entry.plan = None;
            entry.alarm = timers::Alarm::default();
            recount(&self.shared, entry);
        });
    }

    async fn say_of_prober(
        &mut self,
        domain: DomainId,
        name: &str,
        ask: Ask,
    ) -> Result<(), ErrandError> {
        let Some(office) = &self.office else { return Err(ErrandError::NoTerm) };
        let entry = self.entries.of(domain);
        entry.about = About::Prober(name.into());
        let desk = Desk::new(&self.shared, office, &self.dice, domain, self.clock.now());
        desk.say(entry, ask).await?;
        Ok(())
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.office.as_ref()?;
        self.timers.next()
    }

    /// Attends to domains that are due, a few at a time.
    async fn attend(&mut self) {
        let Some(office) = &self.office else { return };
        for _ in 0..RUN_MAX {
            let now = self.clock.now();
            let Some((alarm, domain)) = self.timers.pop(now) else { return };
            let Some(entry) = self.entries.get_mut(&domain) else { continue };
            if !timers::ring(&mut entry.alarm, alarm) {
                continue;
            }
            let desk = Desk::new(&self.shared, office, &self.dice, domain, now);
            let room = self.offers.len() < JOBS_MAX;
            let turned = desk.turn(entry, room).await;
            self.offers.extend(turned.offer);
            recount(&self.shared, entry);
            if let Some(at) = entry.due() {
                self.timers.set(&mut entry.alarm, domain, at.max(turned.not_before));
            }
        }
    }

    /// The bus said what became of an offer.
    fn offered(&mut self, Offered { domain, look, answer }: Offered) {
        let (now, usual) = (self.clock.now(), self.shared.config.interval);
        let Some(entry) = self.entries.get_mut(&domain) else { return };
        let interval = entry.interval(usual);
        if let Some(plan) = &mut entry.plan {
            jobs::answered(plan, look, &answer, interval, now);
        }
        self.settle(domain);
    }

    /// Sees to it that a domain is attended to in time and counted rightly.
    fn settle(&mut self, domain: DomainId) {
        let Some(entry) = self.entries.get_mut(&domain) else { return };
        recount(&self.shared, entry);
        if let Some(at) = entry.due() {
            self.timers.set(&mut entry.alarm, domain, at);
        }
    }

    /// What has changed since the last time.
    pub(crate) fn changes(&mut self) -> Vec<kept::Change> {
        let mut changes = Vec::new();
        self.entries.for_each(|domain, entry| {
            if std::mem::take(&mut entry.dirty) {
                changes.push((domain, kept::write(entry)));
            }
        });
        changes
    }
}

/// Says that a letter was read; whoever wrote it may have been stopped.
fn answered(answer: oneshot::Sender<()>) {
    answer.send(()).unwrap_or_default();
}

/// Tells the census of an entry.
fn recount(shared: &Shared, entry: &mut Entry) {
    let watch = &entry.known.state;
    let watched = watch.is_watched();
    let goes_unseen = match &entry.plan {
        // Two of three periods: when the first domain reaches the third, the others are close
        // behind.
        Some(plan) => plan.missed >= 2,
        // So that the count is right from the first moment of a term.
        None => watch.is_told_unseen(Extent::Most),
    };
    let unseen = watched && goes_unseen;
    shared.census.count_watched(watched, entry.counted.watched);
    shared.census.count_unseen(unseen, entry.counted.unseen);
    entry.counted = entry::Counted { watched, unseen };
}

/// Whose history a record is, if it is a prober's.
fn prober_of(message: &Message) -> Option<Box<str>> {
    let record = message.read::<LogRecord>().ok()?;
    (record.port == 0 && !record.host.is_empty()).then(|| record.host.into())
}

/// Takes up what was said of a prober before.
fn resume_blindness(
    shared: &Shared,
    name: &str,
    watch: &crate::domain::watch::Watch,
    now: Timestamp,
) {
    if watch.open_of(proto::v1::Kind::ProberBlind).is_none() {
        return;
    }
    if name == ALL_PROBERS {
        shared.census.all_blind();
    } else {
        shared.probers.lock().resume_blind(name, now);
    }
}

/// The id under which a prober's history is kept.
pub(crate) fn prober_id(name: &str) -> DomainId {
    DomainId::derive(&["prober", name])
}
