//! What everybody heard, and what was recorded of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter::Sum;

use chassis::bus::Message;
use harness::robots::{Post, Vendor};
use lab::mail::Mail;
use prost::Message as _;
use proto::id::{ContactId, DeliveryId};
use proto::subject;
use proto::v1::{DeliveryRecord, delivery_event::Event as Step};

use super::storm::{self, DOMAIN};

/// One message that came to one contact through one channel.
#[derive(Debug)]
pub(super) struct Arrival {
    contact: String,
    channel: &'static str,
    /// What is the same whenever the same message comes.
    identity: String,
    /// The domains that it names.
    hosts: BTreeSet<String>,
}

impl Arrival {
    pub(super) fn mail(mail: &Mail) -> Self {
        Self {
            contact: mail.recipients.join(" "),
            channel: "email",
            identity: mail.message_id().to_owned(),
            hosts: hosts(&mail.text()),
        }
    }

    pub(super) fn post(contact: &str, vendor: Vendor, post: &Post) -> Self {
        let message = post.message();
        let text = format!("{} {}", message.title, message.text);
        let id = post.header("webhook-id").to_owned();
        let identity = if id.is_empty() { text.clone() } else { id };
        Self {
            contact: contact.to_owned(),
            channel: vendor.method(),
            identity,
            hosts: hosts(&text),
        }
    }

    fn is_of(&self, contact: &str, channel: &str) -> bool {
        self.contact == contact && self.channel == channel
    }
}

/// The domains that a text names.
pub(super) fn hosts(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'));
    words.filter(|word| word.ends_with(DOMAIN)).map(str::to_owned).collect()
}

/// The domains that a contact has heard of through a channel.
pub(super) fn named(arrivals: &[Arrival], contact: &str, channel: &str) -> BTreeSet<String> {
    let of = arrivals.iter().filter(|one| one.is_of(contact, channel));
    of.flat_map(|one| one.hosts.iter().cloned()).collect()
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) kills: usize,
    /// Sendings that were begun and of which no end was recorded.
    pub(super) broken_off: usize,
    /// Messages that came to somebody.
    messages: usize,
    /// Messages that told somebody what had come before. Where several travel together, others may
    /// have joined them since.
    pub(super) again: usize,
    /// Of these, those that were the same message.
    same: usize,
    /// Entries in the inbox.
    entries: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, broken_off, messages, again, same, entries } = self;
        write!(
            f,
            "{kills} kills broke off {broken_off} sendings; {messages} messages, of which {again} \
             came again ({same} as themselves), and {entries} entries in the inbox"
        )
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |a, b| Self {
            kills: a.kills + b.kills,
            broken_off: a.broken_off + b.broken_off,
            messages: a.messages + b.messages,
            again: a.again + b.again,
            same: a.same + b.same,
            entries: a.entries + b.entries,
        })
    }
}

/// What is recorded of deliveries.
#[derive(Default)]
pub(super) struct Tale {
    /// Attempts of which no end is recorded.
    broken_off: usize,
    /// How often each contact was told of each domain in the inbox.
    inbox: BTreeMap<(ContactId, String), usize>,
}

impl Tale {
    pub(super) fn of(records: &[Message]) -> Self {
        let mut tale = Self::default();
        let mut in_act: BTreeSet<DeliveryId> = BTreeSet::new();
        for message in records {
            let (channel, contact, domain) = subject::delivery_parts(&message.subject).unwrap();
            let domain = domain.map(|domain| domain.to_string()).unwrap_or_default();
            let record = DeliveryRecord::decode(message.payload.clone()).unwrap();
            for step in record.events {
                let id: DeliveryId = step.delivery_id.parse().unwrap();
                match step.event.as_ref().unwrap() {
                    Step::Due(_) => {}
                    Step::Attempted(_) => tale.broken_off += usize::from(!in_act.insert(id)),
                    Step::Delivered(_) => {
                        in_act.remove(&id);
                        if channel.as_str() == "internal" {
                            *tale.inbox.entry((contact, domain.clone())).or_default() += 1;
                        }
                    }
                    Step::Failed(_) | Step::Parked(_) | Step::Dropped(_) => {
                        panic!("no channel was out of order: {step:?}")
                    }
                }
            }
        }
        assert_eq!(in_act.len(), 0, "each sending has its end");
        tale
    }

    /// Checks that the inbox has each domain once, and counts.
    pub(super) fn judged(&self, domains: usize, arrivals: &[Arrival], kills: usize) -> Tally {
        let contacts: BTreeSet<_> = self.inbox.keys().map(|(contact, _)| *contact).collect();
        let each = (0..domains).map(|number| storm::id(number).to_string());
        let each: Vec<_> = each.collect();
        let expected = contacts
            .iter()
            .flat_map(|contact| each.iter().map(move |domain| ((*contact, domain.clone()), 1)));
        assert_eq!(contacts.len(), 2);
        assert_eq!(self.inbox, expected.collect(), "the inbox has each domain once");
        let (mut seen, mut known) = (BTreeSet::new(), BTreeSet::new());
        let mut tally = Tally {
            kills,
            broken_off: self.broken_off,
            messages: arrivals.len(),
            entries: self.inbox.values().sum(),
            ..Tally::default()
        };
        for Arrival { contact, channel, identity, hosts } in arrivals {
            tally.same += usize::from(!seen.insert((contact, channel, identity)));
            let before = known.len();
            known.extend(hosts.iter().map(|host| (contact, channel, host)));
            tally.again += usize::from(known.len() < before + hosts.len());
        }
        tally
    }
}
