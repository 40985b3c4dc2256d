//! One piece of news on its way to one contact through one channel.

pub(super) mod memory;

use jiff::Timestamp;
use proto::{
    id::{ContactId, DeliveryId, DomainId},
    subject::Token as Channel,
    v1::{
        self, InboxEntry, Kind, Severity, delivery_dropped::Why, delivery_due::Cause,
        delivery_event::Event,
    },
};

use crate::domain::{language::Language, sentence};

/// Steps of one delivery that are shown, the latest.
const STEPS_MAX: usize = 50;

/// When a delivery became due: sequence of the record in `DELIVERIES`, and the place within it.
pub type Turn = (u64, u32);

/// One delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Through what.
    pub channel: Box<str>,
    /// To whom.
    pub contact: ContactId,
    /// Of which domain, unless the news speaks of none.
    pub domain: Option<DomainId>,
    /// Where it stands among all.
    pub turn: Turn,
    /// When it became due.
    pub due_at: Timestamp,
    /// Why it is told.
    pub cause: Cause,
    /// 0 for the first telling, then one more for each reminder.
    pub reminder: u32,
    /// What is told.
    pub news: News,
    /// Where it stands.
    pub state: DeliveryState,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// What the inbox shows. Boxed: only deliveries through `internal` have one.
    pub entry: Option<Box<InboxEntry>>,
    last: Turn,
}

/// What a delivery tells, in short.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct News {
    /// Id of the event.
    pub event: Box<str>,
    /// Host of the domain, or the prober's name.
    pub host: Box<str>,
    /// Port of the domain.
    pub port: u32,
    /// Kind of the event.
    pub kind: Kind,
    /// Its severity.
    pub severity: Severity,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be told.
    Due,
    /// The channel is being spoken to.
    Attempted,
    /// The channel has it.
    Delivered,
    /// The channel said not now.
    Failed,
    /// Nothing more is tried.
    Parked,
    /// It need not be told any more.
    Dropped,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Due, Self::Attempted, Self::Delivered, Self::Failed, Self::Parked, Self::Dropped];

    /// Its one spelling.
    pub fn token(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Attempted => "attempted",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Parked => "parked",
            Self::Dropped => "dropped",
        }
    }

    /// Whether nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Parked | Self::Dropped)
    }
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What it came to.
    pub state: DeliveryState,
    /// Which attempt; 0 if none.
    pub attempt: u32,
    /// The channel's own words, or why.
    pub words: Box<str>,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
    /// The delivery whose message carries this one as well; `None` if it travels alone.
    pub lead: Option<DeliveryId>,
    /// Until when nothing at all is sent to the address.
    pub rests_until: Option<Timestamp>,
    /// Why it need not be told any more, if it was dropped.
    pub why: Option<Why>,
}

impl Delivery {
    /// A delivery that is due from now on.
    pub(super) fn new(
        id: DeliveryId,
        channel: &Channel,
        contact: ContactId,
        domain: Option<DomainId>,
        turn: Turn,
        at: Timestamp,
        due: &v1::DeliveryDue,
    ) -> Self {
        let news = due.event.as_ref().map(|event| News {
            event: event.id.as_str().into(),
            host: event.host.as_str().into(),
            port: event.port,
            kind: event.kind(),
            severity: event.severity(),
        });
        Self {
            id,
            channel: channel.as_str().into(),
            contact,
            domain,
            turn,
            due_at: at,
            cause: due.cause(),
            reminder: due.reminder,
            news: news.unwrap_or_default(),
            state: DeliveryState::Due,
            steps: vec![],
            entry: None,
            last: (0, 0),
        }
    }

    /// Takes in what happened to it, unless it was. `turn` is the place of the record, and the
    /// place within it.
    pub(super) fn take(&mut self, turn: Turn, at: Timestamp, event: &Event) {
        if turn <= self.last {
            return;
        }
        if let Event::Delivered(done) = event {
            self.entry = done.inbox_entry.clone().map(Box::new);
        }
        let step = Step::of(at, event);
        if self.steps.contains(&step) {
            return;
        }
        (self.state, self.last) = (step.state, turn);
        if self.steps.len() == STEPS_MAX {
            self.steps.remove(0);
        }
        self.steps.push(step);
    }
}

impl Step {
    fn of(at: Timestamp, event: &Event) -> Self {
        let read = |wire: &Option<_>| wire.as_ref().and_then(proto::time::read);
        let step = |state, attempt, words: &str| Self {
            at,
            state,
            attempt,
            words: words.into(),
            retry_at: None,
            lead: None,
            rests_until: None,
            why: None,
        };
        match event {
            Event::Due(_) => step(DeliveryState::Due, 0, ""),
            Event::Attempted(tried) => Self {
                lead: tried.lead.parse().ok(),
                ..step(DeliveryState::Attempted, tried.attempt, "")
            },
            Event::Delivered(done) => step(DeliveryState::Delivered, done.attempt, &done.reply),
            Event::Failed(failed) => Self {
                retry_at: read(&failed.retry_at),
                rests_until: read(&failed.rests_until),
                ..step(DeliveryState::Failed, failed.attempt, &failed.reply)
            },
            Event::Parked(parked) => Self {
                rests_until: read(&parked.rests_until),
                ..step(DeliveryState::Parked, parked.attempt, &parked.reason)
            },
            Event::Dropped(dropped) => Self {
                why: Some(dropped.why()),
                ..step(
                    DeliveryState::Dropped,
                    0,
                    sentence::dropped(Language::English, dropped.why()),
                )
            },
        }
    }
}

/// Why a delivery was dropped, as one word.
pub fn why_token(why: Why) -> &'static str {
    match why {
        Why::Unspecified => "dropped",
        Why::ClosedBefore => "closed_before",
        Why::NotWanted => "not_wanted",
        Why::NoAddress => "no_address",
        Why::Merged => "merged",
        Why::Acknowledged => "acknowledged",
    }
}
