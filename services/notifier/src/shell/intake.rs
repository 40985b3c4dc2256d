//! Takes in events and wishes: what is to be told is due in the stream before either is
//! acknowledged.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chassis::{
    bus::{AppendError, Consumer, Message, SharedBus},
    clock::SharedClock,
    worker::{HandleError, Handler},
};
use futures::{StreamExt, TryStreamExt, stream};
use proto::{
    id::{ContactId, DeliveryId, DomainId, InvalidId},
    stream::{EVENTS, REQUESTS, Service},
    subject::{self, InvalidToken, Token},
    v1::{Event, Kind, Request, SendAgain, SendTest, SendVerification, request::Wish},
};

use super::{
    book::{self, Book},
    channel::Channels,
    pen::{Pen, PenError},
    reading::Reading,
};
use crate::domain::{
    news::{Malformed, News},
    plan::{self, ThreadKey},
    thread::{
        Command,
        step::{self, Cause, Deed, Enclosure},
    },
};

/// How long an event may go unanswered: little more than a lease holds, so that who takes over need
/// not wait long for what the dead one held. Whoever lives says in time that work goes on.
const ACK_WAIT: Duration = Duration::from_secs(4);

/// Events handled at once. Their order does not matter: what is sent is judged by the book, which
/// reads them in order.
pub const EVENTS_AT_ONCE: usize = 32;

/// Wishes handled at once; people make them one by one.
pub const WISHES_AT_ONCE: usize = 4;

/// Recipients of one event written at once.
const RECIPIENTS_AT_ONCE: usize = 8;

/// Times that an address is looked up, with growing waits of seconds between: whoever saves a
/// contact is sent a link at once, and the book reads the contact along another way.
const ATTEMPTS_AT_AN_ADDRESS: u32 = 4;

/// Longest wait for the book to have read an event: reading along is never far behind.
const BOOK_WAIT: Duration = Duration::from_secs(5);

/// The consumer of events.
pub fn events() -> Consumer {
    Consumer {
        stream: &EVENTS,
        name: "notifier".to_owned(),
        pattern: EVENTS.subjects.to_owned(),
        ack_wait: ACK_WAIT,
        held_max: 2 * EVENTS_AT_ONCE,
    }
}

/// The consumer of wishes.
pub fn wishes() -> Consumer {
    Consumer {
        stream: &REQUESTS,
        name: "notifier".to_owned(),
        pattern: subject::requests_to(Service::Notifier),
        ack_wait: ACK_WAIT,
        held_max: 2 * WISHES_AT_ONCE,
    }
}

/// What both need.
#[derive(Clone)]
pub struct Desk {
    /// What is known.
    pub book: Arc<Book>,
    /// What it is written with.
    pub pen: Pen,
    /// The streams.
    pub bus: SharedBus,
    /// The time.
    pub clock: SharedClock,
    /// How far the book is.
    pub reading: Reading,
    /// At what pace each channel is spoken to.
    pub channels: Channels,
}

/// Takes in events.
pub struct Events(pub Desk);

/// Takes in wishes.
pub struct Wishes(pub Desk);

/// Why a wish cannot be fulfilled.
#[derive(Debug, thiserror::Error)]
enum Unfulfilled {
    #[error("the request is addressed to somebody else, or is of a newer version")]
    NotOurs,
    #[error("the request names no contact or domain")]
    Id(#[from] InvalidId),
    #[error("the request names no channel")]
    Channel(#[from] InvalidToken),
    #[error("the contact has another address by now, or has said that it reads there")]
    Address,
    #[error("there is no delivery {0} any more")]
    Gone(DeliveryId),
    #[error("delivery {0} bears a link, which is old by now: another is to be asked for")]
    OldLink(DeliveryId),
}

/// Why an event is not told.
#[derive(Debug, thiserror::Error)]
enum Untold {
    #[error("it is no event")]
    Garbled(#[from] prost::DecodeError),
    #[error("it cannot be told")]
    Malformed(#[from] Malformed),
    #[error("event `{0}` is of no kind")]
    NoKind(String),
    #[error("the book has not read it within {BOOK_WAIT:?}")]
    BookBehind,
}

#[async_trait]
impl Handler for Events {
    async fn handle(&self, message: &Message, _attempt: u32) -> Result<(), HandleError> {
        let news = Arc::new(read(message).map_err(HandleError::permanent)?);
        let Self(desk) = self;
        // The book must know at least as much as the event: it judges what is sent.
        tokio::select! {
            () = desk.reading.has_read_event(message.sequence) => {}
            () = desk.clock.sleep(BOOK_WAIT) => {
                return Err(HandleError::transient(Untold::BookBehind));
            }
        }
        let now = desk.clock.now();
        let audience = desk.book.audience(&news).into_iter().map(|key| {
            let goes_at = desk.book.goes_at(&desk.channels.pace(&key.channel), now);
            (plan::tell(&news, &key.recipient(), Cause::Event, goes_at, now), key)
        });
        let second = desk.book.escalation(&news, now).into_iter().map(|(key, goes_at)| {
            (plan::tell(&news, &key.recipient(), Cause::Escalation, goes_at, now), key)
        });
        stream::iter(audience.chain(second).collect::<Vec<_>>())
            .map(|(command, key)| async move { desk.pen.record(&key, &command).await })
            .buffer_unordered(RECIPIENTS_AT_ONCE)
            .try_fold(0, |told, changed| async move { Ok(told + usize::from(changed)) })
            .await
            .map_err(unwritten)?;
        Ok(())
    }
}

fn read(message: &Message) -> Result<News, Untold> {
    let news = News::read(message.read::<Event>()?)?;
    if news.kind() == Kind::Unspecified {
        return Err(Untold::NoKind(news.id().to_owned()));
    }
    Ok(news)
}

#[async_trait]
impl Handler for Wishes {
    async fn handle(&self, message: &Message, attempt: u32) -> Result<(), HandleError> {
        let request: Request = message.read().map_err(HandleError::permanent)?;
        match request.wish {
            Some(Wish::SendTest(wish)) => self.send_test(message, &wish).await,
            Some(Wish::SendAgain(wish)) => self.send_again(message, &wish).await,
            Some(Wish::SendVerification(wish)) => {
                self.send_verification(message, wish, attempt).await
            }
            Some(Wish::ScanNow(_)) | None => Err(HandleError::permanent(Unfulfilled::NotOurs)),
        }
    }
}

impl Wishes {
    async fn send_test(&self, message: &Message, wish: &SendTest) -> Result<(), HandleError> {
        let key = thread(&wish.contact_id, &wish.channel, "").map_err(HandleError::permanent)?;
        let news = News::test(&message.id, self.0.clock.now());
        self.tell(message, &key, Arc::new(news), Cause::Test, Enclosure::Nothing).await
    }

    async fn send_verification(
        &self,
        message: &Message,
        wish: SendVerification,
        attempt: u32,
    ) -> Result<(), HandleError> {
        let key = thread(&wish.contact_id, &wish.channel, "").map_err(HandleError::permanent)?;
        if !self.0.book.asks_at(&key.recipient(), &wish.address) {
            return Err(if attempt < ATTEMPTS_AT_AN_ADDRESS {
                HandleError::transient(Unfulfilled::Address)
            } else {
                HandleError::permanent(Unfulfilled::Address)
            });
        }
        let news = News::test(&message.id, self.0.clock.now());
        let link = Enclosure::Link(wish.sealed_link);
        self.tell(message, &key, Arc::new(news), Cause::Verification, link).await
    }

    async fn send_again(&self, message: &Message, wish: &SendAgain) -> Result<(), HandleError> {
        let key = thread(&wish.contact_id, &wish.channel, &wish.domain_id)
            .map_err(HandleError::permanent)?;
        let id: DeliveryId = wish.delivery_id.parse().map_err(HandleError::permanent)?;
        let place = book::place(&key);
        let history = self.0.bus.load(place.stream, &place.subject, 0).await;
        let history = history.map_err(HandleError::transient)?;
        let due = history.iter().find_map(|message| due(message, id));
        let (news, enclosure) = due.ok_or_else(|| HandleError::permanent(Unfulfilled::Gone(id)))?;
        match enclosure {
            Enclosure::Link(_) => Err(HandleError::permanent(Unfulfilled::OldLink(id))),
            Enclosure::Nothing | Enclosure::BrokenChannel(_) => {
                self.tell(message, &key, news, Cause::Again, enclosure).await
            }
        }
    }

    /// Tells under an id that belongs to the request, so that the console knows it beforehand.
    async fn tell(
        &self,
        message: &Message,
        key: &ThreadKey,
        news: Arc<News>,
        cause: Cause,
        enclosure: Enclosure,
    ) -> Result<(), HandleError> {
        let id = DeliveryId::of(&message.id, &key.contact, key.channel.as_str(), 0);
        let at = self.0.clock.now();
        let command = Command::Tell { id, news, cause, not_before: at, enclosure, at };
        self.0.pen.record(key, &command).await.map(drop).map_err(unwritten)
    }
}

fn thread(contact: &str, channel: &str, domain: &str) -> Result<ThreadKey, Unfulfilled> {
    let contact: ContactId = contact.parse()?;
    let channel: Token = channel.parse()?;
    let domain: Option<DomainId> = if domain.is_empty() { None } else { Some(domain.parse()?) };
    Ok(ThreadKey { domain, contact, channel })
}

/// What is told by a delivery, if this message says that it is due.
fn due(message: &Message, id: DeliveryId) -> Option<(Arc<News>, Enclosure)> {
    let record = message.read().ok()?;
    let (steps, _) = step::steps(record);
    steps.into_iter().filter(|step| step.id == id).find_map(|step| match step.deed {
        Deed::Due { news, enclosure, .. } => Some((news, enclosure)),
        Deed::Attempted { .. }
        | Deed::Delivered { .. }
        | Deed::Failed { .. }
        | Deed::Parked { .. }
        | Deed::Dropped { .. } => None,
    })
}

/// What becomes of a message of which nothing could be recorded. Only what lies in the message
/// itself is permanent: a bus that refuses may do so because the term is over, and another notifier
/// can go on.
fn unwritten(error: PenError) -> HandleError {
    match error {
        PenError::Refused(_)
        | PenError::Garbled { .. }
        | PenError::Append(AppendError::TooLarge { .. }) => HandleError::permanent(error),
        PenError::Append(_) | PenError::Contended { .. } | PenError::Load { .. } => {
            HandleError::transient(error)
        }
    }
}
