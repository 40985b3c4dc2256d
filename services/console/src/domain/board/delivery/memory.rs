//! A delivery as it is kept.

use prost::Message;
use proto::{
    id::{ContactId, DeliveryId, DomainId},
    time,
    v1::{InboxEntry, Kind, Severity, delivery_dropped::Why, delivery_due::Cause},
};

use super::{Delivery, DeliveryState, News, Step};

/// A delivery, as kept.
#[derive(Clone, PartialEq, Message)]
pub(in crate::domain::board) struct KeptDelivery {
    #[prost(string, tag = "1")]
    channel: String,
    #[prost(bytes = "vec", tag = "2")]
    contact: Vec<u8>,
    #[prost(bytes = "vec", optional, tag = "3")]
    domain: Option<Vec<u8>>,
    #[prost(uint64, tag = "4")]
    sequence: u64,
    #[prost(uint32, tag = "5")]
    place: u32,
    #[prost(message, optional, tag = "6")]
    due_at: Option<prost_types::Timestamp>,
    #[prost(enumeration = "Cause", tag = "7")]
    cause: i32,
    #[prost(uint32, tag = "8")]
    reminder: u32,
    #[prost(message, optional, tag = "9")]
    news: Option<KeptNews>,
    #[prost(uint32, tag = "10")]
    state: u32,
    #[prost(message, repeated, tag = "11")]
    steps: Vec<KeptStep>,
    #[prost(message, optional, tag = "12")]
    entry: Option<InboxEntry>,
    #[prost(uint64, tag = "13")]
    last: u64,
    #[prost(uint32, tag = "14")]
    last_place: u32,
}

#[derive(Clone, PartialEq, Message)]
struct KeptNews {
    #[prost(string, tag = "1")]
    event: String,
    #[prost(string, tag = "2")]
    host: String,
    #[prost(uint32, tag = "3")]
    port: u32,
    #[prost(enumeration = "Kind", tag = "4")]
    kind: i32,
    #[prost(enumeration = "Severity", tag = "5")]
    severity: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeptStep {
    #[prost(message, optional, tag = "1")]
    at: Option<prost_types::Timestamp>,
    #[prost(uint32, tag = "2")]
    state: u32,
    #[prost(uint32, tag = "3")]
    attempt: u32,
    #[prost(string, tag = "4")]
    words: String,
    #[prost(message, optional, tag = "5")]
    retry_at: Option<prost_types::Timestamp>,
    #[prost(bytes = "vec", optional, tag = "6")]
    lead: Option<Vec<u8>>,
    #[prost(message, optional, tag = "7")]
    rests_until: Option<prost_types::Timestamp>,
    #[prost(enumeration = "Why", optional, tag = "8")]
    why: Option<i32>,
}

impl Delivery {
    /// As it is kept.
    pub(in crate::domain::board) fn keep(&self) -> KeptDelivery {
        let News { event, host, port, kind, severity } = &self.news;
        KeptDelivery {
            channel: self.channel.to_string(),
            contact: self.contact.as_bytes().to_vec(),
            domain: self.domain.map(|id| id.as_bytes().to_vec()),
            sequence: self.turn.0,
            place: self.turn.1,
            due_at: Some(time::write(self.due_at)),
            cause: self.cause.into(),
            reminder: self.reminder,
            news: Some(KeptNews {
                event: event.to_string(),
                host: host.to_string(),
                port: *port,
                kind: (*kind).into(),
                severity: (*severity).into(),
            }),
            state: self.state as u32,
            steps: self.steps.iter().map(Step::keep).collect(),
            entry: self.entry.as_deref().cloned(),
            last: self.last.0,
            last_place: self.last.1,
        }
    }

    /// From what was kept; `None` if it does not read.
    pub(in crate::domain::board) fn recall(id: DeliveryId, kept: KeptDelivery) -> Option<Self> {
        let news = kept.news.unwrap_or_default();
        Some(Self {
            id,
            channel: kept.channel.into(),
            contact: ContactId::from_bytes(kept.contact.try_into().ok()?),
            domain: match kept.domain {
                Some(id) => Some(DomainId::from_bytes(id.try_into().ok()?)),
                None => None,
            },
            turn: (kept.sequence, kept.place),
            due_at: kept.due_at.as_ref().and_then(time::read)?,
            cause: Cause::try_from(kept.cause).ok()?,
            reminder: kept.reminder,
            news: News {
                event: news.event.into(),
                host: news.host.into(),
                port: news.port,
                kind: Kind::try_from(news.kind).ok()?,
                severity: Severity::try_from(news.severity).ok()?,
            },
            state: state(kept.state)?,
            steps: kept.steps.into_iter().map(Step::recall).collect::<Option<_>>()?,
            entry: kept.entry.map(Box::new),
            last: (kept.last, kept.last_place),
        })
    }
}

impl Step {
    fn keep(&self) -> KeptStep {
        KeptStep {
            at: Some(time::write(self.at)),
            state: self.state as u32,
            attempt: self.attempt,
            words: self.words.to_string(),
            retry_at: self.retry_at.map(time::write),
            lead: self.lead.map(|id| id.as_bytes().to_vec()),
            rests_until: self.rests_until.map(time::write),
            why: self.why.map(Into::into),
        }
    }

    fn recall(kept: KeptStep) -> Option<Self> {
        Some(Self {
            at: kept.at.as_ref().and_then(time::read)?,
            state: state(kept.state)?,
            attempt: kept.attempt,
            words: kept.words.into(),
            retry_at: kept.retry_at.as_ref().and_then(time::read),
            lead: match kept.lead {
                Some(id) => Some(DeliveryId::from_bytes(id.try_into().ok()?)),
                None => None,
            },
            rests_until: kept.rests_until.as_ref().and_then(time::read),
            why: kept.why.and_then(|why| Why::try_from(why).ok()),
        })
    }
}

fn state(kept: u32) -> Option<DeliveryState> {
    DeliveryState::ALL.into_iter().find(|state| *state as u32 == kept)
}
