//! The board as it is kept, so that a restart folds only what is new.
//!
//! Kept is what is folded from the streams that grow without end: `LOG`, `EVENTS`, `DELIVERIES`,
//! `FACTS`. What people ordered is not: it is one record a domain or two, which takes no longer to
//! fold than to recall, and who may sign in is never a matter of what may be thrown away.
//!
//! Each [`Part`] is kept by itself, so that what is written is what has changed: with 100,000
//! domains some 170 looks a second, 40 bytes each, and few else. Whole-state chunks would write
//! 30 MB for them. What is written together is the board of one moment: an entity that is ahead of
//! the others would hide from them what they are still to hear.

use std::collections::BTreeSet;

use prost::Message;
use proto::{
    id::{DeliveryId, DomainId},
    stream::Stream,
    time,
    v1::{self, anomaly_closed::How},
};

use super::{
    Board,
    delivery::{Delivery, memory::KeptDelivery},
    domains::Look,
    watch::{
        Anomaly, Closed, Watch,
        memory::{KeptAnomaly, KeptWatch},
    },
};

/// Changes with every change of the form, or of what folding means.
pub const FORM: u32 = 3;

/// What is kept by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What is known of a domain or prober from its log.
    Watch(DomainId),
    /// The last look at a domain.
    Look(DomainId),
    /// A delivery.
    Delivery(DeliveryId),
    /// An event, by its place in `EVENTS`.
    Event(u64),
    /// A closed anomaly, by the place of the closing in `LOG`.
    Closed(u64, u32),
    /// How far a stream is folded, by its name.
    Reached(&'static str),
}

/// How far a stream is folded: its last message that was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its sequence.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its id: if another stands there, this is another stream.
    pub id: String,
}

/// What is to be written together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Entries that are new or replaced.
    pub puts: Vec<(Vec<u8>, Vec<u8>)>,
    /// Keys of entries that are gone.
    pub removals: Vec<Vec<u8>>,
}

/// Keeping.
impl Board {
    /// Notes how far a stream is folded.
    pub fn reached(&mut self, stream: &'static Stream, reached: Reached) {
        self.reached.insert(stream.name, reached);
        self.changed.insert(Part::Reached(stream.name));
    }

    /// How far a stream is folded; `None`: not at all.
    pub fn how_far(&self, stream: &Stream) -> Option<&Reached> {
        self.reached.get(stream.name)
    }

    /// How much has changed since it was last kept.
    pub fn changes(&self) -> usize {
        self.changed.len()
    }

    /// Takes what has changed since it was last taken. It is to be written as it is now.
    pub fn take_changes(&mut self) -> BTreeSet<Part> {
        std::mem::take(&mut self.changed)
    }

    /// Parts as they are kept.
    pub fn kept(&self, parts: &BTreeSet<Part>) -> Changes {
        let mut changes = Changes::default();
        for part in parts {
            match self.keep(part) {
                Some(value) => changes.puts.push((part.key(), value)),
                None => changes.removals.push(part.key()),
            }
        }
        changes
    }

    /// A part as it is kept; `None` if it is there no more.
    fn keep(&self, part: &Part) -> Option<Vec<u8>> {
        Some(match part {
            Part::Watch(id) => self.domains.known(id)?.watch.keep().encode_to_vec(),
            Part::Look(id) => keep_look(self.domains.known(id)?.look).encode_to_vec(),
            Part::Delivery(id) => self.deliveries.get(id)?.keep().encode_to_vec(),
            Part::Event(sequence) => {
                let at = self.events.binary_search_by_key(sequence, |(at, _)| *at).ok()?;
                self.events.get(at)?.1.encode_to_vec()
            }
            Part::Closed(sequence, place) => {
                keep_closed(self.closed.get(&(*sequence, *place))?).encode_to_vec()
            }
            Part::Reached(name) => keep_reached(self.reached.get(name)?).encode_to_vec(),
        })
    }

    /// Takes in what was kept; `None` if it does not read. In any order.
    pub fn recall(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        match Part::read(key)? {
            Part::Watch(id) => {
                let kept = KeptWatch::decode(value).ok()?;
                self.domains.recall_watch(id, |leaves| Watch::recall(&kept, leaves))?;
            }
            Part::Look(id) => {
                self.domains.recall_look(id, recall_look(KeptLook::decode(value).ok()?));
            }
            Part::Delivery(id) => {
                let delivery = Delivery::recall(id, KeptDelivery::decode(value).ok()?)?;
                // What was read is ordered, and heard of later.
                self.deliveries.put(Box::new(delivery), &|_, _| false);
            }
            Part::Event(sequence) => {
                let at = self.events.partition_point(|(at, _)| *at < sequence);
                self.events.insert(at, (sequence, v1::Event::decode(value).ok()?));
            }
            Part::Closed(sequence, place) => {
                let closed = recall_closed(&KeptClosed::decode(value).ok()?)?;
                self.closed.insert((sequence, place), closed);
            }
            Part::Reached(name) => {
                let reached = recall_reached(KeptReached::decode(value).ok()?);
                self.reached.insert(name, reached);
            }
        }
        Some(())
    }
}

impl Part {
    fn key(&self) -> Vec<u8> {
        match self {
            Self::Watch(id) => [b"w", &id.as_bytes()[..]].concat(),
            Self::Look(id) => [b"l", &id.as_bytes()[..]].concat(),
            Self::Delivery(id) => [b"d", &id.as_bytes()[..]].concat(),
            Self::Event(sequence) => [b"e", &sequence.to_be_bytes()[..]].concat(),
            Self::Closed(sequence, place) => {
                [b"c", &sequence.to_be_bytes()[..], &place.to_be_bytes()].concat()
            }
            Self::Reached(name) => [b"r", name.as_bytes()].concat(),
        }
    }

    fn read(key: &[u8]) -> Option<Self> {
        let (tag, rest) = key.split_first()?;
        Some(match tag {
            b'w' => Self::Watch(DomainId::from_bytes(rest.try_into().ok()?)),
            b'l' => Self::Look(DomainId::from_bytes(rest.try_into().ok()?)),
            b'd' => Self::Delivery(DeliveryId::from_bytes(rest.try_into().ok()?)),
            b'e' => Self::Event(u64::from_be_bytes(rest.try_into().ok()?)),
            b'c' => {
                let (sequence, place) = rest.split_at_checked(8)?;
                let sequence = u64::from_be_bytes(sequence.try_into().ok()?);
                Self::Closed(sequence, u32::from_be_bytes(place.try_into().ok()?))
            }
            b'r' => Self::Reached(Stream::named(str::from_utf8(rest).ok()?)?.name),
            _ => return None,
        })
    }
}

#[derive(Clone, PartialEq, Message)]
struct KeptLook {
    #[prost(message, optional, tag = "1")]
    at: Option<prost_types::Timestamp>,
    #[prost(uint32, tag = "2")]
    endpoints: u32,
    #[prost(uint64, tag = "3")]
    number: u64,
}

fn keep_look(Look { at, endpoints, number }: Look) -> KeptLook {
    KeptLook { at: at.map(time::write), endpoints, number }
}

fn recall_look(KeptLook { at, endpoints, number }: KeptLook) -> Look {
    Look { at: at.as_ref().and_then(time::read), endpoints, number }
}

#[derive(Clone, PartialEq, Message)]
struct KeptClosed {
    #[prost(bytes = "vec", tag = "1")]
    domain: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    anomaly: Option<KeptAnomaly>,
    #[prost(message, optional, tag = "3")]
    closed_at: Option<prost_types::Timestamp>,
    #[prost(enumeration = "How", tag = "4")]
    how: i32,
}

fn keep_closed(closed: &Closed) -> KeptClosed {
    KeptClosed {
        domain: closed.domain.as_bytes().to_vec(),
        anomaly: Some(closed.anomaly.keep()),
        closed_at: Some(time::write(closed.closed_at)),
        how: closed.how.into(),
    }
}

fn recall_closed(kept: &KeptClosed) -> Option<Closed> {
    Some(Closed {
        domain: DomainId::from_bytes(kept.domain.as_slice().try_into().ok()?),
        anomaly: Anomaly::recall(kept.anomaly.as_ref()?)?,
        closed_at: kept.closed_at.as_ref().and_then(time::read)?,
        how: How::try_from(kept.how).ok()?,
    })
}

#[derive(Clone, PartialEq, Message)]
struct KeptReached {
    #[prost(uint64, tag = "1")]
    sequence: u64,
    #[prost(string, tag = "2")]
    subject: String,
    #[prost(string, tag = "3")]
    id: String,
}

fn keep_reached(Reached { sequence, subject, id }: &Reached) -> KeptReached {
    KeptReached { sequence: *sequence, subject: subject.clone(), id: id.clone() }
}

fn recall_reached(KeptReached { sequence, subject, id }: KeptReached) -> Reached {
    Reached { sequence, subject, id }
}
