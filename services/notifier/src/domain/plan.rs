//! What is to be done about a thread now: judged each time anew, from what was told, what is still
//! true, and what people want at this moment.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use kernel::window::Window;
use proto::{
    id::{ContactId, DeliveryId, DomainId},
    subject::Token,
    v1::{AnomalyTime, Kind, Severity, delivery_dropped::Why},
};

use crate::domain::{
    anomalies::{Anomalies, Life},
    audience::{People, Recipient, Terms},
    news::News,
    pace::Pause,
    roster::{Address, Contact},
    thread::{
        Command, Thread,
        open::{Open, Urgency},
        step::{Cause, Enclosure},
        told::Told,
    },
};

pub mod paused;

pub use self::paused::Inbox;
use self::paused::Paused;

/// Age at which what was told of an open anomaly is said anew: ten days before the stream lets go
/// of it.
const RESTATED_AFTER: SignedDuration = SignedDuration::from_hours(80 * 24);

/// How often an acknowledged anomaly is looked at that would be due for a reminder.
const ACKNOWLEDGED_ASKED: SignedDuration = SignedDuration::from_hours(1);

/// Names one thread. Those of one domain lie together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThreadKey {
    /// The domain. None for what speaks of none.
    pub domain: Option<DomainId>,
    /// Who is told.
    pub contact: ContactId,
    /// Through what.
    pub channel: Token,
}

impl ThreadKey {
    /// Who is told, and through what.
    pub fn recipient(&self) -> Recipient {
        Recipient { contact: self.contact, channel: self.channel.clone() }
    }
}

/// What there is to know when a thread is judged.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// Who wants what.
    pub people: People<'a>,
    /// What is open.
    pub anomalies: &'a Anomalies,
    /// Now.
    pub now: Timestamp,
    /// What was never tried and is due by then may go now, together with what goes anyway; not
    /// before now.
    pub together_until: Timestamp,
    /// Since when the address takes messages again, if there was a time when it did not.
    pub well_since: Option<Timestamp>,
    /// Why nothing goes to the address until somebody mends it, if that is so.
    pub pause: Option<&'a Pause>,
    /// What the inbox of the contact was told.
    pub inbox: Inbox<'a>,
    /// When another channel of the contact, that this thread tells of, was last in order, or
    /// somebody put its address right.
    pub mended: &'a BTreeMap<Token, Timestamp>,
}

/// What is to be done about a thread.
#[derive(Debug, PartialEq)]
pub enum Plan<'a> {
    /// Something is to be recorded; then judge again.
    Record(Command),
    /// Something is to be sent.
    Send(Sending<'a>),
    /// The inbox is to be told what waits for an address that is out of order, and why it is; then
    /// judge again.
    Excuse(Sending<'a>, &'a str),
    /// Nothing, until an instant if there is one.
    Rest(Option<Timestamp>),
}

/// Something to be sent.
#[derive(Debug, PartialEq)]
pub struct Sending<'a> {
    /// The delivery.
    pub open: &'a Open,
    /// Who is told.
    pub contact: &'a Contact,
    /// Where.
    pub address: Address,
    /// What it answers to, the first told first.
    pub roots: Vec<Root>,
    /// The owner note of the domain; empty if it has none.
    pub owner_note: &'a str,
}

/// An earlier delivery that began the story which another goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// The delivery.
    pub id: DeliveryId,
    /// What it told.
    pub kind: Kind,
}

impl World<'_> {
    /// By when a delivery must be due to go now.
    fn admits(&self, open: &Open) -> Timestamp {
        if open.failed_before(self.well_since) {
            return open.next_at.max(self.now);
        }
        let may_join = open.cause == Cause::Event && open.attempts == 0;
        if may_join { self.together_until } else { self.now }
    }

    /// Whether somebody has in hand what the news say: it has not become worse since, and the
    /// certificate is still the one that it was.
    fn is_acknowledged(&self, news: &News) -> bool {
        let at = self.people.roster.acknowledged_at(news);
        let changed_at = self.anomalies.changed_at(news.domain());
        at.is_some_and(|at| changed_at.is_none_or(|changed_at| changed_at <= at))
    }
}

enum Verdict<'a> {
    Send(Terms<'a>),
    Hold(Timestamp),
    Drop(Why),
}

/// Judges a thread.
pub fn plan<'a>(thread: &'a Thread, key: &ThreadKey, world: World<'a>) -> Plan<'a> {
    let mut rest: Option<Timestamp> = None;
    let mut chosen = None;
    for (place, open) in thread.open().iter().enumerate() {
        match verdict(thread, place, open, key, world) {
            Verdict::Drop(why) => {
                return Plan::Record(Command::Drop { id: open.id, why, at: world.now });
            }
            Verdict::Hold(until) => sooner(&mut rest, until),
            Verdict::Send(_) if open.next_at > world.admits(open) => {
                sooner(&mut rest, open.next_at);
            }
            Verdict::Send(terms) => match paused::judge(open, key, world) {
                Paused::No if !goes_after(open, chosen.as_ref()) => chosen = Some((open, terms)),
                Paused::No => {}
                Paused::Until(at) => sooner(&mut rest, at),
                Paused::TooLong(command) => return Plan::Record(command),
                Paused::Unexcused(reason) => {
                    return Plan::Excuse(sending(thread, key, world, open, terms), reason);
                }
            },
        }
    }
    for told in thread.told() {
        match reminder(thread, told, key, world) {
            Reminder::Now(command) => return Plan::Record(command),
            Reminder::At(at) => sooner(&mut rest, at),
            Reminder::Never => {}
        }
    }
    match chosen {
        Some((open, terms)) => Plan::Send(sending(thread, key, world, open, terms)),
        None => Plan::Rest(rest),
    }
}

/// Whether something else of the thread goes first. What comes first does, but somebody waits for
/// what was asked for.
fn goes_after(open: &Open, chosen: Option<&(&Open, Terms<'_>)>) -> bool {
    let is_asked = |open: &Open| open.urgency() == Urgency::Asked;
    chosen.is_some_and(|(chosen, _)| is_asked(chosen) || !is_asked(open))
}

fn sending<'a>(
    thread: &'a Thread,
    key: &ThreadKey,
    world: World<'a>,
    open: &'a Open,
    terms: Terms<'a>,
) -> Sending<'a> {
    Sending {
        roots: roots(thread, open),
        owner_note: world.people.roster.owner_note(key.domain),
        contact: terms.contact,
        address: terms.address,
        open,
    }
}

fn verdict<'a>(
    thread: &Thread,
    place: usize,
    open: &Open,
    key: &ThreadKey,
    world: World<'a>,
) -> Verdict<'a> {
    let recipient = key.recipient();
    let terms = match open.cause {
        Cause::Verification => world.people.ask(&recipient),
        Cause::ChannelBroken if is_mended(open, world) => Err(Why::ClosedBefore),
        Cause::Test | Cause::Again | Cause::ChannelBroken => world.people.reach(&recipient),
        Cause::Event | Cause::Reminder | Cause::Escalation | Cause::Unspecified => {
            match moot(thread, place, open, key, world) {
                Some(why) => Err(why),
                None => world.people.terms(&open.news, &recipient, open.cause),
            }
        }
    };
    match terms {
        Err(why) => Verdict::Drop(why),
        Ok(terms) => match held(&terms, open, world) {
            Some(until) => Verdict::Hold(until),
            None => Verdict::Send(terms),
        },
    }
}

/// Why the news has nothing to say any more, if it has not.
fn moot(
    thread: &Thread,
    place: usize,
    open: &Open,
    key: &ThreadKey,
    world: World<'_>,
) -> Option<Why> {
    let news = &open.news;
    let Some(anomaly) = news.alarm() else {
        let recovered = news.recovered();
        let is_told = recovered.is_empty() || recovered.iter().any(|r| thread.knows(&r.anomaly));
        return (!is_told).then_some(Why::ClosedBefore);
    };
    let said_later = |later: &Open| {
        later.news.alarm() == Some(anomaly)
            || later.news.supersedes().iter().any(|old| old == anomaly)
    };
    let presses = matches!(open.cause, Cause::Reminder | Cause::Escalation);
    if presses && world.is_acknowledged(news) {
        return Some(Why::Acknowledged);
    }
    match world.anomalies.life(key.domain, anomaly) {
        // The recovery that follows says it, to whoever may know.
        Life::Closed => Some(Why::ClosedBefore),
        Life::Superseded => Some(Why::Merged),
        Life::Open | Life::Unknown => {
            thread.open().iter().skip(place + 1).any(said_later).then_some(Why::Merged)
        }
    }
}

/// Whether the channel that it tells of was mended since.
fn is_mended(open: &Open, world: World<'_>) -> bool {
    let mended_at = open.broken_channel().and_then(|channel| world.mended.get(&channel));
    mended_at.is_some_and(|at| *at > open.news.occurred_at())
}

/// Until when news must wait for the end of a silence, or for the window, if they must.
fn held(terms: &Terms<'_>, open: &Open, world: World<'_>) -> Option<Timestamp> {
    // What a person asked for is not what a silence is against.
    let is_asked = matches!(open.cause, Cause::Test | Cause::Again | Cause::Verification);
    let silence = world.people.roster.silent_until(open.news.domain(), world.now);
    let passes = terms.critical_any_time && open.news.severity() == Severity::Critical;
    let window = terms.window.filter(|_| !passes);
    let window = window.and_then(|window| shut_until(window, world.now));
    silence.filter(|_| !is_asked).max(window)
}

/// When the anomaly time begins, outside of it.
fn shut_until(window: &AnomalyTime, now: Timestamp) -> Option<Timestamp> {
    let AnomalyTime { from_minute, to_minute, time_zone, .. } = window;
    Window { from_minute: *from_minute, to_minute: *to_minute, time_zone }.opens(now)
}

enum Reminder {
    Now(Command),
    At(Timestamp),
    Never,
}

fn reminder(thread: &Thread, told: &Told, key: &ThreadKey, world: World<'_>) -> Reminder {
    let (anomaly, ending) = (told.anomaly(), told.ending());
    let is_pending = thread.open().iter().any(|open| open.news.alarm() == Some(ending));
    match world.anomalies.life(key.domain, ending) {
        Life::Open if !is_pending => {}
        Life::Open | Life::Closed | Life::Superseded | Life::Unknown => return Reminder::Never,
    }
    let restated_at = after(told.at, RESTATED_AFTER);
    if restated_at <= world.now {
        let (anomaly, at) = (anomaly.to_owned(), world.now);
        return Reminder::Now(Command::Restate { anomaly, at });
    }
    // It is over itself, and nobody wants to hear of what took its place.
    if told.heir.is_some() {
        return Reminder::At(restated_at);
    }
    if world.is_acknowledged(&told.news) {
        // Asked again, since a new certificate ends it without a word to this thread.
        return Reminder::At(after(world.now, ACKNOWLEDGED_ASKED).min(restated_at));
    }
    let terms = world.people.terms(&told.news, &key.recipient(), Cause::Reminder);
    let days = terms.ok().and_then(|terms| terms.repeat_days);
    let due_at = days.map(|days| after(told.at, SignedDuration::from_hours(i64::from(days) * 24)));
    match due_at {
        Some(due_at) if due_at <= world.now => {
            let channel = key.channel.as_str();
            let id = DeliveryId::of(told.news.id(), &key.contact, channel, told.reminders + 1);
            Reminder::Now(Command::Remind { id, anomaly: anomaly.to_owned(), at: world.now })
        }
        Some(due_at) => Reminder::At(due_at.min(restated_at)),
        None => Reminder::At(restated_at),
    }
}

/// The deliveries that began the story which this one goes on with.
fn roots(thread: &Thread, open: &Open) -> Vec<Root> {
    let recovered = open.news.recovered().iter().map(|one| one.anomaly.as_str());
    let anomalies = open.news.alarm().into_iter().chain(recovered);
    let roots = anomalies.filter_map(|anomaly| thread.told_of(anomaly));
    roots
        .map(|told| Root { id: told.root, kind: told.news.kind() })
        .filter(|root| root.id != open.id)
        .collect()
}

fn sooner(rest: &mut Option<Timestamp>, at: Timestamp) {
    *rest = Some(rest.map_or(at, |rest| rest.min(at)));
}

fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// The command that tells a recipient of news, under the id that belongs to both, not before an
/// instant.
pub fn tell(
    news: &Arc<News>,
    recipient: &Recipient,
    cause: Cause,
    not_before: Timestamp,
    now: Timestamp,
) -> Command {
    let id = DeliveryId::of(news.id(), &recipient.contact, recipient.channel.as_str(), 0);
    Command::Tell {
        id,
        news: Arc::clone(news),
        cause,
        not_before,
        enclosure: Enclosure::Nothing,
        at: now,
    }
}

#[cfg(test)]
mod broken;
#[cfg(test)]
mod meetings;
#[cfg(test)]
mod tests;
