//! Why somebody was told, or was not: setting, switch, anomaly time, kinds, silences,
//! acknowledgements and addresses of one domain, put together.
//!
//! Nothing is decided here. What the notifier decided stands in `DELIVERIES`, with its reason, and
//! is repeated; what no delivery speaks of is explained from what people want now. Start reading at
//! [`of`].

mod message;
mod open;
pub mod reason;
mod standing;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::window::Window;
use proto::{
    id::{ContactId, DeliveryId},
    time::NO_END,
    v1::{AnomalyTime, Event, Kind, Severity},
};

use self::reason::{Called, Reason, Resting};
use super::{
    board::{Board, delivery::Delivery, domains::Row, rest::Rests},
    inventory::setting::Setting,
};

/// What a domain is explained from.
#[derive(Debug, Clone, Copy)]
pub struct Case<'b> {
    /// All that is shown.
    pub board: &'b Board,
    /// The domain.
    pub row: &'b Row,
    /// The addresses that are left alone.
    pub rests: &'b Rests,
    /// Now.
    pub now: Timestamp,
}

/// Why somebody is told, or is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What would become of something critical now, in one sentence.
    pub summary: Reason,
    /// What holds for the domain now.
    pub rules: Vec<Rule>,
    /// What is wrong, worst first, and what is said of it next.
    pub anomalies: Vec<OpenAnomaly>,
    /// What happened, in the order asked for, and what was said of it to whom.
    pub events: Vec<Happening>,
}

/// One thing that decides whether somebody is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it is, as one word.
    pub name: &'static str,
    /// What it does.
    pub effect: Effect,
    /// The same for people.
    pub reason: Reason,
}

/// What a rule does to news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It lets them through.
    Tells,
    /// It holds them until an instant, when they are judged again.
    Holds(Timestamp),
    /// It stops them.
    Stops,
}

impl Effect {
    /// Its one spelling.
    pub fn token(self) -> &'static str {
        match self {
            Self::Tells => "tells",
            Self::Holds(_) => "holds",
            Self::Stops => "stops",
        }
    }

    /// When it ends by itself.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Holds(until) => Some(until),
            Self::Tells | Self::Stops => None,
        }
    }
}

/// An anomaly that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAnomaly {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// How bad it is now.
    pub severity: Severity,
    /// Since when it is so.
    pub since: Timestamp,
    /// What decides what is said of it from now on.
    pub rules: Vec<Rule>,
}

/// Something that happened to the domain.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// Its place in `EVENTS`.
    pub sequence: u64,
    /// The event.
    pub event: Event,
    /// What was said of it, or was not, for each contact and method.
    pub messages: Vec<Message>,
}

/// What was said of an event to one contact by one method, or was not.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who.
    pub contact: ContactId,
    /// Its name, unless it was removed.
    pub name: Option<String>,
    /// How.
    pub method: String,
    /// What became of it.
    pub fate: Fate,
    /// The reason, as one word.
    pub why: &'static str,
    /// The same for people.
    pub reason: Reason,
    /// When that came about, if it did.
    pub at: Option<Timestamp>,
    /// When it changes by itself.
    pub until: Option<Timestamp>,
    /// The delivery, if there is one.
    pub delivery: Option<DeliveryId>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The channel has it.
    Told,
    /// It is to be told, now or later.
    Waits,
    /// It will not be told.
    NotTold,
}

impl Fate {
    /// Its one spelling.
    pub fn token(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Waits => "waits",
            Self::NotTold => "not_told",
        }
    }
}

/// Explains a domain, and some of its events.
pub fn of(case: Case<'_>, events: Vec<(u64, Event)>) -> Explanation {
    let rules = standing::rules(case);
    let deliveries = of_domain(case);
    let happenings = events.into_iter().map(|(sequence, event)| {
        let said = deliveries.get(event.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let messages = message::all(case, &event, said);
        Happening { sequence, event, messages }
    });
    Explanation {
        summary: standing::summary(case, &rules).into(),
        anomalies: open::all(case, deliveries.values().flatten().copied()),
        events: happenings.collect(),
        rules,
    }
}

/// The deliveries of the domain, by the event that they tell.
fn of_domain(case: Case<'_>) -> BTreeMap<&str, Vec<&Delivery>> {
    let mut by_event: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let all = case.board.deliveries().latest(None);
    for delivery in all.filter(|delivery| delivery.domain == Some(case.row.id)) {
        by_event.entry(&*delivery.news.event).or_default().push(delivery);
    }
    // Latest first as they come; a story is told from its beginning.
    for deliveries in by_event.values_mut() {
        deliveries.reverse();
    }
    by_event
}

impl<'b> Case<'b> {
    /// The setting that applies, and which it is.
    fn setting(self) -> Option<(Called, &'b Setting)> {
        let own = self.board.setting(&self.row.id).and_then(|kept| kept.entity.setting());
        let default = || Some((Called::Default, self.board.default_setting().entity.setting()?));
        own.map(|setting| (Called::Own, setting)).or_else(default)
    }

    /// How people call a contact.
    fn name(self, id: &ContactId) -> Option<&'b str> {
        Some(self.board.contact(id)?.entity.card()?.name())
    }

    /// How an address is left alone, if it is.
    fn resting(self, contact: &ContactId, method: &str) -> Option<Resting> {
        let until = self.rests.until(*contact, method)?;
        let (name, method) = (self.name(contact)?.to_owned(), method.to_owned());
        Some(Resting { name, method, until: Some(until).filter(|until| *until != NO_END) })
    }

    /// When the anomaly time begins, outside of it. What the notifier did stands in the deliveries;
    /// this is what it will do.
    fn shut_until(self, window: &AnomalyTime) -> Option<Timestamp> {
        let AnomalyTime { from_minute, to_minute, time_zone, .. } = window;
        Window { from_minute: *from_minute, to_minute: *to_minute, time_zone }.opens(self.now)
    }

    /// Until when a silence holds, the longest.
    fn silent_until(self) -> Option<Timestamp> {
        let options = self.row.ordered.entity.options();
        let tags = options.map(|options| options.as_wire().tags.as_slice()).unwrap_or_default();
        let over = self.board.silences().over(self.row.id, tags, self.now);
        over.into_iter().map(|(_, said)| said.what.until).max()
    }
}
